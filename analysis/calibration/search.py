"""Stage 2: what cannot be read off a recording is found by simulated moments (McFadden 1989).

Markets are proposed by CMA-ES (Hansen & Ostermeier 2001), simulated on the same seeds each time, and held against the
recording. Every loss is kept beside the file to be written, so that a search that was interrupted goes on from there:
proposals follow from the seed and the losses alone.
"""

from __future__ import annotations

import copy
import json
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from analysis.calibration import moments
from analysis.calibration.direct import Flow, calm
from analysis.calibration.distances import Distance, Distribution, distances, distributions
from analysis.calibration.recording import Recording, simulated, with_flow
from analysis.tape import Floats
from config import MarketConfig, UserError

SEEDS = (101, 102, 103)  # that proposals are simulated on
CHOICE_SEEDS = (201, 202, 203, 204)  # that the last candidates are told apart by
FRESH_SEEDS = (301, 302, 303, 304, 305, 306)  # that the result is judged by
SESSION_S = 1800.0
W1_WEIGHT = 10.0  # of the mean distance over distributions; that of the mean mismatch of moments is 1
REFUSED = 100.0  # the loss of a market that cannot be
STEP = 0.2  # of the logarithms of parameters, to begin with
MOST_LOG = 2.5  # how far a parameter may go
LARGEST_SHARE = 0.97


@dataclass(frozen=True)
class Knob:
    """Some numbers of a flow that are multiplied by one factor."""

    name: str
    paths: tuple[str, ...]  # under `market.book.realistic`; a number, or a list of them
    most: float = math.inf

    def turn(self, flow: Flow, factor: float) -> None:
        """Multiplies them; numbers of a layer that is off stay so."""
        for path in self.paths:
            *sections, key = path.split(".")
            holder: Any = flow
            for section in sections:
                holder = holder and holder.get(section)
            if holder is None:
                continue
            holder[key] = _times(holder[key], factor, self.most)


def _times(value: Any, factor: float, most: float) -> Any:
    if isinstance(value, list):
        return [_times(one, factor, most) for one in value]
    if isinstance(value, int):
        return max(1, round(value * factor))
    return min(value * factor, most)


LEVELS = (
    Knob("limit orders", ("placement.rate",)),
    Knob("market orders", ("takers.rate",)),
    Knob("hazards", ("patience.hazard",)),
    Knob(
        "spread",
        ("placement.edge", "placement.inside_gap", "takers.usual_spread", "takers.collar")
        + ("stale.distance", "stale.width", "informed.cost"),
    ),
    Knob("volatility", ("value.volatility", "value.step", "value.jump_size", "impact.size")),
)
SHAPES = (
    Knob("placement.edge", ("placement.edge",)),
    Knob("placement.inside", ("placement.inside",), 1.0),
    Knob("placement.inside_reach", ("placement.inside_reach",)),
    Knob("placement.imbalance", ("placement.imbalance",), 1.0),
    Knob("takers.imbalance", ("takers.imbalance",), 1.0),
    Knob("takers.whole_queue", ("takers.whole_queue", "informed.whole_queue"), LARGEST_SHARE),
    Knob("stale.hazard", ("stale.hazard",)),
    Knob("stale.distance", ("stale.distance",)),
    Knob("informed.rate", ("informed.rate",)),
    Knob("impact.size", ("impact.size",)),
    Knob("impact.forecast_weight", ("impact.forecast_weight",), 3.0),
    Knob("reactions.follow", ("reactions.follow",), LARGEST_SHARE),
    Knob("value.log_volatility", ("value.log_volatility.deviation",), 3.0),
)


@dataclass(frozen=True)
class Quick(Knob):
    """How much of the excitation is quick: the weights of the kernels of 50/s and more."""

    def turn(self, flow: Flow, factor: float) -> None:
        """The weights still add up to one."""
        hawkes = flow["hawkes"]
        if hawkes is None:
            return
        raised = [
            weight * (factor if decay >= QUICK_DECAY else 1)
            for weight, decay in zip(hawkes["weight"], hawkes["decay"], strict=True)
        ]
        hawkes["weight"] = [weight / math.fsum(raised) for weight in raised]


@dataclass(frozen=True)
class Hasty(Knob):
    """The hazards of the two hastiest classes."""

    def turn(self, flow: Flow, factor: float) -> None:
        """The others stay."""
        hazard = flow["patience"]["hazard"]
        flow["patience"]["hazard"] = [h * factor if k < len(hazard) / 2 else h for k, h in enumerate(hazard)]


@dataclass(frozen=True)
class Prompting(Knob):
    """How many cancels an event prompts."""

    def turn(self, flow: Flow, factor: float) -> None:
        """The row of cancels."""
        if flow["hawkes"]:
            flow["hawkes"]["branching"][2] = [value * factor for value in flow["hawkes"]["branching"][2]]


