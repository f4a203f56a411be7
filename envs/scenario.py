"""From a configuration to what the engine is built from."""

from __future__ import annotations

import engine
from config import Config


def scenario(config: Config) -> engine.Scenario:
    """The engine's scenario of a configuration."""
    return config.scenario()
