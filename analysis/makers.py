"""What simple makers earn in a market, a fill and a lot: ``python -m analysis makers market=small_tick``.

None of them is tuned. They show what the market pays for, before anybody learns in it: whether joining the best price
is free money, as it is where prices know nothing of trades, and what waiting for a wide spread or knowing the value
is worth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

import config as configuration
import engine
from analysis.evaluation import RuleMarkets
from analysis.options import option
from config import Config, MarketKind, UserError
from envs import scenario

HORIZONS = ("100ms", "1s", "5s", "30s")
SHARES_OF_SPREAD = (0.7, 0.9, 1.1)  # from which a maker waits for a wide spread
KNOWING = ("market.book.signal.lag_ms=0", "market.book.signal.signal_to_noise=1000000.0")
AGAINST = 0.25  # of alpha, whose deviation is a half: a side is withdrawn beyond half a deviation of value - mid
WIDTH = 140  # columns
SECONDS_PER_H = 3600.0
MOST_MARKETS, LONGEST_H = 4096, 24.0

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Options:
    """How much is played."""

    markets: int = option(16, "sessions that each maker plays, the same for all; at least 2")
    hours: float = option(1.0, "length of each, h")

    def __post_init__(self) -> None:
        if not 2 <= self.markets <= MOST_MARKETS:
            raise UserError(f"markets must be from 2 to {MOST_MARKETS}, but it is {self.markets}")
        if not 0 < self.hours <= LONGEST_H:
            raise UserError(f"hours must be above 0, at most {LONGEST_H:g}, but it is {self.hours:g}")


@dataclass(frozen=True, kw_only=True)
class Maker:
    """Quotes ``behind`` the others' best prices, ticks, skewed by so many ticks for each quote that it holds."""

    name: str
    behind: float = 0.0
    skew: float = 0.0
    least_spread: float = 0.0  # ticks; nothing is quoted below it
    knowing: bool = False  # sees the value, and withdraws the side that it is against

    def strategy(self, config: Config) -> engine.Strategy:
        """The maker in a market."""
        quotes = config.max_lots / config.quote_lots
        skewed = engine.Strategy.linear_skew(
            half_spread=self.behind,
            inventory_skew=self.skew * quotes,
            max_lots=config.max_lots // config.inventory_step,
        ).in_steps_of(config.inventory_step)
        return skewed.at_touch(least_spread=self.least_spread, most_against=AGAINST if self.knowing else 1.0)


@dataclass(frozen=True)
class Estimate:
    """A ratio of sums over markets, with the standard error of the jackknife."""

    value: float
    error: float

    @classmethod
    def of(cls, above: Floats, below: Floats) -> Estimate:
        """Sum over sum; not a number where nothing stands below."""
        if below.sum() == 0:
            return cls(np.nan, np.nan)
        n = len(above)
        without = (above.sum() - above) / np.where(below.sum() == below, np.nan, below.sum() - below)
        return cls(float(above.sum() / below.sum()), float(np.sqrt((n - 1) * np.var(without))))

    def __str__(self) -> str:
        return f"{self.value:+.3g} ± {self.error:.2g}"


@dataclass(frozen=True)
class Earnings:
    """Of one maker: ticks a lot but for what is said; a lot is a quote's size."""

    edges: dict[str, Estimate]  # by horizon: side x (mid of the others then - price)
    pnl: Estimate  # marked to the mid, less what closing takes at the end
    lots_per_h: float
    held: float  # mean of |inventory|, lots


def makers(spread: float) -> list[Maker]:
    """Those who are asked in a market of so wide a spread, ticks."""
    waiting = [
        Maker(name=f"joins from a spread of {least} on, skew 1", least_spread=least, skew=1)
        for least in (round(share * spread) for share in SHARES_OF_SPREAD)
        if least > 2
    ]
    widest = waiting[1].least_spread if waiting else 0
    skew = 1.0 if waiting else 0.3
    return [
        Maker(name="joins the best"),
        Maker(name=f"joins, skew {skew:g}", skew=skew),
        Maker(name="a tick behind", behind=1),
        Maker(name="a tick better", behind=-1),
        *waiting,
        Maker(name="knows the value, skew", least_spread=widest, skew=skew, knowing=True),
    ]


def measure(maker: Maker, config: Config, options: Options) -> Earnings:
    """Plays a maker without a penalty for inventory."""
    seconds = SECONDS_PER_H * options.hours
    steps = round(seconds / config.simulation.decision_interval_s)
    played = configuration.replace(config, evaluation={"inventory_penalty": 0.0}, simulation={"episode_steps": steps})
    markets = RuleMarkets(played, episodes=options.markets, seed=config.seed + 1)
    found = markets.sums(maker.strategy(played))
    filled = found["bid_filled"] + found["ask_filled"]
    both = {
        (kind, horizon): found[f"bid_{kind}_{horizon}"] + found[f"ask_{kind}_{horizon}"]
        for kind in ("markout", "marked")
        for horizon in HORIZONS
    }
    lots = config.quote_lots
    return Earnings(
        {horizon: Estimate.of(both["markout", horizon], both["marked", horizon]) for horizon in HORIZONS},
        Estimate.of(found.reward, filled),
        float(filled.mean() / lots / options.hours),
        float(found.abs_inventory.mean() / steps / lots),
    )


def spread_of(config: Config) -> float:
    """Mean spread of the others where an episode starts, ticks."""
    batch = engine.Batch(scenario(config), 256)
    observation = np.empty((len(batch), len(batch.columns)), np.float32)
    batch.reset(config.seed + 1, observation)
    return float(observation[:, batch.columns.index("spread")].mean() * config.market.price_unit)


def run(options: Options, words: Sequence[str]) -> None:
    """Prints the table of a book market.

    Raises:
        UserError: one sentence.

    """
    config = configuration.load(words)
    if config.market.kind is not MarketKind.book or config.market.book is None:
        raise UserError(f"market must be a book, but {config.market.name} is {config.market.kind.value}")
    title = (
        f"{config.market.name}: {options.markets} sessions of {options.hours:g} h; edge of a fill and PnL, "
        f"ticks a lot of {config.quote_lots * config.market.lot} shares, with standard errors"
    )
    table = Table("maker", *(f"edge {horizon}" for horizon in HORIZONS), "PnL", "lots/h", "mean |q|", title=title)
    for maker in makers(spread_of(config)):
        if maker.knowing and config.market.book.signal is None:
            continue
        known = configuration.load([*words, *KNOWING]) if maker.knowing else config
        earned = measure(maker, known, options)
        edges = (str(earned.edges[horizon]) for horizon in HORIZONS)
        table.add_row(maker.name, *edges, str(earned.pnl), f"{earned.lots_per_h:.0f}", f"{earned.held:.2g}")
    console = Console()
    if not console.is_terminal:
        console.width = WIDTH
    console.print(table)