QUICK_DECAY = 50.0  # 1/s
ALL = (
    *LEVELS,
    *SHAPES,
    Quick("hawkes.weight of the quick kernels", ()),
    Hasty("patience.hazard of the hasty", ()),
    Prompting("hawkes.branching of cancels", ()),
)


def turned(flow: Flow, knobs: Sequence[Knob], logs: Floats) -> Flow:
    """The flow with each knob turned by e^log, as stable as it may be at most."""
    result = copy.deepcopy(flow)
    for knob, log in zip(knobs, np.clip(logs, -MOST_LOG, MOST_LOG).tolist(), strict=True):
        knob.turn(result, math.exp(log))
    if result["hawkes"]:
        calm(result)
    return result


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
        """Simulates."""
        sessions = list(simulated(market, self.recording, seeds=seeds, seconds=SESSION_S))
        apart = distances(distributions(*sessions), self.distributions)
        found = moments.mean([moments.moments(events) for events in sessions])
        mean = float(np.mean([distance.wasserstein for distance in apart.values()]))
        loss = W1_WEIGHT * mean + moments.mismatch(found, self.moments)
        return Comparison(distances=apart, moments=found, loss=loss)


class Losses:
    """Of all markets tried so far, in a file: a line that says of which search, then a number a line."""

    def __init__(self, path: Path, search: dict[str, Any]) -> None:
        self.path = path
        self.known: list[float] = []
        header = json.dumps(search, sort_keys=True)
        try:
            if path.exists():
                self._read(header)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join([header, *map(repr, self.known)]) + "\n", encoding="utf-8")
            self._file = path.open("a", encoding="utf-8")
        except OSError as error:
            raise UserError(f"{path} cannot be written: {error.strerror}") from None

    def _read(self, header: str) -> None:
        """A last line that was cut off is left out."""
        first, *lines = self.path.read_text(encoding="utf-8", errors="replace").split("\n")
        if first != header:
            raise UserError(
                f"{self.path} must be of this search for it to go on, but it is of other data or options: remove it, "
                f"or give the ones of then"
            )
        self.known = [float(line) for line in lines[:-1]]

    def add(self, loss: float) -> None:
        """One more."""
        self._file.write(f"{loss!r}\n")
        self._file.flush()

    def done(self) -> None:
        """The search is over: the file goes."""
        self._file.close()
        self.path.unlink(missing_ok=True)


def search(
    market: MarketConfig,
    flow: Flow,
    knobs: Sequence[Knob],
    target: Target,
    *,
    evaluations: int,
    seed: int,
    losses: Losses,
    show: Callable[[int, float], None],
) -> tuple[Flow, dict[str, float]]:
    """The best flow, and by what factor each knob was turned.

    Args:
        market: whose flow it is.
        flow: to begin with.
        knobs: what may be turned.
        target: what is to be met.
        evaluations: markets that are tried; whole generations.
        seed: of the proposals.
        losses: of markets that have been tried before.
        show: called with the number of markets tried and the best loss.

    """

    def loss_of(logs: Floats, seeds: Sequence[int]) -> float:
        try:
            loss = target.compare(with_flow(market, turned(flow, knobs, logs)), seeds).loss
        except UserError:
            return REFUSED
        return loss if math.isfinite(loss) else REFUSED

    tried = 0
    best = math.inf

    def tell(logs: Floats) -> float:
        nonlocal tried, best
        if tried < len(losses.known):
            loss = losses.known[tried]
        else:
            loss = loss_of(logs, SEEDS)
            losses.add(loss)
        tried += 1
        best = min(best, loss)
        show(tried, best)
        return loss

    strategy = _strategy(len(knobs), seed)
    leader, least = np.zeros(len(knobs)), math.inf
    while tried + strategy.popsize <= evaluations:
        proposals = strategy.ask()
        found = [tell(proposal) for proposal in proposals]
        strategy.tell(proposals, found)
        if min(found) < least:
            least, leader = min(found), proposals[int(np.argmin(found))]
    candidates = [np.zeros(len(knobs)), leader, np.asarray(strategy.result.xfavorite)]
    chosen = min(candidates, key=lambda logs: loss_of(logs, CHOICE_SEEDS))
    factors = np.exp(np.clip(chosen, -MOST_LOG, MOST_LOG)).tolist()
    return turned(flow, knobs, chosen), {knob.name: factor for knob, factor in zip(knobs, factors, strict=True)}


def _strategy(knobs: int, seed: int) -> Any:
    """CMA-ES whose random numbers are its own."""
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
