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
    ranges: Sequence[slice]  # of each coefficient, as scipy.optimize.brute takes them


CONSTANT_SPREAD = Family(
    "constant spread", lambda half: SkewedSpread("constant spread", half), [slice(0.25, 3.01, 0.25)]
)
LINEAR_SKEW = Family(
    "linear skew",
    lambda half, skew: SkewedSpread("linear skew", half, skew),
    [slice(0.25, 3.01, 0.25), slice(0.0, 3.01, 0.5)],
)
FAMILIES = (CONSTANT_SPREAD, LINEAR_SKEW)


def tune(family: Family, config: Config) -> SkewedSpread:
    """The rule's best coefficients: by exact value in the reduced-form market, else by simulation.

    The simulated search is a grid over common random numbers (`config.evaluation.tuning_seed`), because quotes
    round to ticks and the objective is flat between them; the exact one is polished from the best grid point.
    """
    exact = config.market.kind is MarketKind.reduced_form

    def loss(coefficients: NDArray[np.float64]) -> float:
        rule = family.build(*np.atleast_1d(coefficients))
        if exact:
            return -value(config, rule)
        episodes = simulate(
            rule, config, episodes=config.evaluation.tuning_episodes, seed=config.evaluation.tuning_seed
        )
        return -float(episodes.reward.mean())

    best = optimize.brute(loss, tuple(family.ranges), finish=optimize.fmin if exact else None, disp=False)
    return family.build(*(float(coefficient) for coefficient in np.atleast_1d(best)))
