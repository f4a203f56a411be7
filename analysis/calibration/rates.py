"""Rates of the Poisson flow from recorded messages.

The estimator is maximum likelihood for independent Poisson streams: count over exposure. Exposure is time for
arrivals and live-order time for cancels, both by distance from the opposite best. What the data cannot show is left
out of count and exposure alike: distances beyond the last bin, and times at which the opposite side is empty.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import config
from analysis.calibration.options import Options, tape_for
from analysis.tape import (
    CROSS_TRADE,
    DELETION,
    EXECUTION,
    HALT,
    HIDDEN_EXECUTION,
    PARTIAL_CANCEL,
    PRICE_SCALE,
    SUBMISSION,
    Floats,
    Ints,
    Tape,
    lives,
)

# Candidate edges of distance, ticks. The last one keeps every order inside the simulated book's window, which
# reaches at least a third of its width to either side of the mid.
EDGES = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 35, 40, 50, 60, 80, 100, 125, 150)
LEAST_MID = 1000  # ticks: the engine keeps that far from a price of 0; levels do not matter to a flow by distances
LEAST_SHARE = 0.01  # of the limit orders in a bin; thinner bins are merged into the next
SIZE_EDGES = (*range(1, 11), 12, 15, 20, 30, 50, 100, 200, 500, 1000)  # lots: first size of each support point
EVENTS_PER_DECISION = 20  # fewer, and most steps carry no news to learn from
LEAST_BLOCKS = 10  # fewer say nothing about the variance between blocks


def calibrate(messages: NDArray[np.void], options: Options | None = None, source: str = "") -> dict[str, Any]:
    """Estimates the plain Poisson flow from a stream of messages, recorded or simulated.

    Args:
        messages: structured array of dtype `engine.MESSAGE`, in time order.
        options: see `Options`.
        source: where the messages come from, for the record.

    Returns:
        An overlay of a configuration as plain dicts: the market, the maker's sizes, quotes counted from the average
        touch, and a decision interval that suits the flow. ``market.calibration`` holds count, standard error and
        block standard error of each rate, and what was left out.

    Raises:
        UserError: the messages are too few or too short for an estimate.
    """
    options = options or Options()
    tape = tape_for(messages, options)
    mid = _initial_mid(tape)
    edges = np.array(options.distance or _edges(tape, options.coverage))
    limits = _limit_rates(tape, edges)
    cancels = _cancel_hazards(tape, edges)
    orders, market = _market_orders(tape)
    lot = options.lot or _mode(tape.messages["size"][tape.of(SUBMISSION)])
    spread = tape.best[-1] - tape.best[1]
    mean_spread = _mean(spread, tape.dwell)
    limit_sizes = _sizes(tape.messages["size"][tape.of(SUBMISSION)], lot)
    market_sizes = _sizes(orders, lot)
    return {
        "market": {
            "name": f"calibrated-{source}" if source else "calibrated",
            "kind": "book",
            "origin": f"python -m analysis calibrate, from {source or 'messages'}; counts below under calibration",
            "tick": tape.tick / PRICE_SCALE,
            "lot": lot,
            "price_unit": digits(mean_spread / 2),
            "book": {
                "initial_mid_ticks": max(LEAST_MID, mid),
                "initial_spread_ticks": max(1, round(mean_spread)),
                "warmup_s": _warmup(cancels),
                "latency_ms": 1.0,
                "latency_jitter_ms": 0.0,
                "data_delay_ms": 0.0,
                "fees": {"unit": "ticks_per_lot", "volume": [0], "maker": [0.0], "taker": [0.0]},
                "market_impact": 0.0,
                "flow": {
                    "distance": [int(edge) for edge in edges],
                    "limit_rate": [entry["rate"] for entry in limits],
                    "cancel_hazard": [entry["rate"] for entry in cancels],
                    "market_rate": market["rate"],
                    "collar": int(edges[-1]),
                    "limit_sizes": limit_sizes,
                    "market_sizes": market_sizes,
                },
            },
            "calibration": {
                "source": source,
                "messages": len(messages),
                "seconds": digits(tape.seconds),
                "closed_s": digits(tape.closed_s),
                "mid_ticks": mid,
                "coverage": digits(_coverage(tape, edges), 3),
                "options": {**dataclasses.asdict(options), "distance": list(options.distance)},
                "limit_rate": limits,
                "cancel_hazard": cancels,
                "market_rate": market,
                "live_orders": digits(_live_orders(limits, cancels)),
                "spread_ticks": digits(mean_spread),
                "price_unit": "the time-weighted mean half-spread, so that an action of 0 quotes at the average touch",
                "sizes": {
                    "rounding": f"up to whole lots of {lot} shares; "
                    f"sizes above {SIZE_EDGES[9]} lots are pooled at the mean of their group",
                    "limit": _size_means(tape.messages["size"][tape.of(SUBMISSION)], limit_sizes, lot),
                    "market": _size_means(orders, market_sizes, lot),
                },
                "left_out": _left_out(messages, tape, edges),
            },
        },
        "market_maker": {"max_position": 10 * lot, "quote_size": lot},
        "agent": {"action": "offsets"},
        "simulation": {"decision_interval_ms": _decision_interval_ms(tape)},
    }


def _edges(tape: Tape, coverage: float) -> list[int]:
    """Edges from EDGES that cover the wanted share of limit orders, merged where too few fall in between."""
    distance = tape.distance()[tape.of(SUBMISSION)]
    if distance.size == 0:
        raise config.UserError("there must be limit orders after the burn-in, but there is none")
    below = np.array([np.mean(distance < edge) for edge in EDGES])
    last = min(int(np.searchsorted(below, coverage)), len(EDGES) - 1)
    edges = [EDGES[0]]
    for edge, share in zip(EDGES[1:last], below[1:last], strict=True):
        start = np.mean(distance < edges[-1])
        if share - start >= LEAST_SHARE and below[last] - share >= LEAST_SHARE:
            edges.append(edge)
    return [*edges, EDGES[last]]


def _limit_rates(tape: Tape, edges: Ints) -> list[dict[str, Any]]:
    arrived = tape.of(SUBMISSION)
    counts = _by_block(tape, _bins(tape.distance()[arrived], edges), tape.block[arrived], len(edges) - 1)
    exposure = _two_sided_time(tape)
    return [_interval(edges, b) | _rate(counts[:, b], exposure) for b in range(len(edges) - 1)]


def _cancel_hazards(tape: Tape, edges: Ints) -> list[dict[str, Any]]:
    gone = tape.of(DELETION)
    counts = _by_block(tape, _bins(tape.distance()[gone], edges), tape.block[gone], len(edges) - 1)
    exposure = _live_time(tape, edges)
    return [_interval(edges, b) | _rate(counts[:, b], exposure[:, b]) for b in range(len(edges) - 1)]


def _market_orders(tape: Tape) -> tuple[Ints, dict[str, Any]]:
    """Sizes of the market orders in shares, and their rate per side.

    Consecutive visible executions with one time and one direction are one market order.
    """
    at = np.flatnonzero(tape.of(EXECUTION))
    if at.size == 0:
        raise config.UserError("there must be visible executions (type 4) after the burn-in, but there is none")
    fills = tape.messages[at]
    starts = np.flatnonzero(
        (np.diff(fills["time_ns"], prepend=-1) != 0) | (np.diff(fills["direction"], prepend=0) != 0)
    )
    counts = np.bincount(tape.block[at[starts]], minlength=tape.blocks).astype(np.float64)
    return np.add.reduceat(fills["size"].astype(np.int64), starts), _rate(counts, _two_sided_time(tape))


def _two_sided_time(tape: Tape) -> Floats:
    """Time of each block at which an arrival finds an opposite best, s; both sides added."""
    sides = np.isfinite(tape.best[1]).astype(np.float64) + np.isfinite(tape.best[-1])
    return np.bincount(tape.block, weights=tape.dwell * sides, minlength=tape.blocks).astype(np.float64)


def _live_time(tape: Tape, edges: Ints) -> Floats:
    """Live-order time, s: (blocks, bins)."""
    bins = len(edges) - 1
    total = np.zeros(tape.blocks * (bins + 1))
    for enter, leave in lives(tape.messages):
        side = int(tape.messages["direction"][enter])
        inside = slice(enter, leave)
        at = _bins(side * (tape.best[-side][inside] - tape.price[enter]), edges)
        first = int(tape.block[enter])
        cell = (tape.block[inside] - first) * (bins + 1) + at
        time = np.bincount(cell, weights=tape.dwell[inside])
        total[first * (bins + 1) : first * (bins + 1) + time.size] += time
    return total.reshape(tape.blocks, bins + 1)[:, :bins]


def _bins(distance: Floats, edges: Ints) -> Ints:
    """Bin of each distance; the number of bins for everything outside, NaN included."""
    at = np.searchsorted(edges, distance, side="right") - 1
    return np.where(at < 0, len(edges) - 1, at)


def _by_block(tape: Tape, bins: Ints, block: Ints, n: int) -> Floats:
    counts = np.bincount(block * (n + 1) + bins, minlength=tape.blocks * (n + 1))
    return counts.reshape(tape.blocks, n + 1)[:, :n].astype(np.float64)


def _interval(edges: Ints, b: int) -> dict[str, Any]:
    return {"from": int(edges[b]), "below": int(edges[b + 1])}


def _rate(counts: Floats, exposure: Floats) -> dict[str, Any]:
    """Rate with its Poisson standard error and the one from the variance between blocks (None: too few blocks).

    Real flow clusters, which the Poisson error does not know; the block error (of a ratio estimator) does.
    """
    count, time = counts.sum(), exposure.sum()
    if time <= 0:
        raise config.UserError("a bin of distance saw no order at all; choose fewer bins with distance=[...]")
    rate = count / time
    blocks = len(counts)
    spread = np.sum((counts - rate * exposure) ** 2) * blocks / max(blocks - 1, 1)
    return {
        "rate": digits(rate),
        "count": int(count),
        "exposure_s": digits(time),
        "standard_error": digits(np.sqrt(max(count, 1)) / time),  # an event not seen is still no proof of rate 0
        "block_standard_error": digits(np.sqrt(spread) / time) if blocks >= LEAST_BLOCKS else None,
    }


def _sizes(shares: Ints, lot: int) -> dict[str, Any]:
    """Distribution in whole lots: exact up to ten lots, then one point at the mean of each group."""
    lots = -(-np.asarray(shares, np.int64) // lot)
    group = np.searchsorted(SIZE_EDGES, lots, side="right") - 1
    seen, counts = np.unique(group, return_counts=True)
    return {
        "lots": [round(float(np.mean(lots[group == g]))) for g in seen],
        "probability": [digits(count / lots.size, 9) for count in counts],
    }


def _size_means(shares: Ints, sizes: dict[str, Any], lot: int) -> dict[str, float]:
    model = lot * np.dot(sizes["lots"], sizes["probability"])
    return {"mean_shares": digits(np.mean(shares)), "mean_shares_of_model": digits(model)}


def _left_out(messages: NDArray[np.void], tape: Tape, edges: Ints) -> dict[str, Any]:
    """Counts of everything that is in the file but in no rate."""
    outside = _bins(tape.distance(), edges) == len(edges) - 1
    return {
        "burn_in_messages": len(messages) - int(np.sum(tape.counted)),
        "hidden_executions": int(np.sum(messages["type"] == HIDDEN_EXECUTION)),
        "partial_cancels": int(np.sum(messages["type"] == PARTIAL_CANCEL)),
        "auction_trades": int(np.sum(messages["type"] == CROSS_TRADE)),
        "halts": int(np.sum(messages["type"] == HALT)),
        "limit_orders_outside_bins": int(np.sum(outside & tape.of(SUBMISSION))),
        "cancels_outside_bins": int(np.sum(outside & tape.of(DELETION))),
        "off_tick": tape.off_tick,
        "inferred_orders": tape.inferred,
        "replay": {name: count for name, count in tape.replay.items() if name not in ("messages", "hidden", "halts")},
    }


def _coverage(tape: Tape, edges: Ints) -> float:
    """Share of the limit orders inside the bins."""
    bins = _bins(tape.distance()[tape.of(SUBMISSION)], edges)
    return float(np.mean(bins < len(edges) - 1))


def _initial_mid(tape: Tape) -> int:
    mid = (tape.best[1] + tape.best[-1]) / 2
    known = np.flatnonzero(np.isfinite(mid) & (tape.dwell > 0))
    if known.size == 0:
        raise config.UserError("the book must have two sides after the burn-in, but it never has")
    return round(float(mid[known[0]]))


def _decision_interval_ms(tape: Tape) -> float:
    """To one digit, so long that about `EVENTS_PER_DECISION` messages fall into it."""
    return digits(1e3 * EVENTS_PER_DECISION * tape.seconds / np.count_nonzero(tape.counted), 1)


def _warmup(cancels: Sequence[dict[str, Any]]) -> float:
    """One mean lifetime of an order in the slowest bin, s; the simulated book starts near its stationary depth."""
    slowest = min((entry["rate"] for entry in cancels if entry["rate"] > 0), default=None)
    if slowest is None:
        raise config.UserError("there must be deletions (type 3) after the burn-in, but there is none")
    return digits(1 / slowest, 2)


def _live_orders(limits: Sequence[dict[str, Any]], cancels: Sequence[dict[str, Any]]) -> float:
    """Orders in the stationary book if nothing traded and the touch stood still."""
    lives = [1 / max(entry["rate"], entry["standard_error"]) for entry in cancels]
    return float(2 * np.dot([entry["rate"] for entry in limits], lives))


def _mode(values: NDArray[np.int32]) -> int:
    seen, counts = np.unique(values, return_counts=True)
    return int(seen[np.argmax(counts)])


def _mean(values: Floats, weights: Floats) -> float:
    known = np.isfinite(values)
    return float(np.average(values[known], weights=weights[known]))


def digits(value: Any, significant: int = 6) -> float:
    """``value`` to so many significant digits."""
    return float(f"{float(value):.{significant}g}")
