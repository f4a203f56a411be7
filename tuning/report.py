"""What a sweep has found: the table of trials, the best one's coefficients, what they are worth held out."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

import yaml
from rich.table import Table

from analysis.evaluation import Estimate, simulate, summary
from analysis.measures import MEASURES, REWARD
from analysis.policy import load
from analysis.report import markdown_table
from config import Config
from tuning.space import SECTIONS, overlay, trial_config
from tuning.sweep import Sweep, Trial, write

BEST = "best.yaml"


def ranked(trials: Iterable[Trial]) -> list[Trial]:
    """The finished trials from the best reward down, then the others as they were drawn."""
    trials = list(trials)
    finished = [trial for trial in trials if trial.state == "finished"]
    others = [trial for trial in trials if trial.state != "finished"]
    return sorted(finished, key=lambda t: -t.scores[REWARD].mean) + sorted(others, key=lambda t: t.number)


def table(trials: list[Trial], config: Config) -> Table:
    """``trials`` in their order, with intervals over episodes."""
    shown = Table(title=_title(config), title_justify="left")
    for heading in _headings():
        shown.add_column(heading, justify="right" if heading else "left")
    for trial in trials:
        shown.add_row(*_cells(trial))
    return shown


def markdown(trials: list[Trial], config: Config) -> str:
    """The same for a page that shows Markdown."""
    return f"{_title(config)}\n\n{markdown_table([_headings(), *map(_cells, trials)])}"


def _title(config: Config) -> str:
    evaluation = config.evaluation
    return f"{evaluation.tuning_episodes} episodes, the same for all; {evaluation.confidence:.0%} intervals"


def _headings() -> list[str]:
    return ["trial", *SECTIONS, *(one.label for one in MEASURES.values()), ""]


def _cells(trial: Trial) -> list[str]:
    point = [f"{trial.values[name]:.4g}" for name in SECTIONS]
    finished = trial.state == "finished"
    scores = [str(trial.scores[name]) if finished else "" for name in MEASURES]
    return [str(trial.number), *point, *scores, "" if finished else trial.state]


def as_csv(trials: list[Trial]) -> str:
    """``trials`` in their order; columns ``*_low`` and ``*_high`` are the ends of intervals."""
    text = io.StringIO()
    ends = [f"{name}{end}" for name in MEASURES for end in ("", "_low", "_high")]
    rows = csv.DictWriter(text, ["trial", "run_id", *SECTIONS, *ends, "state", "error"], lineterminator="\n")
    rows.writeheader()
    for trial in trials:
        numbers: dict[str, float] = {}
        for name, score in trial.scores.items():
            numbers |= {name: score.mean, f"{name}_low": score.low, f"{name}_high": score.high}
        about = {"trial": trial.number, "run_id": trial.run_id, "state": trial.state, "error": trial.error}
        rows.writerow({**about, **trial.values, **numbers})
    return text.getvalue()


def write_best(sweep: Sweep, best: Trial) -> Path:
    """Writes the overlay of the best coefficients, for ``python -m training config=PATH``."""
    path = sweep.folder / BEST
    write(path, f"# trial {best.number} of sweep {sweep.run_id}\n" + yaml.safe_dump(overlay(sweep.config, best.values)))
    return path


def held_out(sweep: Sweep, best: Trial) -> dict[str, Estimate]:
    """Scores of the best trial's policy on episodes that had no part in choosing it."""
    fresh = sweep.config.evaluation
    config = trial_config(sweep.config, best.values)
    episodes = simulate(load(sweep.policy(best)), config, episodes=fresh.episodes, seed=fresh.seed)
    return summary(episodes, fresh.confidence)
