"""The contestants of training's benchmark: each samples, learns and hands over its policy."""

from __future__ import annotations

import numpy as np
import pytest
import ray
import torch

import config
from training.bench.peers import Ours, StableBaselines, Stock

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*Overriding environment"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def local_ray():
    ray.init(num_cpus=2, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
    yield
    ray.shutdown()


@pytest.mark.parametrize("kind", [Ours, Stock, StableBaselines])
def test_each_learns_on_the_recipe(local_ray, kind):
    settings = config.load(
        [
            "market=gt1",
            "algo.hidden=[8]",
            "training.env_runners=0",
            "training.markets_per_runner=32",
            "training.steps_per_iteration=256",
            "training.iterations=4",
            "algo.ppo.minibatch_size=64",
        ]
    )
    trainer = kind(settings)
    try:
        states = torch.from_numpy(np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32))
        before = trainer.policy()(states).detach()
        assert trainer.std() == settings.algo.ppo.initial_std
        for _ in range(4):
            trainer.iterate()
        moved = (trainer.policy()(states) - before).abs().max().item()
        assert 1e-4 < moved < 2
        assert trainer.steps == 4 * 256
        assert trainer.std() == pytest.approx(settings.algo.ppo.final_std)
    finally:
        trainer.close()
