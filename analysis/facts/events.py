"""What happened in a book, and the touch after each event: recorded or simulated, the same arrays."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import engine
from analysis.tape import (
    EXECUTION,
    HALT,
    HIDDEN_EXECUTION,
    PRICE_SCALE,
    Floats,
    Ints,
    read,
    read_levels,
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
    """A stream of events; all arrays have one entry per event, in time order.

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
        arrays = [field.name for field in fields(self) if field.name not in ("seconds", "lot")]
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
    messages = read(path)
    if book is None:
        tape = tape_of(messages, burn_in_s=0, block_s=BLOCK_S)
        return _events(tape.messages[tape.counted], tape.touch[tape.counted], tape.tick, ROUND_LOT)
    levels = read_levels(book)
    if len(levels) != len(messages):
        raise UserError(f"{book} must have a row for each message of {path}, {len(messages)}, but it has {len(levels)}")
    tick = tick_of(messages)
    messages, closed, _ = without_closed_time(messages)
    return _events(messages[~closed], levels[~closed, :4], tick, ROUND_LOT)


@dataclass(frozen=True, kw_only=True)
class Session:
    """The background of a book market after its warm-up, by a clock that starts then; in LOBSTER's units."""

    market: MarketConfig
    seed: int
    seconds: float
    messages: NDArray[np.void]  # [n] `engine.MESSAGE`
    levels: Ints  # [n, 4 x levels], the book after each, as `engine.read_book` gives it

    @cached_property
    def events(self) -> Events:
        """What is measured of it."""
        return _events(self.messages, self.levels[:, :4], _tick(self.market), ROUND_LOT)


def simulate(market: MarketConfig, *, seconds: float, seed: int, levels: int = LEVELS) -> Session:
    """One session of a book market that nobody of ours is in; so many levels of its book are kept."""
    assert market.book is not None
    opens_ns = round(1e9 * market.book.warmup_s)
    tick = _tick(market)
    messages = engine.simulate_messages(market.book.params(), lot=market.lot, tick=tick, seed=seed, seconds=seconds)
    replay = engine.Replay(np.empty(0, np.int64), tick=tick, centre=tick * market.book.initial_mid_ticks)
    book = replay.apply_and_record(messages, levels)
    counts = messages["time_ns"] >= opens_ns
    messages = messages[counts]
    messages["time_ns"] -= opens_ns
    return Session(market=market, seed=seed, seconds=seconds, messages=messages, levels=book[counts])


def _tick(market: MarketConfig) -> int:
    return round(market.tick * PRICE_SCALE)


def _events(messages: NDArray[np.void], touch: Ints, tick: int, lot: int) -> Events:
    """``touch`` is laid out as `engine.read_book` does it, of which the first level is needed."""
    trading = messages["type"] < HALT
    messages, touch = messages[trading], touch[trading]
    time = (messages["time_ns"] - messages["time_ns"][0]) / 1e9
    price, size = touch[:, ::2] / tick, touch[:, 1::2].astype(float)
    known = size > 0
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
        seconds=float(time[-1]),
        lot=lot,
    )
