"""A policy beside the tuned rules, as a table and as numbers to log."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from rich.console import Console
from rich.table import Table

from analysis import repetition, rules, setting
from analysis.evaluation import Estimate, differences, exact_value, metrics, simulate, solvable, summary
from analysis.measures import HELD_OUT, LUCK, MEASURES, REWARD, Episodes, reward, skill
from analysis.optimum import Problem, gap, solve
from analysis.policy import Policy, Rule, load
from config import Config, UserError

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
    policies: dict[str, Policy]
    results: dict[str, Episodes]
    summaries: dict[str, dict[str, Estimate]]
    differences: dict[str, Estimate]  # reward of the policy less that of each rule, paired by episode
    without_luck: dict[str, Estimate]  # the same of `skill`; empty where the market has no luck
    exact: Exact | None  # in the reduced-form market, of a policy whose actions count from one price unit

    @property
    def rules(self) -> list[Rule]:
        """The tuned rules, which the policy is held against."""
        return [one for name, one in self.policies.items() if name != self.policy and isinstance(one, Rule)]

    @property
    def best_rule(self) -> str:
        """The rule with the highest mean reward: chosen on these episodes, so that it is, if anything, flattered."""
        return max((rule.name for rule in self.rules), key=lambda name: self.summaries[name][REWARD].mean)

    def metrics(self, policy: str) -> dict[str, float]:
        """What is logged of one of the policies: ``final/reward`` and so on."""
        found = metrics(self.summaries[policy], HELD_OUT)
        if self.exact is not None:
            found |= {f"{HELD_OUT}gap": self.exact.gap(policy), f"{HELD_OUT}exact_value": self.exact.values[policy]}
        return found


def compare(policy: Policy, config: Config) -> Comparison:
    """Plays ``policy`` on ``evaluation.episodes`` held-out episodes, then tunes every rule and plays it on the same."""
    held_out = config.evaluation
    policies, results = {}, {}
    for p in chain([policy], map(rules.tune, rules.families(config))):
        policies[p.name] = p
        results[p.name] = simulate(p, config, episodes=held_out.episodes, seed=held_out.seed)
    exact = None
    if solvable(config, policy.reference):
        values = {name: exact_value(p, config) for name, p in policies.items()}
        exact = Exact(solve(Problem.of(config)).at_start, values)
    lucky = LUCK in results[policy.name] and any(found[LUCK].any() for found in results.values())
    return Comparison(
        policy=policy.name,
        confidence=held_out.confidence,
        policies=policies,
        results=results,
        summaries={name: summary(episodes, held_out.confidence) for name, episodes in results.items()},
        differences=differences(results, policy.name, held_out.confidence, reward),
        without_luck=differences(results, policy.name, held_out.confidence, skill) if lucky else {},
        exact=exact,
    )


def show(comparison: Comparison, config: Config, console: Console | None = None) -> None:
    """Prints the table and what it says, plainly."""
    console = console or _console()
    console.print(_table(comparison, config))
    for other, difference in comparison.differences.items():
        line = f"reward of {comparison.policy} less {other}: {difference}, {verdict(difference)}"
        if fair := comparison.without_luck.get(other):
            line += f"; luck left out {fair}, {verdict(fair)}"
        console.print(line)
    if comparison.exact is not None:
        console.print(f"exact optimum V* = {comparison.exact.optimum:.5g}: no policy can earn more on average")


def text(comparison: Comparison, config: Config) -> str:
    """What `show` prints, as a plain string."""
    console = Console(file=io.StringIO(), width=WIDTH)
    show(comparison, config, console)
    return str(console.file.getvalue())  # type: ignore[attr-defined]


def markdown(comparison: Comparison, config: Config) -> str:
    """The table for a page that shows markdown."""
    headings = ["policy", *(f"{one.label} ({one.unit(config)})" for one in MEASURES.values())]
    headings += ["exact value", "gap"] if comparison.exact else []
    return markdown_table([headings, *_cells(comparison)])


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """``rows``, the first of them the headings."""
    headings, *others = rows
    lines = [headings, ["---", *["---:"] * (len(headings) - 1)], *others]
    return "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines)


def parquet(comparison: Comparison) -> bytes:
    """Every measure of every episode as a Parquet file, a row for each policy and episode: for tests of one's own."""
    import pandas  # here: it takes a second, which most commands need not wait for

    frames = [
        pandas.DataFrame({"policy": name, "episode": range(len(found[REWARD])), **found})
        for name, found in comparison.results.items()
    ]
    content = io.BytesIO()
    pandas.concat(frames, ignore_index=True).to_parquet(content, index=False)
    return content.getvalue()


def evaluate(paths: Sequence[str], words: Sequence[str]) -> None:
    """Prints how the saved policies at ``paths`` do in their own setting, as far as ``words`` do not change it.

    Several policies are one recipe trained several times: see `repetition`.

    Raises:
        UserError: one sentence.

    """
    if not paths:
        raise UserError("evaluate needs policy=PATH (a model.pt2 or the folder of one), once or more, but it has none")
    import torch  # here: most commands need no torch, whose import takes seconds

    torch.set_num_threads(1)  # so small a network gains nothing by a second one, and beside other work loses much
    trained = [load(Path(path), path) for path in paths]
    config, notes = setting.judged(trained, words)
    for note in notes:
        print(note)
    if len(trained) == 1:
        show(compare(dataclasses.replace(trained[0], name="policy"), config), config)
    else:
        _console().print(repetition.table(repetition.repetition(trained, config), config))


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
    for cells in _cells(comparison):
        table.add_row(*cells)
    return table


def _cells(comparison: Comparison) -> list[list[str]]:
    """The rows of the table."""
    rows = [[name, *(str(found[one]) for one in MEASURES)] for name, found in comparison.summaries.items()]
    if (exact := comparison.exact) is not None:
        rows = [[*row, f"{exact.values[row[0]]:.5g}", f"{exact.gap(row[0]):.2%}"] for row in rows]
    return rows


def verdict(difference: Estimate) -> str:
    """What an interval of a paired difference says."""
    if difference.low > 0:
        return "better"
    return "worse" if difference.high < 0 else "not to be told apart"
