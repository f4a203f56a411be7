"""The search itself: Ray Tune draws points, runs trials side by side and remembers where it was."""

from __future__ import annotations

import logging
import os
import signal
import sys
from typing import Any

from ray import tune
from ray.tune.search.basic_variant import BasicVariantGenerator

from config import to_dict
from training.signals import exit_code, first_only_asks
from tuning.logbook import Logbook
from tuning.space import param_space
from tuning.sweep import Sweep
from tuning.trial import run_trial

EXPERIMENT = "tune"  # Tune's folder in the sweep's
QUIET = {
    "RAY_AIR_NEW_OUTPUT": "0",  # the newer output cannot be silenced
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # curves are in MLflow; no second and third copy
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # `_end_early` takes Ctrl-C, and SIGTERM too
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",  # the logbook has one sentence for each; Tune's folder the whole trace
}


def search(sweep: Sweep) -> int:
    """Runs the sweep's trials. What became of them is in ``sweep.read_trials()``.

    Returns:
        The signal that has ended it early, 0 if none did.

    """
    wanted = sweep.config.sweep
    _be_quiet()
    tuner = tune.Tuner(
        _trainable(sweep),
        param_space=param_space(wanted),
        tune_config=tune.TuneConfig(
            num_samples=wanted.trials,
            search_alg=BasicVariantGenerator(max_concurrent=wanted.concurrent, random_state=sweep.config.seed),
        ),
        run_config=tune.RunConfig(
            name=EXPERIMENT,
            storage_path=str(sweep.folder),
            callbacks=[Logbook(sweep.folder)],
            failure_config=tune.FailureConfig(max_failures=0, fail_fast=False),
            verbose=0,
        ),
    )
    return _fit(tuner)


def go_on(sweep: Sweep) -> int:
    """Runs the trials that are missing or failed, each from its last checkpoint; otherwise as `search`."""
    if not sweep.read_trials():  # interrupted before the first
        return search(sweep)
    _be_quiet()
    return _fit(tune.Tuner.restore(str(sweep.folder / EXPERIMENT), _trainable(sweep), resume_errored=True))


def _trainable(sweep: Sweep) -> Any:
    with_config = tune.with_parameters(run_trial, config=to_dict(sweep.config), trial_root=str(sweep.trial_root))
    return tune.with_resources(with_config, {"cpu": 1, "gpu": sweep.config.training.gpus_per_learner})


def _be_quiet() -> None:
    os.environ.update(QUIET)
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)


def _fit(tuner: tune.Tuner) -> int:
    before = signal.getsignal(signal.SIGUSR1)
    try:
        with first_only_asks("stopping the trials", _end_early) as interrupted:
            tuner.fit()
            return interrupted()
    finally:
        signal.signal(signal.SIGUSR1, before)  # Tune takes it and does not give it back


def _end_early(number: int) -> None:
    """Tune ends its trials and says how they stood on SIGUSR1, once it has begun."""
    if not callable(signal.getsignal(signal.SIGUSR1)):
        sys.exit(exit_code(number))
    signal.raise_signal(signal.SIGUSR1)
