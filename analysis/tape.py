"""Recorded messages with the book after each of them, orders from before the recording included."""

from __future__ import annotations

import dataclasses
import gzip
import lzma
import os
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

import config
import engine

PRICE_SCALE = 10_000  # LOBSTER's prices are x 10^4
SHOWN = 3  # files, of a folder that holds too many
MOST_OFF_TICK = 1e-3  # share of messages
MOST_TICKS = 2**30 - 1  # of a price: what `engine.Replay` has room for
MOST_SHARES = np.iinfo(np.int32).max  # of an order
HALTED, RESUMED = -1, 1  # prices of LOBSTER's type 7
GAP_S, GAP_MESSAGES = 30.0, 100  # a silence of a recording that is longer, and as long as so many messages usually take
SUBMISSION, PARTIAL_CANCEL, DELETION, EXECUTION, HIDDEN_EXECUTION, CROSS_TRADE, HALT = range(1, 8)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Read = TypeVar("Read")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tape:
    """Messages and the book after each of them; all arrays have one entry per message.

    ``best[side]`` is in ticks, NaN while that side is empty; side is 1 (bid) or -1 (ask). ``dwell`` is the time until
    the next message in s, 0 during the burn-in; ``block`` numbers the blocks of time.
    """

    messages: NDArray[np.void]
    price: Floats  # ticks
    touch: Ints  # [n, 4]: best ask and its size, best bid and its size, as `engine.read_book` lays them out
    best: dict[int, Floats]
    dwell: Floats
    block: Ints
    counted: NDArray[np.bool_]  # after the burn-in, and in the stream: not added by us
    tick: int  # x 10^4
    replay: dict[str, int]
    inferred: int
    off_tick: int  # messages of orders at prices between the ticks: left out
    closed_s: float  # of halts, and of gaps in the recording: time that was taken out

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
    """The one LOBSTER message file that ``data`` (or else MARKET_DATA) names, itself or as its folder.

    Raises:
        UserError: it names none, or several.

    """
    given, name = data or os.environ.get("MARKET_DATA", ""), "data" if data else "MARKET_DATA"
    if not given:
        raise config.UserError(
            "data must be a LOBSTER message file or a folder that holds one, but neither data=PATH nor the "
            "environment variable MARKET_DATA is given"
        )
    path = Path(given)
    if not path.is_dir():
        return path
    files = sorted(path.rglob("*_message_*.csv*"))
    if len(files) != 1:
        found = ", ".join(file.name for file in files[:SHOWN]) + (", ..." if len(files) > SHOWN else "") or "none"
        raise config.UserError(f"{name} must name one file *_message_*.csv, but {path} holds {len(files)}: {found}")
    return files[0]


def read(path: Path) -> NDArray[np.void]:
    """`engine.read_messages` of a file that may be packed (gzip, or a zip archive of one file).

    Raises:
        UserError: FILE:LINE, the rule and the value.

    """
    return _read(path, engine.read_messages)


def read_levels(path: Path) -> Ints:
    """`engine.read_book` of a file that may be packed; otherwise as `read`."""
    return _read(path, engine.read_book)


def _read(path: Path, reader: Callable[[Path], Read]) -> Read:
    with unpacked(path) as plain:
        try:
            return reader(plain)
        except ValueError as error:
            raise config.UserError(str(error).replace(str(plain), str(path))) from None


@contextmanager
def said_of(path: Path) -> Iterator[None]:
    """A mistake in what was read from ``path`` names the file."""
    try:
        yield
    except config.UserError as error:
        raise config.UserError(f"{path}: {error}") from None


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """``path``, or for a while a file with what is packed in it.

    Raises:
        UserError: it is packed so that it cannot be unpacked.

    """
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError:
        magic = b""  # the engine says why
    unpack = next((unpack for start, unpack in _PACKINGS.items() if magic.startswith(start)), None)
    if unpack is None:
        yield path
        return
    with tempfile.NamedTemporaryFile(suffix=".csv") as plain:
        try:
            with unpack(path) as packed:
                shutil.copyfileobj(packed, plain)
        except _UNREADABLE as error:
            reason = str(error) or "it is cut short"
            raise config.UserError(f"{path} cannot be unpacked: {reason}") from None
        plain.flush()
        yield Path(plain.name)


