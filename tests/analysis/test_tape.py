"""Message files as they come: halts, gaps, odd prices, packed, in other encodings."""

from __future__ import annotations

import gzip
import zipfile

import numpy as np
import pytest
import yaml

import config
import engine
from analysis import tape
from analysis.__main__ import COMMANDS
from analysis.calibration import Options, calibrate
from config import UserError, cli

TICK = 100  # x 10^4
OPTIONS = Options(flow="poisson", burn_in_s=5)


@pytest.fixture(scope="module")
def base() -> np.ndarray:
    """Ten minutes of the shipped market's flow around 60 dollars."""
    params = config.load(["market=book"]).market.book.params()
    messages = engine.simulate_messages(params, lot=100, tick=TICK, seed=1, seconds=600)
    messages["price"] += 6000 * TICK - messages["price"][0]
    return messages


def text(messages: np.ndarray) -> str:
    start = 34200 * 10**9
    return "".join(
        f"{(start + t) // 10**9}.{(start + t) % 10**9:09d},{kind},{order},{size},{price},{side}\n"
        for t, kind, order, size, price, side in messages.tolist()
    )


def rates(messages: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Rates, their standard errors and the interval that is chosen."""
    found = calibrate(messages, OPTIONS)
    market = found["market"]["calibration"]
    entries = [*market["limit_rate"], *market["cancel_hazard"], market["market_rate"]]
    values, errors = ([entry[key] for entry in entries] for key in ("rate", "standard_error"))
    return np.array(values), np.array(errors), found["simulation"]["decision_interval_ms"]


def later(messages: np.ndarray, seconds: int) -> tuple[np.ndarray, int]:
    """The same with a pause before the last 40 %, and the first row after it."""
    cut = int(np.searchsorted(messages["time_ns"], 360 * 10**9))
    paused = messages.copy()
    paused["time_ns"][cut:] += seconds * 10**9
    return paused, cut


def halt(time_s: float, state: int) -> np.ndarray:
    row = np.zeros(1, engine.MESSAGE)
    row["time_ns"], row["type"], row["price"], row["direction"] = time_s * 10**9, tape.HALT, state, -1
    return row


@pytest.mark.parametrize("marked", [True, False], ids=["a halt", "a gap of the recording"])
def test_time_in_which_nothing_can_trade_is_no_exposure(base, marked):
    paused, cut = later(base, 1800)
    if marked:  # halted, quoting again, trading again
        marks = [halt(360, -1), halt(360 + 1795, 0), halt(360 + 1800, 1)]
        paused = np.concatenate([paused[:cut], *marks, paused[cut:]])
    (values, errors, interval), (wanted, _, usual) = rates(paused), rates(base)
    assert np.all(np.abs(values - wanted) < errors)
    assert interval == usual
    assert calibrate(paused, OPTIONS)["market"]["calibration"]["closed_s"] == pytest.approx(1800, abs=1)


def test_the_waits_of_a_quiet_market_are_no_gaps(base):
    slow = base.copy()
    slow["time_ns"] *= 1000
    assert np.diff(slow["time_ns"]).max() > tape.GAP_S * 1e9
    assert tape.tape_of(slow, burn_in_s=5, block_s=60).closed_s == 0


def test_what_is_quoted_in_a_halt_is_no_flow(base):
    paused, cut = later(base, 100)
    inside = np.repeat(base[cut : cut + 1], 500)
    inside["time_ns"] = 390 * 10**9 + np.arange(500)
    inside["type"], inside["order_id"] = tape.SUBMISSION, 10**9 + np.arange(500)
    gone = inside.copy()
    gone["time_ns"] += 10**9
    gone["type"] = tape.DELETION
    whole = [paused[:cut], halt(360, -1), inside, gone, halt(460, 1), paused[cut:]]
    values, errors, _ = rates(np.concatenate(whole))
    wanted, _, _ = rates(base)
    assert np.all(np.abs(values - wanted) < errors)


def test_one_order_between_the_ticks_does_not_make_the_tick(base):
    odd = base.copy()
    submitted = np.flatnonzero(odd["type"] == tape.SUBMISSION)[5000]
    its = odd["order_id"] == odd["order_id"][submitted]
    odd["price"][its] += 50
    found = calibrate(odd, OPTIONS)["market"]
    assert found["tick"] == 0.01
    assert found["calibration"]["left_out"]["off_tick"] == its.sum()
    assert np.allclose(rates(odd)[0], rates(base)[0], rtol=1e-2)
    assert calibrate(odd, Options(flow="poisson", burn_in_s=5, tick=0.005))["market"]["tick"] == 0.005
    with pytest.raises(UserError, match=r"tick must be one that the prices keep, but no order does at 7"):
        calibrate(odd, Options(flow="poisson", burn_in_s=5, tick=7.0))
    with pytest.raises(UserError, match=r"tick must be 0 or >= 0.0001, but it is 1e-06"):
        Options(flow="poisson", tick=1e-6)


def test_whole_nickels_are_the_tick(base):
    nickels = base.copy()
    nickels["price"] = nickels["price"] * 5 - 4 * nickels["price"][0]
    assert calibrate(nickels, OPTIONS)["market"]["tick"] == 0.05


def test_a_low_price_is_accepted_and_said(base, tmp_path, capsys):
    low = base.copy()
    low["price"] -= 5350 * TICK  # 6.50 dollars
    path, out = tmp_path / "low.csv", tmp_path / "low.yaml"
    path.write_text(text(low))
    cli.call(COMMANDS, ["calibrate", f"data={path}", f"out={out}", "flow=poisson", "burn_in_s=5"])
    assert "the simulated mid starts at 1000 ticks instead of 6" in capsys.readouterr().out
    assert config.load([f"market={out}"]).market.book.initial_mid_ticks == 1000


def test_coverage_that_cannot_be_reached_is_said(base, tmp_path, capsys):
    deep, shift = base.copy(), np.random.default_rng(0).integers(0, 400, int(base["order_id"].max()) + 1) * TICK
    deep["price"] -= deep["direction"] * shift[deep["order_id"]]
    path, out = tmp_path / "deep.csv", tmp_path / "deep.yaml"
    path.write_text(text(deep))
    cli.call(COMMANDS, ["calibrate", f"data={path}", f"out={out}", "flow=poisson", "burn_in_s=5"])
    found = yaml.safe_load(out.read_text())["market"]["calibration"]
    assert found["coverage"] < 0.6
    assert f"the bins hold {found['coverage']:.1%} of the limit orders instead of 95%" in capsys.readouterr().out


@pytest.mark.parametrize("packing", ["gz", "zip", "bom"])
def test_packed_files_are_read(base, tmp_path, packing):
    path, content = tmp_path / f"base.csv.{packing}", text(base[:1000])
    if packing == "gz":
        path.write_bytes(gzip.compress(content.encode()))
    elif packing == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("base.csv", content)
    else:
        path.write_text("\ufeff" + content, encoding="utf-8")
    read = tape.read(path)
    assert np.array_equal(read["price"], base["price"][:1000])
    assert np.array_equal(read["time_ns"], base["time_ns"][:1000] + 34200 * 10**9)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("34200.1,1,1,100,600000,1\n".encode("utf-16"), r"\{path}:1: the time .*, but it is '\\xff\\xfe3\\x004"),
        (b"34200.1,1,1,100,6000\xe4\x07,1\n", r"\{path}:1: the price .*, but it is '6000\\xe4\\x07'"),
        (gzip.compress(b"34200.1,1,1,100,oh,1\n"), r"\{path}:1: the price .*, but it is 'oh'"),
        (gzip.compress(b"34200.1,1,1,100,600000,1\n" * 99)[:40], r"\{path} cannot be unpacked: "),
        (b"\x28\xb5\x2f\xfdrest", r"\{path} is packed with zstd, which must be unpacked first"),
    ],
)
def test_what_cannot_be_read_is_a_sentence_with_file_and_line(tmp_path, content, sentence):
    path = tmp_path / "odd.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=sentence.replace(r"\{path}", str(path))):
        tape.read(path)


def test_an_archive_of_two_files_is_refused(tmp_path):
    path = tmp_path / "two.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", "")
        archive.writestr("b.csv", "")
    with pytest.raises(UserError, match=f"{path} must hold one file, but it holds 2"):
        tape.read(path)
