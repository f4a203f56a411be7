"""A calibrated market as a table and as a YAML file."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import yaml

import config
import engine
from analysis import moves


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
        *_notes(market),
        "",
        f"{'':>9} {'limit orders per side':^34} {'cancels per live order':^34}",
        f"{'distance':>9} {'1/s':>9} {'count':>7} {'s.e.':>8} {'block':>7} "
        f"{'1/s':>9} {'count':>7} {'s.e.':>8} {'block':>7}",
    ]
    for limit, cancel in zip(found["limit_rate"], found["cancel_hazard"], strict=True):
        interval = f"{limit['from']}-{limit['below'] - 1}"
        lines.append(f"{interval:>9} {_cells(limit)} {_cells(cancel)}")
    lines += ["", f"{'market':>9} {_cells(found['market_rate'])}", ""]
    lines.append(moves.table(*(moves.Moves(**found["facts"][name]) for name in ("recorded", "simulated"))))
    return "\n".join(lines)


def _notes(market: dict[str, Any]) -> list[str]:
    """What one would not expect of the data, one line each."""
    found, mid = market["calibration"], market["book"]["initial_mid_ticks"]
    wanted, reached = found["options"]["coverage"], found["coverage"]
    return [
        line
        for holds, line in [
            (found["closed_s"] > 0, f"{found['closed_s']:g} s of halts and gaps are left out"),
            (
                found["left_out"]["off_tick"] > 0,
                f"{found['left_out']['off_tick']} messages between the ticks are left out",
            ),
            (
                not found["options"]["distance"] and reached < wanted,
                f"the bins hold {reached:.1%} of the limit orders instead of {wanted:.0%}: the others are farther away "
                f"than a simulated book reaches",
            ),
            (mid != found["mid_ticks"], f"the simulated mid starts at {mid} ticks instead of {found['mid_ticks']}"),
        ]
        if holds
    ]


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
