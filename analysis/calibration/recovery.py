"""Does stage 1 find known parameters? ``python -m analysis.calibration.recovery [streams=20] [deviation=0]``.

Each stream is two hours of the small-tick profile; with a deviation, of one whose parameters are each times
e^(deviation x a normal number), while the profile, by which the bias is taken off, stays. Printed for every parameter
that is listed as found: how far it was from the truth, in its own standard errors.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
from rich.table import Table

import config
from analysis import facts, options
from analysis.calibration import direct, patience
from analysis.calibration.direct import Flow
from analysis.calibration.recording import Recording, with_flow
from analysis.calibration.report import console
from analysis.facts import Events
from analysis.options import option
from config import MarketConfig, UserError, cli
from config.cli import Command, Words

PROFILE = "small_tick"
SECONDS = 7200.0
MOST_SEED = 2**31
LARGEST_FOLLOW = 0.95


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """How many streams, and how far from the profile."""

    streams: int = option(20, "of two hours each")
    deviation: float = option(0.0, "of the logarithms of the true parameters from those of the profile")
    seed: int = option(100, "of the first stream, less one")


@dataclasses.dataclass(frozen=True)
class Recovered:
    """One parameter of one stream."""

    name: str
    truth: float
    value: float
    error: float

    @property
    def deviation(self) -> float:
        """From the truth, in its own standard errors."""
        return (self.value - self.truth) / self.error


def profile() -> tuple[MarketConfig, Flow]:
    """The market, and its flow without the day's course."""
    market = config.load([f"market={PROFILE}"]).market
    return market, config.to_dict(market)["book"]["realistic"] | {"intraday": None}


def as_recorded(events: Events) -> Recording:
    """A simulated stream as a recording of the whole book."""
    return Recording(name=PROFILE, digest="", events=events, rest=None, whole_book=True, tick=0.01, since_open_s=0.0)


def recover(
    streams: int, *, deviation: float = 0.0, seconds: float = SECONDS, seed: int = 0
) -> Iterator[list[Recovered]]:
    """What stage 1 says of each stream's parameters."""
    market, flow = profile()
    known: dict[str, float] | None = None
    for _ in range(streams):
        truth, simulated = None, None
        while simulated is None:  # some of the perturbed markets cannot be
            seed += 1
            truth = _perturbed(flow, deviation, seed)
            try:
                simulated = facts.simulate(with_flow(market, truth), seconds=seconds, seed=seed, levels=1).events
            except UserError:
                continue
        assert truth is not None
        recording = as_recorded(simulated)
        known = known or direct.reference(market, flow, recording)
        _, found = direct.estimate(market, flow, recording, known)
        yield [
            Recovered(name, holder[key], found[name].value, error)
            for name, holder, key in direct.places(truth)
            if name in found and (error := found[name].error)
        ]


def _perturbed(flow: Flow, deviation: float, seed: int) -> Flow:
    random = np.random.default_rng(seed)
    result = copy.deepcopy(flow)
    if deviation == 0:
        return result

    def perturb(holder: Any, key: Any) -> None:
        if isinstance(holder[key], list):
            for k in range(len(holder[key])):
                perturb(holder[key], k)
        elif isinstance(holder[key], float):
            holder[key] *= float(np.exp(deviation * random.normal()))

    for section, keys in {
        "placement": (
            "rate",
            "inside",
            "inside_gap",
            "inside_reach",
            "at_best",
            "behind_power",
            "behind_offset",
            "edge",
        ),
        "patience": ("hazard", *patience.ZONES),
        "takers": ("rate", "usual_spread", "spread_power", "whole_queue"),
        "metaorders": ("tail",),
        "impact": ("size",),
        "stale": ("hazard", "distance"),
        "informed": ("rate",),
        "value": ("volatility",),
        "reactions": ("follow", "refill"),
        "hawkes": ("branching", "weight"),
    }.items():
        for key in keys:
            perturb(result[section], key)
    for name in patience.ZONES:
        result["patience"][name] = (np.array(result["patience"][name]) / sum(result["patience"][name])).tolist()
    result["hawkes"]["weight"] = (np.array(result["hawkes"]["weight"]) / sum(result["hawkes"]["weight"])).tolist()
    result["reactions"]["follow"] = min(result["reactions"]["follow"], LARGEST_FOLLOW)
    return result


def run(words: Words) -> None:
    """Recovers the parameters of simulated streams and prints how near they are."""
    chosen = options.parse(Options, words.own)
    if chosen.streams < 1:
        raise UserError(f"streams must be >= 1, but it is {chosen.streams}")
    if not 0 <= chosen.deviation <= 1:
        raise UserError(f"deviation must be from 0 to 1, but it is {chosen.deviation:g}")
    if not 0 <= chosen.seed < MOST_SEED:
        raise UserError(f"seed must be from 0 to {MOST_SEED - 1}, but it is {chosen.seed}")
    found: dict[str, list[Recovered]] = {}
    for number, stream in enumerate(recover(chosen.streams, deviation=chosen.deviation, seed=chosen.seed), 1):
        for one in stream:
            found.setdefault(one.name, []).append(one)
        print(f"stream {number} of {chosen.streams}", flush=True)
    table = Table(title=f"{chosen.streams} streams of {PROFILE}, {SECONDS / 3600:g} h each")
    table.add_column("parameter")
    for heading in ("true", "found", "s.e.", "rms deviation, s.e.", "largest", "beyond 3"):
        table.add_column(heading, justify="right")
    for name, ones in found.items():
        off = np.array([one.deviation for one in ones])
        means = (np.mean([getattr(one, part) for one in ones]) for part in ("truth", "value", "error"))
        table.add_row(
            name,
            *(f"{value:.3g}" for value in means),
            f"{np.sqrt(np.mean(off**2)):.2f}",
            f"{np.abs(off).max():.2f}",
            f"{np.sum(np.abs(off) > 3)}",
        )
    console().print(table)


if __name__ == "__main__":
    cli.main(
        Command(run, "recovery", options.words(Options), configured=False), "python -m analysis.calibration.recovery"
    )
