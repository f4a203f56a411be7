"""Observation and action spaces, built from the engine's columns and the agent's box."""

from __future__ import annotations

import gymnasium
import numpy as np

import engine
from config import Config

STATISTICS: tuple[str, ...] = engine.STATISTICS


def observation_space(columns: tuple[str, ...]) -> gymnasium.spaces.Box:
    """One row of dimensionless float32 columns of order one."""
    return gymnasium.spaces.Box(-np.inf, np.inf, (len(columns),), np.float32)


def action_space(config: Config, actions: tuple[str, ...]) -> gymnasium.spaces.Box:
    """What the market's ``actions`` may be, float32: offsets in price units, sizes from -1 (none) to 0 (all)."""
    ends = {"offset": (config.agent.action_low, config.agent.action_high), "size": (-1.0, 0.0)}
    low, high = np.array([ends[name.rpartition("_")[2]] for name in actions], np.float32).T
    return gymnasium.spaces.Box(low, high, dtype=np.float32)
