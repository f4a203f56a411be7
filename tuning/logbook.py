"""Trials as they happen, in MLflow and in the sweep's folder. Only the driver writes: workers report to Tune."""

# mypy: disable-error-code="misc, override"
# (Ray Tune is typed only in part, and calls its callbacks by name.)
from __future__ import annotations

import dataclasses
import logging
from pathlib import Path
from typing import Any

from ray.tune import Callback
from ray.tune.experiment import Trial as TuneTrial
from rich.console import Console

from analysis.evaluation import Estimate, metrics
from analysis.measures import REWARD, TUNING
from config import Config
from training import tracking
from training.tracking import Run, Status
from tuning import sweep as sweeps
from tuning.space import trial_config
from tuning.sweep import State, Trial

ERROR_LENGTH = 200

log = logging.getLogger(__name__)


class Logbook(Callback):
    """Gives each trial a child run and keeps the folder's list of trials.

    Tune stores its callbacks with the sweep and brings them back when it is resumed. So a logbook is what it reads
    from the folder, and a trial that goes on finds its run there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runs: dict[str, Run] = {}
        self._over: list[Run] = []

    def __getstate__(self) -> dict[str, Any]:
        return {"_folder": self._folder, "_runs": {}, "_over": []}

    def setup(self, **_: Any) -> None:
        """Reads the folder."""
        self._sweep = sweeps.find(self._folder.name, str(self._folder.parent))
        self._trials = self._sweep.read_trials()

    def on_trial_start(self, trial: TuneTrial, **_: Any) -> None:
        """Starts the trial's run, or goes on with it."""
        values = {name: float(value) for name, value in trial.config.items()}
        known = self._trials.get(trial.trial_id, Trial(id=trial.trial_id, run_id="", values=values, state="running"))
        entry = dataclasses.replace(known, state="running", error="")
        run = tracking.start(
            trial_config(self._sweep.config, values),
            name=f"trial-{entry.number}",
            run_id=entry.run_id or None,
            parent_id=self._sweep.run_id,
            tags={"stage": "trial", "group": self._sweep.run_id},
        )
        self._runs[trial.trial_id] = run
        self._keep(dataclasses.replace(entry, run_id=run.id))

    def on_trial_result(self, trial: TuneTrial, result: dict[str, Any], **_: Any) -> None:
        """Adds to the curves, unless they have that point from before; the last result has the scores."""
        run, entry, step = self._runs[trial.trial_id], self._trials[trial.trial_id], result["env_steps"]
        if step > entry.env_steps:
            run.log_metrics(result.get("curves", {}), step=step)
            entry = self._trials[trial.trial_id] = dataclasses.replace(entry, env_steps=step)
        if scores := _scores(result):
            self._keep(dataclasses.replace(entry, scores=scores))
            run.log_metrics(metrics(scores, TUNING), step=step)

    def on_trial_complete(self, trial: TuneTrial, **_: Any) -> None:
        """Ends the run of a trial that has trained and scored."""
        self._end(trial, "finished", "FINISHED")

    def on_trial_error(self, trial: TuneTrial, **_: Any) -> None:
        """Ends the run of a trial that has failed; the sweep goes on."""
        if trial.trial_id not in self._runs:  # its process could not even start
            self.on_trial_start(trial)
        error = _last_line(trial.error_file)
        self._runs[trial.trial_id].set_tags({"error": error})
        self._end(trial, "failed", "FAILED", error)

    def on_experiment_end(self, trials: list[TuneTrial], **_: Any) -> None:
        """Ends what Ctrl-C has left running, and gives MLflow a last chance: none for the others where it fails one."""
        for trial in trials:
            if trial.trial_id in self._runs:
                self._end(trial, "interrupted", "KILLED")
        answers = True
        for run in self._over:
            answers = run.finish(patience_s=None if answers else 0.0)

    def _end(self, trial: TuneTrial, state: State, status: Status, error: str = "") -> None:
        self._keep(dataclasses.replace(self._trials[trial.trial_id], state=state, error=error))
        run = self._runs.pop(trial.trial_id)
        run.end(status)  # not finish: Tune's loop must not wait for MLflow
        self._over.append(run)
        self._close_settled()
        if self._sweep.config.training.progress and state != "interrupted":
            _say(self._trials[trial.trial_id], self._ended(), self._sweep.config)

    def _close_settled(self) -> None:
        """Ends the threads of the runs that MLflow has whole; a sweep may have thousands."""
        settled = [run for run in self._over if run.settled]
        for run in settled:
            run.finish()
        self._over = [run for run in self._over if run not in settled]

    def _ended(self) -> int:
        return sum(trial.state in ("finished", "failed") for trial in self._trials.values())

    def _keep(self, trial: Trial) -> None:
        self._trials[trial.id] = trial
        try:
            self._sweep.write_trials(self._trials)
        except OSError as error:
            log.warning("%s was not written: %s", self._folder / sweeps.TRIALS, error.strerror or error)


def _scores(result: dict[str, Any]) -> dict[str, Estimate]:
    return {name: Estimate(**score) for name, score in result.get("scores", {}).items()}


def _last_line(trace: str | None) -> str:
    """Of the file to which Tune has just added a trace: the exception and its message."""
    lines = Path(trace).read_text(encoding="utf-8").split("\n") if trace else []
    return next((line.strip()[:ERROR_LENGTH] for line in reversed(lines) if line.strip()), "unknown error")


def _say(trial: Trial, ended: int, config: Config) -> None:
    outcome = f"reward {trial.scores[REWARD]}" if trial.scores else f"failed: {trial.error}"
    point = "  ".join(f"{name} {value:.3g}" for name, value in trial.values.items())
    line = f"{ended}/{config.sweep.trials}  trial {trial.number}  {point}  {outcome}"
    Console(stderr=True, highlight=False).print(line, markup=False, soft_wrap=True)
