"""``python -m training``: one run from configuration to registered policy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import config as configuration
from config import Config, UserError
from training import checkpoints
from training.session import start_ray

if TYPE_CHECKING:
    from training.runner import TrainResult
    from training.tracking import Run, Status

HELP = """\
usage: python -m training [algo=ppo|sac] [market=NAME|PATH] [network=NAME|PATH] [config=PATH] [key=value ...]
                          [resume=RUN_OR_PATH]
       python -m training real [data=PATH] [algo=ppo|sac] [key=value ...]
       python -m training gaps [algos=ppo,sac] [markets=gt1,gt3,gt4] [seeds=100,101] [key=value ...]

Trains a policy, holds it against the tuned rules on held-out episodes, logs run and policy to MLflow and writes
checkpoints. `real` first calibrates the market on a LOBSTER message file. `gaps` trains on every market with a known
optimum and says how near it came.

  algo=sac                  another algorithm (default: ppo)
  market=gt1                another market: a shipped name or a YAML file (default: book)
  network=specification     shared features and a head for each quote (default: the algorithm's own, see config/algo)
  training.iterations=20    any value of config/default.yaml
  resume=RUN_OR_PATH        go on from a checkpoint, a run's folder or a run's id; further words override
  data=PATH                 message file, or folder with one (default: the environment variable MARKET_DATA)

RAY_ADDRESS names a running Ray cluster; without it Ray starts on this machine."""
REAL, GAPS = "real", "gaps"
CALIBRATED = Path("calibrated")  # folder of the markets that `real` writes
FILES = {*configuration.GROUPS, "config"}  # words that name files
ROOT = "training.checkpoint_root="


def main(words: Sequence[str]) -> None:
    """Runs the command line ``words``; see HELP."""
    if {"-h", "--help"} & set(words):
        print(HELP)
        return
    if words and words[0] == GAPS:
        from training import gaps  # scipy and the rules take a second, which other mistakes need not wait for

        gaps.main(words[1:])
        return
    files: list[Path] = []
    if words and words[0] == REAL:
        words, files = _calibrated(words[1:])
    config, resume = parse(words)
    from training import algorithms  # ray and torch take seconds, which help and mistakes need not wait for

    algorithms.check(config)
    start_ray()
    train_and_report(config, resume, files)


def parse(words: Sequence[str]) -> tuple[Config, Path | None]:
    """The configuration, and the checkpoint to go on from, whose configuration further words then override.

    Raises:
        UserError: one sentence.

    """
    rest = [word for word in words if not word.startswith("resume=")]
    named = [word.removeprefix("resume=") for word in words if word.startswith("resume=")]
    if not named:
        return configuration.load(rest), None
    if len(named) > 1:
        raise UserError(f"resume must be given once, but it is given as {' and '.join(named)}")
    for word in rest:
        if word.partition("=")[0] in FILES:
            raise UserError(f"{word} cannot be combined with resume, which keeps the run's own; leave it out")
    root = configuration.load([word for word in rest if word.startswith(ROOT)]).training.checkpoint_root
    checkpoint = checkpoints.find(named[0], Path(root))
    return configuration.load([f"config={checkpoint / checkpoints.CONFIG}", *rest]), checkpoint


def train_and_report(config: Config, resume: Path | None, files: Sequence[Path] = ()) -> None:
    """Trains under a tracked run that keeps ``files`` too, judges and registers the policy, says what can be next."""
    from training import gaps, tracking
    from training.runner import train

    run_id = None if resume is None else checkpoints.read_progress(resume).run_id
    run = tracking.start(config, name=f"{config.algo.name.value}-{config.market.name}-s{config.seed}", run_id=run_id)
    status: Status = "FAILED"
    try:
        for path in files:
            run.log_file(path)
        result = train(config, run=run, resume=resume, judge=gaps.judge(config))
        print(f"run {run.id}: {result.iterations} iterations, {result.env_steps:,} env steps")
        if result.interrupted:
            print(f"go on with: python -m training resume={run.id}")
        else:
            _conclude(config, run, result)
        status = "KILLED" if result.interrupted else "FINISHED"
    except KeyboardInterrupt:
        status = "KILLED"
        raise
    finally:
        run.finish(status)


def _conclude(config: Config, run: Run, result: TrainResult) -> None:
    """The table against the rules, the policy in MLflow and on disk, and the next commands."""
    from analysis import report
    from analysis.policy import TrainedPolicy
    from training import export

    network = export.policy_of(config, result.weights)
    comparison = report.compare(TrainedPolicy(network, network.card, name=config.algo.name.value), config)
    report.show(comparison, config)
    run.log_metrics(comparison.metrics(), step=result.env_steps)
    run.log_text(report.text(comparison, config), "evaluation.txt")
    uri = run.log_model(network, step=result.env_steps, scores=comparison.metrics())
    folder = Path(config.training.checkpoint_root) / run.id
    print(f"model in MLflow: {uri or 'waits for the server with the rest of the run'}")
    print(f"policy without Ray: {export.save(network, folder / 'policy').parent}")
    print("next, runs and models in the browser:  make ui")
    print(f"next, train this one for longer:       make train ARGS='resume={run.id} training.iterations=...'")


def _calibrated(words: Sequence[str]) -> tuple[list[str], list[Path]]:
    """Calibrates on the messages in ``words``; the words of the training on that market, and its YAML."""
    from analysis import calibrate

    data = [word for word in words if word.startswith("data=")]
    market = CALIBRATED / "market.yaml"
    calibrate.main([*data, f"out={market}"])
    return [*(word for word in words if word not in data), f"market={market}"], [market]


if __name__ == "__main__":
    configuration.run(main)
