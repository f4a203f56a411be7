"""The batched runner and RLlib's own, on the same seeds of the real engine with one fixed policy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from training.rllib.algorithms import build_config

pytestmark = pytest.mark.filterwarnings("ignore:.*Overriding environment")
MARKETS = 8


def episodes(config, *, batched):
    """Two episodes of every market, (observations, actions, rewards, terminated), in an order of their own."""
    rllib = build_config(config, batched=batched)
    rllib.environment(env_config={"staggered": False})
    runner = rllib.env_runner_cls(config=rllib, worker_index=0, num_workers=0)
    with torch.no_grad():
        for seed, parameter in enumerate(runner.module.parameters()):
            parameter.copy_(0.2 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(seed)))
    sampled = runner.sample(num_episodes=2 * MARKETS, explore=False)
    found = [
        (
            np.asarray(e.get_observations(slice(0, len(e) + 1))),
            np.asarray(e.get_actions(slice(0, len(e)))),
            np.asarray(e.get_rewards(slice(0, len(e)))),
            e.is_terminated,
        )
        for e in sampled
    ]
    return sorted(found, key=lambda episode: tuple(episode[2]))


@pytest.mark.parametrize("market", ["gt1", "gt4", "book"])
def test_the_batched_runners_episodes_are_those_of_rllib(load_small, market):
    config = load_small(
        f"market={market}",
        "simulation.episode_steps=30",
        f"training.markets_per_runner={MARKETS}",
        "algo.holding_s=0",  # RLlib's runner knows of no advance
    )
    ours, stock = episodes(config, batched=True), episodes(config, batched=False)
    assert len(ours) == len(stock) == 2 * MARKETS
    for mine, theirs in zip(ours, stock, strict=True):
        for a, b in zip(mine, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)
    rewards = np.concatenate([e[2] for e in ours])
    assert rewards.std() > 0.01  # something happened
