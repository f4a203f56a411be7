"""``python -m training``: one run from configuration to registered policy."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import config as configuration
from config import AlgoName, Config, UserError
from training import checkpoints

if TYPE_CHECKING:
    from training.export import PolicyNetwork
    from training.runner import TrainResult
    from training.tracking import Run, Status

HELP = """\
usage: python -m training [algo=ppo|sac] [market=NAME|PATH] [config=PATH] [key=value ...] [resume=RUN_OR_PATH]

Trains a policy, logs the run and the policy to MLflow and writes checkpoints.

  algo=sac                  another algorithm (default: ppo)
  market=gt1                another market: a shipped name or a YAML file (default: book)
  training.iterations=20    any value of config/default.yaml
  resume=RUN_OR_PATH        go on from a checkpoint, a run's folder or a run's id; further words override

RAY_ADDRESS names a running Ray cluster; without it Ray starts on this machine."""
GROUPS = {"algo", "market", "config"}  # words that name files
ROOT = "training.checkpoint_root="


def main(words: Sequence[str]) -> None:
    """Runs the command line ``words``; see HELP."""
    if {"-h", "--help"} & set(words):
        print(HELP)
        return
    config, resume = parse(words)
    from training import algorithms  # ray and torch take seconds, which help and mistakes need not wait for

    algorithms.check(config)
    start_ray()
    train_and_report(config, resume)


def parse(words: Sequence[str]) -> tuple[Config, Path | None]:
    """The configuration, and the checkpoint to go on from, whose configuration further words then override.

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
        if word.partition("=")[0] in GROUPS:
            raise UserError(f"{word} cannot be combined with resume, which keeps the run's own; leave it out")
    root = configuration.load([word for word in rest if word.startswith(ROOT)]).training.checkpoint_root
    checkpoint = checkpoints.find(named[0], Path(root))
    return configuration.load([f"config={checkpoint / checkpoints.CONFIG}", *rest]), checkpoint


def start_ray() -> None:
    """Connects to RAY_ADDRESS, or starts Ray here without dashboard and usage reports."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    import ray

    logging.getLogger("ray.rllib").setLevel(logging.ERROR)
    local = "RAY_ADDRESS" not in os.environ
    ray.init(include_dashboard=False if local else None, logging_level=logging.ERROR, log_to_driver=False)


def train_and_report(config: Config, resume: Path | None) -> None:
    """Trains under a tracked run, registers the policy and says what can be done next."""
    from training import tracking
    from training.runner import train

    run_id = None if resume is None else checkpoints.read_progress(resume).run_id
    run = tracking.start(config, name=f"{config.algo.name.value}-{config.market.name}", run_id=run_id)
    status: Status = "FAILED"
    try:
        result = train(config, run=run, resume=resume)
        print(f"run {run.id}: {result.iterations} iterations, {result.env_steps:,} env steps")
        if result.interrupted:
            print(f"go on with: python -m training resume={run.id}")
        else:
            _register(config, run, result)
        status = "KILLED" if result.interrupted else "FINISHED"
    finally:
        run.finish(status)


def policy_of(config: Config, result: TrainResult) -> PolicyNetwork:
    """The trained policy without Ray."""
    from analysis.policy import PolicyCard
    from envs import MarketMakingVectorEnv
    from training import export

    card = PolicyCard(
        observation=list(MarketMakingVectorEnv(config).columns),
        action=config.agent.action.value,
        low=config.agent.action_low,
        high=config.agent.action_high,
        market=config.market.name,
    )
    build = {AlgoName.ppo: export.from_ppo, AlgoName.sac: export.from_sac}[config.algo.name]
    return build(result.weights, config.algo.activation, card)


def _register(config: Config, run: Run, result: TrainResult) -> None:
    uri = run.log_model(policy_of(config, result), step=result.env_steps)
    print(f"policy: {uri or 'waits for MLflow with the rest of the run'}")
    print(f"checkpoint: {result.checkpoint or 'none'}")


if __name__ == "__main__":
    configuration.run(main)
