"""``python -m analysis facts``: the table, of a recording, of a market, or of both side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

import config as configuration
from analysis.facts import files, pictures
from analysis.facts.events import Events, recorded, simulate
from analysis.facts.options import Options
from analysis.facts.table import FACTS, Profile, Values, held, measure, median, table
from analysis.tape import message_file
from config import MarketKind, UserError

FOLDER = Path("reports")
WIDTH = 150  # columns
SECONDS_PER_H = 3600.0


def run(data: str, book: str, options: Options, words: Sequence[str]) -> None:
    """Prints the facts of the recording ``data`` (with its file of levels ``book``), and of the market in ``words``.

    Raises:
        UserError: one sentence.

    """
    profile = Profile(options.profile)
    columns: dict[str, Sequence[Values]] = {}
    streams: dict[str, Events] = {}  # of each column one, to be drawn
    if any(word.startswith("market=") for word in words) or not data:
        chosen = configuration.load(words)
        market = chosen.market
        if market.kind is not MarketKind.book or market.book is None:
            raise UserError(f"market must be a book for it to have facts, but {market.name} is {market.kind.value}")
        found = []
        for seed in range(chosen.seed + 1, chosen.seed + 1 + options.seeds):
            session = simulate(market, seconds=SECONDS_PER_H * options.hours, seed=seed)
            streams.setdefault(market.name, session.events)
            found.append(measure(session.events))
            print(f"{market.name}, seed {seed}: {_score(found[-1], profile)}", flush=True)
            if options.out:
                print("  " + "\n  ".join(map(str, files.write(session, Path(options.out)))), flush=True)
        columns[market.name] = found
    if data:
        streams["recorded"] = recorded(message_file(data), Path(book) if book else None)
        columns["recorded"] = [measure(streams["recorded"])]
    console = Console()
    if not console.is_terminal:
        console.width = WIDTH  # a log file has no width of its own
    console.print(table(columns, profile))
    for name, values in columns.items():
        console.print(f"{name}: {_score(median(values), profile)}", highlight=False)
    path = Path(options.plot) if options.plot else FOLDER / f"facts-{'-'.join(streams)}.png"
    print(f"as curves: {pictures.draw(streams, path)}")


def _score(values: Values, profile: Profile) -> str:
    first, mended = (len(held(values, profile, mended=which)) for which in (False, True))
    return f"{first} of {len(FACTS)} facts hold, {mended} by the mended ranges"
