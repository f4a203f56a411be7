"""How patient orders are: lives as a mixture of exponentials whose hazards all zones share."""

from __future__ import annotations

import numpy as np

from analysis.calibration.estimate import DRAWS, Estimate, blocks_of, bootstrap, counts_of
from analysis.calibration.orders import Orders
from analysis.facts import Events
from analysis.tape import Floats

ZONES = ("inside", "at_best", "near", "deep")
START = (200.0, 3.0, 0.4, 0.02)  # 1/s: hazards from which the search begins
LIVES = 240  # cells of the logarithm of life
SHORTEST, LONGEST = 1e-6, 1e5  # s
PASSES = 300


def estimate(events: Events, orders: Orders, near_ticks: int, draws: int = DRAWS) -> dict[str, Estimate]:
    """Hazards ``hazard.k`` (1/s) and shares ``zone.k``, errors by the block bootstrap.

    Mixture of exponentials by expectation and maximisation (Dempster, Laird & Rubin 1977, 4.3); an order that was
    filled, is still live or has come to the best is right-censored.
    """
    zone = np.select([orders.behind < 0, orders.behind == 0, orders.behind <= near_ticks], [0, 1, 2], 3)
    life = np.clip(orders.life, SHORTEST, LONGEST)
    cell = (np.log(life / SHORTEST) / np.log(LONGEST / SHORTEST) * (LIVES - 1)).astype(np.int64)
    cells = (zone * 2 + orders.cancelled) * LIVES + cell
    table = counts_of(blocks_of(events, orders.at), cells, 8 * LIVES)
    total = np.bincount(cells, weights=life, minlength=8 * LIVES)
    number = table.sum(axis=0)
    middle = np.where(number > 0, total / np.maximum(number, 1), 1.0)
    middle = middle.reshape(4, 2, -1)
    return bootstrap(lambda weights: _named(*mixture((weights @ table).reshape(4, 2, -1), middle)), draws)


def mixture(number: Floats, life: Floats) -> tuple[Floats, Floats]:
    """Hazards [classes] and shares [zones, classes] of so many lives: [zones, censored or ended, cells]."""
    hazard = np.array(START)
    shares = np.full((len(number), len(hazard)), 1 / len(hazard))
    for _ in range(PASSES):
        survive = shares[:, None, None, :] * np.exp(-life[..., None] * hazard)
        survive[:, 1] *= hazard
        of_class = survive * (number / np.maximum(survive.sum(axis=-1), 1e-300))[..., None]
        ended, exposure = of_class[:, 1].sum(axis=(0, 1)), (of_class * life[..., None]).sum(axis=(0, 1, 2))
        hazard = np.maximum(ended, 1e-12) / np.maximum(exposure, 1e-12)
        each = of_class.sum(axis=(1, 2))
        shares = each / np.maximum(each.sum(axis=1, keepdims=True), 1e-300)
    order = np.argsort(-hazard)
    return hazard[order], shares[:, order]


def _named(hazard: Floats, shares: Floats) -> dict[str, float]:
    found = {f"hazard.{k}": float(value) for k, value in enumerate(hazard)}
    for zone, row in zip(ZONES, shares, strict=True):
        found |= {f"{zone}.{k}": float(value) for k, value in enumerate(row)}
    return found
