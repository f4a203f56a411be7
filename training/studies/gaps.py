"""How near the optimum training comes: ``python -m training gaps``, every algorithm on every market with a known one.

Each policy is valued exactly, on the grid of all its states. Nothing is picked: every seed's last policy counts.
"""

from __future__ import annotations

import io
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

import config as configuration
from analysis import rules
from analysis.evaluation import exact_value, solvable
from analysis.measures import HELD_OUT
from analysis.optimum import Problem, gap, score, solve
from analysis.policy import TrainedPolicy
from config import Config, UserError
from config.loading import FOLDER
from training import policies, tracking
from training.cluster import start_ray, wait_for_room
from training.loop import train
from training.rllib import algorithms
from training.signals import exit_code

ALGORITHMS = tuple(sorted(path.stem for path in (FOLDER / "gaps").glob("*.yaml")))  # those with a recipe
MARKETS = ("gt1", "gt3", "gt4")
SEEDS = tuple(range(100, 105))  # no recipe has seen them
RULES = ("constant spread", "linear skew", "linear skew with alpha")
WIDTH = 120  # columns


@dataclass(frozen=True)
class Yardstick:
    """The exact values that a market's policies are measured by."""

    optimum: float
    constant: float  # of the best constant spread
    rule: str  # the best of the market maker's own rules
    rule_value: float

    def gap(self, value: float) -> float:
        """(V* - V) / V*."""
        return gap(self.optimum, value)

    def score(self, value: float) -> float:
        """G: 0 as the best constant spread, 1 as the optimum."""
        return score(self.optimum, self.constant, value)


@dataclass(frozen=True)
class Trained:
    """One training: the exact value of its last policy, and its wall time once Ray was up."""

    algorithm: str
    market: str
    seed: int
    value: float
    seconds: float


@dataclass(frozen=True)
class Gaps:
    """What has been trained so far."""

    yardsticks: dict[str, Yardstick]  # by market
    trained: list[Trained]

    def metrics(self) -> dict[str, float]:
        """``gap/ppo_gt1_median`` and so on, to be logged."""
        found: dict[str, float] = {}
        for (algorithm, market), runs in self.groups().items():
            gaps = [self.yardsticks[market].gap(run.value) for run in runs]
            prefix = f"gap/{algorithm}_{market}"
            found |= {f"{prefix}_median": statistics.median(gaps), f"{prefix}_worst": max(gaps)}
        return found

    def groups(self) -> dict[tuple[str, str], list[Trained]]:
        """The trainings of each algorithm on each market."""
        found: dict[tuple[str, str], list[Trained]] = {}
        for run in self.trained:
            found.setdefault((run.algorithm, run.market), []).append(run)
        return found


def yardstick(config: Config) -> Yardstick:
    """Solves the market and tunes the market maker's own rules in it."""
    families = [family for family in rules.families(config) if family.name in RULES]
    values = {family.name: exact_value(rules.tune(family), config) for family in families}
    best = max(values, key=values.__getitem__)
    return Yardstick(solve(Problem.of(config)).at_start, values["constant spread"], best, values[best])


def table(gaps: Gaps) -> Table:
    """Medians and worst of each algorithm on each market, beside the best rule."""
    shown = Table()
    shown.add_column("algorithm")
    for heading in ("market", "seeds", "gap median", "worst", "G median", "worst", "wall s", "best rule's gap"):
        shown.add_column(heading, justify="right")
    shown.add_column("better")
    for (algorithm, market), runs in gaps.groups().items():
        by = gaps.yardsticks[market]
        found = [by.gap(run.value) for run in runs]
        scores = [by.score(run.value) for run in runs]
        rule_gap = by.gap(by.rule_value)
        shown.add_row(
            algorithm,
            market,
            str(len(runs)),
            f"{statistics.median(found):.3%}",
            f"{max(found):.3%}",
            f"{statistics.median(scores):.4f}",
            f"{min(scores):.4f}",
            f"{statistics.median(run.seconds for run in runs):.1f}",
            f"{rule_gap:.3%}",
            by.rule if rule_gap < statistics.median(found) else algorithm,
        )
    return shown


