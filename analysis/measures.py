"""What an episode is measured by: one table, which evaluation, reports, sweeps and tracking read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from config import Config, MarketKind

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Sums:
    """Sums over the episode of each market, as `engine.Batch.play` writes them."""

    names: tuple[str, ...]  # [m], of the statistics: of a book more than those that every market has
    reward: Floats  # [n]
    statistics: Floats  # [n, m], the batch's; inventory and mid at the end
    abs_inventory: Floats  # [n]

    def __getitem__(self, name: str) -> Floats:
        """The column of a statistic, [n]."""
        return self.statistics[:, self.names.index(name)]


@dataclass(frozen=True)
class Measure:
    """A number of each episode."""

    name: str  # in metrics and files
    label: str  # in tables
    unit: Callable[[Config], str]
    of: Callable[[Sums, Config], Floats]  # [n]


def price(config: Config) -> str:
    """The unit of depths and of the mid."""
    return "tick" if config.market.kind is MarketKind.book else "price"


def money(config: Config) -> str:
    """The unit of PnL and reward."""
    return f"{price(config)} x lot"


def _lots(_: Config) -> str:
    return "lots"


def _pnl(sums: Sums, config: Config) -> Floats:
    """Marked to the mid, less fees and the liquidation at the end; penalties are the agent's preference, not money."""
    return sums.reward + sums["inventory_penalty"] + config.agent.terminal_penalty * sums["inventory"] ** 2


HELD_OUT = "final/"  # in metrics, before the names of what is measured on held-out episodes
TUNING = "tuning/"  # and on those by which something was chosen
REWARD = "reward"  # what policies are compared by
MEASURES = {
    measure.name: measure
    for measure in (
        Measure(REWARD, "reward", money, lambda sums, _: sums.reward),  # PnL less the penalties
        Measure("pnl", "PnL", money, _pnl),
        Measure(
            "mean_abs_inventory",
            "mean |q|",
            _lots,
            lambda sums, config: sums.abs_inventory / config.simulation.episode_steps,  # over time
        ),
        Measure("fills", "fills", _lots, lambda sums, _: sums["bid_filled"] + sums["ask_filled"]),  # both sides
    )
}

LUCK = "luck"  # of the reward, what the efficient price did to what was held: of mean zero whatever the policy

Episodes = dict[str, Floats]  # by measure, one number for each episode; of a book luck, too


def measure(sums: Sums, config: Config) -> Episodes:
    """Every measure of the episodes."""
    found = {name: one.of(sums, config) for name, one in MEASURES.items()}
    return found | ({LUCK: sums[LUCK]} if LUCK in sums.names else {})


def reward(episodes: Episodes) -> Floats:
    """PnL less the penalties, [n]."""
    return episodes[REWARD]


def skill(episodes: Episodes) -> Floats:
    """Reward less luck, [n]: the same mean as the reward's, with a fraction of its variance.

    A control variate, as AIVAT is for games (Burch et al. 2018). The reward itself where there is no efficient price.
    """
    return episodes[REWARD] - episodes.get(LUCK, 0.0)
