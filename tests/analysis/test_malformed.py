"""Recordings that are not what they should be: each is measured all the same, or refused in a sentence with its place.

Every warning is an error here, as in all tests: numpy's of a division by nothing would be one too.
"""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import config
from analysis import facts, tape
from analysis.calibration import Options, calibrate, calibrate_file
from analysis.facts import files, pictures
from config import UserError

ROWS = 1500  # of a recording that is mutated
MUTANTS, INVENTED, PACKED = 120, 100, 200
EMPTY = 9_999_999_999
HEAD = "34200.1,1,11,100,5853300,1\n34200.2,1,12,100,5853500,-1\n"
BOOK = "5853500,100,5853300,100\n"
NEGATIVE = "bad_message_1.csv:3: the size (column 4) must be >= 1, but it is '-7'"
# What could stand in a field: ends of number types, other notations, and what a spreadsheet makes of numbers.
FIELDS = (
    "", "0", "-1", "1", "2", "3", "4", "5", "6", "7", "nan", "inf", "1e9", "0x10", " 1", "1 ", "+1", "1.5", "1,1", "\n",
    '"1"', "2147483647", "2147483648", "-2147483648", "9223372036854775807", "9223372036854775808", "9" * 40, "\xff",
    "9999999999", "-9999999999", "86399.999999999", "172799.9", "\x00",
)  # fmt: skip


def simulated(folder: Path) -> tuple[Path, Path]:
    session = facts.simulate(config.load(["market=small_tick"]).market, seconds=60, seed=1)
    return files.write(session, folder)


def recorded(folder: Path) -> tuple[Path, Path]:
    found = [sorted(folder.rglob(f"AAPL*_{kind}_10.csv")) for kind in ("message", "orderbook")]
    if not all(found):
        pytest.skip("MARKET_DATA holds no AAPL*_message_10.csv with its book")
    return found[0][0], found[1][0]


@pytest.fixture(scope="module", params=["simulated", "recorded"])
def good(request, tmp_path_factory) -> tuple[bytes, bytes]:
    """The messages and the book after each."""
    if request.param == "simulated":
        pair = simulated(tmp_path_factory.mktemp("good"))
    else:
        folder = os.environ.get("MARKET_DATA", "")
        if not folder:
            pytest.skip("MARKET_DATA does not name a folder of recorded messages")
        pair = recorded(Path(folder))
    messages, book = (b"".join(path.read_bytes().splitlines(keepends=True)[:ROWS]) for path in pair)
    return messages, book


def mutate(random: np.random.Generator, text: bytes) -> bytes:
    """Once or several times: bytes, a field, a column, the order of lines, or a piece of the file alone."""
    for _ in range(random.integers(1, 4)):
        lines = text.split(b"\n")
        value = FIELDS[random.integers(len(FIELDS))].encode("latin-1")
        at, line = int(random.integers(len(text) + 1)), int(random.integers(len(lines)))
        match random.integers(7):
            case 0:
                text = text[:at] + random.bytes(int(random.integers(1, 9))) + text[at + int(random.integers(9)) :]
            case 1:
                text = text[:at] + text[at + int(random.integers(1, 30)) :]
            case 2 | 3:
                fields = lines[line].split(b",")
                fields[random.integers(len(fields))] = value
                lines[line] = b",".join(fields)
                text = b"\n".join(lines)
            case 4:
                column = int(random.integers(6))
                split = [one.split(b",") for one in lines]
                text = b"\n".join(b",".join([*fields[:column], value, *fields[column + 1 :]]) for fields in split)
            case 5:
                other = int(random.integers(len(lines)))
                lines[line], lines[other] = lines[other], lines[line]
                text = b"\n".join(lines)
            case _:
                text = b"\n".join(lines[line : line + int(random.integers(1, len(lines) + 1))])
    return text


