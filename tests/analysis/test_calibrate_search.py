"""The search as a user meets it: its result, what an interruption leaves, and what is refused."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

import config
from analysis import facts
from analysis.__main__ import COMMANDS
from analysis.calibration import recovery, search
from analysis.calibration.knobs import LEVELS
from analysis.calibration.losses import Losses
from analysis.calibration.recording import with_flow
from analysis.facts import files
from config import UserError, cli

ROOT = Path(config.__file__).parents[1]


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Twenty minutes of small_tick, as LOBSTER would give them: messages, and the book after each."""
    market, flow = recovery.profile()
    session = facts.simulate(with_flow(market, flow), seconds=1200, seed=7)
    return files.write(session, tmp_path_factory.mktemp("recording"))


def levels(recording, out, *more):
    """Refits the levels of a market that the recording is not of."""
    start = recording[0].parent / "other.yaml"
    values = yaml.safe_load((ROOT / "config" / "market" / "small_tick.yaml").read_text())
    values["market"]["book"]["realistic"]["placement"]["rate"] = 1.6
    values["market"]["book"]["realistic"]["takers"]["rate"] = 0.1
    start.write_text(yaml.safe_dump(values))
    return ["calibrate", f"data={recording[0]}", f"out={out}", "refit=levels", f"start={start}", *more]


