"""A calibrated market as a table and as a YAML file."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import yaml

import config
import engine
from analysis import facts


def write(overlay: dict[str, Any], out: Path) -> None:
    """Writes the overlay in one piece, after `config.load` has accepted it."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=out.parent, suffix=".yaml", delete=False) as file:
            yaml.safe_dump(overlay, file, sort_keys=False, default_flow_style=None, width=110)
    except OSError as error:
        raise config.UserError(f"{out} cannot be written: {error.strerror}") from None
    try:
        config.load([f"market={file.name}"])
        Path(file.name).replace(out)
    except BaseException:
        Path(file.name).unlink(missing_ok=True)
        raise


def table(market: dict[str, Any]) -> str:
    """The rates as text: one line per bin of distance."""
    found = market["calibration"]
    lines = [
        f"{market['name']}: {found['messages']} messages, {found['seconds']:.0f} s after the burn-in; "
        f"tick {market['tick']}, lot {market['lot']} shares, mean spread {found['spread_ticks']:.1f} ticks",
        "",
        f"{'':>9} {'limit orders per side':^34} {'cancels per live order':^34}",
        f"{'distance':>9} {'1/s':>9} {'count':>7} {'s.e.':>8} {'block':>7} "
        f"{'1/s':>9} {'count':>7} {'s.e.':>8} {'block':>7}",
    ]
    for limit, cancel in zip(found["limit_rate"], found["cancel_hazard"], strict=True):
        interval = f"{limit['from']}-{limit['below'] - 1}"
        lines.append(f"{interval:>9} {_cells(limit)} {_cells(cancel)}")
    lines += ["", f"{'market':>9} {_cells(found['market_rate'])}", ""]
    lines.append(facts.table(*(facts.Facts(**found["facts"][name]) for name in ("recorded", "simulated"))))
    return "\n".join(lines)


def _cells(entry: dict[str, Any]) -> str:
    block = entry["block_standard_error"]
    error = "-" if block is None else f"{block:.4f}"
    return f"{entry['rate']:9.4f} {entry['count']:7d} {entry['standard_error']:8.4f} {error:>7}"


def check_room(found: dict[str, Any]) -> None:
    """Refuses a calibration whose live orders the simulated book could not hold."""
    room = engine.MediumOrderBook.capacity // 2  # the other half for what fluctuates and what drifts away
    if found["live_orders"] > room:
        raise config.UserError(
            f"the calibrated book must hold at most {room} live orders, but it would hold about "
            f"{found['live_orders']:.0f}; lower coverage from {found['options']['coverage']}"
        )
