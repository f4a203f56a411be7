"""What a search may turn of a flow: some numbers at a time, by one factor."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.calibration.direct import CANCEL, Flow, calm
from analysis.tape import Floats

MOST_LOG = 2.5  # how far a knob may be turned
LARGEST_SHARE = 0.97  # of what must leave something to the others
QUICK_DECAY = 50.0  # 1/s, of a kernel: no slower ones are quick


@dataclass(frozen=True)
class Knob:
    """A name, and how the flow is changed by a factor."""

    name: str
    turn: Callable[[Flow, float], None]


def scale(name: str, *paths: str, most: float = math.inf) -> Knob:
    """Multiplies what is at some paths under `market.book.realistic` (its name if none), numbers or lists of them.

    Numbers of a layer that is off stay so, and none becomes larger than ``most``.
    """

    def turn(flow: Flow, factor: float) -> None:
        for path in paths or (name,):
            *sections, key = path.split(".")
            holder: Any = flow
            for section in sections:
                holder = holder and holder.get(section)
            if holder is not None:
                holder[key] = _times(holder[key], factor, most)

    return Knob(name, turn)


def _times(value: Any, factor: float, most: float) -> Any:
    if isinstance(value, list):
        return [_times(one, factor, most) for one in value]
    if isinstance(value, int):
        return max(1, round(value * factor))
    return min(value * factor, most)


def _quick(flow: Flow, factor: float) -> None:
    """Weights of the quick kernels against those of the others."""
    hawkes = flow["hawkes"]
    if hawkes is None:
        return
    pairs = zip(hawkes["weight"], hawkes["decay"], strict=True)
    raised = [weight * (factor if decay >= QUICK_DECAY else 1) for weight, decay in pairs]
    hawkes["weight"] = [weight / math.fsum(raised) for weight in raised]


def _hasty(flow: Flow, factor: float) -> None:
    """The first half of the classes."""
    hazard = flow["patience"]["hazard"]
    flow["patience"]["hazard"] = [h * factor if k < len(hazard) / 2 else h for k, h in enumerate(hazard)]


def _prompting(flow: Flow, factor: float) -> None:
    """The row of cancels."""
    if flow["hawkes"]:
        flow["hawkes"]["branching"][CANCEL] = [value * factor for value in flow["hawkes"]["branching"][CANCEL]]


LEVELS = (
    scale("placement.rate"),
    scale("takers.rate"),
    scale("patience.hazard"),
    scale(
        "lengths in ticks (edge, inside_gap, usual_spread, collar, stale, cost)",
        "placement.edge",
        "placement.inside_gap",
        "takers.usual_spread",
        "takers.collar",
        "stale.distance",
        "stale.width",
        "informed.cost",
    ),
    scale(
        "volatility (value.volatility, step, jump_size, impact.size)",
        "value.volatility",
        "value.step",
        "value.jump_size",
        "impact.size",
    ),
)
SHAPES = (
    scale("placement.edge"),
    scale("placement.inside", most=1.0),
    scale("placement.inside_reach"),
    scale("placement.imbalance", most=1.0),
    scale("takers.imbalance", most=1.0),
    scale("takers and informed.whole_queue", "takers.whole_queue", "informed.whole_queue", most=LARGEST_SHARE),
    scale("stale.hazard"),
    scale("stale.distance"),
    scale("informed.rate"),
    scale("impact.size"),
    scale("reactions.follow", most=LARGEST_SHARE),
    scale("value.log_volatility.deviation", most=3.0),
    Knob("hawkes.weight of kernels >= 50/s", _quick),
    Knob("patience.hazard of the hasty half", _hasty),
    Knob("hawkes.branching of cancels", _prompting),
)


def turned(flow: Flow, knobs: Sequence[Knob], logs: Floats) -> Flow:
    """A flow with each knob turned by e^log, with no more children than `calm` leaves."""
    result = copy.deepcopy(flow)
    for knob, factor in zip(knobs, np.exp(np.clip(logs, -MOST_LOG, MOST_LOG)).tolist(), strict=True):
        knob.turn(result, factor)
    if result["hawkes"]:
        calm(result)
    return result
