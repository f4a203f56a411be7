"""Sweeps on a real Ray with trials that pretend: failures, resumption, and what MLflow and the folder know of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import ray

import config
from training import tracking
from tuning import __main__ as command
from tuning import search, sweep

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module", autouse=True)
def local_ray():
    ray.init(num_cpus=2, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
    yield
    ray.shutdown()


@pytest.fixture
def settings(tmp_path, monkeypatch) -> config.Config:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    return config.load(["market=gt1", "sweep.trials=3", "training.progress=false"])


def pretend(broken: Path):
    """A trial that reports three points of a curve, and fails for one point of the space while ``broken`` exists."""

    def run_trial(values: dict[str, float], config: dict[str, object], trial_root: str) -> None:
        from ray import tune

        trial_id = tune.get_context().get_trial_id()
        for step in (1, 2):
            tune.report({"curves": {"train/return": values["alpha_skew"]}, "env_steps": step})
        if trial_id.endswith("1") and broken.exists():
            raise RuntimeError("the market is closed")
        score = {"mean": values["alpha_skew"], "low": 0.0, "high": 1.0}
        names = ("reward", "pnl", "mean_abs_inventory", "fills")
        tune.report({"scores": dict.fromkeys(names, score), "env_steps": 2})

    return run_trial


def test_a_failed_trial_is_shown_and_tried_again(settings, tmp_path, monkeypatch, capsys) -> None:
    broken = tmp_path / "broken"
    broken.touch()
    monkeypatch.setattr(search, "run_trial", pretend(broken))
    monkeypatch.setattr(command, "_report_best", lambda *_: None)
    command.search_and_report(settings, ["market=gt1"], None)
    folder = next(Path(settings.sweep.root).iterdir())
    said = capsys.readouterr().out
    assert "trial 1 failed: RuntimeError: the market is closed" in said
    assert f"again with: python -m tuning resume={folder.name}" in said
    made = sweep.find(folder.name, settings.sweep.root)
    first = made.read_trials()
    assert sorted((t.number, t.state) for t in first.values()) == [(0, "finished"), (1, "failed"), (2, "finished")]
    children = tracking.children(settings, made.run_id)
    assert sorted((c.name, c.status) for c in children) == [
        ("trial-0", "FINISHED"),
        ("trial-1", "FAILED"),
        ("trial-2", "FINISHED"),
    ]
    assert {c.tags["stage"] for c in children} == {"trial"}

    broken.unlink()
    command.search_and_report(made.config, [], made)
    assert "failed" not in capsys.readouterr().out
    second = made.read_trials()
    assert [t.state for t in second.values()] == ["finished"] * 3
    assert {t.run_id for t in second.values()} == {t.run_id for t in first.values()}
    again = tracking.children(settings, made.run_id)
    assert {(c.id, c.status) for c in again} == {(c.id, "FINISHED") for c in children}
    for child in again:
        assert child.metrics["train/return"] == child.metrics["tuning/reward"]
        assert float(child.params["market_maker.alpha_skew"]) == child.metrics["tuning/reward"]

    command.search_and_report(made.config, [], made)
    assert made.read_trials() == second, "nothing is left to do"


@pytest.mark.long
def test_points_depend_on_the_seed_alone(settings, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(search, "run_trial", pretend(tmp_path / "broken"))
    drawn = []
    for seed in (1, 1, 2):
        seeded = config.from_dict({**config.to_dict(settings), "seed": seed})
        with tracking.start(seeded, name="parent") as parent:
            made = sweep.create(parent.id, seeded, [])
            search.search(made)
        drawn.append({trial.number: trial.values for trial in made.read_trials().values()})
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]


def test_a_sweep_of_failures_leaves_with_an_error(settings, tmp_path, monkeypatch, capsys) -> None:
    (tmp_path / "broken").touch()
    monkeypatch.setattr(search, "run_trial", lambda values, config, trial_root: 1 / 0)
    with pytest.raises(SystemExit) as leaving:
        command.search_and_report(settings, [], None)
    assert leaving.value.code == 1
    assert "ZeroDivisionError" in capsys.readouterr().out
    folder = next(Path(settings.sweep.root).iterdir())
    assert tracking.find(settings, folder.name).status == "FAILED"
