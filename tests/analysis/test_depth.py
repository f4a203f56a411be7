"""Depth behind the best, and before each order when it was placed, by hand and on a simulated session."""

from __future__ import annotations

import numpy as np
import pytest

import config
import engine
from analysis import facts
from analysis.facts import depth, files

EMPTY = 9_999_999_999
TICK = 100


def messages(*rows: tuple[int, int, int, int, int]) -> np.ndarray:
    """From (type, id, size, ticks, direction), a second apart."""
    return np.array([(at * 10**9, k, i, n, TICK * p, d) for at, (k, i, n, p, d) in enumerate(rows)], engine.MESSAGE)


def book(*rows: tuple[int, ...]) -> np.ndarray:
    """Rows of a file of levels; prices in ticks."""
    found = np.array(rows)
    found[:, ::2] = np.where(abs(found[:, ::2]) == EMPTY, found[:, ::2], TICK * found[:, ::2])
    return found


def test_mean_depth_over_time_by_hand():
    """Asks at 103 and 105, bids at 100 alone; then another bid, and an ask side that is gone."""
    rows = book((103, 8, 100, 2, 105, 4, -EMPTY, 0), (EMPTY, 0, 101, 5, EMPTY, 0, 100, 2))
    stream = messages((1, 1, 2, 100, 1), (1, 2, 5, 101, 1))
    found = depth.depth_of(stream, [rows], np.array([3.0, 1.0]), TICK).behind
    # At the best: 3 s of 8 and of 2, and 1 s of 5. A tick behind: 1 s of 2, in 7 s that are known. Two: 3 s of 4.
    np.testing.assert_allclose(found[:4], [35 / 7, 2 / 7, 12 / 6, 0], rtol=1e-12)


def test_behind_the_last_level_of_a_file_nothing_is_known():
    """Three ticks behind, only the ask's two levels reach; they are as far as the file goes."""
    rows = book((103, 8, 100, 2, 106, 4, 98, 6))
    found = depth.depth_of(messages((1, 1, 2, 100, 1)), [rows], np.ones(1), TICK).behind
    np.testing.assert_allclose(found[:4], [5, 0, 3, 4])
    assert np.isnan(found[4:]).all()


def test_what_an_order_finds_before_it():
    """At the best, behind the levels that are known, between them, better than all; in chunks of a row as in one."""
    stream = messages(
        (1, 1, 5, 100, 1), (1, 2, 3, 100, 1), (1, 3, 1, 97, 1), (1, 4, 1, 99, 1), (1, 5, 1, 101, 1), (4, 5, 1, 101, 1)
    )
    rows = book(
        (103, 9, 100, 5, EMPTY, 0, 98, 7),
        (103, 9, 100, 8, EMPTY, 0, 98, 7),
        (103, 9, 100, 8, EMPTY, 0, 98, 7),
        (103, 9, 100, 8, EMPTY, 0, 99, 1),
        (103, 9, 101, 1, EMPTY, 0, 100, 8),
        (103, 9, 100, 8, EMPTY, 0, 99, 1),
    )
    wanted = [np.nan, 5, np.nan, 0, 0, np.nan]
    for chunks in ([rows], [rows[:2], rows[2:3], rows[3:]]):
        np.testing.assert_array_equal(depth.depth_of(stream, chunks, np.ones(6), TICK).ahead, wanted)


@pytest.mark.parametrize("market", ["small_tick", "large_tick"])
def test_a_file_of_ten_levels_tells_the_same_where_it_reaches(tmp_path, market):
    session = facts.simulate(config.load([f"market={market}"]).market, seconds=120, seed=4)
    back = facts.recorded(*files.write(session, tmp_path))
    played = session.events
    told = np.isfinite(back.ahead)
    np.testing.assert_array_equal(back.ahead[told], played.ahead[told])
    assert told.sum() > 0.5 * np.isfinite(played.ahead).sum()
    np.testing.assert_allclose(back.behind[:4], played.behind[:4], rtol=0.02)
