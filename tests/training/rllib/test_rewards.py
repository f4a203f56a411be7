"""What is learned from sums to what is judged: luck has no mean, and an advance is paid back."""

from __future__ import annotations

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

import config
from envs import MarketMakingVectorEnv
from training.rllib.rewards import LearnedRewards

SHORT = ["market=small_tick", "simulation.episode_steps=300", "market.book.warmup_s=5", "agent.inventory_penalty=0.001"]
NOW = "algo.holding_s=0"


def episode(*words):
    """An episode of some markets: rewards, those learned from and luck [steps, n], and positions at the end."""
    chosen = config.load([*SHORT, *words])
    markets = MarketMakingVectorEnv(chosen, 16, seed=3, autoreset=AutoresetMode.SAME_STEP)
    learned = LearnedRewards(markets, LearnedRewards.plan(chosen))
    statistics = {name: i for i, name in enumerate(markets.statistics)}
    before, _ = markets.reset()
    found = []
    for _ in range(300):
        after, reward, done, _, info = markets.step(np.full((16, 2), -1.0, np.float32))
        of_step = info["statistics"].T
        last = info["final_obs"] if done.any() else after
        found.append(
            (reward, learned(reward, before, last, info), *of_step[[statistics["luck"], statistics["inventory"]]])
        )
        before = after
    assert done.all()
    return (np.array(column) for column in zip(*found, strict=True))


def test_luck_is_left_out():
    rewards, learned, luck, _ = episode("algo.without_luck=true", NOW)
    assert luck.any()
    np.testing.assert_allclose(learned, rewards - luck)
    rewards, learned, _, _ = episode("algo.without_luck=false", NOW)
    np.testing.assert_array_equal(learned, rewards)


@pytest.mark.parametrize("holding_s", [5, 1000])
def test_an_advance_is_paid_back_by_the_end(holding_s):
    rewards, learned, _, inventory = episode("algo.without_luck=false", f"algo.holding_s={holding_s}")
    assert np.abs(inventory[-1]).max() > 0  # closing it at the end pays nothing back by itself
    np.testing.assert_allclose(learned.sum(axis=0), rewards.sum(axis=0), rtol=1e-3, atol=0.1)
    assert np.abs(learned - rewards).max() > 10


def test_a_fill_pays_for_the_seconds_to_come():
    rewards, learned, _, inventory = episode("algo.without_luck=false", "algo.holding_s=5")
    first = (inventory != 0).argmax(axis=0)
    for market in np.flatnonzero((inventory != 0).any(axis=0) & (first < 200)):
        step = first[market]
        np.testing.assert_allclose(learned[:step, market], rewards[:step, market])
        paid = rewards[step, market] - learned[step, market]
        assert paid == pytest.approx(0.001 * inventory[step, market] ** 2 * 5, rel=1e-3)
    assert np.count_nonzero(inventory) > 0
