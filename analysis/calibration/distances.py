"""How far a stream of events is from another: eight distributions, each by three distances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analysis.facts import Events, statistics
from analysis.tape import SUBMISSION, Floats, Ints

BINS = 20  # of equal probability under the target
LEVELS = (np.arange(500) + 0.5) / 500  # probabilities at which quantiles are compared
SHORTEST_S = 1e-6  # times below are as long: a recording cannot tell them apart
RETURNS_S = (1.0, 10.0)
PHASES = 10  # overlapping returns: more of them, though they tell little more


@dataclass(frozen=True)
class Distribution:
    """Values in order, and the share of the weight that lies at or below each."""

    values: Floats
    below: Floats

    @classmethod
    def of(cls, values: Floats, weights: Floats | None = None) -> Distribution:
        """Of what is finite, and weighs something."""
        weights = np.ones(len(values)) if weights is None else weights
        known = np.isfinite(values) & (weights > 0)
        values, weights = values[known], weights[known]
        order = np.argsort(values, kind="stable")
        total = np.cumsum(weights[order])
        return cls(values[order], total / total[-1] if len(total) else total)

    def quantile(self, level: Floats) -> Floats:
        """The least value at or below which so much lies."""
        return self.values[np.minimum(np.searchsorted(self.below, level), len(self.values) - 1)]

    def cdf(self, at: Floats) -> Floats:
        """The share at or below."""
        place: Ints = np.searchsorted(self.values, at, side="right")
        return np.concatenate(([0.0], self.below))[place]

    @property
    def deviation(self) -> float:
        """Standard deviation."""
        share = np.diff(self.below, prepend=0.0)
        mean = float(share @ self.values)
        return float(np.sqrt(share @ (self.values - mean) ** 2))


@dataclass(frozen=True)
class Distance:
    """Between a distribution and a target."""

    bins: float  # L1 of the shares in `BINS` bins of equal probability, 0 to 2 (1.9 where all is in one)
    wasserstein: float  # W1, in standard deviations of the target
    kolmogorov: float  # the largest difference of the distribution functions


FARTHEST = Distance(2.0, 5.0, 1.0)  # what a stream without any value is given


def distance(found: Distribution, target: Distribution) -> Distance:
    """Of ``found`` from ``target``."""
    if len(found.values) < 2 or len(target.values) < 2:
        return FARTHEST
    at = np.concatenate((found.values, target.values))
    edges = np.unique(target.quantile(np.arange(1, BINS) / BINS))
    shares = [np.diff(one.cdf(edges), prepend=0.0, append=1.0) for one in (found, target)]
    apart = float(np.mean(np.abs(found.quantile(LEVELS) - target.quantile(LEVELS))))
    return Distance(
        bins=float(np.abs(shares[0] - shares[1]).sum()),
        wasserstein=min(apart / target.deviation, FARTHEST.wasserstein) if target.deviation > 0 else float(apart > 0),
        kolmogorov=float(np.abs(found.cdf(at) - target.cdf(at)).max()),
    )


def distributions(*sessions: Events) -> dict[str, Distribution]:
    """What is compared, of one or more sessions. The touch is weighed by time; returns are in ticks."""
    parts = [_values(events) for events in sessions]
    found = {}
    for name, (_, weights) in parts[0].items():
        values = np.concatenate([part[name][0] for part in parts])
        heavy = None if weights is None else np.concatenate([_known(part[name][1]) for part in parts])
        found[name] = Distribution.of(values, heavy)
    return found


def _known(weights: Floats | None) -> Floats:
    assert weights is not None
    return weights


def _values(events: Events) -> dict[str, tuple[Floats, Floats | None]]:
    """Values, and their weights where they are not equal."""
    with np.errstate(invalid="ignore", divide="ignore"):
        imbalance = (events.bid_size - events.ask_size) / (events.bid_size + events.ask_size)
        depth = np.log(np.concatenate((events.bid_size, events.ask_size)))
        size = np.log(events.size[events.kind == SUBMISSION])
    return {
        "spread": (events.ask - events.bid, events.dwell),
        "log inter-arrival": (_logs(np.diff(events.time)), None),
        "log size": (size, None),
        "log touch depth": (depth, np.concatenate((events.dwell, events.dwell))),
        "imbalance": (imbalance, events.dwell),
        "log time to cancel": (_logs(statistics.lives(events)), None),
        **{f"return {interval:g} s": (_returns(events, interval), None) for interval in RETURNS_S},
    }


def _returns(events: Events, interval_s: float) -> Floats:
    """From `PHASES` grids."""
    starts = np.arange(0, events.seconds - interval_s, interval_s / PHASES)
    return events.mid_at(starts + interval_s) - events.mid_at(starts)


def _logs(seconds: Floats) -> Floats:
    return np.log(np.maximum(seconds, SHORTEST_S))


def distances(found: Mapping[str, Distribution], target: Mapping[str, Distribution]) -> dict[str, Distance]:
    """Of every distribution."""
    return {name: distance(found[name], target[name]) for name in target}
