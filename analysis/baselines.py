"""Quoting rules to hold a learned policy against."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

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


@dataclass(frozen=True)
class Family:
    """A rule with free coefficients and where to look for them (price units)."""

    name: str
    build: Callable[..., SkewedSpread]
    bounds: Sequence[tuple[float, float]]  # of each coefficient


CONSTANT_SPREAD = Family("constant spread", lambda half: SkewedSpread("constant spread", half), [(0.0, 3.0)])
LINEAR_SKEW = Family(
    "linear skew", lambda half, skew: SkewedSpread("linear skew", half, skew), [(0.0, 3.0), (0.0, 3.0)]
)
FAMILIES = (CONSTANT_SPREAD, LINEAR_SKEW)
FIRST_STEP = 0.5  # price units, of the search
HALVINGS = 2  # of the step, each in the neighbourhood of the best point so far


def tune(family: Family, config: Config) -> SkewedSpread:
    """The rule's best coefficients: by exact value in the reduced-form market, else by simulation.

    A grid that is refined around its best point: the simulated objective, on common random numbers
    (`config.evaluation.tuning_seed`), is flat between ticks. The exact one is smooth and polished to the end.
    """
    exact = config.market.kind is MarketKind.reduced_form

    def loss(coefficients: NDArray[np.float64]) -> float:
        rule = family.build(*np.atleast_1d(coefficients))
        if exact:
            return -value(config, rule)
        held_in = config.evaluation
        return -float(simulate(rule, config, episodes=held_in.tuning_episodes, seed=held_in.tuning_seed).reward.mean())

    step = FIRST_STEP
    best = _best(loss, family.bounds, step)
    for _ in range(HALVINGS):
        near = [(max(low, x - step), min(high, x + step)) for x, (low, high) in zip(best, family.bounds, strict=True)]
        step /= 2
        best = _best(loss, near, step)
    if exact:
        best = np.atleast_1d(optimize.fmin(loss, best, xtol=1e-7, ftol=1e-9, disp=False))
    return family.build(*(float(coefficient) for coefficient in best))


def _best(loss: Callable[..., float], bounds: Sequence[tuple[float, float]], step: float) -> NDArray[np.float64]:
    grid = tuple(slice(low, high + step / 2, step) for low, high in bounds)
    return np.atleast_1d(optimize.brute(loss, grid, finish=None))
