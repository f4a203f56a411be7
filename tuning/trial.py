"""One trial, in a process of its own: train, leave the policy on disk, score it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from ray import tune

from analysis.evaluation import simulate, summary
from analysis.policy import TrainedPolicy
from config import Config, UserError, from_dict, replace
from training import checkpoints, policies
from training.loop import train
from tuning.space import trial_config
from tuning.sweep import policy_folder


class Curves:
    """The run of a training loop inside a trial: MLflow is told by the driver, which gets the metrics from Tune."""

    def __init__(self, trial_id: str) -> None:
        self.id = trial_id

    def log_metrics(self, metrics: dict[str, float], step: int) -> None:
        """Reports one point of each curve."""
        tune.report({"curves": metrics, "env_steps": step})


def run_trial(values: dict[str, float], config: dict[str, Any], trial_root: str) -> None:
    """Tune's trainable: trains with the coefficients ``values``, then reports the scores of the policy.

    A trial that was interrupted goes on from its last checkpoint.

    Args:
        values: what Tune has drawn.
        config: of the sweep, as `config.to_dict` gives it.
        trial_root: folder of the trials' own folders; on a cluster, one that all machines share.

    """
    trial_id = tune.get_context().get_trial_id()
    settings = trial_config(from_dict(config), values)
    settings = replace(settings, training={"checkpoint_root": trial_root})
    curves, checkpoint = Curves(trial_id), _checkpoint(trial_id, Path(trial_root))
    if checkpoint is not None:
        _report_again(curves, checkpoint)
    result = train(settings, run=curves, resume=checkpoint)
    network = policies.policy_of(settings, result.weights)
    policies.save(network, policy_folder(Path(trial_root), trial_id))
    scores = score(TrainedPolicy(network, network.card), settings)
    tune.report({"scores": scores, "env_steps": result.env_steps})


def score(policy: TrainedPolicy, config: Config) -> dict[str, dict[str, float]]:
    """Every measure on the episodes by which trials are compared, as plain numbers."""
    seen = config.evaluation
    episodes = simulate(policy, config, episodes=seen.tuning_episodes, seed=seen.tuning_seed)
    return {name: dataclasses.asdict(estimate) for name, estimate in summary(episodes, seen.confidence).items()}


def _report_again(curves: Curves, checkpoint: Path) -> None:
    """Tune can end a trial inside `tune.report`: the checkpoint then has a point that the driver may not have."""
    progress = checkpoints.read_progress(checkpoint)
    curves.log_metrics(progress.metrics, progress.env_steps)


def _checkpoint(trial_id: str, trial_root: Path) -> Path | None:
    try:
        return checkpoints.find(trial_id, trial_root)
    except UserError:
        return None
