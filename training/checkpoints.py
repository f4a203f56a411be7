"""Checkpoints on disk: written aside and renamed, so that a folder with a final name is always complete."""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import yaml

from config import Config, UserError, to_dict

KEPT = 3  # newest checkpoints of a run that stay
LATEST = "latest"  # file with the name of the newest checkpoint
CONFIG = "config.yaml"
PROGRESS = "progress.json"
VERSIONS = "versions.json"
PACKAGES = ("adaptive-mm", "ray", "torch", "numpy")  # whose objects are in the pickles
ALGORITHM = "algorithm"  # folder with RLlib's own files: pickles, so load only what you trust


@dataclass(frozen=True)
class Progress:
    """How far a run had come when a checkpoint was written."""

    run_id: str
    iteration: int
    env_steps: int
    metrics: dict[str, float] = field(default_factory=dict)  # of the last iteration
    curve: list[tuple[int, float]] = field(default_factory=list)  # env steps and train/return of every iteration


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
        (part / VERSIONS).write_text(json.dumps(_versions()))
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

    Of a run's folder it is the latest that is still there.

    Raises:
        UserError: there is none.

    """
    for folder in (Path(name), root / name):
        latest = [folder / (folder / LATEST).read_text().strip()] if (folder / LATEST).is_file() else []
        for found in (folder, *latest, *sorted(folder.glob("iteration-*"), reverse=True)):
            if (found / PROGRESS).is_file():
                return found.resolve()
    raise UserError(f"resume must be a checkpoint, a run's folder or a run id with one in {root}, but it is {name}")


def is_last(checkpoint: Path) -> bool:
    """Whether it is the latest of its run, in whose folder it stands."""
    return (checkpoint.parent / LATEST).is_file() and find(str(checkpoint.parent), checkpoint.parent) == checkpoint


def read_progress(checkpoint: Path) -> Progress:
    """What `write` stored about how far the run had come.

    Raises:
        UserError: it is damaged.

    """
    with reading(checkpoint):
        return Progress(**json.loads((checkpoint / PROGRESS).read_text()))


@contextmanager
def reading(checkpoint: Path) -> Iterator[None]:
    """Says in one sentence why ``checkpoint`` cannot be read, and which versions wrote it where others read it.

    Raises:
        UserError: whatever goes wrong inside.

    """
    try:
        yield
    except Exception as error:
        root: BaseException = error
        while root.__context__ is not None:  # RLlib tries other ways to read, whose errors hide the first
            root = root.__context__
        reason = " ".join(f"{type(root).__name__}: {root}".split())
        raise UserError(f"resume cannot read {checkpoint}: {reason}{_other_versions(checkpoint)}") from error


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # ours, as Ray ships it to a cluster
            continue
    return found


def _other_versions(checkpoint: Path) -> str:
    try:
        written = json.loads((checkpoint / VERSIONS).read_text())
    except (OSError, ValueError):
        return "; it does not say which versions wrote it"
    here = _versions()
    other = [f"{name} {old} (here {here.get(name, 'none')})" for name, old in written.items() if here.get(name) != old]
    return f"; it was written by {', '.join(other)}" if other else "; it was written by the versions that are here"


def _point(folder: Path, name: str) -> None:
    pointer = folder / f".{LATEST}"
    pointer.write_text(name)
    pointer.replace(folder / LATEST)
