"""Ray, as every command line starts it."""

from __future__ import annotations

import logging
import os
import warnings


def start_ray() -> None:
    """Connects to RAY_ADDRESS, or starts Ray here without dashboard and usage reports."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    # RLlib itself passes its configuration by reference, which Ray reports as an error though the driver holds it.
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    import ray

    logging.getLogger("ray.rllib").setLevel(logging.ERROR)
    local = "RAY_ADDRESS" not in os.environ
    ray.init(include_dashboard=False if local else None, logging_level=logging.ERROR, log_to_driver=False)
