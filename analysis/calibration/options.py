"""What may be chosen of a calibration."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from analysis.options import option
from analysis.tape import PRICE_SCALE, Tape, tape_of
from config import UserError

MOST_EVALUATIONS = 1_000_000
POISSON = ("burn_in_s", "block_s", "coverage", "lot", "tick", "distance")  # options of that flow


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """What may be chosen; everything else comes from the data."""

    flow: str = option("realistic", "of the market: realistic, or poisson")
    refit: str = option("all", "realistic: all, or levels: rates, spread and volatility alone, of the market start")
    start: str = option("", "realistic: a market to begin with, by name or path; empty: small_tick or large_tick")
    from_s: float = option(0.0, "realistic: where the part of the recording that counts begins, s after its start")
    to_s: float = option(0.0, "realistic: where it ends; 0: with the recording")
    evaluations: int = option(700, "realistic: markets that are tried")
    seed: int = option(0, "realistic: of the search")
    burn_in_s: float = option(60.0, "left out at the start, while the book is still being inferred, s")
    block_s: float = option(60.0, "length of the blocks whose variance gives the robust standard error, s")
    coverage: float = option(0.95, "share of the limit orders inside the last bin")
    lot: int = option(0, "shares; 0: the most frequent size of a limit order")
    tick: float = option(0.0, "price; 0: the largest that all but one in a thousand of the messages keep")
    distance: tuple[int, ...] = option((), "edges of the bins, ticks; empty: chosen from the data")

    def __post_init__(self) -> None:
        for name, known in (("flow", ("realistic", "poisson")), ("refit", ("all", "levels"))):
            if getattr(self, name) not in known:
                raise UserError(f"{name} must be {' or '.join(known)}, but it is '{getattr(self, name)}'")
        for field in dataclasses.fields(self):
            strange = field.name != "flow" and (field.name in POISSON) != (self.flow == "poisson")
            if strange and getattr(self, field.name) != field.default:
                raise UserError(
                    f"{field.name} must be left out with flow={self.flow}, but it is {getattr(self, field.name)}"
                )
        self._check_realistic()
        self._check_poisson()

    def _check_realistic(self) -> None:
        if self.from_s < 0:
            raise UserError(f"from_s must be >= 0, but it is {self.from_s:g}")
        if self.to_s and self.to_s <= self.from_s:
            raise UserError(f"to_s must be > from_s = {self.from_s:g}, but it is {self.to_s:g}")
        if not 0 <= self.evaluations <= MOST_EVALUATIONS:
            raise UserError(f"evaluations must be from 0 to {MOST_EVALUATIONS}, but it is {self.evaluations}")
        if not 0 <= self.seed < 2**32:
            raise UserError(f"seed must be from 0 to 2^32 - 1, but it is {self.seed}")
        if self.refit == "levels" and not self.start:
            raise UserError("start must name the market whose levels refit=levels finds, but it is not given")

    def _check_poisson(self) -> None:
        if self.burn_in_s < 0:
            raise UserError(f"burn_in_s must be >= 0, but it is {self.burn_in_s}")
        if self.block_s <= 0:
            raise UserError(f"block_s must be > 0, but it is {self.block_s}")
        if not 0 < self.coverage <= 1:
            raise UserError(f"coverage must be > 0 and <= 1, but it is {self.coverage}")
        if self.tick < 0 or (self.tick and round(self.tick * PRICE_SCALE) < 1):
            raise UserError(f"tick must be 0 or >= {1 / PRICE_SCALE:g}, but it is {self.tick}")
        if self.lot < 0:
            raise UserError(f"lot must be >= 0, but it is {self.lot}")
        if self.distance and (self.distance[0] < 1 or np.any(np.diff(self.distance) <= 0)):
            raise UserError(f"distance must increase from at least 1 tick, but it is {list(self.distance)}")


def tape_for(messages: NDArray[np.void], options: Options) -> Tape:
    """`tape_of` as the options say."""
    return tape_of(
        messages, burn_in_s=options.burn_in_s, block_s=options.block_s, tick=round(options.tick * PRICE_SCALE)
    )
