"""What the driver writes of trials that do not go as planned."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest

import config
from training import tracking
from tuning import sweep
from tuning.logbook import Logbook


@pytest.fixture
def made(tmp_path, monkeypatch) -> sweep.Sweep:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    settings = config.load(
        [
            "market=gt1",
            "training.progress=false",
            f"sweep.root={tmp_path / 'sweeps'}",
            f"tracking.store={tmp_path / 'mlruns'}",
        ]
    )
    parent = tracking.start(settings, name="parent")
    parent.finish()
    return sweep.create(parent.id, settings, [])


def trial(number: int, error_file: str | None = None) -> SimpleNamespace:
    values = {"inventory_skew": 1e-4, "alpha_skew": 2e-4, "inventory_penalty": 0.1 + number}
    return SimpleNamespace(trial_id=f"abc_{number:05d}", config=values, error_file=error_file)


def test_a_trial_whose_process_cannot_start_fails_alone(made, tmp_path):
    trace = tmp_path / "error.txt"
    trace.write_text("Traceback\n  somewhere\nray.exceptions.ActorDiedError: its node was lost\n")
    logbook = Logbook(made.folder)
    logbook.setup()
    logbook.on_trial_start(trial(0))
    logbook.on_trial_error(trial(1, str(trace)))  # as Tune does it, without a start
    logbook.on_trial_result(trial(0), {"curves": {"train/return": 1.0}, "env_steps": 10})
    logbook.on_trial_complete(trial(0))
    logbook.on_experiment_end([trial(0), trial(1)])
    first, second = made.read_trials().values()
    assert (first.state, second.state) == ("finished", "failed")
    assert second.error == "ray.exceptions.ActorDiedError: its node was lost"
    assert [run.status for run in tracking.children(made.config, made.run_id)] == ["FINISHED", "FAILED"]


def test_a_point_that_is_told_twice_stands_once(made):
    """A trial that goes on reports the last point of its checkpoint again."""
    for steps in ([10, 20], [20, 30]):
        logbook = Logbook(made.folder)
        logbook.setup()
        logbook.on_trial_start(trial(0))
        for step in steps:
            logbook.on_trial_result(trial(0), {"curves": {"train/return": float(step + len(steps))}, "env_steps": step})
        logbook.on_experiment_end([trial(0)])
    (run,) = tracking.children(made.config, made.run_id)
    assert made.read_trials()["abc_00000"].env_steps == 30
    from mlflow import MlflowClient

    client = MlflowClient(tracking.tracking_uri(made.config.tracking))
    assert [point.step for point in client.get_metric_history(run.id, "train/return")] == [10, 20, 30]


def test_the_threads_of_ended_trials_end(made):
    logbook = Logbook(made.folder)
    logbook.setup()
    before = threading.active_count()
    for number in range(6):
        logbook.on_trial_start(trial(number))
        logbook.on_trial_complete(trial(number))
        until = time.monotonic() + 30
        while tracking.children(made.config, made.run_id)[number].status != "FINISHED":
            assert time.monotonic() < until
            time.sleep(0.05)
    assert threading.active_count() - before <= 2  # the last one's, which nobody has come by since
    logbook.on_experiment_end([])
