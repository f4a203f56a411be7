"""Sizes of limit orders as they are; those of market orders, of which the best queue hides the larger ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from analysis.calibration.estimate import DRAWS, Estimate, blocks_of, bootstrap, counts_of
from analysis.facts import Events
from analysis.tape import EXECUTION, SUBMISSION, Floats, Ints

POINTS = 48  # of a distribution that is written: more sizes are pooled
PASSES = 200


def limit_orders(events: Events, lot: int, draws: int = DRAWS) -> tuple[dict[str, Any], dict[str, Estimate]]:
    """Their distribution in lots of ``lot`` shares as `config.SizesConfig` takes it, share of round lots, mean log."""
    at = np.flatnonzero(events.kind == SUBMISSION)
    lots = np.maximum(np.rint(events.size[at] / lot), 1).astype(np.int64)
    sizes, cell = np.unique(lots, return_inverse=True)
    table = counts_of(blocks_of(events, at), cell, len(sizes))

    def named(weights: Floats) -> dict[str, float]:
        return _summary(sizes * lot, weights @ table, events)

    return listed(sizes, table.sum(axis=0)), bootstrap(named, draws)


def market_orders(events: Events, lot: int, draws: int = DRAWS) -> tuple[dict[str, Any], dict[str, Estimate]]:
    """As `limit_orders`, of the sizes that market orders would have if the best queue were no limit, and ``whole``.

    ``whole`` is the share that takes just the best queue, whatever its size, informed ones among them.
    """
    orders, visible = events.market_orders, events.kind == EXECUTION
    # A taker of hidden orders alone says nothing of the queue.
    at = np.minimum(np.searchsorted(events.time, orders.time), len(events.time) - 1)
    seen = np.isin(orders.time, events.time[visible]) & (orders.queue > 0)
    at, size, queue = at[seen], orders.size[seen], orders.queue[seen]
    hidden = size >= queue
    value = np.maximum(np.rint(np.where(hidden, queue, size) / lot), 1).astype(np.int64)
    sizes, cell = np.unique(value, return_inverse=True)
    table = counts_of(blocks_of(events, at), cell * 2 + hidden, 2 * len(sizes))

    def fit(weights: Floats) -> tuple[Floats, float]:
        seen_and_hidden = (weights @ table).reshape(-1, 2)
        return censored(seen_and_hidden[:, 0], seen_and_hidden[:, 1])

    found, _ = fit(np.ones(len(table)))

    def named(weights: Floats) -> dict[str, float]:
        shares, whole = fit(weights)
        return _summary(sizes * lot, shares, events) | {"whole": whole}

    return listed(sizes, found), bootstrap(named, draws)


def censored(seen: Floats, hidden: Floats) -> tuple[Floats, float]:
    """Shares of sizes in order, of which so many were seen and of so many it is known that they are at least as large.

    A share of the hidden ones, the second number, has no size at all. By expectation and maximisation (Turnbull 1976).
    """
    shares, whole = (seen + hidden + 1e-9) / (seen + hidden + 1e-9).sum(), 0.3
    for _ in range(PASSES):
        at_least = np.cumsum(shares[::-1])[::-1]
        sized = hidden * (1 - whole) * at_least / (whole + (1 - whole) * at_least)
        each = seen + shares * np.cumsum(sized / np.maximum(at_least, 1e-300))
        whole = 1 - (seen.sum() + sized.sum()) / max(seen.sum() + hidden.sum(), 1e-300)
        shares = each / max(each.sum(), 1e-300)
    return shares, float(whole)


def listed(sizes: Ints, number: Floats) -> dict[str, Any]:
    """At most `POINTS` sizes: the most frequent half of them as they are, the others pooled by equal number."""
    number = number / number.sum()
    kept = np.argsort(-number, kind="stable")[: POINTS // 2]
    others = np.setdiff1d(np.flatnonzero(number > 0), kept)
    found = {int(sizes[place]): float(number[place]) for place in kept if number[place] > 0}
    if len(others):
        rank = np.cumsum(number[others]) - number[others] / 2
        group = np.minimum((rank / number[others].sum() * (POINTS // 2)).astype(np.int64), POINTS // 2 - 1)
        for g in np.unique(group):
            share, own = number[others[group == g]], sizes[others[group == g]]
            pooled = round(float(np.average(own, weights=share)))
            found[pooled] = found.get(pooled, 0.0) + float(share.sum())
    lots = sorted(found)
    total = sum(found.values())
    return {"lots": lots, "probability": [found[size] / total for size in lots]}


def _summary(shares: Ints, number: Floats, events: Events) -> dict[str, float]:
    number = number / number.sum()
    logs = np.log(shares)
    mean = float(number @ logs)
    return {
        "round": float(number[shares == events.lot].sum()),
        "log_mean": mean,
        "log_deviation": float(np.sqrt(number @ (logs - mean) ** 2)),
    }
