"""Recorded messages with the book after each of them, orders from before the recording included."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import config
import engine

PRICE_SCALE = 10_000  # LOBSTER's prices are x 10^4
SUBMISSION, PARTIAL_CANCEL, DELETION, EXECUTION, HIDDEN_EXECUTION, CROSS_TRADE, HALT = range(1, 8)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tape:
    """Messages and the book after each of them; all arrays have one entry per message.

    ``best[side]`` is in ticks, NaN while that side is empty; side is 1 (bid) or -1 (ask). ``dwell`` is the time until
    the next message in s, 0 during the burn-in; ``block`` numbers the blocks of time.
    """

    messages: NDArray[np.void]
    price: Floats  # ticks
    best: dict[int, Floats]
    dwell: Floats
    block: Ints
    counted: NDArray[np.bool_]  # after the burn-in, and in the stream: not added by us
    tick: int  # x 10^4
    replay: dict[str, int]
    inferred: int

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return int(self.block[-1]) + 1

    @property
    def seconds(self) -> float:
        """Length of the estimated span."""
        return float(self.dwell.sum())

    def of(self, *kinds: int) -> NDArray[np.bool_]:
        """Which messages are of these types and count."""
        return np.isin(self.messages["type"], kinds) & self.counted

    def distance(self) -> Floats:
        """Distance of each message's price from the opposite best, ticks; NaN while that side is empty."""
        side = self.messages["direction"]
        return np.where(side == 1, self.best[-1] - self.price, self.price - self.best[1])


def message_file(data: str) -> Path:
    """The one LOBSTER message file that ``data`` (or else MARKET_DATA) names, itself or as its folder."""
    path = Path(data or os.environ.get("MARKET_DATA", ""))
    name = "data" if data else "MARKET_DATA"
    if path == Path():
        raise config.UserError(
            "data must be a LOBSTER message file or a folder that holds one, but neither data=PATH nor the "
            "environment variable MARKET_DATA is given"
        )
    if not path.is_dir():
        return path
    files = sorted(path.rglob("*_message_*.csv"))
    if len(files) != 1:
        found = ", ".join(file.name for file in files) or "none"
        raise config.UserError(f"{name} must name one file *_message_*.csv, but {path} holds {len(files)}: {found}")
    return files[0]


def read(path: Path) -> NDArray[np.void]:
    """`engine.read_messages` with its complaint as a `UserError`."""
    try:
        return engine.read_messages(path)
    except ValueError as error:
        raise config.UserError(str(error)) from None


def tape_of(messages: NDArray[np.void], *, burn_in_s: float, block_s: float) -> Tape:
    """Replays ``messages`` (dtype `engine.MESSAGE`, in time order) and keeps the best prices after each.

    Args:
        messages: one stream.
        burn_in_s: left out at its start, while the book is still being inferred.
        block_s: length of the blocks of time.

    Raises:
        UserError: no limit order, or nothing after the burn-in.
    """
    visible = messages[messages["type"] <= EXECUTION]
    if not np.any(visible["type"] == SUBMISSION):
        raise config.UserError("the messages must hold at least one limit order (type 1), but there is none")
    tick = int(np.gcd.reduce(visible["price"]))
    length = (messages["time_ns"][-1] - messages["time_ns"][0]) / 1e9
    if length <= burn_in_s:
        raise config.UserError(f"burn_in_s must be < the {length:.6g} s of the messages, but it is {burn_in_s}")
    with_earlier, inferred = _with_earlier_orders(messages)
    whole, added = _with_block_marks(with_earlier, inferred, burn_in_s, block_s)
    replay = engine.Replay(np.empty(0, np.int64), tick=tick, centre=int(np.median(visible["price"]) // tick * tick))
    rows = replay.apply_and_record(whole, 1)
    time = (whole["time_ns"] - whole["time_ns"][0]) / 1e9
    span = np.maximum(time, burn_in_s)
    return Tape(
        messages=whole,
        price=whole["price"] / tick,
        best={1: _best(rows[:, 2:], tick), -1: _best(rows, tick)},
        dwell=np.diff(span, append=span[-1]),
        block=((span - burn_in_s) // block_s).astype(np.int64),
        counted=(time > burn_in_s) & ~added,
        tick=tick,
        replay=replay.counters,
        inferred=int(inferred.sum()),
    )


def _best(columns: Ints, tick: int) -> Floats:
    return np.where(columns[:, 1] > 0, columns[:, 0] / tick, np.nan)


def _with_earlier_orders(messages: NDArray[np.void]) -> tuple[NDArray[np.void], NDArray[np.bool_]]:
    """Adds a submission for each order that is reduced but never submitted; the second array marks them.

    Ids are given in time order, as exchanges do, so such an order entered, unseen, before the first larger id was
    submitted; most of them before the file starts.
    """
    submitted = messages["type"] == SUBMISSION
    reduction = np.isin(messages["type"], (PARTIAL_CANCEL, DELETION, EXECUTION))
    orphan = np.flatnonzero(reduction & ~np.isin(messages["order_id"], messages["order_id"][submitted]))
    ids, first, which = np.unique(messages["order_id"][orphan], return_index=True, return_inverse=True)
    newest = np.maximum.accumulate(np.where(submitted, messages["order_id"], np.iinfo(np.int64).min))
    position = np.minimum(np.searchsorted(newest, ids), orphan[first])
    earlier = messages[orphan[first]].copy()
    earlier["time_ns"] = messages["time_ns"][position]
    earlier["type"] = SUBMISSION
    earlier["size"] = np.bincount(which, weights=messages["size"][orphan], minlength=len(ids))
    return np.insert(messages, position, earlier), np.insert(np.zeros(len(messages), np.bool_), position, True)


def _with_block_marks(
    messages: NDArray[np.void], added: NDArray[np.bool_], burn_in_s: float, block_s: float
) -> tuple[NDArray[np.void], NDArray[np.bool_]]:
    """Adds an empty message at the start of each block, so that no wait between two messages spans two blocks.

    The second array marks what was added, now and before.
    """
    seconds = (messages["time_ns"] - messages["time_ns"][0]) / 1e9
    starts = np.arange(burn_in_s, seconds[-1], block_s)
    position = np.searchsorted(seconds, starts, side="right")
    mark = np.zeros(len(starts), messages.dtype)
    mark["time_ns"] = messages["time_ns"][0] + np.round(starts * 1e9).astype(np.int64)
    mark["type"] = HALT  # leaves the book alone
    mark["direction"] = 1
    return np.insert(messages, position, mark), np.insert(added, position, True)


def lives(messages: NDArray[np.void]) -> Iterator[tuple[int, int]]:
    """Indices of the messages between which each order lived; the end of the tape for those that survive it."""
    live: dict[int, tuple[int, int]] = {}
    columns = (messages[name].tolist() for name in ("type", "order_id", "size"))
    for i, (kind, order, size) in enumerate(zip(*columns, strict=True)):
        if kind == SUBMISSION:
            live[order] = i, size
        elif kind <= EXECUTION and order in live:
            enter, left = live.pop(order)
            if kind == DELETION or size >= left:
                yield enter, i
            else:
                live[order] = enter, left - size
    for enter, _ in live.values():
        yield enter, len(messages)
