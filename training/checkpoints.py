"""Checkpoints on disk: written aside and renamed, so that a folder with a final name is always complete."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import yaml

from config import Config, UserError, to_dict

KEPT = 3  # newest checkpoints of a run that stay
LATEST = "latest"  # file with the name of the newest checkpoint
CONFIG = "config.yaml"
PROGRESS = "progress.json"
ALGORITHM = "algorithm"  # folder with RLlib's own files: pickles, so load only what you trust


@dataclass(frozen=True)
class Progress:
    """How far a run had come when a checkpoint was written."""

    run_id: str
    iteration: int
    env_steps: int
    metrics: dict[str, float] = field(default_factory=dict)  # of the last iteration


def write(folder: Path, progress: Progress, config: Config, save: Callable[[Path], object]) -> Path:
    """Writes a checkpoint of a run into ``folder`` and forgets all but the newest few.

    Args:
        folder: the run's own folder.
        progress: stored in it, and names it.
        config: stored resolved, as YAML.
        save: writes RLlib's files into the empty folder it is given.

    Raises:
        OSError: nothing of it is left behind.

    """
    final = folder / f"iteration-{progress.iteration:06d}"
    part = folder / f".{final.name}.part"
    try:
        shutil.rmtree(part, ignore_errors=True)
        (part / ALGORITHM).mkdir(parents=True)
        (part / CONFIG).write_text(yaml.safe_dump(to_dict(config), sort_keys=False))
        (part / PROGRESS).write_text(json.dumps(asdict(progress)))
        save(part / ALGORITHM)
        shutil.rmtree(final, ignore_errors=True)
        part.rename(final)
        _point(folder, final.name)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    for old in sorted(folder.glob("iteration-*"))[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return final


def find(name: str, root: Path) -> Path:
    """The checkpoint that ``name`` means: its folder, a run's folder, or a run's id below ``root``.

    Raises:
        UserError: there is none.

    """
    for folder in (Path(name), root / name):
        if (folder / PROGRESS).is_file():
            return folder.resolve()
        if (folder / LATEST).is_file():
            return (folder / (folder / LATEST).read_text().strip()).resolve()
    raise UserError(f"resume must be a checkpoint, a run's folder or a run id with one in {root}, but it is {name}")


def read_progress(checkpoint: Path) -> Progress:
    """What `write` stored about how far the run had come."""
    return Progress(**json.loads((checkpoint / PROGRESS).read_text()))


def _point(folder: Path, name: str) -> None:
    pointer = folder / f".{LATEST}"
    pointer.write_text(name)
    pointer.replace(folder / LATEST)
