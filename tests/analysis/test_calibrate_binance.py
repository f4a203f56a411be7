"""What can be had from Binance's streams: by hand on a few lines, and on a recording whose figures are known."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import numpy as np
import pytest

from analysis.__main__ import COMMANDS
from analysis.calibration import binance
from config import UserError, cli


def ticker(at_ms, bid, bid_size, ask, ask_size):
    return at_ms, "bookTicker", {"b": bid, "B": bid_size, "a": ask, "A": ask_size}


def trade(at_ms, instant, price, size, *, buyer_waits, **more):
    return at_ms, "trade", {"T": instant, "p": price, "q": size, "m": buyer_waits, **more}


LINES = [
    trade(0, 1, "100.0", "9", buyer_waits=True),  # nothing is known of the book yet
    ticker(10, "100.1", "2", "100.2", "3"),
    trade(1000, 50, "100.2", "0.5", buyer_waits=False),
    trade(1001, 50, "100.2", "2.5", buyer_waits=False),  # the same market order
    ticker(1002, "100.1", "2", "100.4", "1"),
    trade(1500, 60, "100.1", "0.2", buyer_waits=True, X="INSURANCE_FUND"),
    trade(2000, 70, "100.1", "1", buyer_waits=True),
    ticker(4000, "100.1", "1", "100.4", "1"),
]


def write(path, lines):
    rows = [
        f"{10**18 + at * 10**6} " + json.dumps({"stream": f"btcusdt@{kind}", "data": data}) for at, kind, data in lines
    ]
    with gzip.open(path, "wt") as file:
        file.write("\n".join([*rows[:2], f"{10**18} " + json.dumps({"lastUpdateId": 1, "bids": []}), *rows[2:]]) + "\n")
    return path


def test_trades_and_best_prices_by_hand(tmp_path):
    path = write(tmp_path / "x.gz", LINES)
    assert binance.recognised(path)
    market = binance.read(path)
    assert market.tick == pytest.approx(0.1)
    assert market.unit == pytest.approx(0.5)
    orders = market.events.market_orders
    np.testing.assert_allclose(orders.time, [0.99, 1.99], atol=1e-6)
    np.testing.assert_array_equal(orders.sign, [1, -1])
    np.testing.assert_allclose(orders.size, [6, 2])
    np.testing.assert_allclose(orders.queue, [6, 4])
    spread = np.average(market.events.ask - market.events.bid, weights=market.events.dwell)
    assert spread == pytest.approx((0.992 * 1 + (3.99 - 0.992) * 3) / 3.99, rel=1e-6)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            "1000000000000000000 {nonsense",
            r"x\.gz:10: a line must be a time in ns and the JSON of a stream, but",
        ),
        ('1000000000000000000 {"stream": "btcusdt@trade", "data": {"T": 1}}', r"x\.gz:10: a line must be"),
        ("[1, 2]", r"x\.gz:10: a line must be"),
    ],
)
def test_a_line_that_is_none_is_named(tmp_path, line, sentence):
    path = write(tmp_path / "x.gz", LINES)
    with gzip.open(path, "at") as file:
        file.write(line + "\n")
    with pytest.raises(UserError, match=sentence):
        cli.call(COMMANDS, ["calibrate", f"data={path}", f"out={tmp_path / 'mine.yaml'}"])


def test_a_recording_without_trades_is_refused(tmp_path):
    path = write(tmp_path / "x.gz", [line for line in LINES if line[1] == "bookTicker"])
    with pytest.raises(UserError, match="must hold trades and best prices"):
        binance.read(path)


def test_messages_of_lobster_are_no_such_recording(tmp_path):
    path = tmp_path / "x_message_1.csv"
    path.write_text("34200.0,1,1,100,100000,1\n")
    assert not binance.recognised(path)
    assert not binance.recognised(tmp_path / "absent.gz")


def test_the_recording_has_the_figures_that_were_measured_otherwise(tmp_path, capsys):
    """Counted by a script of its own: market orders, correlation of signs, volatility."""
    folder = os.environ.get("MARKET_DATA", "")
    files = sorted(Path(folder).rglob("spot_btcusdt_*.gz")) if folder else []
    if not files:
        pytest.skip("MARKET_DATA does not name a folder with Binance's spot_btcusdt")
    cli.call(COMMANDS, ["calibrate", f"data={files[0]}", f"out={tmp_path / 'mine.yaml'}"])
    assert "no market is written" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())
    found = binance.estimates(binance.read(files[0]))
    assert found["market orders, 1/s"].value * 345.9 == pytest.approx(3241, rel=2e-3)
    assert found["autocorrelation of signs"].value == pytest.approx(0.361, abs=2e-3)
    assert found["sd of the mid in 1 s, ticks"].value == pytest.approx(803, rel=0.05)
    assert found["metaorders.tail"].error < 0.3
