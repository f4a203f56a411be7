"""The engine: order book, background flow, market maker, and batches of markets, in C++.

Prices are ticks, sizes lots, times ns or s as the name says. The typed contracts stand in ``_core.pyi``.
"""

import pkgutil

# A checkout on the path and an installed wheel combine: Python from the one, the extension from the other.
__path__ = pkgutil.extend_path(__path__, __name__)

from engine._core import (
    INTERFACE,
    MESSAGE,
    STATISTICS,
    WIDEST_VECTORS,
    Account,
    ActionReference,
    AgentParams,
    Autoreset,
    Batch,
    BookParams,
    CompactOrderBook,
    EfficientPriceParams,
    FeeParams,
    FeeSchedule,
    FeeUnit,
    FillMode,
    FlowParams,
    HawkesParams,
    InventoryState,
    Liquidity,
    MarketMaker,
    MarketState,
    MediumOrderBook,
    OrderBook,
    Party,
    PoissonParams,
    QueueReactiveParams,
    Quote,
    QuoteParams,
    ReducedFormParams,
    Replay,
    Scenario,
    Side,
    Sizes,
    Strategy,
    Submission,
    TimeInForce,
    drift_transition,
    grid_observation,
    read_book,
    read_messages,
    simulate_messages,
    skew_shape,
)

_EXPECTED_INTERFACE = 5  # kInterface in bindings/module.cpp
if INTERFACE != _EXPECTED_INTERFACE:
    raise ImportError(
        f"engine._core was built for interface {INTERFACE}, but this checkout needs {_EXPECTED_INTERFACE}: "
        "run 'make build' (or reinstall the wheel)"
    )

__all__ = [
    "MESSAGE",
    "STATISTICS",
    "WIDEST_VECTORS",
    "Account",
    "ActionReference",
    "AgentParams",
    "Autoreset",
    "Batch",
    "BookParams",
    "CompactOrderBook",
    "EfficientPriceParams",
    "FeeParams",
    "FeeSchedule",
    "FeeUnit",
    "FillMode",
    "FlowParams",
    "HawkesParams",
    "InventoryState",
    "Liquidity",
    "MarketMaker",
    "MarketState",
    "MediumOrderBook",
    "OrderBook",
    "Party",
    "PoissonParams",
    "QueueReactiveParams",
    "Quote",
    "QuoteParams",
    "ReducedFormParams",
    "Replay",
    "Scenario",
    "Side",
    "Sizes",
    "Strategy",
    "Submission",
    "TimeInForce",
    "drift_transition",
    "grid_observation",
    "read_book",
    "read_messages",
    "simulate_messages",
    "skew_shape",
]
