"""What a run depends on, as flat text: version of the code, configuration, labels to search by."""

from __future__ import annotations

import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from config import Config


def labels(config: Config) -> dict[str, str]:
    """The words by which runs and models are searched: algo, market, seed."""
    return {"algo": config.algo.name.value, "market": config.market.name, "seed": str(config.seed)}


def code_version() -> dict[str, str]:
    """The installed version and, in a checkout, its commit; ``dirty``: tracked files differ from it."""
    try:
        found = {"version": version("adaptive-mm")}
    except PackageNotFoundError:  # a checkout that was never installed, as Ray ships it to a cluster
        found = {}
    root = Path(__file__).resolve().parents[2]
    top, _, commit = _git("rev-parse", "--show-toplevel", "HEAD", folder=root).partition("\n")
    if commit and Path(top).resolve() == root:  # and not a repository which happens to lie around us
        found["mlflow.source.git.commit"] = commit  # MLflow's pages show this tag
        found["dirty"] = str(bool(_git("status", "--porcelain", "--untracked-files=no", folder=root))).lower()
    return found


def flatten(tree: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested sections as ``section.key``: text; lists stay whole, what is not given is left out."""
    flat: dict[str, str] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{key}.")
        elif value is not None:
            flat[f"{prefix}{key}"] = str(value)
    return flat


def _git(*words: str, folder: Path) -> str:
    try:
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):  # no git, or not a repository
        return ""
    return done.stdout.strip()
