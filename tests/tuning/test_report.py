from __future__ import annotations

import csv
import io

import pytest
from rich.console import Console

import config
from analysis.evaluation import Estimate
from analysis.measures import MEASURES
from config import UserError
from tuning import report, sweep
from tuning.sweep import State, Trial


def trial(number: int, objective: float | None, state: State = "finished", error: str = "") -> Trial:
    values = {"inventory_skew": number * 1e-4, "alpha_skew": 0.0, "inventory_penalty": 0.01}
    scores = {} if objective is None else dict.fromkeys(MEASURES, Estimate(objective, objective - 1, objective + 1))
    return Trial(id=f"abc_{number:05d}", run_id=f"r{number}", values=values, state=state, scores=scores, error=error)


TRIALS = [
    trial(1, 2.0),
    trial(0, None, "failed", "RuntimeError: no market"),
    trial(3, 5.0),
    trial(2, 9.0, "interrupted"),
]


@pytest.fixture
def settings(tmp_path) -> config.Config:
    return config.load(["seed=3", "algo=sac", f"sweep.root={tmp_path}"])


def test_only_finished_trials_compete() -> None:
    assert [t.number for t in report.ranked(TRIALS)] == [3, 1, 0, 2]


def test_the_table_shows_every_trial(settings) -> None:
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(report.table(report.ranked(TRIALS), settings))
    text = console.export_text()
    assert "5 [4, 6]" in text
    assert "failed" in text
    assert "9 [" not in text, "the objective of a trial that has not finished"


def test_the_file_has_every_number() -> None:
    rows = list(csv.DictReader(io.StringIO(report.as_csv(report.ranked(TRIALS)))))
    assert [row["trial"] for row in rows] == ["3", "1", "0", "2"]
    assert float(rows[0]["reward_low"]) == 4.0
    assert rows[2]["reward"] == ""


def test_a_sweep_is_found_again(settings, tmp_path) -> None:
    made = sweep.create("run7", settings, ["seed=3"])
    made.write_trials({t.id: t for t in TRIALS})
    found = sweep.find("run7", str(tmp_path))
    assert found == made
    assert list(found.read_trials().values()) == TRIALS
    with pytest.raises(UserError, match="resume must be the id of a sweep's parent run"):
        sweep.find("run8", str(tmp_path))
    (tmp_path / "run7").rename(tmp_path / "moved")
    with pytest.raises(UserError, match="resume needs the sweep where it was started"):
        sweep.find("moved", str(tmp_path))


def test_the_best_is_an_overlay(settings) -> None:
    made = sweep.create("run7", settings, [])
    path = report.write_best(made, TRIALS[2])
    assert config.load([f"config={path}"]).market_maker.inventory_skew == pytest.approx(3e-4)
    assert [p.name for p in made.folder.glob(".*")] == []
