"""A market so small that every number of a rollout can be foretold."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

import config
from training.rllib import algorithms

STEPS = 5
STATISTICS = ["pnl_change", "inventory"]
broken: set[int] = set()  # steps, counted over all resets, whose first reward is not a number


class ToyMarkets(VectorEnv[Any, Any, Any]):
    """Markets whose inventory is pushed by the actions; best action 0.5; ids shift rewards."""

    def __init__(self, count: int, *, first_market_id: int, autoreset: AutoresetMode, low: float, high: float) -> None:
        self.num_envs = count
        self.single_observation_space = gym.spaces.Box(-np.inf, np.inf, (3,), np.float32)
        self.single_action_space = gym.spaces.Box(low, high, (2,), np.float32)
        self.observation_space = batch_space(self.single_observation_space, count)
        self.action_space = batch_space(self.single_action_space, count)
        self.metadata = {"autoreset_mode": autoreset}
        self.ids = np.arange(first_market_id, first_market_id + count)
        self.last_actions: np.ndarray | None = None
        self.steps = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        self.clock = np.zeros(self.num_envs, dtype=np.int64)
        if (options or {}).get("staggered"):
            self.clock = self.ids % STEPS
        self.inventory = 0.1 * self.ids
        self.waiting = np.zeros(self.num_envs, dtype=bool)
        return self._observe(), {}

    def step(self, actions: np.ndarray) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        assert np.all(actions >= self.single_action_space.low)
        assert np.all(actions <= self.single_action_space.high)
        self.last_actions = actions
        reset = self.waiting
        self.inventory = np.where(reset, 0.1 * self.ids, self.inventory + actions[:, 0] - actions[:, 1])
        self.clock = np.where(reset, 0, self.clock + 1)
        rewards = np.where(reset, 0.0, 1.0 + self.ids - ((actions - 0.5) ** 2).sum(axis=1))
        if self.steps in broken:
            rewards[0] = np.nan
        self.steps += 1
        done = (self.clock >= STEPS) & ~reset
        info: dict[str, Any] = {}
        if self.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP:
            self.waiting = done
        elif done.any():
            info |= {"final_obs": self._observe(), "_final_obs": done}
            self.inventory = np.where(done, 0.1 * self.ids, self.inventory)
            self.clock = np.where(done, 0, self.clock)
        if self.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP:
            info["statistics"] = np.stack([rewards, self.inventory], axis=1)
        return self._observe(), rewards, done, np.zeros_like(done), info

    def _observe(self) -> np.ndarray:
        return np.stack([self.clock / STEPS, self.inventory, self.ids], axis=1).astype(np.float32)


def make_toy(context: dict[str, Any]) -> ToyMarkets:
    agent = context["config"]["agent"]
    count = context["num_envs"]
    return ToyMarkets(
        count,
        first_market_id=max(getattr(context, "worker_index", 0) - 1, 0) * count,
        autoreset=AutoresetMode(context["autoreset"]),
        low=agent["action_low"],
        high=agent["action_high"],
    )


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Registers the toy as the market of every algorithm that is built."""
    monkeypatch.setattr(algorithms, "make_envs", make_toy)
    monkeypatch.setattr(algorithms, "STATISTICS", STATISTICS)


def small(*words: str) -> config.Config:
    """Everything in the driver, few markets, short iterations."""
    sizes = ["algo.sac.batch_size=32"] if "algo=sac" in words else ["algo.ppo.minibatch_size=64"]
    return config.load(
        [
            *sizes,
            "market=gt1",
            f"simulation.episode_steps={STEPS}",
            "market.price_unit=1.0",
            "training.env_runners=0",
            "training.markets_per_runner=8",
            "training.steps_per_iteration=128",
            "training.progress=false",
            *words,
        ]
    )


@pytest.fixture
def load_small() -> Any:
    return small


@pytest.fixture
def broken_steps() -> Any:
    """Steps of the toy at which the first market's reward is not a number; a test adds them."""
    yield broken
    broken.clear()
