from __future__ import annotations

import os
import signal

import pytest
import ray

import config
from training.algorithms import build_config
from training.env_runner import BatchedEnvRunner

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture
def local_ray():
    ray.init(num_cpus=2, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
    yield
    ray.shutdown()


def test_a_killed_runner_comes_back(local_ray):
    settings = config.load(
        [
            "market=gt1",
            "training.env_runners=2",
            "training.markets_per_runner=16",
            "training.steps_per_iteration=256",
            "algo.ppo.minibatch_size=64",
        ]
    )
    algorithm = build_config(settings).build_algo()
    try:
        algorithm.train()
        pids = algorithm.env_runner_group.foreach_env_runner(
            lambda runner: (isinstance(runner, BatchedEnvRunner), os.getpid()), local_env_runner=False
        )
        assert [batched for batched, _ in pids] == [True, True]
        os.kill(pids[0][1], signal.SIGKILL)
        for _ in range(60):
            steps = algorithm.train()["env_runners"].get("num_env_steps_sampled_lifetime", 0)
            if steps >= 8 * 256 and algorithm.env_runner_group.num_healthy_remote_workers() == 2:
                break
        assert algorithm.env_runner_group.num_healthy_remote_workers() == 2
        log_std = algorithm.env_runner_group.foreach_env_runner(
            lambda runner: float(runner.module.log_std[0]), local_env_runner=False
        )
        assert log_std[0] == log_std[1]
    finally:
        algorithm.stop()
