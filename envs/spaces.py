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


def action_space(config: Config) -> gymnasium.spaces.Box:
    """(u_bid, u_ask): how far each quote stands behind its reference, in price units, float32."""
    return gymnasium.spaces.Box(config.agent.action_low, config.agent.action_high, (2,), np.float32)
