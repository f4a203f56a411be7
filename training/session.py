"""One training from start to end: a tracked run, the loop, the comparison with the rules, the registered policy."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from analysis import report
from analysis.evaluation import exact_value, solvable
from analysis.optimum import Problem, gap, solve
from analysis.policy import TrainedPolicy
from config import Config
from training import checkpoints, policies, tracking
from training.loop import TrainResult, built, train_built
from training.policies import PolicyNetwork
from training.signals import exit_code
from training.tracking import Run


def run(config: Config, resume: Path | None, files: Sequence[Path] = ()) -> None:
    """Trains under a tracked run that keeps ``files`` too, compares and registers the policy, says what can be next.

    Args:
        config: the resolved configuration.
        resume: a checkpoint to go on from.
        files: kept as artifacts.

    Raises:
        SystemExit: a signal has ended it after a whole iteration.
        UserError: ``resume`` cannot be read; its run stays as it was.

    """
    with built(config, resume) as algorithm, _started(config, resume) as tracked:
        for path in files:
            tracked.log_file(path)
        result = train_built(algorithm, config, run=tracked, resume=resume, score=exact_gap(config))
        print(f"run {tracked.id}: {result.iterations} iterations, {result.env_steps:,} env steps")
        if result.interrupted:
            print(f"go on with: python -m training resume={tracked.id}")
            raise SystemExit(exit_code(result.interrupted))
        _conclude(config, tracked, result)


def _started(config: Config, resume: Path | None) -> Run:
    """A new run, or the one that is gone on with: from anything but its last checkpoint that is a child of its own."""
    name = f"{config.algo.name.value}-{config.market.name}-s{config.seed}"
    if resume is None:
        return tracking.start(config, name=name)
    done = checkpoints.read_progress(resume)
    if checkpoints.is_last(resume):
        return tracking.start(config, name=name, run_id=done.run_id)
    parent_id = done.run_id if tracking.knows(config, done.run_id) else None
    tags = {"forked_from": f"{done.run_id} after iteration {done.iteration}"}
    return tracking.start(config, name=f"{name}-fork", parent_id=parent_id, tags=tags)


def exact_gap(config: Config) -> Callable[[Mapping[str, Any]], dict[str, float]] | None:
    """For `training.loop.train`: how far what has been learned is from the optimum, where that is known."""
    if not solvable(config, config.agent.action):
        return None
    optimum = solve(Problem.of(config)).at_start

    def gap_of(weights: Mapping[str, Any]) -> dict[str, float]:
        network = policies.policy_of(config, weights)
        return {"train/gap": gap(optimum, exact_value(TrainedPolicy(network, network.card), config))}

    return gap_of


def _conclude(config: Config, tracked: Run, result: TrainResult) -> None:
    """The policy on disk and in MLflow, the table against the rules, and the next commands.

    The policy comes first: whatever goes wrong in the comparison, what was learned is kept.
    """
    network = policies.policy_of(config, result.weights)
    _save(network, Path(config.training.checkpoint_root) / tracked.id / "policy")
    try:
        comparison = report.compare(TrainedPolicy(network, network.card, name=config.algo.name.value), config)
    except Exception:
        tracked.log_model(network, step=result.env_steps)
        raise
    report.show(comparison, config)
    tracked.log_metrics(comparison.metrics(), step=result.env_steps)
    tracked.log_text(report.text(comparison, config), "evaluation.txt")
    uri = tracked.log_model(network, step=result.env_steps, scores=comparison.metrics())
    print(f"model in MLflow: {uri or tracked.waits}")
    print("next, runs and models in the browser:  make ui")
    print(f"next, train this one for longer:       make train ARGS='resume={tracked.id} training.iterations=...'")


def _save(network: PolicyNetwork, folder: Path) -> None:
    """Writes the policy; a full disk costs a sentence, MLflow gets it all the same."""
    try:
        policies.save(network, folder)
    except OSError as error:
        print(f"warning: the policy was not written to {folder}: {error.strerror or error}", file=sys.stderr)
    else:
        print(f"policy without Ray: {folder}", flush=True)