def invented(random: np.random.Generator) -> tuple[str, str]:
    """A file whose rows are all legal, but which nobody has recorded, and a book of as many rows."""
    n = int(random.choice([1, 3, 20, 60, 400]))
    time = np.minimum(34_200 + np.cumsum(random.exponential(random.choice([0, 1e-9, 1e-3, 1, 60, 5000]), n)), 86_399)
    kind = random.choice(np.arange(1, 8), n, p=random.dirichlet(np.full(7, 0.5)))
    order = random.integers(1, random.choice([3, 10, 100, 2**62]), n)
    size = random.choice([1, 100, 50, 10**6, 2**31 - 1], n, p=random.dirichlet(np.full(5, 0.5)))
    price = random.choice(
        [1, 9_900, 10_000, 10_100, 10_150, 10_200, 90_000, 2**31 - 1, EMPTY - 1],
        n,
        p=random.dirichlet([0.4, 0.8, 0.8, 0.8, 0.6, 0.8, 0.6, 0.05, 0.05]),
    )
    price[kind == tape.HALT] = random.integers(-1, 2, np.sum(kind == tape.HALT))
    side = random.choice([-1, 1], n, p=[[0.5, 0.5], [0, 1]][random.integers(2)])
    columns = (values.tolist() for values in (time, kind, order, size, price, side))
    messages = "".join(f"{at:.9f},{','.join(map(str, rest))}\n" for at, *rest in zip(*columns, strict=True))
    asks = random.choice(["10100,5", "10200,7", f"{EMPTY},0"], n)
    bids = random.choice(["10000,6", "9900,8", f"-{EMPTY},0"], n)
    return messages, "".join(f"{ask},{bid}\n" for ask, bid in zip(asks, bids, strict=True))


def judged(messages: Path, book: Path) -> Iterator[str]:
    """What facts, facts by the file of levels, and a calibration say: nothing where they succeed, or why not."""
    tries = (
        lambda: facts.measure(facts.recorded(messages)),
        lambda: facts.measure(facts.recorded(messages, book)),
        lambda: calibrate(tape.read(messages), Options(flow="poisson", burn_in_s=1, block_s=5)),
    )
    return map(said_by, tries)


def said_by(attempt: Callable[[], object]) -> str:
    """Why it was refused."""
    try:
        attempt()
    except UserError as error:
        return str(error)
    return ""


def is_a_sentence(said: str) -> bool:
    """FILE:LINE, rule and value; or of the whole file, what it must be and is not."""
    return bool(re.fullmatch(r"[^\n]*(must|cannot be|is packed|saw no order)[^\n]+", said))


def test_mutants_are_measured_or_refused_in_a_sentence(good, tmp_path):
    messages, book = tmp_path / "x_message_10.csv", tmp_path / "x_orderbook_10.csv"
    outcomes = []
    for seed in range(MUTANTS):
        random = np.random.default_rng(seed)
        which = random.integers(3)
        messages.write_bytes(good[0] if which == 0 else mutate(random, good[0]))
        book.write_bytes(good[1] if which == 1 else mutate(random, good[1]))
        for said in judged(messages, book):
            assert not said or is_a_sentence(said), seed
            outcomes.append(bool(said))
    assert 0.2 < np.mean(outcomes) < 0.8  # both happen


def test_files_of_legal_rows_are_measured_or_refused_in_a_sentence(tmp_path):
    messages, book = tmp_path / "x_message_1.csv", tmp_path / "x_orderbook_1.csv"
    outcomes = []
    for seed in range(INVENTED):
        for path, text in zip((messages, book), invented(np.random.default_rng(seed)), strict=True):
            path.write_text(text)
        for said in judged(messages, book):
            assert not said or is_a_sentence(said), seed
            outcomes.append(bool(said))
    assert 0.2 < np.mean(outcomes) < 0.8


@pytest.mark.parametrize("seconds", [0.1, 1, 2, 61])
def test_a_recording_too_short_for_a_statistic_is_drawn_without_it(tmp_path, seconds):
    path = tmp_path / "x_message_1.csv"
    path.write_text(HEAD + f"{34200.2 + seconds},4,12,100,5853500,-1\n")
    events = facts.recorded(path)
    assert pictures.draw({"recorded": events}, tmp_path / "x.png").stat().st_size > 10_000


