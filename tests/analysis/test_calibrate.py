"""The Poisson flow: its estimator on streams whose rates are known, on a recorded hour, and what users get wrong."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

import config
import engine
from analysis.__main__ import COMMANDS
from analysis.calibration import Options, calibrate
from config import cli

DAY = 34_200_000_000_000  # ns; 9:30


def stream(*rows):
    """Messages from (s, type, id, size, ticks, direction) at a tick of 100 and lots of 100."""
    return np.array([(DAY + round(t * 1e9), k, i, 100 * n, 100 * p, d) for t, k, i, n, p, d in rows], engine.MESSAGE)


def hand_made():
    """100 s with the touch at 1000 | 1003: every count and exposure can be done by hand."""
    return stream(
        (0, 1, 1, 5, 1000, 1),
        (0, 1, 2, 5, 1003, -1),
        (10, 1, 3, 1, 999, 1),  # 4 from the ask, for 20 s
        (20, 1, 4, 2, 1005, -1),  # 5 from the bid, for 60 s
        (30, 3, 3, 1, 999, 1),
        (40, 4, 2, 1, 1003, -1),  # one market order ...
        (40, 4, 2, 1, 1003, -1),  # ... of two lots
        (45, 5, 0, 1, 1001, 1),
        (50, 2, 1, 1, 1000, 1),
        (60, 4, 1, 1, 1000, 1),
        (80, 3, 4, 2, 1005, -1),
        (100, 1, 5, 1, 1000, 1),
    )


def round_trip(words, seconds, seed, burn_in_s):
    """Rates estimated from a simulated stream less the ones it was simulated with, in standard errors.

    Without an efficient price, which moves orders to where they are worth it and withdraws others.
    """
    market = config.load([*words, "market.book.flow.efficient_price=null"]).market
    flow = market.book.flow
    messages = engine.simulate_messages(
        market.book.params(), lot=market.lot, tick=round(1e4 * market.tick), seed=seed, seconds=seconds
    )
    options = Options(flow="poisson", distance=tuple(flow.distance), lot=market.lot, burn_in_s=burn_in_s)
    found = calibrate(messages, options)["market"]["calibration"]
    estimates = [*found["limit_rate"], *found["cancel_hazard"], found["market_rate"]]
    truth = [*flow.limit_rate, *flow.cancel_hazard, flow.market_rate]
    return [(e["rate"] - value) / e["standard_error"] for e, value in zip(estimates, truth, strict=True)], found


def test_counts_and_exposures_by_hand():
    found = calibrate(hand_made(), Options(flow="poisson", burn_in_s=5, block_s=5, distance=(3, 4, 6)))["market"]
    rates = found["calibration"]
    near, far = rates["limit_rate"]
    assert (near["count"], near["exposure_s"]) == (1, 190)
    assert (far["count"], far["exposure_s"]) == (2, 190)
    assert far["rate"] == pytest.approx(2 / 190, rel=1e-5)
    assert far["standard_error"] == pytest.approx(np.sqrt(2) / 190, rel=1e-5)
    near, far = rates["cancel_hazard"]
    assert (near["count"], near["exposure_s"]) == (0, 190)
    assert (far["count"], far["exposure_s"]) == (2, 80)
    assert rates["market_rate"]["count"] == 2
    assert found["book"]["flow"]["market_sizes"] == {"lots": [1, 2], "probability": [0.5, 0.5]}
    assert (found["tick"], found["lot"], found["price_unit"]) == (0.01, 100, 1.5)
    assert (found["book"]["initial_mid_ticks"], found["book"]["initial_spread_ticks"]) == (1002, 3)
    assert rates["left_out"]["hidden_executions"] == 1
    assert rates["left_out"]["partial_cancels"] == 1
    assert rates["left_out"]["burn_in_messages"] == 2


def test_orders_submitted_unseen_are_inferred():
    rows = stream(
        (0, 1, 5, 1, 998, 1),  # 5 from the ask, which is the unseen order 2
        (30, 3, 5, 1, 998, 1),
        (50, 1, 9, 1, 997, 1),
        (70, 3, 7, 1, 1004, -1),  # its id says that it entered before order 9, but after order 5
        (80, 4, 1, 1, 1000, 1),
        (90, 3, 1, 1, 1000, 1),
        (90, 3, 2, 1, 1003, -1),
        (100, 1, 11, 1, 1000, 1),
    )
    found = calibrate(rows, Options(flow="poisson", burn_in_s=5, block_s=5, distance=(3, 4, 6)))["market"][
        "calibration"
    ]
    assert found["left_out"]["inferred_orders"] == 3
    assert [entry["exposure_s"] for entry in found["cancel_hazard"]] == [2 * 85, 25 + 20]


def test_block_errors_see_the_clustering_that_poisson_errors_miss():
    clustered = [(0, 1, 1, 1, 1000, 1), (0, 1, 2, 1, 1003, -1)]
    for burst in range(20):
        clustered += [(10 + 100 * burst + j / 1e3, 1, 10 + 20 * burst + j, 1, 999, 1) for j in range(20)]
    clustered += [(1990, 3, 10, 1, 999, 1), (2000, 4, 1, 1, 1000, 1)]
    found = calibrate(stream(*clustered), Options(flow="poisson", burn_in_s=0, block_s=50, distance=(4, 5)))
    entry = found["market"]["calibration"]["limit_rate"][0]
    assert entry["count"] == 400
    assert entry["block_standard_error"] > 3 * entry["standard_error"]


def test_estimates_of_a_simulated_stream_agree_with_its_parameters():
    deviations, found = round_trip(["market=book"], seconds=180, seed=3, burn_in_s=5)
    assert np.max(np.abs(deviations)) < 3
    assert found["left_out"]["replay"] == dict.fromkeys(found["left_out"]["replay"], 0)


def test_standard_errors_are_honest():
    z = np.array([round_trip(["market=book"], seconds=60, seed=seed, burn_in_s=5)[0] for seed in range(20)])
    assert np.mean(np.square(z)) == pytest.approx(1, abs=0.3)
    assert np.abs(np.mean(z)) < 0.3


@pytest.fixture(scope="session")
def calibrated(tmp_path_factory):
    """The recorded hour of AAPL as a market file."""
    folder = os.environ.get("MARKET_DATA", "")
    files = sorted(Path(folder).rglob("AAPL*_message_50.csv")) if folder else []
    if not files:
        pytest.skip("MARKET_DATA does not name a folder with AAPL's 50-level messages")
    out = tmp_path_factory.mktemp("market") / "aapl.yaml"
    cli.call(COMMANDS, ["calibrate", f"data={files[0]}", f"out={out}", "flow=poisson"])
    return out


def test_the_recorded_hour(calibrated):
    market = config.load([f"market={calibrated}"]).market
    found = market.calibration
    assert found["messages"] == 91_997
    assert (market.tick, market.lot) == (0.01, 100)
    assert found["market_rate"]["rate"] == pytest.approx(0.4538, abs=1e-3)
    assert found["live_orders"] < 200
    arrivals = sum(entry["count"] for entry in found["limit_rate"])
    assert arrivals / (arrivals + found["left_out"]["limit_orders_outside_bins"]) > 0.95
    replay = found["left_out"]["replay"]
    assert {name for name, count in replay.items() if count} == {"out_of_turn"}
    # Real flow is over-dispersed: the Poisson error alone would be a boast.
    assert all(entry["block_standard_error"] > 2 * entry["standard_error"] for entry in found["limit_rate"])


def test_the_simulated_price_stands_beside_the_recorded_one(calibrated, capsys):
    market = config.load([f"market={calibrated}"]).market
    recorded, simulated = (market.calibration["facts"][name] for name in ("recorded", "simulated"))
    assert recorded["sd_1s"] == pytest.approx(5.2, abs=0.1)
    assert recorded["spread"] == pytest.approx(19.4, abs=0.1)
    assert recorded["empty"] == simulated["empty"] == 0
    assert simulated["spread"] == pytest.approx(recorded["spread"], rel=0.1)
    assert simulated["sd_1s"] == pytest.approx(recorded["sd_1s"], rel=0.3)
    assert market.book.flow.efficient_price.volatility == pytest.approx(5.6, abs=0.2)


def test_the_market_simulated_from_the_recorded_hour_has_its_rates(calibrated):
    deviations, found = round_trip([f"market={calibrated}"], seconds=3600, seed=5, burn_in_s=60)
    assert np.max(np.abs(deviations)) < 3
    assert not found["left_out"]["replay"]["stale"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["calibrat"], "does not know 'calibrat'; known: .*calibrate"),
        (["calibrate", "dta=x"], r"calibrate does not know the word 'dta'; did you mean data\?"),
        (["calibrate", "data"], "'data' is not key=value"),
        (["calibrate", "data=absent.csv", "out=x.yaml"], "absent.csv cannot be read: No such file"),
        (
            ["calibrate", "data={good}", "out=x.txt"],
            "out must be the path of the YAML file .*'x.txt'",
        ),
        (["calibrate", "data={good}", "out=x.yaml", "burn_in_s=soon"], "burn_in_s must be a number, but it is 'soon'"),
        (
            ["calibrate", "data={good}", "out=x.yaml", "flow=poisson", "burn_in_s=200"],
            "burn_in_s must be < the 100 s of the messages",
        ),
        (
            ["calibrate", "data={good}", "out=x.yaml", "flow=poisson", "coverage=2"],
            "coverage must be > 0 and <= 1, but it is 2",
        ),
        (
            ["calibrate", "data={good}", "out=x.yaml", "flow=poisson", "distance=[3,2]"],
            "distance must increase from at least 1 tick",
        ),
        (["calibrate", "data={cut}", "out=x.yaml"], r"cut_message_1.csv:2: a row must have 6 columns"),
        (
            ["calibrate", "data={folder}", "out=x.yaml"],
            "data must name one file .*holds 2: cut_.*, good_",
        ),
    ],
)
def test_user_errors(tmp_path, monkeypatch, words, sentence):
    monkeypatch.chdir(tmp_path)
    good, cut = tmp_path / "good_message_1.csv", tmp_path / "cut_message_1.csv"
    rows = hand_made()
    good.write_text("".join(f"{row['time_ns'] / 1e9:.9f},{','.join(map(str, row.tolist()[1:]))}\n" for row in rows))
    cut.write_text("34200.0,1,1,100,100000,1\n34200.1,1,2,10")
    places = {"good": good, "cut": cut, "folder": tmp_path}
    with pytest.raises(config.UserError, match=sentence):
        cli.call(COMMANDS, [word.format(**places) for word in words])
    assert not list(tmp_path.glob("*.yaml"))


def test_without_data_the_sentence_names_the_variable(monkeypatch):
    monkeypatch.delenv("MARKET_DATA", raising=False)
    with pytest.raises(config.UserError, match="environment variable MARKET_DATA"):
        cli.call(COMMANDS, ["calibrate", "out=x.yaml"])
