"""Recorded messages: the golden replay, what a replay counts, and the sentences for broken files."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import engine

EMPTY = 9_999_999_999
NOBODY = np.empty(0, np.int64)


def recorded(pattern: str) -> Path:
    """A file of the folder that MARKET_DATA names."""
    folder = os.environ.get("MARKET_DATA", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("MARKET_DATA does not name a folder of recorded messages")
    files = sorted(Path(folder).rglob(pattern))
    if not files:
        pytest.skip(f"MARKET_DATA holds no file {pattern}")
    return files[0]


def messages(*rows: tuple[int, int, int, int, int, int]) -> NDArray[np.void]:
    return np.array(list(rows), dtype=engine.MESSAGE)


def test_golden_replay() -> None:
    narrow = engine.read_messages(recorded("AAPL*_message_10.csv"), tick=100)
    rows = engine.read_book(recorded("AAPL*_orderbook_10.csv"))
    wide = engine.read_messages(recorded("AAPL*_message_50.csv"), tick=100)
    fields = ["time_ns", "type", "order_id", "size", "price"]
    start = int(np.flatnonzero(wide[fields] == narrow[fields][0])[0]) + 1
    end = int(np.searchsorted(wide["time_ns"], narrow["time_ns"][-1], side="right"))

    replay = engine.Replay(rows[0], tick=100)
    replayed = replay.apply_and_record(wide[start:end], 10)

    expected = iter(zip(narrow[fields][1:], rows[1:], strict=True))
    message, row = next(expected)
    matched = 0
    for seen, levels in zip(wide[fields][start:end], replayed, strict=True):
        if seen != message:
            continue
        np.testing.assert_array_equal(levels, row)
        matched += 1
        message, row = next(expected, (None, None))
    assert matched == 998
    counters = replay.counters
    assert counters["messages"] == end - start
    faults = ("excess", "short_deletion", "out_of_turn", "traded_through", "stale", "outside_window")
    assert not any(counters[name] for name in faults)
    replay.validate()


def test_the_best_quotes_of_a_day_where_its_level_1_file_tells_them() -> None:
    """A file of level 1 does not say who stands behind a best price that is taken away: there the replay starts anew.

    That leaves 75.7 % of the day's 57,515 rows. All their prices are met; so are their sizes, but for thirteen rows
    after three orders of 25,000 shares and more, which the file's own rows leave out.
    """
    day = engine.read_messages(recorded("AMZN*_message_1.csv"), tick=100)
    rows = engine.read_book(recorded("AMZN*_orderbook_1.csv"))
    message, before = day[1:], rows[:-1]
    side = np.where(message["direction"] == 1, 2, 0)  # of a row: bid, ask
    at = np.arange(len(message))
    reduces = np.isin(message["type"], (2, 3, 4)) & (message["price"] == before[at, side])
    takes_away = reduces & (message["size"] >= before[at, side + 1])
    starts = np.flatnonzero(np.r_[True, takes_away])
    compared = other_size = 0
    for start, end in zip(starts, [*starts[1:], len(day)], strict=True):
        if end - start == 1:
            continue
        replayed = engine.Replay(rows[start], tick=100).apply_and_record(day[start + 1 : end], 1)
        expected = rows[start + 1 : end]
        np.testing.assert_array_equal(replayed[:, ::2], expected[:, ::2])
        differs = (replayed != expected).any(axis=1)
        compared += len(expected)
        other_size += int(differs.sum())
    assert (compared, other_size) == (43_559, 13)


def test_levels_in_the_layout_of_a_book_file() -> None:
    row = np.array([10_100, 5, 9_900, 7, 10_300, 1, -EMPTY, 0])
    replay = engine.Replay(row, tick=100)
    np.testing.assert_array_equal(replay.levels(2), row)
    replay.apply(messages((1, 1, 4, 30, 9_900, 1), (2, 1, 5, 20, 10_000, 1)))
    np.testing.assert_array_equal(replay.levels(3), [10_100, 5, 10_000, 20, 10_300, 1, 9_900, 37, EMPTY, 0, -EMPTY, 0])


def test_messages_one_at_a_time_or_all_at_once() -> None:
    stream = messages(
        (1, 1, 1, 30, 9_900, 1), (2, 1, 2, 20, 10_000, -1), (3, 2, 1, 10, 9_900, 1), (4, 4, 2, 20, 10_000, -1)
    )
    at_once = engine.Replay(NOBODY).apply_and_record(stream, 2)
    replay = engine.Replay(NOBODY)
    for i, row in enumerate(at_once):
        replay.apply(stream[i])
        np.testing.assert_array_equal(replay.levels(2), row)
    np.testing.assert_array_equal(at_once[-1], [EMPTY, 0, 9_900, 20, EMPTY, 0, -EMPTY, 0])


def test_unknown_ids_reduce_the_anonymous_order_of_their_price() -> None:
    replay = engine.Replay(np.array([10_100, 50, 9_900, 70]))
    replay.apply(messages((1, 2, 77, 20, 9_900, 1), (2, 4, 78, 10, 10_100, -1), (3, 3, 79, 5, 9_800, 1)))
    np.testing.assert_array_equal(replay.levels(1), [10_100, 40, 9_900, 50])
    assert replay.counters["anonymous"] == 2
    assert replay.counters["unknown"] == 1


def test_hidden_executions_auctions_and_halts_leave_the_book_alone() -> None:
    row = np.array([10_100, 50, 9_900, 70])
    replay = engine.Replay(row)
    replay.apply(messages((1, 5, 0, 20, 9_950, 1), (2, 6, -1, 20, 10_000, 1), (3, 7, 0, 0, -1, -1)))
    np.testing.assert_array_equal(replay.levels(1), row)
    assert (replay.counters["hidden"], replay.counters["halts"]) == (2, 1)


def test_what_breaks_priority_is_counted() -> None:
    queue = [(1, 1, 1, 10, 9_900, 1), (2, 1, 2, 10, 9_900, 1), (3, 1, 3, 10, 9_800, 1)]
    replay = engine.Replay(NOBODY)
    replay.apply(messages(*queue, (4, 4, 2, 5, 9_900, 1), (5, 4, 3, 5, 9_800, 1), (6, 4, 1, 5, 9_900, 1)))
    assert replay.counters["out_of_turn"] == 1
    assert replay.counters["traded_through"] == 1
    np.testing.assert_array_equal(replay.levels(2), [EMPTY, 0, 9_900, 10, EMPTY, 0, 9_800, 5])


def test_what_a_submission_rests_through_is_stale() -> None:
    replay = engine.Replay(np.array([10_100, 50, 9_900, 70]))
    replay.apply(messages((1, 1, 1, 10, 10_200, 1)))
    np.testing.assert_array_equal(replay.levels(1), [EMPTY, 0, 10_200, 10])
    assert replay.counters["stale"] == 1


def test_excess_duplicates_and_prices_outside_the_window_are_counted() -> None:
    replay = engine.Replay(NOBODY, tick=1, centre=100_000)
    replay.apply(messages((1, 1, 1, 10, 100_000, 1), (2, 2, 1, 15, 100_000, 1)))
    replay.apply(messages((3, 1, 2, 10, 100_000, 1), (4, 1, 2, 7, 100_001, 1), (5, 1, 3, 1, 200_000, -1)))
    assert {name: count for name, count in replay.counters.items() if count and name != "messages"} == {
        "excess": 1,
        "duplicate": 1,
        "outside_window": 1,
    }
    assert replay.live == 1


def test_a_deletion_of_too_few_shares_removes_its_order() -> None:
    replay = engine.Replay(NOBODY)
    replay.apply(messages((1, 1, 1, 30, 9_900, 1), (2, 2, 1, 10, 9_900, 1), (3, 3, 1, 5, 9_900, 1)))
    assert replay.live == 0
    assert replay.counters["short_deletion"] == 1
    assert replay.counters["excess"] == 0


def test_wrong_rows_and_messages_are_refused() -> None:
    with pytest.raises(ValueError, match="four columns for each level, but it has 3"):
        engine.Replay(np.array([10_100, 50, 9_900]))
    with pytest.raises(ValueError, match="every ask above every bid"):
        engine.Replay(np.array([9_900, 50, 10_100, 70]))
    with pytest.raises(ValueError, match="multiple of the tick 100, but it is 10150"):
        engine.Replay(NOBODY).apply(messages((1, 1, 1, 10, 10_150, 1)))
    with pytest.raises(ValueError, match="type must be 1 to 7, but it is 8"):
        engine.Replay(NOBODY).apply(messages((1, 8, 1, 10, 10_100, 1)))
    with pytest.raises(ValueError, match="levels must be >= 1, but it is 0"):
        engine.Replay(NOBODY).levels(0)


GOOD_MESSAGES = messages((1, 1, 1, 30, 9_900, 1), (2, 1, 2, 20, 10_000, -1))
BACKWARDS = np.dtype([(name, engine.MESSAGE[name]) for name in reversed(engine.MESSAGE.names or ())])


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (np.array([1, 1, 1, 30, 9_900, 1]), "engine.MESSAGE, but it is int64"),
        (np.zeros((2, 6)), "engine.MESSAGE, but it is float64"),
        (
            GOOD_MESSAGES.astype([(name, "f8") for name in engine.MESSAGE.names or ()]),
            "engine.MESSAGE, but it is .*<f8",
        ),
        (GOOD_MESSAGES[["time_ns", "type", "size", "price"]], "engine.MESSAGE, but it is .*'price'"),
        (np.zeros(2, BACKWARDS), r"engine.MESSAGE, but it is \[\('direction'"),
        (GOOD_MESSAGES.tolist(), "engine.MESSAGE, but it is list"),
        ("messages.csv", "engine.MESSAGE, but it is str"),
        (None, "engine.MESSAGE, but it is NoneType"),
    ],
)
def test_what_are_no_messages_is_refused_before_anything_changes(wrong: NDArray[np.void], sentence: str) -> None:
    replay = engine.Replay(NOBODY)
    with pytest.raises(ValueError, match="messages must be an array of dtype " + sentence):
        replay.apply(wrong)
    with pytest.raises(ValueError, match="messages must be an array of dtype " + sentence):
        replay.apply_and_record(wrong, 1)
    assert replay.counters["messages"] == 0


def test_messages_may_lie_anywhere_in_memory() -> None:
    """Numpy packs what it concatenates, and skips what it slices."""
    twice = np.concatenate([GOOD_MESSAGES[:1], GOOD_MESSAGES[1:]])
    assert twice.dtype != engine.MESSAGE
    for stream in twice, np.repeat(GOOD_MESSAGES, 2)[::2]:
        rows = engine.Replay(NOBODY).apply_and_record(stream, 1)
        np.testing.assert_array_equal(rows[-1], [10_000, 20, 9_900, 30])


@pytest.mark.parametrize(
    ("row", "kind"),
    [([101.5, 5, 98.5, 7], "float64"), ([True] * 4, "bool"), (GOOD_MESSAGES, r"\{'names'"), (["101", "5"], "<U3")],
)
def test_a_book_row_of_anything_but_integers_is_refused(row: list[float], kind: str) -> None:
    with pytest.raises(ValueError, match="a book row must be an array of signed integers, but it is " + kind):
        engine.Replay(np.array(row), tick=1)
    np.testing.assert_array_equal(engine.Replay(np.array([101, 5, 98, 7], np.int32), tick=1).levels(1), [101, 5, 98, 7])


def test_a_replay_in_use_refuses_a_second_thread() -> None:
    stream = np.tile(messages((1, 1, 1, 10, 9_900, 1), (1, 3, 1, 10, 9_900, 1)), 1_500_000)
    replay = engine.Replay(NOBODY)
    reader = threading.Thread(target=replay.apply, args=(stream,))
    reader.start()
    time.sleep(0.05)  # of what three million messages take
    refused = [
        lambda: replay.apply(stream[:2]),
        lambda: replay.apply_and_record(stream[:2], 1),
        lambda: replay.levels(1),
        lambda: replay.counters,
        lambda: replay.live,
        lambda: replay.validate(),
    ]
    for call in refused:
        assert reader.is_alive()
        with pytest.raises(RuntimeError, match="the replay is in use by another thread"):
            call()
    reader.join()
    assert replay.counters["messages"] == len(stream)
    for call in refused:
        call()


GOOD = "34200.004241176,1,16113575,18,5853300,1\n34200.5,3,16113575,18,5853300,1\n"


def test_reading_messages(tmp_path: Path) -> None:
    path = tmp_path / "message.csv"
    path.write_bytes((GOOD.replace("\n", "\r\n") + "34200.500000000456,5,0,1,5853350,-1").encode())
    seen = engine.read_messages(path)
    assert seen.dtype == engine.MESSAGE
    assert seen["time_ns"].tolist() == [34_200_004_241_176, 34_200_500_000_000, 34_200_500_000_000]
    assert seen[1].tolist() == (34_200_500_000_000, 3, 16113575, 18, 5853300, 1)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", r":1: the file must hold at least one row, but it is empty"),
        (GOOD + "34201.0,1,7,100,58", r":3: a row must have 6 columns, but this one has 5: '34201.0,1,7,100,58'"),
        (GOOD + "34201.0,1,7,100,5853300,", r":3: the direction \(column 6\) must be a number .*, but it is ''"),
        (GOOD + "34201.0,1,7,100,5853300,-", r":3: the direction \(column 6\) must be a number .*, but it is '-'"),
        (GOOD + "34201.0,1,7,100,5853300,1,1\n", r":3: a row must have 6 columns, but this one has 7"),
        (GOOD + "\n" + GOOD, r":3: a row must have 6 columns, but this one has 1"),
        (GOOD + "34201.0,1,seven,100,5853300,1", r":3: the order id \(column 3\) must be a number .*'seven'"),
        (GOOD + "34201.0,1,7,100.5,5853300,1", r":3: the size \(column 4\) must be a number .*'100.5'"),
        (GOOD + "34201.0,9,7,100,5853300,1", r":3: the type \(column 2\) must be 1 to 7, but it is '9'"),
        (
            GOOD + "34201.0,1,7,100,5853350,1",
            r":3: the price \(column 5\) must be .* the tick 100, .*'5853350'",
        ),
        (GOOD + "34201.0,1,7,0,5853300,1", r":3: the size \(column 4\) must be >= 1, but it is '0'"),
        (GOOD + "34201.0,1,7,100,5853300,0", r":3: the direction \(column 6\) must be 1 or -1, but it is '0'"),
        (GOOD + "34200.1,1,7,100,5853300,1", r":3: the time \(column 1\) must not go backwards, but it is '34200.1'"),
        (GOOD + "9:30,1,7,100,5853300,1", r":3: the time \(column 1\) must be seconds after midnight"),
        (GOOD + "1e3,1,7,100,5853300,1", r":3: the time \(column 1\) must be seconds after midnight"),
    ],
)
def test_broken_message_files(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "message.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"message\.csv" + sentence):
        engine.read_messages(path, tick=100)


def test_reading_books(tmp_path: Path) -> None:
    path = tmp_path / "book.csv"
    path.write_bytes(b"10100;50;9900;70\r\n10100;50;-9999999999;0\r\n")
    np.testing.assert_array_equal(engine.read_book(path), [[10_100, 50, 9_900, 70], [10_100, 50, -EMPTY, 0]])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", r":1: the file must hold at least one row, but it is empty"),
        ("1,2,3\n", r":1: a book row must have four columns for each level, but it is '3 columns'"),
        ("10100,50,9900,70\n10100,50,99", r":2: a row must have 4 columns, but this one has 3: '10100,50,99'"),
        ("10100,50,9900,x\n", r":1: the size \(column 4\) must be a number .*, but it is 'x'"),
    ],
)
def test_broken_book_files(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "book.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"book\.csv" + sentence):
        engine.read_book(path)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"absent\.csv cannot be read: No such file or directory"):
        engine.read_messages(tmp_path / "absent.csv")
    with pytest.raises(ValueError, match="cannot be read: it is a folder"):
        engine.read_messages(tmp_path)