@pytest.fixture(scope="module")
def uninterrupted(recording, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "mine.yaml"
    cli.call(COMMANDS, levels(recording, out, "evaluations=8"))
    return out


def test_what_is_written_is_a_market_with_what_was_found(uninterrupted):
    market = config.load([f"market={uninterrupted}"]).market
    assert market.book.realistic is not None
    found = market.calibration
    assert found["options"] == {"refit": "levels", "from_s": 0.0, "to_s": 0.0, "evaluations": 8, "seed": 0}
    rate = found["estimates"]["placement.rate"]
    assert rate["how"] == "simulated moments"
    assert rate["value"] == pytest.approx(market.book.realistic.placement.rate, rel=1e-3)
    assert rate["value"] != 1.6
    assert found["estimates"]["placement.at_best"]["how"] == "not identified: kept"
    assert market.book.realistic.placement.at_best == 0.1
    # The rates are those of the span: over it the day's course has a mean of one.
    course = market.book.realistic.intraday
    x = np.linspace(0, 1200 / course.session_s, 1000)
    factor = (
        course.base
        + course.opening * np.exp(-x / course.opening_scale)
        + course.closing * np.exp(-(1 - x) / course.closing_scale)
    )
    assert factor.mean() == pytest.approx(1, abs=1e-3)
    assert not uninterrupted.with_name("mine.yaml.state").exists()


def interrupt(command, state, lines, by):
    """Runs until the state has so many lines, then sends a signal: what was said."""
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as running:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and not (state.exists() and state.read_text().count("\n") >= lines):
            time.sleep(0.02)
        running.send_signal(by)
        said = running.communicate(timeout=60)[1]
    assert running.returncode not in (0, None)
    return said


def test_an_interrupted_search_goes_on_to_the_same_bits(recording, uninterrupted, tmp_path):
    """By SIGTERM, then by Ctrl-C, and with a line that was cut off."""
    out, state = tmp_path / "mine.yaml", tmp_path / "mine.yaml.state"
    command = [sys.executable, "-m", "analysis", *levels(recording, out, "evaluations=8")]
    interrupt(command, state, 2, signal.SIGTERM)  # early: a machine of another speed must not be done by then
    first = state.read_text()
    assert "Traceback" not in interrupt(command, state, first.count("\n") + 1, signal.SIGINT)
    assert not out.exists()
    assert state.read_text().startswith(first)
    assert first.count("\n") < state.read_text().count("\n") < 9
    state.write_text(state.read_text() + "0.12")
    cli.call(COMMANDS, levels(recording, out, "evaluations=8"))
    assert out.read_bytes() == uninterrupted.read_bytes()
    assert not state.exists()


def test_a_state_of_other_options_is_refused(recording, tmp_path):
    out = tmp_path / "mine.yaml"
    state = tmp_path / "mine.yaml.state"
    state.write_text('{"data": "another"}\n1.5\n')
    with pytest.raises(UserError, match=r"mine\.yaml\.state must be what a calibration with these data and options"):
        cli.call(COMMANDS, levels(recording, out, "evaluations=8"))
    assert state.read_text() == '{"data": "another"}\n1.5\n'
    state.write_text(json.dumps({"a": 1}) + "\nnonsense\n")
    with pytest.raises(UserError, match="must be what a calibration"):
        Losses(state, {"a": 1})


def test_losses_are_kept_to_the_last_bit(tmp_path):
    path = tmp_path / "x.state"
    numbers = np.random.default_rng(1).random(5).tolist()
    first = Losses(path, {"a": 1})
    for number in numbers:
        first.add(number)
    assert Losses(path, {"a": 1}).known == numbers


def test_the_search_comes_nearer_and_a_market_that_cannot_be_costs_much(tmp_path, monkeypatch):
    monkeypatch.setattr(search, "SEEDS", (101,))
    market, flow = recovery.profile()
    truth = facts.simulate(with_flow(market, flow), seconds=1800, seed=7, levels=1).events
    target = search.Target.of(recovery.as_recorded(truth))
    far = json.loads(json.dumps(flow))
    far["placement"]["rate"] *= 2
    far["takers"]["rate"] /= 2
    searching = search.Search(market, far, LEVELS, target, Losses(tmp_path / "s", {}))
    hopeless = np.zeros(len(LEVELS))
    hopeless[2] = -9  # nobody cancels: no book has room for that
    assert searching.loss(hopeless, search.SEEDS) == search.REFUSED
    begun = searching.loss(np.zeros(len(LEVELS)), search.SEEDS)
    found = searching.run(48, 0, lambda tried, loss: None)
    ended = target.compare(with_flow(market, found), search.SEEDS).loss
    assert ended < 0.7 * begun


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["flow=real"], "flow must be realistic or poisson, but it is 'real'"),
        (["refit=some"], "refit must be all or levels, but it is 'some'"),
        (["refit=levels"], "start must name the market whose levels refit=levels finds"),
        (["refit=levels", "start=book"], r"start must be a market with the realistic flow .*'book' is not"),
        (["start=absent.yaml"], "start must be a market or the path of one's YAML file"),
        (["from_s=-1"], "from_s must be >= 0, but it is -1"),
        (["from_s=20", "to_s=10"], "to_s must be > from_s = 20, but it is 10"),
        (["to_s=5000"], "from_s and to_s must be a span within the [0-9]+ s .*, but they are 0 and 5000"),
        (["from_s=1190"], "must hold at least 500 limit orders and 50 market orders in the span, but it holds"),
        (["evaluations=-1"], "evaluations must be from 0 to"),
        (["evaluations=many"], "evaluations must be a whole number, but it is 'many'"),
        (["seed=-1"], "seed must be from 0 to"),
        (["coverage=0.5"], "coverage must be left out with flow=realistic, but it is 0.5"),
        (["flow=poisson", "seed=3"], "seed must be left out with flow=poisson, but it is 3"),
        (["flow=poisson", "book=x.csv"], "book must be left out with flow=poisson, but it is .*x.csv"),
        (["book=absent.csv"], "absent.csv cannot be read"),
    ],
)
def test_user_errors(recording, tmp_path, monkeypatch, words, sentence):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=sentence):
        cli.call(COMMANDS, ["calibrate", f"data={recording[0]}", "out=x.yaml", *words])
    assert not list(tmp_path.iterdir())


@pytest.mark.long
def test_a_large_tick_market_starts_from_its_own_profile(tmp_path, capsys):
    market = config.load(["market=large_tick"]).market
    paths = files.write(facts.simulate(market, seconds=1800, seed=3), tmp_path)
    out = tmp_path / "mine.yaml"
    cli.call(COMMANDS, ["calibrate", f"data={paths[0]}", f"out={out}", "evaluations=0"])
    made = yaml.safe_load(out.read_text())["market"]
    assert made["calibration"]["start"] == "large_tick"
    assert "placement.inside" in made["calibration"]["not_identified"]
    assert made["book"]["realistic"]["placement"]["inside"] == 0.5
    assert "at a spread of one tick nothing can go inside" in capsys.readouterr().out
    config.load([f"market={out}"])