@pytest.mark.parametrize("packing", ["gzip", "zip"])
def test_packed_mutants_are_read_or_refused_in_a_sentence(tmp_path, packing):
    path = tmp_path / "x_message_1.csv"
    if packing == "gzip":
        packed = gzip.compress(HEAD.encode())
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("x.csv", HEAD)
        packed = path.read_bytes()
    refused = 0
    for seed in range(PACKED):
        random = np.random.default_rng(seed)
        mutant = bytearray(packed)
        for at in random.integers(4, len(mutant), random.integers(1, 4)):
            mutant[at] = random.integers(256)
        path.write_bytes(mutant[: random.integers(4, 5 * len(mutant))])
        said = said_by(lambda: tape.read(path))
        assert not said or is_a_sentence(said), seed
        refused += bool(said)
    assert refused > PACKED / 2


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", ":1: the file must hold at least one row, but it is empty"),
        ("\ufeff", ":1: the file must hold at least one row, but it is empty"),
        ("\n", ":1: a row must have 6 columns, but this one has 1: ''"),
        ("Time,Type,Order ID,Size,Price,Direction\n" + HEAD, ":1: the time (column 1) must be seconds .* 'Time'"),
        (HEAD + "34200.1,1,13,100,5853300,1", ":3: the time (column 1) must not go backwards, but it is '34200.1'"),
        (HEAD + "-1,1,13,100,5853300,1", ":3: the time (column 1) must be seconds after midnight, but it is '-1'"),
        (HEAD + "nan,1,13,100,5853300,1", ":3: the time (column 1) must be seconds after midnight, but it is 'nan'"),
        (HEAD + "inf,1,13,100,5853300,1", ":3: the time (column 1) must be seconds after midnight, but it is 'inf'"),
        (HEAD + "172800,1,13,100,5853300,1", ":3: the time (column 1) must be less than 172800 s .* '172800'"),
        (HEAD + "34201,0,13,100,5853300,1", ":3: the type (column 2) must be 1 to 7, but it is '0'"),
        (HEAD + "34201,8,13,100,5853300,1", ":3: the type (column 2) must be 1 to 7, but it is '8'"),
        (HEAD + "34201,1,18446744073709551616,100,5853300,1", ":3: the order id (column 3) .* '18446744073709551616'"),
        (HEAD + "34201,1,13,0,5853300,1", ":3: the size (column 4) must be >= 1, but it is '0'"),
        (HEAD + "34201,5,0,0,5853300,1", ":3: the size (column 4) must be >= 1, but it is '0'"),
        (HEAD + "34201,6,0,-5,5853300,1", ":3: the size (column 4) must be >= 0, but it is '-5'"),
        (HEAD + "34201,3,13,-100,5853300,1", ":3: the size (column 4) must be >= 1, but it is '-100'"),
        (HEAD + "34201,1,13,nan,5853300,1", ":3: the size (column 4) must be a number within range, but it is 'nan'"),
        (HEAD + "34201,1,13,4294967296,5853300,1", ":3: the size (column 4) must be a number .* '4294967296'"),
        (HEAD + "34201,1,13,100,9999999999,1", ":3: the price (column 5) must be >= 1 and below 9999999999"),
        (HEAD + "34201,5,13,100,-5,1", ":3: the price (column 5) must be >= 1 and below 9999999999, but it is '-5'"),
        (HEAD + "34201,7,0,0,2,1", ":3: the price (column 5) must be -1, 0 or 1 in a row of a halt .*, but it is '2'"),
        (HEAD + "34201,1,13,10", ":3: a row must have 6 columns, but this one has 4: '34201,1,13,10'"),
        (HEAD.replace(",", "\t"), ":1: a row must have 6 columns, but this one has 1: '34200.1.x091.x0911"),
        (HEAD.replace(",", " "), ":1: a row must have 6 columns, but this one has 1: '34200.1 1 11 100"),
        (HEAD.replace(",", ", "), ":1: the type (column 2) must be a number within range, but it is ' 1'"),
        (bytes(range(256)) * 9, ":1: a row must have 6 columns, but this one has 1: '.x00.x01"),
        (
            "34200,7,0,0,-1,-1\n34300,7,0,0,1,-1\n",
            ": the messages must hold at least one limit order (type 1), but there is none",
        ),
        ("34199,7,0,0,-1,-1\n" + HEAD, ": the messages must last for some time while the market is open, but they do"),
        (HEAD.replace("34200.2", "34200.1"), ": the messages must last for some time while the market is open, but"),
        (HEAD.replace(",-1\n", ",1\n"), ": the book must have two sides at some time, but it never has"),
        (
            HEAD + "34201,1,13,1,9999999991,-1",
            ": the prices must be at most 1073741823 ticks of 0.0001, but one is 999999.9991",
        ),
    ],
)
def test_a_malformed_message_file_is_refused_with_its_place(tmp_path, content, sentence):
    path = tmp_path / "odd_message_1.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    pattern = re.escape(str(path)) + sentence.replace("(", r"\(").replace(")", r"\)")
    with pytest.raises(UserError, match=pattern):
        facts.recorded(path)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (BOOK + "5853300,100,5853500,100\n", ":2: the best ask (column 1) must be above the best bid, 5853500, but"),
        (BOOK + "5853300,100,5853300,100\n", ":2: the best ask (column 1) must be above the best bid, 5853300, but"),
        (BOOK + "5853500,-1,5853300,100\n", ":2: the size (column 2) must be >= 1 and fit in 32 bits, but it is '-1'"),
        (BOOK + "5853500,0,5853300,100\n", ":2: the size (column 2) must be >= 1 and fit in 32 bits, but it is '0'"),
        (BOOK + "5853500,1,5853300,4294967296\n", ":2: the size (column 4) must be >= 1 and fit in 32 bits"),
        (BOOK + "9999999999,1,5853300,100\n", ":2: the size (column 2) must be 0 at an empty level, but it is '1'"),
        (BOOK + "0,1,5853300,100\n", ":2: the price (column 1) must be above 0 and below 9999999999, or that of"),
        (BOOK + "5853500,100,9999999999,0\n", ":2: the price (column 3) must be above 0 and below 9999999999, or"),
        (BOOK + "5853500 100 5853300 100\n", ":2: a row must have 4 columns, but this one has 1"),
        (BOOK + "99999999999999999999,100,5853300,100\n", ":2: the price (column 1) must be a number within range"),
        ("3,1,2,1,3,1,1,1\n", ":1: the price (column 5) must be further from the mid than the level before it"),
        ("3,1,2,1,4,1,2,1\n", ":1: the price (column 7) must be further from the mid than the level before it"),
        ("9999999999,0,2,1,4,1,1,1\n", ":1: the price (column 5) must be further from the mid than the level before"),
        (BOOK * 2 + "9999999999,0\n", ":3: a row must have 4 columns, but this one has 2"),
        (BOOK, " must have a row for each message of .*, 2, but it has 1"),
    ],
)
def test_a_malformed_file_of_levels_is_refused_with_its_place(tmp_path, rows, sentence):
    path, book = tmp_path / "odd_message_1.csv", tmp_path / "odd_orderbook_1.csv"
    path.write_text(HEAD)
    book.write_text(rows)
    with pytest.raises(UserError, match=re.escape(str(book)) + sentence.replace("(", r"\(").replace(")", r"\)")):
        facts.recorded(path, book)


