"""Pictures of a comparison: what the policy and the best rule quote, hold and earn."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.evaluation import markets_of, steps
from analysis.measures import MEASURES, REWARD, Floats, money, price
from analysis.policy import Policy
from analysis.report import Comparison
from config import Config
from envs import STATISTICS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

EPISODES = 200  # of the held-out seed, that are watched step by step
RARE = 100  # quotes at an inventory, at least, for their quantiles to mean anything
BAND = (0.1, 0.9)  # quantiles of the depths at one inventory
COLOURS = ("tab:blue", "tab:orange")  # of the policy and of the best rule, in every picture


@dataclass(frozen=True)
class Watched:
    """Every step of some episodes."""

    inventory: Floats  # [n], lots, at the decision
    depths: Floats  # [n, 2], of bid and ask from the mid; NaN without a quote


def draw(comparison: Comparison, curve: Sequence[tuple[int, float]], config: Config) -> dict[str, bytes]:
    """PNG files by name; ``curve`` is env steps and ``train/return``."""
    names = list(dict.fromkeys((comparison.policy, comparison.best_rule)))
    watched = {name: _watch(comparison.policies[name], config) for name in names}
    figures = {
        "quotes": _quotes(watched, config),
        "inventory_and_pnl": _distributions(watched, comparison, config),
        "learning_curve": _learning_curve(curve, comparison, config),
    }
    return {f"{name}.png": _png(figure) for name, figure in figures.items()}


def _png(figure: Figure) -> bytes:
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=110)
    return content.getvalue()


def _axes(columns: int) -> tuple[Figure, list[Axes]]:
    """A figure with axes side by side, without a window of any kind."""
    from matplotlib.figure import Figure  # here: it takes a second, which most commands need not wait for

    figure = Figure(figsize=(5.6 * columns, 4.4), layout="constrained")
    return figure, list(figure.subplots(1, columns, squeeze=False)[0])


def _watch(policy: Policy, config: Config) -> Watched:
    columns = [STATISTICS.index(name) for name in ("bid_depth", "ask_depth")]
    markets = markets_of(policy, config, EPISODES, config.evaluation.seed)
    played = np.stack([found for _, found in steps(policy, markets)])
    after = played[:, :, STATISTICS.index("inventory")]
    before = np.concatenate([np.zeros((1, EPISODES)), after[:-1]])
    depths = played[:, :, columns].reshape(-1, 2)
    return Watched(before.ravel(), np.where(depths == 0, np.nan, depths))


def _quotes(watched: Mapping[str, Watched], config: Config) -> Figure:
    """Mean depth of both quotes at each inventory, and where most of them are: single quotes stand on ticks."""
    figure, axes = _axes(2)
    for axis, side, title in zip(axes, (0, 1), ("bid", "ask"), strict=True):
        for (name, seen), colour in zip(watched.items(), COLOURS, strict=False):
            lots, low, mean, high = _by_inventory(seen, side)
            axis.plot(lots, mean, color=colour, marker=".", label=name)
            axis.fill_between(lots, low, high, color=colour, alpha=0.2, linewidth=0)
        axis.axhline(0, color="grey", linewidth=0.6)
        axis.set(title=title, xlabel="inventory (lots)", ylabel=f"depth behind the mid ({price(config)})")
    axes[0].legend()
    figure.suptitle(f"{config.market.name}: quotes by inventory, mean and {BAND[0]:.0%} to {BAND[1]:.0%} of them")
    return figure


def _by_inventory(seen: Watched, side: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Inventories, and of the depths at each a low quantile, the mean and a high quantile."""
    rows = []
    for lots in np.unique(seen.inventory):
        depths = seen.depths[seen.inventory == lots, side]
        depths = depths[~np.isnan(depths)]
        if len(depths) >= RARE:
            low, high = np.quantile(depths, BAND)
            rows.append((lots, low, depths.mean(), high))
    found = np.array(rows).reshape(-1, 4).T
    return found[0], found[1], found[2], found[3]


def _distributions(watched: Mapping[str, Watched], comparison: Comparison, config: Config) -> Figure:
    figure, (inventory, pnl) = _axes(2)
    most = max(float(np.abs(seen.inventory).max()) for seen in watched.values())
    edges = np.arange(-most - 0.5, most + 1)
    earned = {name: comparison.results[name]["pnl"] for name in watched}
    bins = np.histogram_bin_edges(np.concatenate(list(earned.values())), 60)
    for name, colour in zip(watched, COLOURS, strict=False):
        share = np.full(len(watched[name].inventory), 1 / len(watched[name].inventory))
        inventory.hist(watched[name].inventory, list(edges), weights=share, color=colour, alpha=0.5, label=name)
        pnl.hist(earned[name], list(bins), color=colour, alpha=0.5, label=name)
        pnl.axvline(float(earned[name].mean()), color=colour, linestyle="--")
    inventory.set(xlabel="inventory (lots)", ylabel="share of the time")
    pnl.set(xlabel=f"PnL of an episode ({MEASURES['pnl'].unit(config)}), dashed: mean", ylabel="episodes")
    inventory.legend()
    figure.suptitle(f"{config.market.name}: inventory and PnL on the same held-out episodes")
    return figure


def _learning_curve(curve: Sequence[tuple[int, float]], comparison: Comparison, config: Config) -> Figure:
    """Beside the best rule where both are paid alike."""
    figure, (axis,) = _axes(1)
    env_steps, reward = np.array(curve, float).reshape(-1, 2).T
    axis.plot(env_steps, reward, color=COLOURS[0], label=f"{comparison.policy}, while it explores")
    if config.agent.inventory_penalty == config.evaluation.inventory_penalty:
        level = comparison.summaries[comparison.best_rule][REWARD].mean
        axis.axhline(level, color=COLOURS[1], linestyle="--", label=f"{comparison.best_rule}, held-out episodes")
    axis.set(xlabel="env steps", ylabel=f"reward of an episode ({money(config)})")
    axis.legend(loc="lower right")
    figure.suptitle(f"{config.market.name}: learning curve")
    return figure
