"""The environments under another library: its checker, and its PPO on the vector env."""

from __future__ import annotations

import pytest
from stable_baselines3 import PPO
from stable_baselines3.common.env_checker import check_env

import config
import envs
from training.bench.peers import StableBaselinesMarkets


@pytest.mark.parametrize("market", ["book", "gt1"])
@pytest.mark.filterwarnings("ignore:.*symmetric and normalized:UserWarning")
def test_check_env(market):
    check_env(envs.MarketMakingEnv(config.load([f"market={market}"])))


def test_its_ppo_learns_on_the_vector_env():
    """From quotes three price units too deep towards the mid."""
    chosen = config.load(["market=gt1", "agent.action_low=0", "agent.action_high=4", "simulation.episode_steps=50"])
    markets = StableBaselinesMarkets(envs.MarketMakingVectorEnv(chosen, 64))
    model = PPO(
        "MlpPolicy",
        markets,
        n_steps=32,
        batch_size=512,
        n_epochs=4,
        learning_rate=0.01,
        gamma=1.0,
        gae_lambda=0.7,
        seed=1,
        device="cpu",
        policy_kwargs={"net_arch": [32], "log_std_init": -1.0},
    )
    model.set_random_seed(1)
    with_actions = envs.MarketMakingVectorEnv(chosen, 512)

    def value() -> float:
        observations, _ = with_actions.reset(seed=7)
        total = 0.0
        for _ in range(50):
            actions, _ = model.predict(observations, deterministic=True)
            observations, rewards, *_ = with_actions.step(actions)
            total += float(rewards.mean())
        return total

    model.policy.action_net.bias.data += 3.0
    before = value()
    model.learn(total_timesteps=64 * 32 * 20)
    assert value() > 1.1 * before > 0
