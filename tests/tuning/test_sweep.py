"""A real sweep from the command line: what it leaves can be trained with; Ctrl-C and resume lose nothing."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mlflow import MlflowClient

import config
from training import tracking
from tuning import report, sweep

ROOT = Path(sweep.__file__).parents[1]
SMALL = [
    "market=gt1",
    "simulation.episode_steps=20",
    "training.iterations=2",
    "training.steps_per_iteration=256",
    "training.env_runners=0",
    "training.markets_per_runner=16",
    "algo.ppo.minibatch_size=128",
    "evaluation.tuning_episodes=16",
    "evaluation.episodes=32",
    "sweep.trials=4",
]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def start(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-m", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str], code: int = 0) -> str:
    out, err = process.communicate(timeout=500)
    assert process.returncode == code, err
    assert "Traceback" not in err
    return out


def the_sweep() -> sweep.Sweep:
    (folder,) = Path("sweeps").iterdir()
    return sweep.find(folder.name, "sweeps")


def curve(settings: config.Config, run_id: str) -> list[int]:
    client = MlflowClient(tracking.tracking_uri(settings.tracking))
    return [point.step for point in client.get_metric_history(run_id, "train/return")]


@pytest.mark.long
def test_a_sweep_from_the_command_line_to_the_next_training() -> None:
    said = finish(start("tuning", *SMALL))
    assert "selected, so optimistic" in said
    assert "32 held-out episodes" in said

    made = the_sweep()
    trials = report.ranked(made.read_trials().values())
    rewards = [trial.scores["reward"].mean for trial in trials]
    assert len(trials) == 4
    assert rewards == sorted(rewards, reverse=True)
    parent = tracking.find(made.config, made.run_id)
    assert (parent.status, parent.tags["stage"]) == ("FINISHED", "sweep")
    assert not any(name.startswith("tuning/") for name in parent.metrics)  # those are the trials'
    assert "final/reward_low" in parent.metrics
    children = {child.id: child for child in tracking.children(made.config, made.run_id)}
    assert set(children) == {trial.run_id for trial in trials}
    for trial in trials:
        child = children[trial.run_id]
        assert child.status == "FINISHED"
        assert child.params["agent.action"] == "residual"
        assert float(child.params["agent.inventory_penalty"]) == trial.values["inventory_penalty"]
        assert child.metrics["tuning/reward"] == pytest.approx(trial.scores["reward"].mean)
        assert curve(made.config, trial.run_id) == [256, 512]
    best = config.load([f"config={made.folder / report.BEST}"])
    assert best.agent.inventory_penalty == trials[0].values["inventory_penalty"]
    assert best.evaluation.inventory_penalty == made.config.evaluation.inventory_penalty

    following = said.splitlines()[-1].removeprefix("next: python -m ")
    finish(start(*shlex.split(following), "training.iterations=1"))
    client = MlflowClient(tracking.tracking_uri(best.tracking))
    (trained,) = client.search_runs([parent.experiment_id], "tags.stage = 'train'")
    assert float(trained.data.params["market_maker.inventory_skew"]) == trials[0].values["inventory_skew"]


@pytest.mark.long
@pytest.mark.parametrize(("ending", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_and_resume(ending: signal.Signals, code: int) -> None:
    words = ["training.iterations=40", "training.checkpoint_every=10", "sweep.trials=3", "training.progress=false"]
    process = start("tuning", *SMALL, *words)
    deadline = time.monotonic() + 300
    while not list(Path("sweeps").glob("*/trials/*/latest")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(ending)
    said = finish(process, code)
    made = the_sweep()
    before = made.read_trials()
    assert f"go on with: python -m tuning resume={made.run_id}" in said
    assert len([t for t in before.values() if t.state == "interrupted"]) >= 1
    assert tracking.find(made.config, made.run_id).status == "KILLED"

    assert "selected, so optimistic" in finish(start("tuning", f"resume={made.run_id}"))
    after = made.read_trials()
    assert [t.state for t in after.values()] == ["finished"] * 3
    assert {t.id: t.run_id for t in before.values()}.items() <= {t.id: t.run_id for t in after.values()}.items()
    children = tracking.children(made.config, made.run_id)
    assert [child.status for child in children] == ["FINISHED"] * 3
    for child in children:
        assert curve(made.config, child.id) == [256 * (i + 1) for i in range(40)]
