"""What a tape says of its price: enough to see whether a simulated market moves like the recorded one."""

from __future__ import annotations

import dataclasses

import numpy as np

from analysis.tape import Floats, Tape
from config import UserError

SHORT_S, LONG_S = 0.1, 1.0


@dataclasses.dataclass(frozen=True)
class Moves:
    """Prices in ticks; moves are those of the mid between the points of a grid in time."""

    spread: float  # mean over time
    sd_1s: float  # of a move within 1 s
    acf1_100ms: float  # correlation of a move within 0.1 s with the one before
    still_100ms: float  # share of moves within 0.1 s that are none
    empty: float  # share of time at which a side has no order


LABELS = {
    "spread": "mean spread, ticks",
    "sd_1s": "sd of the mid's move in 1 s, ticks",
    "acf1_100ms": "correlation of its moves in 0.1 s with the ones before",
    "still_100ms": "share of 0.1 s in which it does not move",
    "empty": "share of time with an empty side",
}


def moves_of(tape: Tape) -> Moves:
    """How the price of a tape moves, after its burn-in.

    Raises:
        UserError: it has none, or for too short a time.

    """
    spread = tape.best[-1] - tape.best[1]
    known = np.isfinite(spread)
    if not tape.dwell[known].any():
        raise UserError("the book must have two sides after the burn-in, but it never has")
    if tape.seconds <= 2 * LONG_S:
        raise UserError(
            f"the messages must last for more than {2 * LONG_S:g} s after the burn-in, but they last {tape.seconds:.6g}"
        )
    short, second = np.diff(mids(tape, SHORT_S)), np.diff(mids(tape, LONG_S))
    return Moves(
        spread=float(np.average(spread[known], weights=tape.dwell[known])),
        sd_1s=float(np.std(second)),
        acf1_100ms=float(np.corrcoef(short[:-1], short[1:])[0, 1]) if np.ptp(short) > 0 else float("nan"),
        still_100ms=float(np.mean(short == 0)),
        empty=float(tape.dwell[~known].sum() / tape.dwell.sum()),
    )


def mids(tape: Tape, interval_s: float) -> Floats:
    """The mid every ``interval_s`` after the burn-in, ticks; while a side is empty, the last one known."""
    time = np.concatenate(([0.0], np.cumsum(tape.dwell)[:-1]))
    mid = (tape.best[1] + tape.best[-1]) / 2
    known = np.flatnonzero(np.isfinite(mid))
    grid = np.arange(0, tape.seconds, interval_s)
    at = np.searchsorted(time[known], grid, side="right") - 1
    return mid[known[np.maximum(at, 0)]]


def volatility(tape: Tape, interval_s: float) -> float:
    """Of the mid over moves of ``interval_s``, ticks per sqrt(s): long ones, so that what bounces back is left out."""
    moves = np.diff(mids(tape, interval_s))
    return float(np.std(moves) / np.sqrt(interval_s)) if moves.size > 1 else 0.0


def table(recorded: Moves, simulated: Moves) -> str:
    """Both side by side, a fact a line."""
    lines = [f"{'':<55} {'recorded':>9} {'simulated':>10}"]
    for name, label in LABELS.items():
        lines.append(f"{label:<55} {getattr(recorded, name):9.3f} {getattr(simulated, name):10.3f}")
    return "\n".join(lines)