def test_messages_of_a_halt_are_no_recording(tmp_path):
    path, book = tmp_path / "odd_message_1.csv", tmp_path / "odd_orderbook_1.csv"
    path.write_text("34199,7,0,0,-1,-1\n" + HEAD + "34201,7,0,0,1,-1\n")
    book.write_text(BOOK * 4)
    with pytest.raises(UserError, match=f"{path}: the messages must hold at least one while the market is open, but"):
        facts.recorded(path, book)


@pytest.mark.parametrize("form", ["carriage returns", "a byte order mark", "semicolons", "gzip"])
def test_other_legal_forms_are_the_same_recording(tmp_path, form):
    path, _ = simulated(tmp_path)
    plain = path.read_text()
    other = tmp_path / "other_message_1.csv"
    other.write_bytes(
        {
            "carriage returns": plain.replace("\n", "\r\n").encode(),
            "a byte order mark": b"\xef\xbb\xbf" + plain.encode(),
            "semicolons": plain.replace(",", ";").encode(),
            "gzip": gzip.compress(plain.encode()),
        }[form]
    )
    np.testing.assert_array_equal(tape.read(other), tape.read(path))


def test_what_contradicts_itself_is_counted_not_followed(tmp_path):
    """A market goes on: more is cancelled than rests, an unknown order trades, an id comes twice."""
    path = tmp_path / "odd_message_1.csv"
    path.write_text(
        HEAD
        + "34201,1,13,10,5853200,1\n34202,2,13,15,5853200,1\n"  # of 10
        + "34203,4,99,7,5853500,-1\n"  # nobody has seen 99
        + "34204,1,14,10,5853100,1\n34205,1,14,10,5853000,1\n"
    )
    found = tape.tape_of(tape.read(path), burn_in_s=0, block_s=60)
    assert found.inferred == 1
    assert {name: count for name, count in found.replay.items() if count} == {
        "messages": 9,  # with the order that was inferred, and the mark of a block
        "halts": 1,
        "out_of_turn": 1,
        "excess": 1,
        "duplicate": 1,
    }


