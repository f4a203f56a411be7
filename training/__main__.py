"""``python -m training``: one run from configuration to checkpoint."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path

import config as configuration
from config import Config, UserError
from training import checkpoints

HELP = """\
usage: python -m training [algo=ppo|sac] [market=NAME|PATH] [config=PATH] [key=value ...] [resume=RUN_OR_PATH]

Trains a policy, logs the run to MLflow and writes checkpoints.

  algo=sac                      another algorithm (default: ppo)
  market=gt1                    another market, shipped or a YAML file of yours (default: book)
  training.iterations=20        any value of config/default.yaml
  resume=RUN_OR_PATH            go on from a checkpoint, a run's folder or a run's id; further words override

RAY_ADDRESS names a running Ray cluster; without it Ray starts here."""


def main(words: Sequence[str]) -> None:
    """Runs the command line ``words``."""
    if set(words) & {"-h", "--help"}:
        print(HELP)
        return
    config, resume = parse(words)
    from training.algorithms import check  # imports ray and torch: seconds that help and typing errors do not need

    check(config)
    start_ray()
    run_and_report(config, resume)


def parse(words: Sequence[str]) -> tuple[Config, Path | None]:
    """The configuration, and the checkpoint to go on from: then its configuration with the further words laid over.

    Raises:
        UserError: one sentence.
    """
    rest = [word for word in words if not word.startswith("resume=")]
    named = [word.removeprefix("resume=") for word in words if word.startswith("resume=")]
    if not named:
        return configuration.load(rest), None
    if len(named) > 1:
        raise UserError(f"resume must be given once, but it is given as {' and '.join(named)}")
    for word in rest:
        if word.partition("=")[0] in {"algo", "market", "config"}:
            raise UserError(f"{word} cannot be combined with resume, which keeps the run's own; leave it out")
    root = Path(configuration.load([w for w in rest if w.startswith("training.checkpoint_root=")]).training.checkpoint_root)
    checkpoint = checkpoints.find(named[0], root)
    return configuration.load([f"config={checkpoint / checkpoints.CONFIG}", *rest]), checkpoint


def start_ray() -> None:
    """Connects to RAY_ADDRESS, or starts Ray on this machine without dashboard and usage reports."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    import ray

    local = {} if os.environ.get("RAY_ADDRESS") else {"include_dashboard": False}
    ray.init(logging_level="ERROR", log_to_driver=False, **local)


def run_and_report(config: Config, resume: Path | None) -> None:
    """Trains under a tracked run and says what can be done next."""
    from training import tracking
    from training.runner import train

    run_id = checkpoints.read_progress(resume).run_id if resume is not None else None
    run = tracking.start(config, run_id=run_id)
    status = "FAILED"
    try:
        result = train(config, run=run, resume=resume)
        status = "KILLED" if result.interrupted else "FINISHED"
    finally:
        run.finish(status)
    print(f"run {run.id}: {result.iterations} iterations, {result.env_steps:,} env steps")
    if result.interrupted:
        print(f"interrupted; go on with: python -m training resume={run.id}")


if __name__ == "__main__":
    configuration.run(main)
