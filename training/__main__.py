"""``python -m training [COMMAND] key=value ...``: the main job, and what belongs to it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import config as configuration
from config import Config, UserError, cli
from config.cli import OVERLAYS, Word, Words
from training import checkpoints

CALIBRATED = Path("calibrated") / "market.yaml"  # the market that `real` writes
PORT = "5000"
ROOT = "training.checkpoint_root="


def train(words: Words) -> None:
    """Trains a policy and holds it against the tuned rules on held-out episodes. Run and policy are logged to MLflow,
    checkpoints are written on the way. RAY_ADDRESS names a running Ray cluster; without it Ray starts on this machine.
    """
    config, resume = parse(words)
    _train(config, resume)


def real(words: Words) -> None:
    """Calibrates the market on a LOBSTER message file and trains on it. Otherwise as train."""
    from analysis.calibration import Options, calibrate_file

    calibrate_file(words.one("data"), CALIBRATED, Options(flow="poisson"))
    config = configuration.load([*words.configuration, f"market={CALIBRATED}"])
    _train(config, None, [CALIBRATED])


def gaps(words: Words) -> None:
    """Trains on every market with a known optimum and says how near it came."""
    from training.studies import gaps as study

    study.run(
        study.plan(words.one("algos"), words.one("markets"), words.one("seeds"), words.configuration),
    )


def ui(words: Words) -> None:
    """Shows runs and models in the browser until Ctrl-C."""
    from training.tracking import ui as pages

    pages.run(words.one("port", PORT), configuration.load(words.configuration).tracking)


def parse(words: Words) -> tuple[Config, Path | None]:
    """The configuration, and the checkpoint to go on from, whose configuration further words then override.

    Raises:
        UserError: one sentence.

    """
    rest, name = words.configuration, words.one("resume")
    if not name:
        return configuration.load(rest), None
    for word in rest:
        if word.partition("=")[0] in OVERLAYS:
            raise UserError(f"{word} cannot be combined with resume, which keeps the run's own; leave it out")
    root = configuration.load([word for word in rest if word.startswith(ROOT)]).training.checkpoint_root
    checkpoint = checkpoints.find(name, Path(root))
    return configuration.load([f"config={checkpoint / checkpoints.CONFIG}", *rest]), checkpoint


def _train(config: Config, resume: Path | None, files: Sequence[Path] = ()) -> None:
    from training.rllib import algorithms  # ray and torch take seconds, which help and mistakes need not wait for

    algorithms.check(config)
    from training import session, tracking
    from training.cluster import start_ray, wait_for_room

    tracking.check(config.tracking)
    start_ray()
    wait_for_room(config)
    session.run(config, resume, files)


COMMANDS = cli.Commands(
    "training",
    "Trains policies on Ray RLlib, tracked by MLflow. Without a command: train.",
    [
        cli.Command(train, "train", [Word("resume", "RUN|PATH", "go on from a checkpoint, a run's folder or its id")]),
        cli.Command(real, "real", [Word("data", "PATH", "message file, or folder with one (default: MARKET_DATA)")]),
        cli.Command(
            gaps,
            "gaps",
            [
                Word("algos", "NAME,...", "default: all with a recipe in config/gaps"),
                Word("markets", "NAME|PATH,...", "of a known optimum; default: gt1,gt3,gt4"),
                Word("seeds", "N,...", "default: five that no recipe was chosen on"),
            ],
        ),
        cli.Command(ui, "ui", [Word("port", "N", f"default: {PORT}")]),
    ],
    default="train",
)

if __name__ == "__main__":
    cli.main(COMMANDS, "python -m training")
