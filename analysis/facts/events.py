"""What happened in a book, and the touch after each event: recorded or simulated, the same arrays."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import engine
from analysis.facts import depth
from analysis.facts.depth import Depth
from analysis.tape import (
    EXECUTION,
    HALT,
    HIDDEN_EXECUTION,
    PRICE_SCALE,
    Floats,
    Ints,
    empty_replay,
    read,
    read_levels,
    said_of,
    tape_of,
    tick_of,
    without_closed_time,
)
from config import MarketConfig, UserError

BLOCK_S = 3600.0
ROUND_LOT = 100  # shares
LEVELS = 10  # of a simulated book that are kept


@dataclass(frozen=True, kw_only=True)
class MarketOrders:
    """Who took: all executions of one instant against one side are one market order. One entry each."""

    time: Floats
    sign: Floats  # 1 bought, -1 sold
    size: Floats
    price: Floats  # mean of its fills, ticks
    queue: Floats  # size of the best opposite queue before it
    mid: Floats  # before it, ticks


@dataclass(frozen=True, kw_only=True)
class Events:
    """A stream of events; all arrays but ``behind`` have one entry per event, in time order.

    ``kind`` is LOBSTER's type, ``side`` that of the resting order (1 bid, -1 ask). Prices are in ticks, NaN while a
    side is empty; sizes are in the stream's own unit, of which ``lot`` make a lot.
    """

    time: Floats  # s since the first
    kind: Ints
    side: Ints
    order: Ints
    size: Floats
    price: Floats
    bid: Floats
    ask: Floats
    bid_size: Floats
    ask_size: Floats
    ahead: Floats  # what stood at a limit order's price before it came; NaN of other events, and where that is unknown
    behind: Floats  # mean depth over time at 0, 1, ... ticks behind the best; NaN where it is unknown
    seconds: float
    lot: int

    @cached_property
    def mid(self) -> Floats:
        """After each event, ticks."""
        return 0.5 * (self.bid + self.ask)

    @cached_property
    def dwell(self) -> Floats:
        """Time until the next event, s."""
        return np.diff(self.time, append=max(self.seconds, float(self.time[-1])))

    def mid_at(self, time: Floats) -> Floats:
        """The mid at some times, the last one known while a side is empty."""
        since, mid = self._known
        return mid[np.maximum(np.searchsorted(since, time, side="right") - 1, 0)]

    def where(self, kept: NDArray[np.bool_]) -> Events:
        """Some of the events alone; the clock stays."""
        arrays = [field.name for field in fields(self) if field.name not in ("behind", "seconds", "lot")]
        return replace(self, **{name: getattr(self, name)[kept] for name in arrays})

    def between(self, start_s: float, end_s: float) -> Events:
        """Those of a span, by a clock that starts with it."""
        inside = self.where((self.time >= start_s) & (self.time < end_s))
        return replace(inside, time=inside.time - start_s, seconds=end_s - start_s)

    @cached_property
    def _known(self) -> tuple[Floats, Floats]:
        """The times at which there is a mid, and the mid."""
        known = np.isfinite(self.mid)
        return self.time[known], self.mid[known]

    @cached_property
    def market_orders(self) -> MarketOrders:
        """See the class; hidden executions are the same taker's."""
        taken = np.flatnonzero(np.isin(self.kind, (EXECUTION, HIDDEN_EXECUTION)))
        begins = (np.diff(self.time[taken], prepend=-1.0) > 0) | (np.diff(self.side[taken], prepend=0) != 0)
        order, first = np.cumsum(begins) - 1, taken[begins]
        before = np.maximum(first - 1, 0)
        sign = -self.side[first].astype(float)
        size: Floats = np.bincount(order, self.size[taken]).astype(float)
        return MarketOrders(
            time=self.time[first],
            sign=sign,
            size=size,
            price=np.bincount(order, self.size[taken] * self.price[taken]) / size,
            queue=np.where(sign > 0, self.ask_size[before], self.bid_size[before]),
            mid=self.mid[before],
        )


def recorded(path: Path, book: Path | None = None) -> Events:
    """Of a LOBSTER message file; ``book`` is its file of levels, which a recording of few levels needs.

    Without ``book`` the touch is that of the replayed messages, orders from before the recording inferred.

    Raises:
        UserError: FILE:LINE, the rule and the value; or the files do not go together.

    """
    messages, levels = read(path), None if book is None else read_levels(book)
    if levels is not None and len(levels) != len(messages):
        raise UserError(f"{book} must have a row for each message of {path}, {len(messages)}, but it has {len(levels)}")
    with said_of(path):
        return _of_recording(messages, levels)


