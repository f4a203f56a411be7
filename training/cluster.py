"""Ray, as every command starts it."""

# mypy: disable-error-code="no-untyped-call"
# (Ray is typed only in part.)
from __future__ import annotations

import logging
import os
import time
import warnings
from datetime import datetime, timedelta

from rich.console import Console

from config import Config, UserError
from training.signals import end_by_exception

POLL_S = 1.0


def start_ray() -> None:
    """Connects to RAY_ADDRESS, or starts Ray here without dashboard and usage reports."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    # RLlib itself passes its configuration by reference, which Ray reports as an error though the driver holds it.
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    import ray

    logging.getLogger("ray.rllib").setLevel(logging.ERROR)
    local = not _is_cluster()
    ray.init(include_dashboard=False if local else None, logging_level=logging.ERROR, log_to_driver=False)
    end_by_exception()


def wait_for_room(config: Config) -> None:
    """Makes sure that all runners and learners of a training have room: for those without, Ray waits without a word.

    Raises:
        UserError: they never will, on this machine, or do not within ``training.patience_s``, on a cluster.

    """
    import ray

    wanted = resources(config)
    said, until = False, time.monotonic() + config.training.patience_s
    while missing := _missing(wanted, ray.available_resources() if _is_cluster() else ray.cluster_resources()):
        if not _is_cluster() or time.monotonic() > until:
            where = "the cluster" if _is_cluster() else "this machine"
            raise UserError(
                f"training.env_runners = {config.training.env_runners} and training.learners = "
                f"{config.training.learners} need {missing} on {where}; lower them or training.gpus_per_learner"
            )
        if not said:
            end = datetime.now().astimezone() + timedelta(seconds=config.training.patience_s)
            Console(stderr=True).print(f"waiting for {missing}, until {end:%H:%M:%S}", style="yellow")
            said = True
        time.sleep(POLL_S)


def resources(config: Config) -> dict[str, float]:
    """What the actors of a training ask Ray for, by Ray's names; the driver asks for nothing."""
    training = config.training
    gpus = training.learners * training.gpus_per_learner
    return {"CPU": training.env_runners + (0.0 if gpus else training.learners), "GPU": gpus}


def _missing(wanted: dict[str, float], there: dict[str, float]) -> str:
    """What of it is not there, in words; empty if all is."""
    parts = [
        f"{n:g} {name}s, but {there.get(name, 0):g} are free" for name, n in wanted.items() if n > there.get(name, 0)
    ]
    return " and ".join(parts)


def _is_cluster() -> bool:
    return "RAY_ADDRESS" in os.environ
