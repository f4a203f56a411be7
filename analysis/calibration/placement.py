"""Where limit orders are placed that do not go inside the spread: at the best, or how far behind."""

from __future__ import annotations

import numpy as np
from scipy import optimize

from analysis.calibration.estimate import DRAWS, Estimate, blocks_of, bootstrap, counts_of
from analysis.calibration.orders import Orders
from analysis.facts import Events
from analysis.tape import Floats

START = np.log([2.0, 10.0])  # of power and offset
TOLERANCE = 1e-3


def estimate(events: Events, orders: Orders, farthest: int, draws: int = DRAWS) -> dict[str, Estimate]:
    """``behind_power`` and ``behind_offset`` (ticks) by maximum likelihood, ``at_best``; errors by the block bootstrap.

    P(i ticks behind) ~ (i + offset)^-power, i = 1 to ``farthest``.
    """
    seen = (orders.behind >= 0) & (orders.behind <= farthest)
    table = counts_of(blocks_of(events, orders.at[seen]), orders.behind[seen], farthest + 1)

    def fit(weights: Floats) -> dict[str, float]:
        number = weights @ table
        power, offset = power_law(number[1:], 1)
        return {"behind_power": power, "behind_offset": offset, "at_best": float(number[0] / number.sum())}

    return bootstrap(fit, draws)


def power_law(number: Floats, first: int) -> tuple[float, float]:
    """Power and offset of P(i) ~ (i + offset)^-power, of which so many had i = ``first``, ``first`` + 1, ..."""
    at = np.arange(first, first + len(number))

    def loss(x: Floats) -> float:
        logs = -np.exp(x[0]) * np.log(at + np.exp(x[1]))
        top = logs.max()
        return float(number.sum() * (top + np.log(np.exp(logs - top).sum())) - number @ logs)

    found = optimize.minimize(loss, START, method="Nelder-Mead", tol=TOLERANCE)
    power, offset = np.exp(found.x)
    return float(power), float(offset)
