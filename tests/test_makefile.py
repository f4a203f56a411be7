"""The verbs of the Makefile take words and folders as they are."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
RECIPE = "config=config/poisson/ppo.yaml"  # that of markets where a fill is worth what it was


def test_a_folder_of_market_data_may_have_a_blank_in_its_name():
    said = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", "train-real", "MARKET_DATA=my data", "ARGS=seed=3"],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},  # of a make around us
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    words = shlex.split(said.splitlines()[-1])
    assert words[1:] == ["-m", "training", "real", RECIPE, "data=my data/lobster_aapl_20120621_50", "seed=3"]
