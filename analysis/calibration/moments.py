"""Moments that a simulated market should share with the recorded one, and how much a difference weighs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.facts import Events, statistics
from analysis.tape import HIDDEN_EXECUTION

SHORT_S = 0.1
MOST = 5.0  # of a single difference, in its own unit; that of what a stream is too still to tell


@dataclass(frozen=True)
class Moment:
    """A number of a stream of events; ``unit`` is a difference that matters, of its logarithm where ``log``."""

    name: str
    of: Callable[[Events], float]
    unit: float
    log: bool = False


def _returns_correlation(events: Events, interval_s: float) -> float:
    return statistics.autocorrelation(np.diff(events.mid_at(np.arange(0, events.seconds, interval_s))), 1)


def _deviation(events: Events, interval_s: float) -> float:
    return float(np.std(np.diff(events.mid_at(np.arange(0, events.seconds, interval_s)))))


def _still(events: Events) -> float:
    return float(np.mean(np.diff(events.mid_at(np.arange(0, events.seconds, SHORT_S))) == 0))


MOMENTS = (
    Moment("events, 1/s", lambda e: len(e.time) / e.seconds, 0.1, log=True),
    Moment("market orders, 1/s", lambda e: len(e.market_orders.time) / e.seconds, 0.1, log=True),
    Moment("mean spread, ticks", statistics.spread, 0.1, log=True),
    Moment("sd of the mid in 1 s, ticks", lambda e: _deviation(e, 1.0), 0.1, log=True),
    Moment("sd of the mid in 10 s, ticks", lambda e: _deviation(e, 10.0), 0.1, log=True),
    Moment("autocorrelation of 0.1 s returns", lambda e: _returns_correlation(e, SHORT_S), 0.03),
    Moment("autocorrelation of 1 s returns", lambda e: _returns_correlation(e, 1.0), 0.05),
    Moment("variance at 1 s over 300 s", lambda e: statistics.signature(e, 1.0), 0.2, log=True),
    Moment("autocorrelation of |1 s returns|", lambda e: statistics.volatility_autocorrelation(e, 1), 0.05),
    Moment("autocorrelation of |1 s returns|, lag 10", lambda e: statistics.volatility_autocorrelation(e, 10), 0.03),
    Moment("P(no move in 0.1 s)", _still, 0.03),
    Moment("autocorrelation of signs", statistics.sign_autocorrelation, 0.05),
    Moment("market orders that take the queue", statistics.sweeps, 0.05),
    Moment("realised over effective, 5 s", lambda e: statistics.realised_share(e, 5.0), 0.2),
    Moment("R2 of order flow imbalance, 10 s", statistics.flow_imbalance, 0.1),
)


def moments(events: Events) -> dict[str, float]:
    """All of them, without hidden executions: a simulated market has none."""
    events = events.where(events.kind != HIDDEN_EXECUTION)
    return {moment.name: moment.of(events) for moment in MOMENTS}


def mean(found: Sequence[dict[str, float]]) -> dict[str, float]:
    """Over sessions."""
    return {name: float(np.mean([one[name] for one in found])) for name in found[0]}


def mismatch(found: dict[str, float], target: dict[str, float]) -> float:
    """Mean over the moments of the difference in its unit."""
    apart = []
    for moment in MOMENTS:
        pair = np.array([found[moment.name], target[moment.name]])
        if not np.isfinite(pair[1]):
            continue  # the recording itself does not tell
        if moment.log:
            pair = np.log(np.maximum(pair, 1e-9))
        size = abs(float(pair[0] - pair[1])) / moment.unit
        apart.append(min(size, MOST) if np.isfinite(size) else MOST)
    return float(np.mean(apart)) if apart else 0.0
