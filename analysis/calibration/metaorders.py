"""How long large orders are, from the memory of the signs of market orders."""

from __future__ import annotations

import numpy as np
from scipy import optimize

from analysis.calibration.estimate import DRAWS, Estimate, blocks_of, bootstrap
from analysis.facts import Events
from analysis.tape import Floats

LAGS = np.array([1, 2, 5, 10])
LEAST, MOST = 0.5, 8.0  # the engine's range of the tail


def memory(tail: float, longest: int) -> Floats:
    """Autocorrelation of signs at `LAGS` where metaorders come one at a time, P(at least n pieces) = n^-tail.

    That two pieces k apart belong to one: the sum of P(at least n), n > k, over the mean number of pieces (Lillo, Mike
    & Farmer 2005, section III, with one order at a time).
    """
    reach = np.arange(1, longest + 1) ** -tail
    shares: Floats = np.array([reach[lag:].sum() for lag in LAGS]) / reach.sum()
    return shares


def estimate(events: Events, longest: int, draws: int = DRAWS) -> dict[str, Estimate]:
    """``tail`` by least squares on the autocorrelation; error by the block bootstrap."""
    orders = events.market_orders
    sign = orders.sign
    at = np.searchsorted(events.time, orders.time)
    block = blocks_of(events, np.minimum(at, len(events.time) - 1))

    def fit(weights: Floats) -> dict[str, float]:
        found = [np.average(sign[:-lag] * sign[lag:], weights=weights[block[:-lag]]) for lag in LAGS]
        return {"tail": tail(np.array(found), longest)}

    return bootstrap(fit, draws)


def tail(found: Floats, longest: int) -> float:
    """Whose `memory` is nearest."""
    best = optimize.minimize_scalar(
        lambda x: float(np.sum((memory(x, longest) - found) ** 2)), bounds=(LEAST, MOST), method="bounded"
    )
    return float(best.x)
