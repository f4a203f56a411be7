"""The training loop: iterate, report, checkpoint, stop cleanly, resume."""

# mypy: disable-error-code="no-untyped-call"
# (RLlib is typed only in part.)
from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ray.rllib.algorithms.algorithm import Algorithm
from ray.rllib.core import DEFAULT_MODULE_ID
from rich.console import Console

from config import Config
from training import checkpoints
from training.algorithms import build_config
from training.metrics import env_steps, select
from training.progress import ProgressLine

PATIENCE_S = 120.0  # without a sample: long enough to restart every runner
JUDGE_EVERY = 5  # iterations
Judge = Callable[[Mapping[str, Any]], dict[str, float]]  # what the module's weights are worth, under names to be logged


class Run(Protocol):
    """What the loop needs of a tracked run; see `training.tracking`."""

    id: str

    def log_metrics(self, metrics: dict[str, float], step: int) -> None:
        """Adds one point to each curve."""


@dataclass(frozen=True)
class TrainResult:
    """How a run ended."""

    checkpoint: Path | None  # the last one written; None if the disk refused
    iterations: int
    env_steps: int
    interrupted: bool  # by Ctrl-C, after a whole iteration
    metrics: dict[str, float]  # of the last iteration
    weights: dict[str, Any]  # state of the learner's module, as numpy arrays


def train(
    config: Config,
    *,
    run: Run,
    resume: Path | None = None,
    judge: Judge | None = None,
    on_iteration: Callable[[int, dict[str, float]], None] | None = None,
) -> TrainResult:
    """Trains until ``training.iterations`` iterations are done. Starts Ray with its defaults if nobody has.

    Args:
        config: the resolved configuration.
        run: gets the metrics; its id names the folder of checkpoints.
        resume: a checkpoint (see `checkpoints.find`) to go on from.
        judge: asked every few iterations; its numbers are shown and logged with the others.
        on_iteration: called with the iteration's number and metrics.

    """
    algorithm = build_config(config).build_algo()
    try:
        training = _Training(config, run, algorithm, judge)
        if resume is not None:
            training.restore(resume)
        with ProgressLine(config) as line, _ctrl_c() as interrupted:
            while training.iteration < config.training.iterations and not interrupted():
                metrics = training.iterate()
                line.show(training.iteration, training.env_steps, metrics)
                if on_iteration is not None:
                    on_iteration(training.iteration, metrics)
                if training.iteration % config.training.checkpoint_every == 0:
                    training.save()
            training.save()
            return training.result(interrupted())
    finally:
        algorithm.stop()


class _Training:
    """One algorithm on its way: counters, checkpoints, metrics."""

    def __init__(self, config: Config, run: Run, algorithm: Algorithm, judge: Judge | None) -> None:
        self.iteration = 0
        self.env_steps = 0
        self._config = config
        self._run = run
        self._algorithm = algorithm
        self._judge = judge
        self._folder = Path(config.training.checkpoint_root).resolve() / run.id
        self._checkpoint: Path | None = None
        self._saved = 0  # iteration of the last checkpoint, written or refused
        self._metrics: dict[str, float] = {}

    def restore(self, checkpoint: Path) -> None:
        """Goes on from ``checkpoint``; markets start new episodes."""
        self._algorithm.restore_from_path(str(checkpoint / checkpoints.ALGORITHM))
        progress = checkpoints.read_progress(checkpoint)
        self.iteration = self._saved = progress.iteration
        self.env_steps = progress.env_steps
        self._checkpoint = checkpoint

    def iterate(self) -> dict[str, float]:
        """One iteration that did sample; RLlib returns empty-handed while failed runners restart.

        Raises:
            RuntimeError: no runner has delivered for long.

        """
        began = time.perf_counter()
        while True:
            result = self._algorithm.train()
            steps = env_steps(result)
            if steps > self.env_steps:
                break
            if time.perf_counter() - began > PATIENCE_S:
                raise RuntimeError(f"no env runner has delivered a sample for {PATIENCE_S:.0f} s")
            time.sleep(0.5)
        seconds = time.perf_counter() - began
        speed = (steps - self.env_steps) / seconds
        self._metrics = select(result, self._config) | {
            "time/steps_per_s": speed,
            "time/iteration_s": seconds,
        }
        self.iteration, self.env_steps = self.iteration + 1, steps
        if self._judge is not None and self.iteration % JUDGE_EVERY == 0:
            self._metrics |= self._judge(self._weights())
        self._run.log_metrics(self._metrics, step=steps)
        return self._metrics

    def save(self) -> None:
        """Writes a checkpoint unless this iteration has one; a full disk costs a sentence, not the run."""
        if self._saved == self.iteration:
            return
        self._saved = self.iteration
        progress = checkpoints.Progress(run_id=self._run.id, iteration=self.iteration, env_steps=self.env_steps)
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

    def result(self, interrupted: bool) -> TrainResult:
        """How it ended."""
        return TrainResult(
            checkpoint=self._checkpoint,
            iterations=self.iteration,
            env_steps=self.env_steps,
            interrupted=interrupted,
            metrics=self._metrics,
            weights=self._weights(),
        )

    def _weights(self) -> dict[str, Any]:
        learners = self._algorithm.learner_group
        assert learners is not None
        weights: dict[str, Any] = learners.get_weights()[DEFAULT_MODULE_ID]
        return weights


@contextmanager
def _ctrl_c() -> Iterator[Callable[[], bool]]:
    """Lets the current iteration finish on the first Ctrl-C; a second one interrupts at once."""
    asked = False

    def ask(*_: object) -> None:
        nonlocal asked
        asked = True
        signal.signal(signal.SIGINT, before)
        Console(stderr=True).print("finishing this iteration; Ctrl-C again stops at once", style="yellow")

    try:
        before = signal.signal(signal.SIGINT, ask)
    except ValueError:  # not the main thread, as inside a Tune trial: nobody presses keys there
        yield lambda: False
        return
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, before)
