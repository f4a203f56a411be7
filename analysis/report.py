"""A policy beside the tuned rules, as a table and as numbers to log."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from analysis import repetition, rules, setting
from analysis.evaluation import Estimate, differences, exact_value, simulate, solvable, summary
from analysis.measures import MEASURES, REWARD, Episodes
from analysis.optimum import Problem, gap, solve
from analysis.policy import Policy, load
from config import Config, UserError
from envs import MarketMakingVectorEnv

WIDTH = 120  # columns


@dataclass(frozen=True)
class Exact:
    """Values without sampling noise, in the market with a known optimum."""

    optimum: float
    values: dict[str, float]  # by policy

    def gap(self, name: str) -> float:
        """(V* - V) / V*."""
        return gap(self.optimum, self.values[name])


@dataclass(frozen=True)
class Comparison:
    """One policy and the rules it is held against, on the same held-out episodes."""

    policy: str
    confidence: float
    results: dict[str, Episodes]
    summaries: dict[str, dict[str, Estimate]]
    differences: dict[str, Estimate]  # reward of the policy less that of each rule, paired by episode
    exact: Exact | None  # in the reduced-form market, of a policy whose actions count from one price unit

    def metrics(self) -> dict[str, float]:
        """The means, to be logged: ``final/reward``, ``baseline/linear_skew_reward`` and so on."""
        found: dict[str, float] = {}
        for name, estimates in self.summaries.items():
            prefix = "final/" if name == self.policy else f"baseline/{name.replace(' ', '_')}_"
            found |= {prefix + measure: estimate.mean for measure, estimate in estimates.items()}
        if self.exact is not None:
            found |= {"final/gap": self.exact.gap(self.policy), "final/exact_value": self.exact.values[self.policy]}
        return found


def compare(policy: Policy, config: Config) -> Comparison:
    """Tunes the rules, then plays ``policy`` and every rule on ``evaluation.episodes`` held-out episodes."""
    policies = [policy, *map(rules.tune, rules.families(config))]
    held_out = config.evaluation
    results = {p.name: simulate(p, config, episodes=held_out.episodes, seed=held_out.seed) for p in policies}
    exact = None
    if solvable(config, policy.reference):
        values = {p.name: exact_value(p, config) for p in policies}
        exact = Exact(solve(Problem.of(config)).at_start, values)
    return Comparison(
        policy=policy.name,
        confidence=held_out.confidence,
        results=results,
        summaries={name: summary(episodes, held_out.confidence) for name, episodes in results.items()},
        differences=differences(results, policy.name, held_out.confidence),
        exact=exact,
    )


def show(comparison: Comparison, config: Config, console: Console | None = None) -> None:
    """Prints the table and what it says, plainly."""
    console = console or _console()
    console.print(_table(comparison, config))
    for other, difference in comparison.differences.items():
        console.print(f"reward of {comparison.policy} less {other}: {difference}, {_verdict(difference)}")
    if comparison.exact is not None:
        console.print(f"exact optimum V* = {comparison.exact.optimum:.5g}: no policy can earn more on average")


def text(comparison: Comparison, config: Config) -> str:
    """What `show` prints, as a plain string."""
    console = Console(file=io.StringIO(), width=WIDTH)
    show(comparison, config, console)
    return str(console.file.getvalue())  # type: ignore[attr-defined]


def evaluate(paths: Sequence[str], words: Sequence[str]) -> None:
    """Prints how the saved policies at ``paths`` do in their own setting, as far as ``words`` do not change it.

    Several policies are one recipe trained several times: see `repetition`.

    Raises:
        UserError: one sentence.

    """
    if not paths:
        raise UserError("evaluate needs policy=PATH (a model.pt2 or the folder of one), once or more, but it has none")
    trained = [load(Path(path), path) for path in paths]
    config, notes = setting.judged(trained, words)
    columns = MarketMakingVectorEnv(config).columns
    policies = [policy.reading(columns) for policy in trained]
    for note in notes:
        print(note)
    if len(policies) == 1:
        show(compare(dataclasses.replace(policies[0], name="policy"), config), config)
    else:
        _console().print(repetition.table(repetition.repetition(policies, config), config))


def _console() -> Console:
    console = Console()
    if not console.is_terminal:
        console.width = WIDTH  # a log file has no width of its own
    return console


def _table(comparison: Comparison, config: Config) -> Table:
    n = len(next(iter(comparison.results.values()))[REWARD])
    units = ", ".join(f"{one.label} in {one.unit(config)}" for one in MEASURES.values())
    table = Table(
        title=f"{config.market.name}: {n} held-out episodes of {config.simulation.episode_steps} steps, the same for "
        f"all; {comparison.confidence:.0%} intervals; {units}",
        title_justify="left",
    )
    table.add_column("policy")
    exact = ("exact value", "gap") if comparison.exact else ()
    for heading in (*(one.label for one in MEASURES.values()), *exact):
        table.add_column(heading, justify="right")
    for policy, estimates in comparison.summaries.items():
        cells = [str(estimates[name]) for name in MEASURES]
        if comparison.exact is not None:
            cells += [f"{comparison.exact.values[policy]:.5g}", f"{comparison.exact.gap(policy):.2%}"]
        table.add_row(policy, *cells)
    return table


def _verdict(difference: Estimate) -> str:
    if difference.low > 0:
        return "better"
    return "worse" if difference.high < 0 else "not to be told apart"
