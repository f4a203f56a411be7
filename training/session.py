"""One training from start to end: a tracked run, the loop, the comparison with the rules, the registered policy."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from analysis import pictures, report, setting
from analysis.evaluation import exact_value, solvable
from analysis.optimum import Problem, gap, solve
from analysis.policy import Rule, TrainedPolicy
from analysis.report import Comparison
from config import Config
from training import checkpoints, description, policies, tracking
from training.loop import TrainResult, built, train_built
from training.policies import PolicyNetwork
from training.signals import exit_code
from training.tracking import Run, Scores, provenance


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
        tracked.log_model(
            network, step=result.env_steps, description=description.of_version(None, config, result.env_steps)
        )
        raise
    report.show(comparison, config)
    uri = track(config, tracked, result, network, comparison)
    print(f"model in MLflow: {uri or tracked.waits}")
    print("next, runs and models in the browser:  make ui")
    print(f"next, train this one for longer:       make train ARGS='resume={tracked.id} training.iterations=...'")


def track(
    config: Config, tracked: Run, result: TrainResult, network: PolicyNetwork, comparison: Comparison
) -> str | None:
    """Everything that MLflow keeps of the end of a training, the model first; the model's address."""
    step = result.env_steps
    scores = Scores.held_out(comparison.metrics(comparison.policy), config)
    tracked.log_scores(scores, step)
    uri = tracked.log_model(
        network, step=step, scores=scores, description=description.of_version(comparison, config, step)
    )
    tracked.describe(description.of_run(comparison, config, step))
    tracked.log_text(report.text(comparison, config), "evaluation.txt")
    tracked.log_bytes(report.parquet(comparison), "episodes.parquet")
    for name, picture in pictures.draw(comparison, result.curve, config).items():
        tracked.log_bytes(picture, f"pictures/{name}")
    for rule in comparison.rules:
        _track_rule(config, tracked, rule, comparison)
    return uri


def _track_rule(config: Config, tracked: Run, rule: Rule, comparison: Comparison) -> None:
    """A rule as a run of its own, so that it stands beside the policies in MLflow's tables and charts."""
    tags = {"stage": "rule", "algo": rule.name, "market": config.market.name}
    tracked.log_beside(
        f"{rule.name.replace(' ', '-').lower()}-{config.market.name}",
        Scores.held_out(comparison.metrics(rule.name), config),
        tags=tags | {tracking.DESCRIPTION: description.of_rule(rule, comparison, config)},
        params=provenance.flatten(setting.episodes(config) | {"rule": dict(rule.coefficients)}),
    )


def _save(network: PolicyNetwork, folder: Path) -> None:
    """Writes the policy; a full disk costs a sentence, MLflow gets it all the same."""
    try:
        policies.save(network, folder)
    except OSError as error:
        print(f"warning: the policy was not written to {folder}: {error.strerror or error}", file=sys.stderr)
    else:
        print(f"policy without Ray: {folder}", flush=True)