def _gzipped(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb"))


def _zipped(path: Path) -> IO[bytes]:
    archive = zipfile.ZipFile(path)
    if len(archive.namelist()) != 1:
        raise config.UserError(f"{path} must hold one file, but it holds {len(archive.namelist())}")
    return archive.open(archive.namelist()[0])


def _zst(path: Path) -> IO[bytes]:
    raise config.UserError(f"{path} is packed with zstd, which must be unpacked first: unzstd {path}")


# A zip archive's own words for what it cannot: a password, a way of packing, a field cut short, a name of no alphabet.
_UNREADABLE = (
    OSError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    RuntimeError,
    NotImplementedError,
    struct.error,
    ValueError,
)
_PACKINGS: dict[bytes, Callable[[Path], IO[bytes]]] = {
    b"\x1f\x8b": _gzipped,
    b"PK\x03\x04": _zipped,
    b"\x28\xb5\x2f\xfd": _zst,
}


def tape_of(messages: NDArray[np.void], *, burn_in_s: float, block_s: float, tick: int = 0) -> Tape:
    """Replays ``messages`` (dtype `engine.MESSAGE`, in time order) and keeps the best prices after each.

    Time in which nothing can trade is taken out, as if the clock had stood still.

    Args:
        messages: one stream.
        burn_in_s: left out at its start, while the book is still being inferred.
        block_s: length of the blocks of time.
        tick: x 10^4; 0: the largest that all but one in a thousand of the messages keep.

    Raises:
        UserError: no limit order, nothing after the burn-in, or a price of too many ticks.
    """
    visible = messages[messages["type"] <= EXECUTION]
    if not np.any(visible["type"] == SUBMISSION):
        raise config.UserError("the messages must hold at least one limit order (type 1), but there is none")
    tick = tick or tick_of(messages)
    messages, off_tick = _on_tick(messages, tick)
    _check_range(messages, tick)
    messages, closed, closed_s = without_closed_time(messages)
    length = (messages["time_ns"][-1] - messages["time_ns"][0]) / 1e9
    if length == 0:
        raise config.UserError("the messages must last for some time while the market is open, but they do not")
    if length <= burn_in_s:
        raise config.UserError(f"burn_in_s must be < the {length:.6g} s of the messages, but it is {burn_in_s}")
    with_earlier, inferred = _with_earlier_orders(messages)
    whole, added = _with_block_marks(with_earlier, inferred, burn_in_s, block_s)
    replay = empty_replay(whole, tick)
    rows = replay.apply_and_record(whole, 1)
    time = (whole["time_ns"] - whole["time_ns"][0]) / 1e9
    span = np.maximum(time, burn_in_s)
    counted = (time > burn_in_s) & ~added
    counted[~added] &= ~closed
    return Tape(
        messages=whole,
        price=whole["price"] / tick,
        touch=rows,
        best={1: _best(rows[:, 2:], tick), -1: _best(rows, tick)},
        dwell=np.diff(span, append=span[-1]),
        block=((span - burn_in_s) // block_s).astype(np.int64),
        counted=counted,
        tick=tick,
        replay=replay.counters,
        inferred=int(inferred.sum()),
        off_tick=off_tick,
        closed_s=closed_s,
    )


def empty_replay(messages: NDArray[np.void], tick: int) -> engine.Replay:
    """A replay whose window lies around the prices of ``messages``."""
    prices = messages["price"][messages["type"] <= EXECUTION]
    return engine.Replay(np.empty(0, np.int64), tick=tick, centre=int(np.median(prices) // tick * tick))


def tick_of(messages: NDArray[np.void]) -> int:
    """The greatest common divisor of all visible prices but those of a few orders that stand between the ticks.

    Raises:
        UserError: no order is visible.

    """
    prices = messages["price"][messages["type"] <= EXECUTION]
    if prices.size == 0:
        raise config.UserError(
            "the messages must hold at least one of a visible order (types 1 to 4), but there is none"
        )
    tick = int(np.gcd.reduce(prices))
    while True:
        for factor in (2, 3, 5):
            if np.mean(prices % (factor * tick) != 0) <= MOST_OFF_TICK:
                tick *= factor
                break
        else:
            return tick


def _check_range(messages: NDArray[np.void], tick: int) -> None:
    highest = int(messages["price"][messages["type"] <= EXECUTION].max())
    if highest > MOST_TICKS * tick:
        raise config.UserError(
            f"the prices must be at most {MOST_TICKS} ticks of {tick / PRICE_SCALE:g}, "
            f"but one is {highest / PRICE_SCALE:.10g}"
        )


def _on_tick(messages: NDArray[np.void], tick: int) -> tuple[NDArray[np.void], int]:
    """Without the orders that are ever between the ticks, and how many messages that leaves out."""
    visible = messages["type"] <= EXECUTION
    off = visible & (messages["price"] % tick != 0)
    out = visible & np.isin(messages["order_id"], messages["order_id"][off])
    if out.sum() == visible.sum():
        raise config.UserError(f"tick must be one that the prices keep, but no order does at {tick / PRICE_SCALE:g}")
    return messages[~out], int(out.sum())


def without_closed_time(messages: NDArray[np.void]) -> tuple[NDArray[np.void], NDArray[np.bool_], float]:
    """The messages by a clock that stands still while nothing can trade, which of them fell into it, and how long, s.

    That is from a halt to the resumption of trading (LOBSTER's type 7 with price -1 and 1), and wherever the recording
    is silent for so long that it must have a gap.
    """
    time = messages["time_ns"]
    shut = np.zeros(len(messages), np.bool_)
    passed = np.zeros(len(messages), np.int64)  # closed time up to each message, ns
    for start, end in _closed_spans(messages):
        shut |= (time > start) & (time < end)
        passed += np.clip(time - start, 0, end - start)
    by_open_time = messages.copy()
    by_open_time["time_ns"] = time - passed
    return by_open_time, shut, float(passed[-1]) / 1e9


def _closed_spans(messages: NDArray[np.void]) -> list[tuple[int, int]]:
    """From and until when nothing can trade, ns; apart from each other, in order."""
    time, found = messages["time_ns"], []
    halts = messages[messages["type"] == HALT]
    start: int | None = None
    for at, state in zip(halts["time_ns"].tolist(), halts["price"].tolist(), strict=True):
        if state == HALTED and start is None:
            start = at
        elif state == RESUMED and start is not None:
            found.append((start, at))
            start = None
    if start is not None:
        found.append((start, int(time[-1])))
    usual = (time[-1] - time[0] - sum(end - start for start, end in found)) / len(time)
    for i in np.flatnonzero(np.diff(time) > max(GAP_S * 1e9, GAP_MESSAGES * usual)).tolist():
        if not any(start <= time[i] and time[i + 1] <= end for start, end in found):
            found.append((int(time[i]), int(time[i + 1])))
    return sorted(found)


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
    held = np.bincount(which, weights=messages["size"][orphan], minlength=len(ids))
    earlier["size"] = np.minimum(held, MOST_SHARES)  # more can only be an id that stands for several orders
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
