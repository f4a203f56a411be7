"""What stands behind the best prices: its mean over time, and what each order found before it when it was placed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import engine
from analysis.tape import SUBMISSION, Floats, Ints

BEHIND = 40  # ticks behind the best that are looked at
ROWS = 4096  # of a book, so many levels wide, that are held at a time
COLUMNS = {1: 2, -1: 0}  # of a row: where a side's levels start


@dataclass(frozen=True, kw_only=True)
class Depth:
    """In the stream's own unit."""

    behind: Floats  # [BEHIND + 1] mean over time so many ticks behind the best, both sides; NaN where no row reaches
    ahead: Floats  # [n] what stood at a limit order's price before it came; NaN of the others, and where no row tells


def replayed(replay: engine.Replay, messages: NDArray[np.void]) -> Iterator[Ints]:
    """The book after each message, some rows at a time, as wide as `depth_of` can use."""
    for start in range(0, len(messages), ROWS):
        yield replay.apply_and_record(messages[start : start + ROWS], BEHIND + 1)


def recorded(levels: Ints) -> Iterator[Ints]:
    """The rows of a file of levels, some at a time."""
    for start in range(0, len(levels), ROWS):
        yield levels[start : start + ROWS]


def depth_of(messages: NDArray[np.void], rows: Iterable[Ints], dwell: Floats, tick: int) -> Depth:
    """Of messages, the book after each of them, and for how long it stood.

    Args:
        messages: [n] of dtype `engine.MESSAGE`.
        rows: [m, 4 x levels] each, n in all, laid out as `engine.read_book` does it.
        dwell: [n], s.
        tick: x 10^4.

    """
    held, time = np.zeros(BEHIND + 1), np.zeros(BEHIND + 1)
    ahead: list[Floats] = []
    before: Ints | None = None
    start = 0
    for book in rows:
        part = slice(start, start + len(book))
        for side in COLUMNS:
            _add(held, time, _level(book, side), dwell[part], tick)
        earlier = np.concatenate([book[:1] if before is None else before, book[:-1]])
        ahead.append(_found(messages[part], earlier))
        before, start = book[-1:], part.stop
    found = np.concatenate(ahead) if ahead else np.empty(0)
    found[:1] = np.nan  # what stood before the first message is not known
    behind = np.divide(held, time, out=np.full(BEHIND + 1, np.nan), where=time > 0)
    return Depth(behind=behind, ahead=found)


def _level(book: Ints, side: int) -> tuple[Ints, Ints]:
    """Prices and sizes of a side, from the best outward."""
    return book[:, COLUMNS[side] :: 4], book[:, COLUMNS[side] + 1 :: 4]


def _add(held: Floats, time: Floats, side: tuple[Ints, Ints], dwell: Floats, tick: int) -> None:
    """Adds a side's depth x time, and for how long it was known, by distance."""
    price, size = side
    there = (size[:, 0] > 0) & (dwell > 0)
    price, size, dwell = price[there], size[there], dwell[there]
    distance = np.abs(price - price[:, :1]) // tick
    near = (size > 0) & (distance <= BEHIND)
    held += np.bincount(distance[near], (size * dwell[:, None])[near], BEHIND + 1)
    reach = np.where(size[:, -1] > 0, np.minimum(distance[:, -1], BEHIND), BEHIND)  # a row with room left is complete
    time += np.bincount(reach, dwell, BEHIND + 1)[::-1].cumsum()[::-1]


def _found(messages: NDArray[np.void], earlier: Ints) -> Floats:
    """What stands at the price of each limit order in the row before it."""
    found = np.full(len(messages), np.nan)
    for side in COLUMNS:
        at = np.flatnonzero((messages["type"] == SUBMISSION) & (messages["direction"] == side))
        price, size = _level(earlier[at], side)
        own = messages["price"][at]
        beyond = (size[:, -1] > 0) & (side * (price[:, -1] - own) > 0)
        found[at] = np.where(beyond, np.nan, np.where(price == own[:, None], size, 0).sum(axis=1))
    return found
