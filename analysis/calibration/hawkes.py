"""Who prompts whom: a Hawkes process of limit orders, market orders and cancels with kernels of given decays.

An event of kind j has B[i][j] children of kind i in the mean, at delays with density sum_k w_k b_k exp(-b_k t). B is
found by expectation and maximisation over who the parent was (Veen & Schoenberg 2008), from a given start and for a
given number of passes: the slowest kernels can hardly be told from what nothing prompts, and so they are left where
they are unless the data say otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.calibration.estimate import BLOCKS, Estimate, bootstrap, counts_of
from analysis.facts import Events
from analysis.tape import DELETION, PARTIAL_CANCEL, SUBMISSION, Floats, Ints

KINDS = "LMC"  # limit orders, market orders, cancels
PASSES = 60
DRAWS = 24  # of the bootstrap: fewer than elsewhere, a pass takes its time
SPREAD_BINS = 6  # of equal time: what nothing prompts comes at a rate of its own in each


@dataclass(frozen=True)
class Stream:
    """Times (s, increasing) and kinds (0, 1, 2) of events, each with the bin of the spread that it met."""

    time: Floats
    kind: Ints
    bin: Ints
    block: Ints
    exposure: Floats  # time by block and bin, s

    @classmethod
    def of(cls, events: Events) -> Stream:
        """All executions of one market order are one event."""
        orders = events.market_orders
        placed, gone = events.kind == SUBMISSION, np.isin(events.kind, (DELETION, PARTIAL_CANCEL))
        time = np.concatenate((events.time[placed], orders.time, events.time[gone]))
        kind = np.repeat(np.arange(3), [placed.sum(), len(orders.time), gone.sum()])
        order = np.argsort(time, kind="stable")
        time, kind = time[order], kind[order]
        bins = _spread_bins(events)
        width = events.seconds / BLOCKS
        block = np.minimum(events.time / width, BLOCKS - 1).astype(np.int64)
        cells = block * SPREAD_BINS + bins
        exposure = np.bincount(cells, events.dwell, BLOCKS * SPREAD_BINS).reshape(BLOCKS, SPREAD_BINS)
        before = np.maximum(np.searchsorted(events.time, time, side="left") - 1, 0)
        own = np.minimum(time / width, BLOCKS - 1).astype(np.int64)
        return cls(time, kind, bins[before], own, exposure.astype(np.float64))


def _spread_bins(events: Events) -> Ints:
    """The bin of the spread after each event."""
    spread = events.ask - events.bid
    known = np.isfinite(spread) & (events.dwell > 0)
    rank = np.argsort(spread[known], kind="stable")
    share = np.cumsum(events.dwell[known][rank]) / events.dwell[known].sum()
    edges = np.unique(spread[known][rank][np.searchsorted(share, np.arange(1, SPREAD_BINS) / SPREAD_BINS)])
    return np.searchsorted(edges, np.where(np.isfinite(spread), spread, 0.0), side="left")


def features(stream: Stream, decay: Floats) -> Floats:
    """What each event's rate owes to one parent kind and kernel, if each had one child: [events, kernels x kinds]."""
    kept = np.exp(-np.diff(stream.time, prepend=0.0)[:, None] * decay)
    found = np.empty((len(stream.time), len(decay), 3))
    state = np.zeros((len(decay), 3))
    for place, kind in enumerate(stream.kind.tolist()):
        state *= kept[place][:, None]
        found[place] = state
        state[:, kind] += decay
    return found.reshape(len(stream.time), -1)


def estimate(events: Events, decay: Floats, draws: int = DRAWS) -> dict[str, Estimate]:
    """Children ``LL``, ``LM``, ... (of kind L by a parent of kind M), and ``weight.k`` of each kernel."""
    stream = Stream.of(events)
    shape = features(stream, decay)
    parents = np.tile(counts_of(stream.block, stream.kind, 3), len(decay))

    def fit(weights: Floats) -> dict[str, float]:
        found: dict[str, float] = {}
        by_kernel = np.zeros(len(decay))
        number, exposure = weights @ parents, weights @ stream.exposure
        for kind, child in enumerate(KINDS):
            own = stream.kind == kind
            theta = children(shape[own], weights[stream.block[own]], stream.bin[own], exposure, number)
            found |= {child + parent: float(theta[place::3].sum()) for place, parent in enumerate(KINDS)}
            by_kernel += (theta * number).reshape(-1, 3).sum(axis=1)
        return found | {f"weight.{k}": float(share) for k, share in enumerate(by_kernel / by_kernel.sum())}

    return bootstrap(fit, draws)


def children(shape: Floats, weight: Floats, bins: Ints, exposure: Floats, parents: Floats) -> Floats:
    """Of one kind, per parent: [kernels x kinds].

    Args:
        shape: of `features` the rows of the kind's events.
        weight: how often each of them counts.
        bins: their bins of the spread.
        exposure: time in each bin, s.
        parents: number of events by kernel and kind.

    """
    time = np.maximum(exposure, 1e-9)
    rate = np.bincount(bins, weight, len(exposure)) / time / 2
    theta = np.full(shape.shape[1], 0.5 / shape.shape[1])
    for _ in range(PASSES):
        share = weight / np.maximum(rate[bins] + shape @ theta, 1e-12)
        rate = rate * np.bincount(bins, share, len(exposure)) / time
        theta = theta * (share @ shape) / np.maximum(parents, 1)
    return theta
