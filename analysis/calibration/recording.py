"""A recording, or a span of it, and the same view of a simulated market."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import config
from analysis import facts, tape
from analysis.facts import Events
from analysis.tape import HIDDEN_EXECUTION, PRICE_SCALE, SUBMISSION
from config import MarketConfig
from config.flow import RealisticConfig
from config.section import refusals

LEAST_LIMITS, LEAST_MARKETS = 500, 50  # orders, of which anything can be estimated
LEAST_REST_S = 300.0  # of a recording outside the span: less says nothing
FIELDS_OF_LEVEL = 4
OPENS_S = 34_200.0  # after midnight: half past nine


@dataclass(frozen=True, kw_only=True)
class Recording:
    """What a market is calibrated on."""

    name: str
    digest: str  # of the files
    events: Events  # of the span
    rest: Events | None  # the longer part of the recording outside it
    whole_book: bool  # whether more than the best prices were recorded
    tick: float  # price
    since_open_s: float  # when the span begins


def read(path: Path, book: str, from_s: float, to_s: float) -> Recording:
    """The messages of ``path``, from ``from_s`` to ``to_s`` (0: its end) after the first.

    Raises:
        UserError: one sentence.

    """
    messages = tape.read(path)
    files = [path, *([Path(book)] if book else [])]
    events = facts.recorded(*files)
    top = bool(book) and tape.read_levels(Path(book)).shape[1] == FIELDS_OF_LEVEL
    end = to_s or events.seconds
    if not from_s < end <= events.seconds + 1:
        raise config.UserError(
            f"from_s and to_s must be a span within the {events.seconds:.0f} s of {path.name}, "
            f"but they are {from_s:g} and {end:g}"
        )
    parts = [(0.0, from_s), (end, events.seconds)]
    longest = max(parts, key=lambda part: part[1] - part[0])
    chosen = events.between(from_s, end)
    _check(chosen, path)
    return Recording(
        name=path.stem,
        digest=hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16],
        events=touching(chosen) if top else chosen,
        rest=events.between(*longest) if longest[1] - longest[0] >= LEAST_REST_S else None,
        whole_book=not top,
        tick=tape.tick_of(messages) / PRICE_SCALE,
        since_open_s=float(messages["time_ns"][0]) / 1e9 - OPENS_S + from_s,
    )


def _check(events: Events, path: Path) -> None:
    limits, markets = int(np.sum(events.kind == SUBMISSION)), len(events.market_orders.time)
    if limits < LEAST_LIMITS or markets < LEAST_MARKETS:
        raise config.UserError(
            f"{path} must hold at least {LEAST_LIMITS} limit orders and {LEAST_MARKETS} market orders in the span, "
            f"but it holds {limits} and {markets}"
        )


def touching(events: Events) -> Events:
    """What a recording of one level holds: the events that change the best prices or their sizes, and hidden ones."""
    columns = (events.bid, events.ask, events.bid_size, events.ask_size)
    changed = np.zeros(len(events.time), np.bool_)
    for column in columns:
        same = (column[1:] == column[:-1]) | (np.isnan(column[1:]) & np.isnan(column[:-1]))
        changed[1:] |= ~same
    return events.where(changed | (events.kind == HIDDEN_EXECUTION))


def simulated(market: MarketConfig, recording: Recording, *, seeds: Iterable[int], seconds: float) -> Iterator[Events]:
    """Sessions of a market, as the recording would have shown them.

    Raises:
        UserError: the simulated book has no room for its orders.

    """
    for seed in seeds:
        with refusals({"": "market.book."}):
            events = facts.simulate(market, seconds=seconds, seed=seed, levels=1).events
        yield events if recording.whole_book else touching(events)


def with_flow(market: MarketConfig, flow: dict[str, Any]) -> MarketConfig:
    """A book market whose flow has these values.

    Raises:
        UserError: it cannot be, for example because its activity would explode.

    """
    assert market.book is not None
    return dataclasses.replace(
        market, book=dataclasses.replace(market.book, realistic=config.section(RealisticConfig, flow))
    )
