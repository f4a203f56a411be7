"""Quoting rules to hold a learned policy against, and the best coefficients of each in a market."""

from analysis.rules.families import (
    Coefficient,
    Family,
    exact_optimum,
    families,
    has_signal,
    market_order_rate,
    signal_blind_optimum,
    volatility,
)
from analysis.rules.tuning import tune

__all__ = [
    "Coefficient",
    "Family",
    "exact_optimum",
    "families",
    "has_signal",
    "market_order_rate",
    "signal_blind_optimum",
    "tune",
    "volatility",
]
