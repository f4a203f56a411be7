"""The training loop: iterate, report, checkpoint, stop cleanly, resume."""

# mypy: disable-error-code="no-untyped-call"
# (RLlib is typed only in part.)
from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from ray.exceptions import RayError
from ray.rllib.algorithms.algorithm import Algorithm
from ray.rllib.core import COMPONENT_LEARNER, COMPONENT_RL_MODULE, DEFAULT_MODULE_ID
from rich.console import Console

from config import Config, RunError
from training import checkpoints
from training.progress import ProgressLine
from training.rllib.algorithms import build_config
from training.rllib.env_runner import BatchedEnvRunner
from training.rllib.failures import Diverged, Failures
from training.rllib.metrics import RETURN, SKIPPED, env_steps, select
from training.signals import first_only_asks

SKIPPED_IN_A_ROW = 3  # iterations that sampled what is not finite: then its cause stays
SCORE_EVERY = 5  # iterations
OnIteration = Callable[[int, dict[str, float]], None]
Score = Callable[[Mapping[str, Any]], dict[str, float]]  # what the module's weights are worth, under names to be logged


class Curves(Protocol):
    """What the loop needs of a tracked run: its id, and somewhere to put points."""

    id: str

    def log_metrics(self, metrics: dict[str, float], step: int) -> None:
        """Adds one point to each curve."""


@dataclass(frozen=True)
class TrainResult:
    """How a run ended."""

    checkpoint: Path | None  # the last one written; None if the disk refused
    iterations: int
    env_steps: int
    interrupted: int  # the signal that ended it after a whole iteration, 0 if none did
    metrics: dict[str, float]  # of the last iteration
    curve: list[tuple[int, float]]  # env steps and train/return of every iteration, also of those before a resume
    weights: dict[str, Any]  # state of the learner's module, as numpy arrays


def train(
    config: Config,
    *,
    run: Curves,
    resume: Path | None = None,
    score: Score | None = None,
    on_iteration: OnIteration | None = None,
) -> TrainResult:
    """`built` and `train_built` in one."""
    with built(config, resume) as algorithm:
        return train_built(algorithm, config, run=run, resume=resume, score=score, on_iteration=on_iteration)


@contextmanager
def built(config: Config, resume: Path | None = None) -> Iterator[Algorithm]:
    """The algorithm with its runners and learners, in the state of ``resume``; they end with the block.

    Starts Ray with its defaults if nobody has. It tracks nothing: a run that cannot be gone on with stays as it was.

    Raises:
        UserError: ``resume`` (see `checkpoints.find`) cannot be read.

    """
    algorithm = build_config(config).build_algo()
    try:
        if resume is not None:
            with checkpoints.reading(resume):
                algorithm.restore_from_path(str(resume / checkpoints.ALGORITHM))
            _set_schedules(algorithm, checkpoints.read_progress(resume).env_steps)
            _send_weights(algorithm)
        yield algorithm
    finally:
        algorithm.stop()


def train_built(
    algorithm: Algorithm,
    config: Config,
    *,
    run: Curves,
    resume: Path | None = None,
    score: Score | None = None,
    on_iteration: OnIteration | None = None,
) -> TrainResult:
    """Trains until ``training.iterations`` iterations are done.

    Args:
        algorithm: of `built`.
        config: the resolved configuration.
        run: gets the metrics; its id names the folder of checkpoints.
        resume: the checkpoint that ``algorithm`` goes on from.
        score: asked every few iterations; its numbers are shown and logged with the others.
        on_iteration: called with the iteration's number and metrics.

    Raises:
        RunError: the policy has diverged, no runner has delivered for long, or nothing can be learned from.

    """
    training = _Training(config, run, algorithm, score, resume)
    with ProgressLine(config) as line, first_only_asks("finishing this iteration") as interrupted:
        try:
            while training.iteration < config.training.iterations and not interrupted():
                metrics = training.iterate()
                line.show(training.iteration, training.env_steps, metrics)
                if on_iteration is not None:
                    on_iteration(training.iteration, metrics)
                if training.iteration % config.training.checkpoint_every == 0:
                    training.save()
        finally:  # also what a lost machine or a full disk has left
            training.save()
        return training.result(interrupted())


def _set_schedules(algorithm: Algorithm, env_steps: int) -> None:
    """Where this plan has them: what was restored is where the plan of then had them, at its end perhaps."""

    def put(learner: Any, _: Any = None) -> None:
        learner.set_schedules(env_steps)

    assert algorithm.learner_group is not None
    algorithm.learner_group.foreach_learner(put)


def _send_weights(algorithm: Algorithm) -> None:
    """Waits until every runner has what was restored: RLlib does not, and some would sample with fresh weights."""
    learners, runners = algorithm.learner_group, algorithm.env_runner_group
    assert learners is not None
    assert runners is not None
    weights = f"{COMPONENT_LEARNER}/{COMPONENT_RL_MODULE}"
    state = learners.get_state(components=weights, inference_only=True)[COMPONENT_LEARNER]
    runners.foreach_env_runner(lambda runner: cast("BatchedEnvRunner", runner).set_state(state))


