"""Every key of the algorithm and of the sampling changes what is learned; one that did nothing would mislead."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import ray

import config
from config import Config
from config.schema import AlgoConfig, PPOConfig, SACConfig, TrainingConfig
from training.loop import train

pytestmark = [
    pytest.mark.long,
    pytest.mark.usefixtures("toy", "local_ray"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
SHARED = {
    "algo.hidden": "[8]",
    "algo.activation": "tanh",
    "algo.lr": "0.01",
    "algo.final_lr": "0.001",
    "algo.grad_clip": "0.01",
    "algo.reward_scale": "0.5",
    "algo.centre_reward": "false",
    "seed": "9",
    "agent.action_low": "-0.5",
    "agent.action_high": "0.4",
    "training.iterations": "3",
    "training.steps_per_iteration": "256",
    "training.markets_per_runner": "16",
    "training.staggered": "false",
}
OWN = {
    "ppo": {
        "algo.network": "specification",
        "algo.ppo.gae_lambda": "0.5",
        "algo.ppo.value_lambda": "0.5",
        "algo.ppo.clip": "0.01",
        "algo.ppo.epochs": "2",
        "algo.ppo.minibatch_size": "32",
        "algo.ppo.value_loss_coefficient": "0.1",
        "algo.ppo.initial_std": "0.2",
        "algo.ppo.final_std": "0.2",
    },
    "sac": {
        "algo.sac.tau": "0.5",
        "algo.sac.initial_alpha": "0.5",
        "algo.sac.target_entropy": "-3.0",
        "algo.sac.buffer_capacity": "160",
        "algo.sac.warmup_steps": "200",
        "algo.sac.batch_size": "16",
        "algo.sac.training_intensity": "4.0",
    },
}
ELSEWHERE = {  # keys whose effect is not on what is learned, or not in the driver alone
    "algo.name",
    "algo.ppo",
    "algo.sac",
    "algo.holding_s",  # the toy has neither a clock nor luck: tests/training/rllib/test_rewards.py
    "algo.without_luck",
    "training.env_runners",
    "training.engine_threads",
    "training.learners",
    "training.gpus_per_learner",
    "training.checkpoint_every",
    "training.checkpoint_root",
    "training.patience_s",
    "training.progress",
}


class Quiet:
    """A run that forgets."""

    id = "run"

    def log_metrics(self, metrics: dict[str, float], step: int) -> None:
        pass


@pytest.fixture(scope="module")
def local_ray():
    ray.init(num_cpus=2, include_dashboard=False, logging_level="ERROR")
    yield
    ray.shutdown()


def keys_of(section: Any, prefix: str) -> set[str]:
    return {f"{prefix}.{name}" for name in section.__dataclass_fields__}


@pytest.mark.parametrize("algo", OWN)
def test_every_key_changes_what_is_learned(algo, load_small, tmp_path):
    def learned(*words: str) -> dict[str, np.ndarray]:
        small = ["training.iterations=2", "algo.sac.warmup_steps=64"] if algo == "sac" else ["training.iterations=2"]
        settings: Config = load_small(f"algo={algo}", *small, f"training.checkpoint_root={tmp_path}", *words)
        return train(settings, run=Quiet()).weights

    before = learned()
    assert same(before, learned())
    in_vain = [key for key, value in (SHARED | OWN[algo]).items() if same(before, learned(f"{key}={value}"))]
    assert in_vain == []


def same(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> bool:
    return first.keys() == second.keys() and all(np.array_equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize(("algo", "section"), [("ppo", PPOConfig), ("sac", SACConfig)])
def test_no_key_is_forgotten_here(algo, section):
    keys = keys_of(AlgoConfig, "algo") | keys_of(section, f"algo.{algo}") | keys_of(TrainingConfig, "training")
    walked = set(SHARED) | set(OWN[algo]) | ELSEWHERE
    assert keys - walked <= ({"algo.network"} if algo == "sac" else set())  # SAC has one network only
    assert config.load([f"algo={algo}"]).algo.name.value == algo