def test_an_unknown_order_that_trades_more_than_any_order_may_hold(tmp_path):
    path = tmp_path / "odd_message_1.csv"
    path.write_text(HEAD + "34203,4,9,2147483647,5853500,-1\n34204,4,9,2147483647,5853500,-1\n")
    assert tape.tape_of(tape.read(path), burn_in_s=0, block_s=60).inferred == 1


def test_a_market_that_cannot_be_simulated_is_refused(tmp_path):
    """Its orders stand thousands of ticks apart, where no simulated book reaches."""
    path = tmp_path / "odd_message_1.csv"
    rows = [f"{34200 + n / 10:.1f},1,{n},{100},{5_853_300 + 10 * n % 70 - 100},1" for n in range(2, 400, 2)]
    path.write_text(HEAD.replace("5853500", "7853500") + "\n".join(rows) + "\n34290,3,50,100,5853700,1\n")
    with pytest.raises(UserError, match=re.escape(str(path)) + ": "):
        calibrate_file(str(path), tmp_path / "out.yaml", Options(flow="poisson", burn_in_s=0))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("analysis facts data=bad_message_1.csv plot=made.png", NEGATIVE),
        (
            "analysis facts data=good_message_1.csv book=crossed_orderbook_1.csv plot=made.png",
            "crossed_orderbook_1.csv:2: the best ask (column 1) must be above the best bid, 5853500, "
            "but it is '5853300'",
        ),
        ("analysis calibrate data=bad_message_1.csv out=made.yaml", NEGATIVE),
        (
            "analysis calibrate data=. out=made.yaml",
            "data must name one file *_message_*.csv, but . holds 2: bad_message_1.csv, good_message_1.csv",
        ),
        (
            "analysis facts data=empty plot=made.png",
            "data must name one file *_message_*.csv, but empty holds 0: none",
        ),
        ("training real data=bad_message_1.csv", NEGATIVE),
    ],
)
def test_the_command_line_says_it_and_leaves_nothing(tmp_path, words, sentence):
    (tmp_path / "empty").mkdir()
    (tmp_path / "good_message_1.csv").write_text(HEAD)
    (tmp_path / "bad_message_1.csv").write_text(HEAD + "34200.3,1,13,-7,5853300,1\n")
    (tmp_path / "crossed_orderbook_1.csv").write_text(BOOK + "5853300,100,5853500,100\n")
    before = sorted(tmp_path.iterdir())
    done = subprocess.run(
        [sys.executable, "-m", *words.split()],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (2, f"error: {sentence}\n")
    assert sorted(tmp_path.iterdir()) == before
