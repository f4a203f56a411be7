"""How far rules and policies are from a known optimum: ``python -m analysis optimum market=gt1``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from analysis import rules, setting
from analysis.evaluation import exact_value, solvable
from analysis.optimum import Optimum, Problem, gap, score, solve
from analysis.policy import Policy, Rule, load
from config import Config

_BINDS = 1e-9  # of V*: less is rounding
ENDS = " (end of its range)"
WIDTH = 120  # columns
FOLDER = Path("reports")
INVENTORIES = (-10, -5, -3, -2, -1, 0, 1, 2, 3, 5, 10)  # of the printed depths, where the market has them


@dataclass(frozen=True)
class Standing:
    """One policy's exact value, and how it compares."""

    policy: Policy
    value: float
    score: float
    gap: float


@dataclass(frozen=True)
class Optimality:
    """The optimum of a market and how far others stay behind, best first."""

    config: Config
    problem: Problem
    optimum: Optimum
    in_box: float | None  # V* of depths within the agent's box, where that costs something
    standings: list[Standing]


def rank(config: Config, policies: Sequence[Policy] = (), *, progress: bool = False) -> Optimality:
    """Tunes every rule of the market and values it, its theory's own coefficients where it has one, and ``policies``.

    Raises:
        UserError: the market is a book, whose optimum nobody knows.
    """
    problem = Problem.of(config)
    optimum = solve(problem)
    families = rules.families(config)
    shown = Console(stderr=True)
    quiet = not (progress and shown.is_terminal)
    tuned = [
        rules.tune(family)
        for family in track(families, "tuning the rules", console=shown, disable=quiet, transient=True)
    ]
    tuned += [
        family.rule(*family.derived, name=f"{family.name}, untuned")
        for family in families
        if family.derived is not None
    ]
    if rules.has_signal(config):
        tuned.append(rules.signal_blind_optimum(config))
    values = [(policy, exact_value(policy, config)) for policy in (*policies, *tuned)]
    constant = next(value for policy, value in values if policy.name == "constant spread")
    best = optimum.at_start
    standings = [
        Standing(policy, value, score(best, constant, value), gap(best, value))
        for policy, value in sorted(values, key=lambda pair: -pair[1])
    ]
    return Optimality(config, problem, optimum, value_in_box(config), standings)


def value_in_box(config: Config) -> float | None:
    """V* among depths that an action can reach; None where that is V* itself, or where the reference moves."""
    if not solvable(config, config.agent.action):
        return None
    unit, agent = config.market.price_unit, config.agent
    bounds = (unit * (1 + agent.action_low), unit * (1 + agent.action_high))
    free, boxed = (solve(Problem.of(config, **fields)).at_start for fields in ({}, {"bounds": bounds}))
    return boxed if boxed < free - _BINDS * abs(free) else None


def show(found: Optimality, console: Console | None = None) -> None:
    """Prints V*, the standings and the optimal depths at the start."""
    console = console or Console()
    if not console.is_terminal:
        console.width = WIDTH  # a log file has no width of its own
    problem = found.problem
    console.print(
        f"{found.config.market.name}: {problem.steps} steps of {problem.dt:g} s, |q| <= {problem.limit}, "
        f"{len(problem.drift)} level(s) of the drift; exact values, no sampling"
    )
    console.print(f"V* = {found.optimum.at_start:.10g}")
    if found.in_box is not None:
        low, high = found.config.agent.action_low, found.config.agent.action_high
        console.print(f"V* = {found.in_box:.10g} within the agent's box, actions from {low:g} to {high:g}")
    console.print("\nG: 0 as the best constant spread, 1 as the optimum; gap: (V* - V) / V*")
    console.print(_standings(found))
    console.print("\noptimal depths at t = 0, in the market's price: bid / ask")
    console.print(_depths(found))


def _standings(found: Optimality) -> Table:
    table = Table()
    table.add_column("policy")
    for heading in ("value", "G", "gap"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("coefficients")
    for standing in found.standings:
        policy = standing.policy
        coefficients = policy.coefficients if isinstance(policy, Rule) else {}
        ends = policy.at_end if isinstance(policy, Rule) else ()
        said = ", ".join(f"{name} {value:.5g}{ENDS * (name in ends)}" for name, value in coefficients.items())
        table.add_row(policy.name, f"{standing.value:.9g}", _score(standing.score), f"{standing.gap:.3%}", said)
    return table


def _score(score: float) -> str:
    return "-" if np.isnan(score) else f"{score:.4f}"


def _depths(found: Optimality) -> Table:
    """Optimal bid and ask depths at t = 0 by inventory, one pair for each level of the drift."""
    problem, depths = found.problem, found.optimum.depths[0]
    table = Table()
    table.add_column("inventory", justify="right")
    for drift in problem.drift:
        table.add_column("depths" if len(problem.drift) == 1 else f"drift {drift:g}", justify="right")
    for q in (q for q in INVENTORIES if abs(q) <= problem.limit):
        pairs = depths[q + problem.limit]
        table.add_row(f"{q}", *(" / ".join("-" if np.isnan(d) else f"{d:.5f}" for d in pair) for pair in pairs))
    return table


def plot(found: Optimality, path: Path) -> Path:
    """Writes the optimal depths by inventory, at times through the episode and at each level of the drift."""
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    problem, depths = found.problem, found.optimum.depths
    levels = len(problem.drift)
    figure = Figure(figsize=(4.4 * levels + 1.6, 4.6), layout="constrained")
    axes = figure.subplots(1, levels, sharey=True, squeeze=False)[0]
    shares = np.array([0, 0.5, 0.75, 0.9, 0.97, 1])
    steps = np.unique(np.minimum((shares * problem.steps).astype(int), problem.steps - 1))
    colours = colormaps["viridis"](np.linspace(0, 0.9, len(steps)))
    for level, axis in enumerate(axes):
        for step, colour in zip(steps, colours, strict=True):
            left = (problem.steps - step) * problem.dt
            at = depths[step, :, level]
            axis.plot(problem.inventory[:, 0], at[:, 0], color=colour, label=f"{left:g} s left")
            axis.plot(problem.inventory[:, 0], at[:, 1], color=colour, linestyle="--")
        axis.axhline(0, color="grey", linewidth=0.6)
        axis.set_xlabel("inventory (lots)")
        axis.set_title("" if levels == 1 else f"drift {problem.drift[level]:g}")
    axes[0].set_ylabel("depth behind the mid (price)")
    axes[-1].legend(fontsize="small", title="solid bid, dashed ask")
    figure.suptitle(f"{found.config.market.name}: optimal depths, V* = {found.optimum.at_start:.6g}")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    return path


def run(paths: Sequence[str], picture: str, words: Sequence[str]) -> None:
    """Prints the optimum of the market that ``words`` configure, with the saved policies at ``paths`` among the rules.

    Args:
        paths: of policies.
        picture: where the optimal depths are plotted; empty: in `FOLDER`.
        words: of the configuration.

    Raises:
        UserError: one sentence.

    """
    policies = [load(Path(path), path) for path in paths]
    config, notes = setting.judged(policies, words)
    Problem.of(config)  # its complaint first
    for note in notes:
        print(note)
    found = rank(config, policies, progress=config.training.progress)
    show(found)
    path = Path(picture) if picture else FOLDER / f"optimum-{config.market.name}.png"
    print(f"optimal depths by inventory and time: {plot(found, path)}")
