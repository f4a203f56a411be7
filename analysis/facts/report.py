"""``python -m analysis facts``: the table, of a recording, of a market, or of both side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

import config as configuration
from analysis.facts import files, pictures
from analysis.facts.events import Events, recorded, simulated
from analysis.facts.table import FACTS, Profile, Values, held, measure, median, table
from analysis.tape import message_file
from config import MarketKind, UserError

FOLDER = Path("reports")
WIDTH = 150  # columns
LONGEST_H = 24.0
SECONDS_PER_H = 3600.0


@dataclass(frozen=True)
class Options:
    """By which ranges facts are judged, and how much of a market is simulated."""

    profile: Profile = Profile.small_tick
    seeds: int = 3
    seconds: float = 1800.0  # of each
    out: Path | None = None  # folder for them, as LOBSTER's files
    plot: Path | None = None  # the picture; by default in `FOLDER`

    @classmethod
    def parse(cls, profile: str, seeds: str, hours: str, out: str, plot: str) -> Options:
        """From words of the command line; empty ones keep the defaults.

        Raises:
            UserError: one sentence.

        """
        options = cls(out=Path(out) if out else None, plot=Path(plot) if plot else None)
        if profile:
            options = replace(options, profile=_profile(profile))
        if seeds:
            options = replace(options, seeds=_count(seeds))
        return replace(options, seconds=_seconds(hours)) if hours else options


def run(data: str, book: str, options: Options, words: Sequence[str]) -> None:
    """Prints the facts of the recording ``data`` (with its file of levels ``book``), and of the market in ``words``.

    Raises:
        UserError: one sentence.

    """
    columns: dict[str, Sequence[Values]] = {}
    streams: dict[str, Events] = {}  # of each column one, to be drawn
    if any(word.startswith("market=") for word in words) or not data:
        market = configuration.load(words).market
        if market.kind is not MarketKind.book or market.book is None:
            raise UserError(f"market must be a book for it to have facts, but {market.name} is {market.kind.value}")
        found = []
        for seed in range(1, options.seeds + 1):
            events = simulated(market, seconds=options.seconds, seed=seed)
            streams.setdefault(market.name, events)
            found.append(measure(events))
            print(f"{market.name}, seed {seed}: {_score(found[-1], options.profile)}", flush=True)
            if options.out is not None:
                paths = files.write(market, options.out, seconds=options.seconds, seed=seed)
                print("  " + "\n  ".join(map(str, paths)), flush=True)
        columns[market.name] = found
    if data:
        streams["recorded"] = recorded(message_file(data), Path(book) if book else None)
        columns["recorded"] = [measure(streams["recorded"])]
    console = Console()
    if not console.is_terminal:
        console.width = WIDTH  # a log file has no width of its own
    console.print(table(columns, options.profile))
    for name, values in columns.items():
        console.print(f"{name}: {_score(median(values), options.profile)}", highlight=False)
    path = options.plot or FOLDER / f"facts-{'-'.join(streams)}.png"
    print(f"as curves: {pictures.draw(streams, path)}")


def _score(values: Values, profile: Profile) -> str:
    first, mended = (len(held(values, profile, mended=which)) for which in (False, True))
    return f"{first} of {len(FACTS)} facts hold, {mended} by the mended ranges"


def _profile(name: str) -> Profile:
    try:
        return Profile(name)
    except ValueError:
        known = ", ".join(profile.value for profile in Profile)
        raise UserError(f"profile must be among {known}, but it is {name}") from None


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1000:
        raise UserError(f"seeds must be a number from 1 to 1000, but it is {text}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = float("nan")
    if not 0 < hours <= LONGEST_H:
        raise UserError(f"hours must be a number above 0, at most {LONGEST_H:g}, but it is {text}")
    return hours * SECONDS_PER_H