def _of_recording(messages: NDArray[np.void], levels: Ints | None) -> Events:
    if levels is None:
        tape = tape_of(messages, burn_in_s=0, block_s=BLOCK_S)
        rows = depth.replayed(empty_replay(tape.messages, tape.tick), tape.messages)
        found = depth.depth_of(tape.messages, rows, tape.dwell, tape.tick)
        return _events(tape.messages, tape.touch, found, tape.counted, tape.tick)
    tick = tick_of(messages)
    messages, closed, _ = without_closed_time(messages)
    found = depth.depth_of(messages, depth.recorded(levels), _dwell(messages), tick)
    return _events(messages, levels, found, ~closed, tick)


@dataclass(frozen=True, kw_only=True)
class Session:
    """The background of a book market after its warm-up, by a clock that starts then; in LOBSTER's units."""

    market: MarketConfig
    seed: int
    seconds: float
    messages: NDArray[np.void]  # [n] `engine.MESSAGE`
    levels: Ints  # [n, 4 x levels], the book after each, as `engine.read_book` gives it
    depth: Depth

    @cached_property
    def events(self) -> Events:
        """What is measured of it."""
        counts = np.ones(len(self.messages), np.bool_)
        return _events(self.messages, self.levels, self.depth, counts, _tick(self.market))


def simulate(market: MarketConfig, *, seconds: float, seed: int, levels: int = LEVELS) -> Session:
    """One session of a book market that nobody of ours is in; so many levels of its book are kept."""
    assert market.book is not None
    opens_ns = round(1e9 * market.book.warmup_s)
    tick = _tick(market)
    messages = engine.simulate_messages(market.book.params(), lot=market.lot, tick=tick, seed=seed, seconds=seconds)
    book = _empty_replay(market).apply_and_record(messages, levels)
    counts = messages["time_ns"] >= opens_ns
    rows = depth.replayed(_empty_replay(market), messages)
    found = depth.depth_of(messages, rows, np.where(counts, _dwell(messages), 0), tick)
    messages = messages[counts]
    messages["time_ns"] -= opens_ns
    found = replace(found, ahead=found.ahead[counts])
    return Session(market=market, seed=seed, seconds=seconds, messages=messages, levels=book[counts], depth=found)


def _empty_replay(market: MarketConfig) -> engine.Replay:
    assert market.book is not None
    return engine.Replay(
        np.empty(0, np.int64), tick=_tick(market), centre=_tick(market) * market.book.initial_mid_ticks
    )


def _dwell(messages: NDArray[np.void]) -> Floats:
    """Time until the next message, s."""
    return np.diff(messages["time_ns"], append=messages["time_ns"][-1:]) / 1e9


def _tick(market: MarketConfig) -> int:
    return round(market.tick * PRICE_SCALE)


def _events(messages: NDArray[np.void], levels: Ints, found: Depth, counts: NDArray[np.bool_], tick: int) -> Events:
    """Of the messages that count; ``levels`` are laid out as `engine.read_book` does it, the first one is needed."""
    trading = counts & (messages["type"] < HALT)
    if not trading.any():
        raise UserError("the messages must hold at least one while the market is open, but there is none")
    messages, touch = messages[trading], levels[trading, :4]
    time = (messages["time_ns"] - messages["time_ns"][0]) / 1e9
    price, size = touch[:, ::2] / tick, touch[:, 1::2].astype(float)
    known = size > 0
    if not known.all(axis=1).any():
        raise UserError("the book must have two sides at some time, but it never has")
    ask, bid = np.where(known, price, np.nan).T
    return Events(
        time=time,
        kind=messages["type"].astype(np.int64),
        side=messages["direction"].astype(np.int64),
        order=messages["order_id"].astype(np.int64),
        size=messages["size"].astype(float),
        price=messages["price"] / tick,
        bid=bid,
        ask=ask,
        bid_size=np.where(known[:, 1], size[:, 1], 0),
        ask_size=np.where(known[:, 0], size[:, 0], 0),
        ahead=found.ahead[trading],
        behind=found.behind,
        seconds=float(time[-1]),
        lot=ROUND_LOT,
    )
