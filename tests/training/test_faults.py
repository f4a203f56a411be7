from __future__ import annotations

import os
import signal
import sys

import pytest
import ray

import config
from training import loop
from training.rllib.algorithms import build_config
from training.rllib.env_runner import BatchedEnvRunner

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture
def local_ray():
    ray.init(num_cpus=2, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
    yield
    ray.shutdown()


class Points:
    """A run that keeps the steps of what is logged, and a killer of one runner at the second iteration."""

    id = "run"

    def __init__(self):
        self.steps = []

    def log_metrics(self, metrics, step):
        self.steps.append(step)


@pytest.mark.long
@pytest.mark.parametrize("algo", ["ppo", "sac"])
def test_training_outlives_a_killed_runner(local_ray, tmp_path, monkeypatch, algo):
    """It comes to its end, logs nothing twice, and both runners are there at the end, with the same weights."""
    sizes = {"ppo": ["algo.ppo.minibatch_size=64"], "sac": ["algo.sac.batch_size=64", "algo.sac.warmup_steps=256"]}
    settings = config.load(
        [
            f"algo={algo}",
            "market=gt1",
            "training.env_runners=2",
            "training.markets_per_runner=16",
            "training.steps_per_iteration=256",
            "training.iterations=200",
            "training.progress=false",
            f"training.checkpoint_root={tmp_path}",
            *sizes[algo],
        ]
    )
    seen = {}
    monkeypatch.setattr(loop, "build_config", lambda chosen: Watched(build_config(chosen), seen))

    def kill(iteration, _):
        group = seen["algorithm"].env_runner_group
        if iteration == 2:
            pids = group.foreach_env_runner(
                lambda each: (isinstance(each, BatchedEnvRunner), os.getpid()), local_env_runner=False
            )
            assert [batched for batched, _ in pids] == [True, True]
            os.kill(pids[0][1], signal.SIGKILL)
        if iteration == 200:
            seen["healthy"] = group.num_healthy_remote_workers()
            seen["weights"] = group.foreach_env_runner(
                lambda each: [value.sum().item() for value in each.module.parameters()], local_env_runner=False
            )

    run = Points()
    result = loop.train(settings, run=run, on_iteration=kill)
    assert result.iterations == len(run.steps) == len(set(run.steps)) == 200
    assert run.steps == sorted(run.steps)
    # PPO fills up what a dead runner leaves out; SAC takes what there is and a whole sample after it.
    assert 0 <= result.env_steps - 200 * 256 <= (0 if algo == "ppo" else 256)
    assert seen["healthy"] == 2
    assert seen["weights"][0] == seen["weights"][1]


class Broken(BatchedEnvRunner):
    """A runner in another process whose markets always fail."""

    def sample(self, **_):
        raise ValueError("no market\nopens")


def test_runners_that_never_deliver_end_the_run_with_their_reason(local_ray, tmp_path, monkeypatch, capfd):
    settings = config.load(
        [
            "market=gt1",
            "training.env_runners=2",
            "training.markets_per_runner=16",
            "training.steps_per_iteration=256",
            "algo.ppo.minibatch_size=64",
            "training.patience_s=5",
            "training.progress=false",
            f"training.checkpoint_root={tmp_path}",
        ]
    )
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    monkeypatch.setattr(loop, "build_config", lambda chosen: build_config(chosen).env_runners(env_runner_cls=Broken))
    with pytest.raises(config.RunError) as caught:
        loop.train(settings, run=Points())
    assert str(caught.value) == (
        "no env runner has delivered a sample for training.patience_s = 5 s; the last one failed with "
        "ValueError: no market opens"
    )
    said = " ".join(capfd.readouterr().err.split())
    assert said.count("warning: an env runner has failed and starts again: ValueError: no market opens") == 1
    assert list(tmp_path.iterdir()) == []


class Watched:
    """A configuration whose algorithm a test can get at."""

    def __init__(self, rllib, seen):
        self.rllib, self.seen = rllib, seen

    def build_algo(self):
        self.seen["algorithm"] = self.rllib.build_algo()
        return self.seen["algorithm"]
