"""What can be had from a recording of Binance's streams of trades and best prices: no market, but some of its numbers.

Orders have no names there, so that lives, children and places behind the best cannot be followed; and the price moves
by hundreds of ticks in a second while the spread is one, which no flow of ours does. What trades and best prices tell
for themselves is said: rates, sizes, the memory of signs, spread and volatility.

A line: the time of receipt (ns), a space, and the websocket's JSON, ``{"stream": "btcusdt@trade", "data": {...}}``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from analysis.calibration import metaorders, moments, sizes
from analysis.calibration.estimate import Estimate
from analysis.calibration.report import console
from analysis.facts import Events
from analysis.tape import EXECUTION, Floats, unpacked
from config import UserError

UPDATE = 0  # kind of a change of the best prices that no order is known of
SCALE = 10**8  # prices and sizes have at most so many decimals
PARTS = 10  # of a recording, whose differences give the errors of its moments
LONGEST = 200  # pieces of a large order, as in the profiles
SHOWN = 80  # characters of a line that is refused


@dataclass(frozen=True)
class Market:
    """A recording: prices in ticks, sizes in units."""

    events: Events
    tick: float
    unit: float


def recognised(path: Path) -> bool:
    """Whether a file begins as such a recording does: with a time and a JSON object."""
    with unpacked(path) as plain:
        try:
            with plain.open(encoding="utf-8", errors="replace") as file:
                time, _, rest = file.readline().partition(" ")
        except OSError:
            return False  # whoever reads it says why
    return time.isdigit() and rest.startswith("{")


def read(path: Path) -> Market:
    """Trades, those of one instant and side as one market order, and best prices, in the order of receipt.

    Raises:
        UserError: FILE:LINE, the rule and the value; or there are no trades, or no best prices.

    """
    rows: list[tuple[float, ...]] = []  # time, instant, side, size, price, bid, its size, ask, its size
    best: tuple[float, ...] | None = None
    with unpacked(path) as plain, plain.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            try:
                kind, time, data = _parsed(line)
                if kind == "bookTicker":
                    best = tuple(float(data[name]) for name in "bBaA")
                    rows.append((time, -1.0, 1.0, 0.0, best[0], *best))
                elif kind == "trade" and best is not None:
                    side = 1.0 if data["m"] else -1.0
                    rows.append((time, float(data["T"]), side, float(data["q"]), float(data["p"]), *best))
            except (ValueError, KeyError, TypeError):
                raise UserError(
                    f"{path}:{number}: a line must be a time in ns and the JSON of a stream, but it is "
                    f"'{line.strip()[:SHOWN]}'"
                ) from None
    table = np.array(rows, np.float64).reshape(-1, 9)
    traded = table[:, 1] >= 0
    if traded.all() or not traded.any():
        raise UserError(f"{path} must hold trades and best prices (streams @trade and @bookTicker), but one is missing")
    return _market(table, traded)


def _parsed(line: str) -> tuple[str, float, dict[str, Any]]:
    """Kind of the stream (empty: none that is used), time (s) and data."""
    received, _, rest = line.partition(" ")
    message = json.loads(rest)
    name, data = message.get("stream", "@"), message.get("data", {})
    kind = name.split("@")[1]
    if kind == "trade" and data.get("X", "MARKET") != "MARKET":
        kind = ""  # of the insurance fund and the like
    return kind, int(received) / 1e9, data


def _market(table: Floats, traded: np.ndarray) -> Market:
    prices, amounts = table[:, [4, 5, 7]].ravel(), table[traded, 3]
    tick, unit = (int(np.gcd.reduce(np.rint(values * SCALE).astype(np.int64))) / SCALE for values in (prices, amounts))
    time = np.maximum.accumulate(table[:, 0] - table[0, 0])
    at = np.flatnonzero(traded)
    same = np.zeros(len(at), np.bool_)  # order as the trade before
    same[1:] = (np.diff(table[at, 1]) == 0) & (np.diff(table[at, 2]) == 0)
    first = np.maximum.accumulate(np.where(same, 0, np.arange(len(at))))
    time[at] = time[at[first]]
    order = np.argsort(time, kind="stable")
    table, time, traded = table[order], time[order], traded[order]
    events = Events(
        time=time,
        kind=np.where(traded, EXECUTION, UPDATE),
        side=table[:, 2].astype(np.int64),
        order=np.arange(len(table)),
        size=np.rint(table[:, 3] / unit),
        price=table[:, 4] / tick,
        bid=table[:, 5] / tick,
        ask=table[:, 7] / tick,
        bid_size=table[:, 6] / unit,
        ask_size=table[:, 8] / unit,
        ahead=np.full(len(table), np.nan),
        behind=np.empty(0),
        seconds=float(time[-1]),
        lot=1,
    )
    return Market(events, tick, unit)


def estimates(market: Market) -> dict[str, Estimate]:
    """What is found, with errors."""
    events = market.events
    _, of_sizes = sizes.market_orders(events, 1)
    width = events.seconds / PARTS
    parts = [moments.moments(events.between(k * width, (k + 1) * width)) for k in range(PARTS)]
    whole = moments.moments(events)
    found = {
        "metaorders.tail": metaorders.estimate(events, LONGEST)["tail"],
        "takers.sizes: mean of the log, units": of_sizes["log_mean"],
        "takers.sizes: sd of the log": of_sizes["log_deviation"],
        "market orders that take just the best queue, whatever its size": of_sizes["whole"],
    }
    for name, value in whole.items():
        ones = np.array([part[name] for part in parts])
        error = float(np.std(ones, ddof=1) / np.sqrt(PARTS))
        found[name] = Estimate(value, error if np.isfinite(error) else None)
    return found


def show(path: Path) -> None:
    """Prints `estimates`.

    Raises:
        UserError: one sentence.

    """
    market = read(path)
    table = Table(
        title=f"{path.name}: tick {market.tick:g}, unit of size {market.unit:g}, {market.events.seconds:.0f} s"
    )
    table.add_column("")
    for heading in ("value", "s.e."):
        table.add_column(heading, justify="right")
    for name, one in estimates(market).items():
        table.add_row(name, f"{one.value:.4g}", "-" if one.error is None else f"{one.error:.2g}")
    screen = console()
    screen.print(table)
    screen.print(
        "no market is written: orders have no names in these streams, so that their lives, places and children are "
        "unknown"
    )
