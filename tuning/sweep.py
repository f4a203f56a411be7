"""A sweep's folder: its configuration, what became of each trial, and the files of the trials.

``config.yaml`` and ``sweep.json`` say what was asked for, ``trials.json`` what came of it; ``tune/`` is Ray Tune's,
``trials/ID/`` has the checkpoints and the policy of a trial, ``best.yaml`` the result.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import yaml

from analysis.evaluation import Estimate
from config import Config, UserError, from_dict, to_dict

State = Literal["running", "finished", "failed", "interrupted"]

CONFIG = "config.yaml"
REQUEST = "sweep.json"
TRIALS = "trials.json"


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One point of the space and what became of it."""

    id: str  # Tune's
    run_id: str  # MLflow's
    values: dict[str, float]  # coefficients
    state: State
    env_steps: int = 0  # of the last point of its curves
    scores: dict[str, Estimate] = field(default_factory=dict)  # of the fixed evaluation; see `analysis.measures`
    error: str = ""

    @property
    def number(self) -> int:
        """From 0, in the order in which points are drawn."""
        return int(self.id.rpartition("_")[2])


@dataclass(frozen=True)
class Sweep:
    """One sweep on disk. The folder is named by the id of its MLflow run."""

    folder: Path
    config: Config
    words: list[str]  # of the command line

    @property
    def run_id(self) -> str:
        """Of the parent run."""
        return self.folder.name

    @property
    def trial_root(self) -> Path:
        """The folder of the trials' own folders."""
        return self.folder / "trials"

    def policy(self, trial: Trial) -> Path:
        """Where the trained policy of ``trial`` is."""
        return policy_folder(self.trial_root, trial.id)

    def read_trials(self) -> dict[str, Trial]:
        """The trials that have started, by id."""
        path = self.folder / TRIALS
        entries = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
        return {entry["id"]: _trial(entry) for entry in entries}

    def write_trials(self, trials: dict[str, Trial]) -> None:
        """Replaces what `read_trials` gives."""
        entries = [dataclasses.asdict(trial) for trial in trials.values()]
        write(self.folder / TRIALS, json.dumps(entries, indent=1) + "\n")


def create(run_id: str, config: Config, words: Sequence[str]) -> Sweep:
    """A new sweep's folder in ``sweep.root``."""
    folder = Path(config.sweep.root).resolve() / run_id
    folder.mkdir(parents=True)
    write(folder / CONFIG, yaml.safe_dump(to_dict(config), sort_keys=False))
    write(folder / REQUEST, json.dumps({"folder": str(folder), "words": list(words)}, indent=1) + "\n")
    return Sweep(folder, config, list(words))


def find(run_id: str, root: str) -> Sweep:
    """The sweep whose parent run is ``run_id``.

    Raises:
        UserError: there is none in ``root``, or it has been moved.

    """
    folder = Path(root).resolve() / run_id
    try:
        request = json.loads((folder / REQUEST).read_text(encoding="utf-8"))
        values = yaml.safe_load((folder / CONFIG).read_text(encoding="utf-8"))
    except OSError:
        raise UserError(
            f"resume must be the id of a sweep's parent run with a folder in {root}, but it is {run_id}"
        ) from None
    if request["folder"] != str(folder):
        raise UserError(f"resume needs the sweep where it was started, in {request['folder']}, but it is in {folder}")
    return Sweep(folder, from_dict(values), request["words"])


def policy_folder(trial_root: Path, trial_id: str) -> Path:
    """Where a trial leaves its policy."""
    return trial_root / trial_id / "policy"


def write(path: Path, text: str) -> None:
    """Writes aside and renames: a reader finds the old text or the new one, never half of it."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _trial(entry: dict[str, object]) -> Trial:
    scores = entry.pop("scores")
    assert isinstance(scores, dict)
    return Trial(**entry, scores={name: Estimate(**score) for name, score in scores.items()})  # type: ignore[arg-type]