def text(gaps: Gaps) -> str:
    """The table as a plain string."""
    console = Console(file=io.StringIO(), width=WIDTH)
    console.print(table(gaps))
    return str(console.file.getvalue())  # type: ignore[attr-defined]


Training = tuple[str, str, int, Config]  # algorithm, market, seed
Plan = Sequence[Training]


def plan(algos: str, markets: str, seeds: str, words: Sequence[str]) -> Plan:
    """All trainings of comma-separated algorithms, markets (names or files) and seeds; all that ship by default.

    Raises:
        UserError: one sentence.

    """
    numbers = seeds.split(",") if seeds else []
    if not all(seed.isdecimal() for seed in numbers):
        raise UserError(f"seeds must be whole numbers >= 0, but it is {seeds}")
    return [
        _training(algorithm, market, seed, words)
        for algorithm in _names(algos, "algos", ALGORITHMS)
        for market in (markets.split(",") if markets else MARKETS)
        for seed in (map(int, numbers) if numbers else SEEDS)
    ]


def run(trainings: Plan) -> Gaps:
    """Trains everything of the plan under one tracked run, each training its child, and prints the table."""
    for *_, config in trainings:
        algorithms.check(config)
    tracking.check(trainings[0][3].tracking)
    start_ray()
    for *_, config in trainings:
        wait_for_room(config)
    gaps = Gaps({}, [])
    with tracking.start(trainings[0][3], name="gaps", tags={"stage": "gaps"}) as parent:
        try:
            for algorithm, market, seed, config in trainings:
                if market not in gaps.yardsticks:
                    gaps.yardsticks[market] = yardstick(config)
                gaps.trained.append(_train(algorithm, market, seed, config, gaps.yardsticks[market], parent.id))
        finally:
            if gaps.trained:
                print(text(gaps), end="")
                parent.log_text(text(gaps), "gaps.txt")
                parent.log_metrics(gaps.metrics(), step=0)
    return gaps


def _train(algorithm: str, market: str, seed: int, config: Config, by: Yardstick, parent_id: str) -> Trained:
    with tracking.start(config, name=f"gaps-{algorithm}-{market}-s{seed}", parent_id=parent_id) as tracked:
        start = time.perf_counter()
        result = train(config, run=tracked)
        seconds = time.perf_counter() - start
        network = policies.policy_of(config, result.weights)
        value = exact_value(TrainedPolicy(network, network.card, name=algorithm), config)
        found = {"exact_value": value, "gap": by.gap(value), "score": by.score(value)}
        tracked.log_metrics({HELD_OUT + name: number for name, number in found.items()}, step=result.env_steps)
        said = f"gap {by.gap(value):.3%}, G {by.score(value):.4f}, {seconds:.1f} s"
        print(f"{algorithm} {market} seed {seed}: {said}", flush=True)
        if result.interrupted:
            raise SystemExit(exit_code(result.interrupted))
    return Trained(algorithm, market, seed, value, seconds)


def _training(algorithm: str, market: str, seed: int, words: Sequence[str]) -> Training:
    """One training of the plan; ``market`` is a shipped one or a file."""
    recipe = FOLDER / "gaps" / f"{algorithm}.yaml"
    config = configuration.load([f"algo={algorithm}", f"market={market}", f"config={recipe}", f"seed={seed}", *words])
    Problem.of(config)  # its complaint about a market without a known optimum
    if not solvable(config, config.agent.action):
        raise UserError(
            f"agent.action must be offsets for a policy to have an exact value, but it is {config.agent.action.value}"
        )
    return algorithm, config.market.name, seed, config


def _names(given: str, key: str, known: Sequence[str]) -> list[str]:
    """The names in ``given``, all that are known if there are none."""
    chosen = given.split(",") if given else list(known)
    for name in chosen:
        if name not in known:
            raise UserError(f"{key} must be among {', '.join(known)}, but it is {name}")
    return chosen