class _Training:
    """One algorithm on its way: counters, checkpoints, metrics."""

    def __init__(
        self, config: Config, run: Curves, algorithm: Algorithm, score: Score | None, checkpoint: Path | None
    ) -> None:
        done = checkpoints.Progress(run.id, 0, 0) if checkpoint is None else checkpoints.read_progress(checkpoint)
        self.iteration = self._saved = done.iteration  # _saved: of the last checkpoint, written or refused
        self.env_steps = done.env_steps
        self._config = config
        self._run = run
        self._algorithm = algorithm
        self._score = score
        self._folder = Path(config.training.checkpoint_root).resolve() / run.id
        self._checkpoint = checkpoint
        self._sound = True  # whether what the learner holds is worth keeping
        self._skipped = 0  # iterations in a row that have left something out
        self._metrics: dict[str, float] = {}
        self._curve = list(done.curve)

    def iterate(self) -> dict[str, float]:
        """One iteration that did sample; RLlib returns empty-handed while failed runners restart.

        Raises:
            RunError: the policy has diverged, no runner has delivered for long, or nothing can be learned from.

        """
        began = time.perf_counter()
        result, steps = self._sampled(began)
        seconds = time.perf_counter() - began
        speed = (steps - self.env_steps) / seconds
        self._check(select(result, self._config))
        self._metrics = select(result, self._config) | {
            "time/steps_per_s": speed,
            "time/iteration_s": seconds,
        }
        self.iteration, self.env_steps = self.iteration + 1, steps
        if self._score is not None and self.iteration % SCORE_EVERY == 0:
            self._metrics |= self._score(self._weights())
        if RETURN in self._metrics:
            self._curve.append((steps, self._metrics[RETURN]))
        self._run.log_metrics(self._metrics, step=steps)
        return self._metrics

    def _sampled(self, began: float) -> tuple[dict[str, Any], int]:
        """What an iteration that did sample has given, and the env steps since the run began."""
        patience_s = self._config.training.patience_s
        with Failures() as failures:
            while True:
                try:
                    result = self._algorithm.train()
                except (Diverged, RayError) as error:
                    if isinstance(getattr(error, "cause", error), Diverged):  # a learner's own, or through Ray
                        raise self._diverged("actions are") from None
                    raise RunError(f"Ray has failed: {' '.join(str(error).split())}") from error
                steps = env_steps(result)
                if failures.diverged:
                    raise self._diverged("actions are")
                if steps > self.env_steps:
                    return result, steps
                if time.perf_counter() - began > patience_s:
                    because = f"; the last one failed with {failures.last}" if failures.last else ""
                    raise RunError(
                        f"no env runner has delivered a sample for training.patience_s = {patience_s:g} s{because}"
                    )
                time.sleep(0.5)

    def _check(self, metrics: Mapping[str, float]) -> None:
        """Ends a run that has nothing finite to learn from, or has learned something that is not."""
        self._skipped = self._skipped + 1 if metrics.get(SKIPPED) else 0
        if self._skipped == SKIPPED_IN_A_ROW:
            raise RunError(
                f"rewards or observations were not finite in {self._skipped} iterations in a row, and nothing was "
                f"learned from them"
            )
        if not all(bool(np.isfinite(value).all()) for value in self._weights().values()):
            raise self._diverged("weights are")
        if not self._skipped and metrics.get("train/diverged"):
            raise self._diverged("losses are")

    def _diverged(self, what: str) -> RunError:
        """The end of a run whose policy is none any more; what the learner holds is not saved."""
        self._sound = False
        return RunError(f"training diverged: {what} not finite after iteration {max(1, self.iteration)}; lower algo.lr")

    def save(self) -> None:
        """Writes a checkpoint unless this iteration has one; a full disk costs a sentence, not the run."""
        if self._saved == self.iteration or not self._sound:
            return
        self._saved = self.iteration
        progress = checkpoints.Progress(self._run.id, self.iteration, self.env_steps, self._metrics, self._curve)
        try:
            self._checkpoint = checkpoints.write(
                self._folder, progress, self._config, lambda folder: self._algorithm.save_to_path(str(folder))
            )
        except OSError as error:
            Console(stderr=True).print(
                f"warning: the checkpoint of iteration {self.iteration} was not written to {self._folder}: "
                f"{error.strerror or error}",
                style="yellow",
            )

    def result(self, interrupted: int) -> TrainResult:
        """How it ended."""
        return TrainResult(
            checkpoint=self._checkpoint,
            iterations=self.iteration,
            env_steps=self.env_steps,
            interrupted=interrupted,
            metrics=self._metrics,
            curve=self._curve,
            weights=self._weights(),
        )

    def _weights(self) -> dict[str, Any]:
        learners = self._algorithm.learner_group
        assert learners is not None
        weights: dict[str, Any] = learners.get_weights()[DEFAULT_MODULE_ID]
        return weights
