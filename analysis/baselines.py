"""Quoting rules to hold a learned policy against."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

import engine
from analysis.evaluation import simulate
from analysis.optimum import value
from config import ActionReference, Config, MarketKind

UNBOUNDED = (-1e3, 1e3)  # price units: a rule has no box


@dataclass(frozen=True)
class SkewedSpread:
    """Depths half_spread +- (inventory_skew f(q/Q) - alpha_skew alpha), all in price units.

    f is the market maker's own skew shape; without skews this is the constant spread.
    """

    name: str
    half_spread: float
    inventory_skew: float = 0.0
    alpha_skew: float = 0.0
    reference: ActionReference = field(default=ActionReference.offsets, init=False)
    box: tuple[float, float] = field(default=UNBOUNDED, init=False)

    def __call__(self, observation: NDArray[np.float32]) -> NDArray[np.float32]:
        """Actions [n, 2]; reads the columns every market has (2 q/Q and alpha)."""
        inventory, alpha = 0.5 * observation[:, 1].astype(float), observation[:, 2]
        shift = self.inventory_skew * engine.skew_shape(inventory) - self.alpha_skew * alpha
        # An action counts from one price unit.
        return np.stack([self.half_spread + shift - 1, self.half_spread - shift - 1], axis=1).astype(np.float32)

    def strategy(self, config: Config) -> engine.Strategy:
        """The same depths as a table of the engine, without the rounding of actions to float32."""
        unit = config.market.price_unit
        return engine.Strategy.linear_skew(
            half_spread=unit * self.half_spread,
            inventory_skew=unit * self.inventory_skew,
            alpha_skew=unit * self.alpha_skew,
            max_lots=config.market_maker.max_position // config.market.lot,
        )


@dataclass(frozen=True)
class Family:
    """A rule with free coefficients and where to look for them (price units)."""

    name: str
    build: Callable[..., SkewedSpread]
    bounds: Sequence[tuple[float, float]]  # of each coefficient


STEP = 0.125  # price units, of the search
CONSTANT_SPREAD = Family("constant spread", lambda half: SkewedSpread("constant spread", half), [(0.0, 3.0)])
LINEAR_SKEW = Family(
    "linear skew", lambda half, skew: SkewedSpread("linear skew", half, skew), [(0.0, 1.5), (0.0, 2.0)]
)
FAMILIES = (CONSTANT_SPREAD, LINEAR_SKEW)
ROUNDS = ((16, 16), (4, 4), (1, 1))  # divisor of the episodes, candidates that stay


def tune(family: Family, config: Config) -> SkewedSpread:
    """The rule's best coefficients on a grid: by exact value in the reduced-form market, else by simulation.

    The exact value is smooth and polished to the end. The simulated one is rough, because quotes round to ticks, so all
    points of the grid play a few episodes and the better ones more (successive halving, Jamieson & Talwalkar 2016), on
    common random numbers (`config.evaluation.tuning_seed`).
    """
    axes = [np.arange(low, high + STEP / 2, STEP) for low, high in family.bounds]
    points = [tuple(point) for point in itertools.product(*axes)]
    if config.market.kind is MarketKind.book:
        return family.build(*_best_simulated(family, config, points))

    def loss(point: Any, /) -> float:
        return -value(config, family.build(*point))

    best = optimize.fmin(loss, np.array(min(points, key=loss)), xtol=1e-7, ftol=1e-9, disp=False)
    return family.build(*(float(coefficient) for coefficient in best))


def _best_simulated(family: Family, config: Config, points: list[tuple[float, ...]]) -> tuple[float, ...]:
    held_in = config.evaluation
    for divisor, stay in ROUNDS:
        episodes = max(2, held_in.tuning_episodes // divisor)

        def reward(point: tuple[float, ...], episodes: int = episodes) -> float:
            rule = family.build(*point)
            return float(simulate(rule, config, episodes=episodes, seed=held_in.tuning_seed).reward.mean())

        points = sorted(points, key=reward, reverse=True)[:stay]
    return points[0]
