"""What a tape says of its price, on a tape small enough to count by hand."""

from __future__ import annotations

import numpy as np
import pytest

import engine
from analysis import moves
from analysis.tape import tape_of

DAY = 34_200_000_000_000  # ns


@pytest.fixture
def tape():
    """40 s at 1000 | 1003, but for a better bid from 10 to 20 s and no ask from 30 to 35 s."""
    rows = [
        (0, 1, 1, 1000, 1),
        (0, 1, 2, 1003, -1),
        (10, 1, 3, 1001, 1),
        (20, 3, 3, 1001, 1),
        (30, 3, 2, 1003, -1),
        (35, 1, 4, 1003, -1),
        (40, 1, 5, 990, 1),
    ]
    messages = np.array(
        [(DAY + t * 10**9, kind, i, 100, 100 * p, side) for t, kind, i, p, side in rows], engine.MESSAGE
    )
    return tape_of(messages, burn_in_s=0, block_s=100)


def test_facts_by_hand(tape):
    found = moves.moves_of(tape)
    assert found.spread == pytest.approx((25 * 3 + 10 * 2) / 35)
    assert found.empty == pytest.approx(5 / 40)
    expected = np.zeros(39)
    expected[[9, 19]] = 0.5, -0.5  # at 10 and 20 s; while the ask is away the mid stays
    assert found.sd_1s == pytest.approx(np.std(expected))
    assert found.still_100ms == pytest.approx(397 / 399)


def test_volatility_is_that_of_long_moves(tape):
    assert moves.volatility(tape, 10.0) == pytest.approx(np.std([0.5, -0.5, 0]) / np.sqrt(10))


def test_both_stand_side_by_side(tape):
    found = moves.moves_of(tape)
    lines = moves.table(found, found).splitlines()
    assert len(lines) == 1 + len(moves.LABELS)
    assert lines[1].split()[-2:] == ["2.714", "2.714"]
