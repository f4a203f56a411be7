"""What may be chosen of a calibration."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from analysis.options import option
from analysis.tape import PRICE_SCALE, Tape, tape_of
from config import UserError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """What may be chosen; everything else comes from the data."""

    burn_in_s: float = option(60.0, "left out at the start, while the book is still being inferred, s")
    block_s: float = option(60.0, "length of the blocks whose variance gives the robust standard error, s")
    coverage: float = option(0.95, "share of the limit orders inside the last bin")
    lot: int = option(0, "shares; 0: the most frequent size of a limit order")
    tick: float = option(0.0, "price; 0: the largest that all but one in a thousand of the messages keep")
    distance: tuple[int, ...] = option((), "edges of the bins, ticks; empty: chosen from the data")

    def __post_init__(self) -> None:
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
