"""Gymnasium environments over the engine: one market, and many behind one call."""

import gymnasium

from envs.market import MarketMakingEnv
from envs.scenario import scenario
from envs.spaces import STATISTICS, action_space, observation_space
from envs.vector import MarketMakingVectorEnv

gymnasium.register(
    id="MarketMaking-v0",
    entry_point="envs.market:MarketMakingEnv",
    vector_entry_point="envs.vector:MarketMakingVectorEnv",
)

__all__ = [
    "STATISTICS",
    "MarketMakingEnv",
    "MarketMakingVectorEnv",
    "action_space",
    "observation_space",
    "scenario",
]
