"""Stage 2: what cannot be read off a recording is found by simulated moments (McFadden 1989).

Markets are proposed by CMA-ES (Hansen & Ostermeier 2001), simulated on the same seeds each time, and held against the
recording.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.calibration import moments
from analysis.calibration.direct import Flow
from analysis.calibration.distances import Distance, Distribution, distances, distributions
from analysis.calibration.knobs import Knob, turned
from analysis.calibration.losses import Losses
from analysis.calibration.recording import Recording, simulated, with_flow
from analysis.tape import Floats
from config import MarketConfig, UserError

SEEDS = (101, 102, 103)  # that proposals are simulated on
CHOICE_SEEDS = (201, 202, 203, 204)  # that the last candidates are told apart by
FRESH_SEEDS = (301, 302, 303, 304, 305, 306)  # that the result is judged by
SESSION_S = 1800.0
DISTANCE_WEIGHT = 10.0  # of the means of W1 and of K-S over distributions; that of the mismatch of moments is 1
REFUSED = 100.0  # the loss of a market that cannot be
STEP = 0.25  # of the logarithms of the factors, to begin with


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Of a market's sessions with a recording."""

    distances: dict[str, Distance]
    moments: dict[str, float]
    loss: float


@dataclass(frozen=True)
class Target:
    """What is to be met."""

    recording: Recording
    distributions: dict[str, Distribution]
    moments: dict[str, float]

    @classmethod
    def of(cls, recording: Recording) -> Target:
        """Of a recording."""
        return cls(recording, distributions(recording.events), moments.moments(recording.events))

    def compare(self, market: MarketConfig, seeds: Sequence[int]) -> Comparison:
        """Of a market's sessions on some seeds."""
        sessions = list(simulated(market, self.recording, seeds=seeds, seconds=SESSION_S))
        apart = distances(distributions(*sessions), self.distributions)
        found = moments.mean([moments.moments(events) for events in sessions])
        mean = float(np.mean([distance.wasserstein + distance.kolmogorov for distance in apart.values()]))
        loss = DISTANCE_WEIGHT * mean + moments.mismatch(found, self.moments)
        return Comparison(distances=apart, moments=found, loss=loss)


class Search:
    """The losses of proposals, those of before first."""

    def __init__(self, market: MarketConfig, flow: Flow, knobs: Sequence[Knob], target: Target, losses: Losses) -> None:
        self.market, self.flow, self.knobs, self.target, self.losses = market, flow, knobs, target, losses
        self.tried, self.least, self.leader = 0, math.inf, np.zeros(len(knobs))

    def loss(self, logs: Floats, seeds: Sequence[int]) -> float:
        """Of the flow with its knobs turned so; `REFUSED` if there is no such market."""
        try:
            loss = self.target.compare(with_flow(self.market, turned(self.flow, self.knobs, logs)), seeds).loss
        except UserError:
            return REFUSED
        return loss if math.isfinite(loss) else REFUSED

    def tell(self, logs: Floats) -> float:
        """Of the next proposal."""
        if self.tried < len(self.losses.known):
            loss = self.losses.known[self.tried]
        else:
            loss = self.loss(logs, SEEDS)
            self.losses.add(loss)
        self.tried += 1
        if loss < self.least:
            self.least, self.leader = loss, logs
        return loss

    def run(self, evaluations: int, seed: int, show: Callable[[int, float], None]) -> Flow:
        """The best flow.

        Args:
            evaluations: markets that are tried at most, in whole generations.
            seed: of the proposals.
            show: called with the number of markets tried and the least loss.

        """
        strategy = _strategy(len(self.knobs), seed)
        while self.tried + strategy.popsize <= evaluations:
            proposals, found = strategy.ask(), []
            for proposal in proposals:
                found.append(self.tell(proposal))
                show(self.tried, self.least)
            strategy.tell(proposals, found)
        # The best proposal was lucky, the mean of the last generation is not: others' seeds decide.
        candidates = [np.zeros(len(self.knobs)), self.leader, strategy.mean]
        chosen = min(candidates, key=lambda logs: self.loss(logs, CHOICE_SEEDS))
        return turned(self.flow, self.knobs, chosen)


def _strategy(knobs: int, seed: int) -> Any:
    """CMA-ES with random numbers of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about plots that nobody wants
        import cma
    random = np.random.default_rng(seed)
    options = {
        "randn": lambda *shape: random.standard_normal(shape),
        "seed": math.nan,  # numpy's global numbers are left alone
        "verbose": -9,
        "verb_log": 0,
    }
    return cma.CMAEvolutionStrategy(knobs * [0.0], STEP, options)
