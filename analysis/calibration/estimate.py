"""A number from data, its standard error, and how it was found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from analysis.facts import Events
from analysis.tape import Floats, Ints

BLOCKS = 30  # of equal time: long enough that one hardly knows of the next
DRAWS = 40  # of the bootstrap
DIRECT, SIMULATED, BOTH = "direct", "simulated moments", "direct, then simulated moments"
KEPT, SHOWN = "not identified: kept", "not identified: as the data show it"


@dataclass(frozen=True)
class Estimate:
    """Of one parameter; without an error where none is known."""

    value: float
    error: float | None
    how: str = DIRECT


def blocks_of(events: Events, at: Ints) -> Ints:
    """The block of time in which some events are."""
    return np.minimum((events.time[at] * (BLOCKS / events.seconds)).astype(np.int64), BLOCKS - 1)


def counts_of(block: Ints, cell: Ints, cells: int) -> Floats:
    """How often each cell was met, by block: [BLOCKS, cells]."""
    found = np.bincount(block * cells + cell, minlength=BLOCKS * cells)
    return found.reshape(BLOCKS, cells).astype(np.float64)


def bootstrap(fit: Callable[[Floats], Mapping[str, float]], draws: int = DRAWS) -> dict[str, Estimate]:
    """What ``fit`` finds, with errors of the bootstrap over blocks of time (Carlstein 1986); none of less than 2 draws.

    ``fit`` takes how often each block counts: [BLOCKS]. Every estimator has the same draws.
    """
    random = np.random.default_rng(1)
    found = fit(np.ones(BLOCKS, np.float64))
    weights = [np.bincount(random.integers(BLOCKS, size=BLOCKS), minlength=BLOCKS) for _ in range(draws)]
    drawn = [fit(weight.astype(np.float64)) for weight in weights]
    errors = {name: float(np.std([one[name] for one in drawn], ddof=1)) if draws > 1 else None for name in found}
    return {name: Estimate(value, errors[name]) for name, value in found.items()}
