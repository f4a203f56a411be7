"""The rows of training's benchmark: sampling, whole iterations, and the time to a policy of a known quality."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import config
from analysis.evaluation import exact_value
from analysis.optimum import Problem, gap, solve
from analysis.policy import TrainedPolicy
from config.loading import FOLDER
from engine.bench.frame import Facts, Measure, Round, Row, at_least, ratio
from training.bench.peers import Ours, StableBaselines, Stock, Trainer
from training.rllib.algorithms import build_config

STEPS = 64  # of each market in one call of `sample`
GAP = 0.01
ITERATIONS = 62  # that the schedules of the race to the gap are planned for: 1 M env steps
BETWEEN = 2  # iterations between two looks at the policy, which are not on the clock

BUDGET = {
    "sampling_256": at_least(25, 8),
    "sampling_1024": at_least(25, 8),
    "train_over_stock": at_least(5, 3),
    "train_over_sb3": at_least(2, 1),
}


def _config(markets: int, *words: str) -> config.Config:
    return config.load(
        [
            "market=gt1",
            "training.env_runners=0",
            f"training.markets_per_runner={markets}",
            f"training.steps_per_iteration={markets * STEPS}",
            "algo.hidden=[64,64]",
            *words,
        ]
    )


@functools.cache
def _runner(markets: int, batched: bool) -> Any:
    rllib: Any = build_config(_config(markets), batched=batched)
    return rllib.env_runner_cls(config=rllib, worker_index=0, num_workers=0)


def _sampling(markets: int, *, batched: bool) -> Measure:
    def measure(_: str, __: Round) -> Facts:
        runner = _runner(markets, batched)
        start = time.perf_counter()
        runner.sample(num_timesteps=markets * STEPS)
        seconds = time.perf_counter() - start
        return {"value": 1e-3 * markets * STEPS / seconds, "seconds": seconds}

    return measure


@functools.cache
def _trainer(kind: type[Trainer]) -> Trainer:
    return kind(_config(1024, "algo.ppo.minibatch_size=4096", "algo.ppo.epochs=4"))


def _training(kind: type[Trainer]) -> Measure:
    def measure(_: str, __: Round) -> Facts:
        trainer = _trainer(kind)
        start = time.perf_counter()
        trainer.iterate()
        seconds = time.perf_counter() - start
        return {"value": 1e-3 * trainer.config.training.steps_per_iteration / seconds, "seconds": seconds}

    return measure


@contextmanager
def _timed(owner: Any, name: str, into: dict[str, float]) -> Iterator[None]:
    """Adds the seconds that the method takes meanwhile."""
    method = getattr(owner, name)

    def wrapper(*words: Any, **named: Any) -> Any:
        start = time.perf_counter()
        try:
            return method(*words, **named)
        finally:
            into[name] = into.get(name, 0.0) + time.perf_counter() - start

    setattr(owner, name, wrapper)
    try:
        yield
    finally:
        delattr(owner, name)


def _shares(_: str, __: Round) -> Facts:
    """Where our iteration's time goes, per cent."""
    trainer = _trainer(Ours)
    assert isinstance(trainer, Ours)
    runner, learner = trainer.algorithm.env_runner, trainer.algorithm.learner_group._learner
    spent: dict[str, float] = {}
    with _timed(runner, "_act", spent), _timed(runner.env, "step", spent), _timed(learner, "_learn", spent):
        start = time.perf_counter()
        trainer.iterate()
        seconds = time.perf_counter() - start
    forward, step, sgd = (100 * spent[name] / seconds for name in ("_act", "step", "_learn"))
    return {"value": sgd, "forward": forward, "engine": step, "everything_else": 100 - sgd - forward - step}


def _race(kind: type[Trainer]) -> Measure:
    """Wall seconds until the exact gap is no more than `GAP`, on GT1 with the recipe of ``make gaps``."""

    def measure(_: str, __: Round) -> Facts:
        recipe = FOLDER / "gaps" / "ppo.yaml"
        chosen = config.load(["market=gt1", f"config={recipe}", f"training.iterations={ITERATIONS}", "seed=7"])
        optimum = solve(Problem.of(chosen)).at_start
        trainer = kind(chosen)
        seconds, found = 0.0, 1.0
        while found > GAP and trainer.steps < 2 * ITERATIONS * chosen.training.steps_per_iteration:
            start = time.perf_counter()
            for _iteration in range(BETWEEN):
                trainer.iterate()
            seconds += time.perf_counter() - start
            network = trainer.policy()
            found = gap(optimum, exact_value(TrainedPolicy(network, network.card), chosen))
        steps = trainer.steps
        trainer.close()
        return {"value": seconds, "gap_%": 100 * found, "env_steps": steps}

    return measure


SAMPLING = f"env steps of one runner, GT1, network 64-64 relu, {STEPS} steps a call, one core"
TRAINING = "env steps of whole PPO iterations, GT1, 65536 steps, 1024 markets, minibatch 4096, 4 epochs, 64-64 relu"
RACE = (
    f"wall time of PPO on GT1 to an exact gap of {GAP:.0%}: recipe of config/gaps/ppo.yaml planned for {ITERATIONS} "
    f"iterations, looked at every {BETWEEN}, of one seed; building not counted"
)

KINDS: dict[str, type[Trainer]] = {"ours": Ours, "stock": Stock, "sb3": StableBaselines}

ROWS = {
    **{
        f"{'batched' if batched else 'stock'}_{markets}": Row(
            "k/s",
            f"{SAMPLING}; {'our batched runner' if batched else 'RLlib stock runner'}, {markets} markets",
            _sampling(markets, batched=batched),
        )
        for markets in (64, 256, 1024)
        for batched in (True, False)
    },
    **{
        f"sampling_{markets}": Row(
            "x", "batched runner over stock runner", ratio(f"batched_{markets}", f"stock_{markets}")
        )
        for markets in (64, 256, 1024)
    },
    **{f"train_{name}": Row("k/s", f"{TRAINING}: {name}", _training(kind)) for name, kind in KINDS.items()},
    "train_over_stock": Row("x", "train_ours over train_stock", ratio("train_ours", "train_stock")),
    "train_over_sb3": Row("x", "train_ours over train_sb3", ratio("train_ours", "train_sb3")),
    "sgd": Row("%", "of our iteration's wall time: SGD; network forward, engine and the rest below", _shares),
    **{f"race_{name}": Row("s", f"{RACE}: {name}", _race(kind), once=True) for name, kind in KINDS.items()},
}
