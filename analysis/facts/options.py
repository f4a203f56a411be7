"""What may be chosen of the facts."""

from __future__ import annotations

import dataclasses

from analysis.facts.table import Profile
from analysis.options import option
from config import UserError

LONGEST_H, MOST_SEEDS = 24.0, 1000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """By which ranges facts are judged, how much of a market is simulated, and what is written."""

    profile: str = option(Profile.small_tick.value, "whose ranges: small_tick or large_tick")
    seeds: int = option(3, "simulated sessions of the market, from seed + 1 on")
    hours: float = option(0.5, "length of each, h")
    plot: str = option("", "the picture to write; by default in reports/")
    out: str = option("", "folder to which messages and books of the sessions are written, as LOBSTER would")

    def __post_init__(self) -> None:
        known = [profile.value for profile in Profile]
        if self.profile not in known:
            raise UserError(f"profile must be among {', '.join(known)}, but it is {self.profile}")
        if not 1 <= self.seeds <= MOST_SEEDS:
            raise UserError(f"seeds must be from 1 to {MOST_SEEDS}, but it is {self.seeds}")
        if not 0 < self.hours <= LONGEST_H:
            raise UserError(f"hours must be above 0, at most {LONGEST_H:g}, but it is {self.hours:g}")
