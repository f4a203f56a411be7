"""``python -m tuning``: one sweep from configuration to the coefficients worth training with."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

import config as configuration
from analysis.evaluation import metrics
from analysis.measures import HELD_OUT, MEASURES, REWARD
from config import Config, UserError, cli
from config.cli import Word, Words

if TYPE_CHECKING:
    from training.tracking import Run, Status
    from tuning.sweep import Sweep, Trial

ROOT = "sweep.root="


def sweep(words: Words) -> None:
    """Searches market_maker.inventory_skew, market_maker.alpha_skew and agent.inventory_penalty. Each trial trains a
    policy around the market maker's own quotes (agent.action=residual), and all are scored by one fixed evaluation; the
    best coefficients are written as a YAML file for python -m training config=PATH. sweep.* in config/default.yaml says
    how many trials there are, how many train at once, what is searched and what they are scored by. RAY_ADDRESS names a
    running Ray cluster; sweep.root must then be a folder that all its machines share.
    """
    config, earlier = parse(words)
    from training import tracking
    from training.cluster import start_ray

    tracking.check(config.tracking)
    start_ray()
    search_and_report(config, words.configuration, earlier)


def parse(words: Words) -> tuple[Config, Sweep | None]:
    """The configuration, and the sweep to go on with, whose configuration that is.

    Raises:
        UserError: one sentence.

    """
    rest, name = words.configuration, words.one("resume")
    if name:
        for word in rest:
            if not word.startswith(ROOT):
                raise UserError(f"{word} cannot be combined with resume, which keeps the sweep's own; leave it out")
    config = configuration.load(rest)
    from tuning import space, sweep  # ray and torch take seconds, which help and most mistakes need not wait for

    if name:
        earlier = sweep.find(name, config.sweep.root)
        return earlier.config, earlier
    space.refuse_words(rest)
    space.check(config)
    _check_root(Path(config.sweep.root))
    return config, None


def search_and_report(config: Config, words: Sequence[str], earlier: Sweep | None) -> None:
    """Runs the trials under a tracked parent run and says what they have found."""
    from training import tracking
    from training.signals import exit_code
    from tuning import search, space, sweep

    run = tracking.start(
        config,
        name=f"sweep-{config.algo.name.value}-{config.market.name}",
        run_id=earlier.run_id if earlier else None,
        tags={"stage": "sweep", "sweep.trials": str(config.sweep.trials)},
    )
    status: Status = "FAILED"
    try:
        current = earlier or sweep.create(run.id, config, words)
        print(_headline(current), flush=True)
        run.describe_sweep(_headline(current), space.KEYS)
        interrupted = (search.go_on if earlier else search.search)(current)
        status = _report(current, run)
    except (KeyboardInterrupt, SystemExit):
        status = "KILLED"
        raise
    finally:
        run.finish(status)
    if status != "FINISHED":
        raise SystemExit(exit_code(interrupted) if interrupted else 1)


def _report(sweep: Sweep, run: Run) -> Status:
    from tuning import report

    trials = report.ranked(sweep.read_trials().values())
    finished = [trial for trial in trials if trial.state == "finished"]
    failed = [trial for trial in trials if trial.state == "failed"]
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 160  # a log file has no width of its own
    console.print(report.table(trials, sweep.config))
    run.log_text(report.as_csv(trials), "trials.csv")
    run.set_tags({"sweep.finished": str(len(finished)), "sweep.failed": str(len(failed))})
    for trial in failed:
        print(f"trial {trial.number} failed: {trial.error}")
    if failed:
        print(f"the traces are below {_near(sweep.folder)}; try failed trials again with: {_again(sweep)}")
    if len(finished) + len(failed) < sweep.config.sweep.trials:
        print(f"{len(finished)} of {sweep.config.sweep.trials} trials are done; go on with: {_again(sweep)}")
        return "KILLED"
    if not finished:
        return "FAILED"
    _report_best(sweep, finished, run)
    return "FINISHED"


def _report_best(sweep: Sweep, finished: list[Trial], run: Run) -> None:
    from training.tracking import Scores
    from tuning import report, space

    best = finished[0]
    scores = report.held_out(sweep, best)
    path = report.write_best(sweep, best)
    run.log_file(path)
    run.set_tags({"best.trial": str(best.number), "best.run": best.run_id})
    run.describe_sweep(f"{_headline(sweep)}\n\n{report.markdown(finished, sweep.config)}", space.KEYS)
    run.log_scores(Scores.held_out(metrics(scores, HELD_OUT), sweep.config), step=len(finished))
    print(
        f"trial {best.number} is the best of {len(finished)} by the reward it is chosen by, "
        f"{best.scores[REWARD]}: selected, so optimistic"
    )
    print(
        f"its policy on {sweep.config.evaluation.episodes} held-out episodes (evaluation.seed): "
        + ", ".join(f"{one.label} {scores[name]}" for name, one in MEASURES.items())
    )
    print(f"best: {_near(path)}")
    print(f"next: {_next(sweep, path)}")


def _headline(sweep: Sweep) -> str:
    config, wanted = sweep.config, sweep.config.sweep
    return (
        f"sweep {sweep.run_id}: {wanted.trials} trials, {config.algo.name.value} on {config.market.name}, "
        f"{config.training.iterations} iterations each, {wanted.concurrent} at once\n"
        f"every trial is scored by its mean reward under evaluation.inventory_penalty = "
        f"{config.evaluation.inventory_penalty:g}, whatever it trains with"
    )


def _next(sweep: Sweep, path: Path) -> str:
    """The training that the user would start by hand, with the words which the sweep was given."""
    own = ("sweep.", "agent.action=")
    words = [word for word in sweep.words if not word.startswith(own)]
    return shlex.join(["python", "-m", "training", *words, f"config={_near(path)}"])


def _again(sweep: Sweep) -> str:
    words = [word for word in sweep.words if word.startswith(ROOT)]
    return shlex.join(["python", "-m", "tuning", f"resume={sweep.run_id}", *words])


def _near(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _check_root(root: Path) -> None:
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"sweep.root must be a folder to write to, but {root} is not: {error.strerror}") from None
    if not os.access(root, os.W_OK):
        raise UserError(f"sweep.root must be a folder to write to, but {root} is not")


RESUME = Word("resume", "RUN", "the id of a sweep's parent run: do what is missing or failed")
COMMAND = cli.Command(sweep, "tuning", [RESUME])

if __name__ == "__main__":
    cli.main(COMMAND, "python -m tuning")
