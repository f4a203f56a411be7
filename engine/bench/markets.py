"""What a market is like, beside how fast it is: whether differences are paired, and what our fills are worth later."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import config
import engine
import envs
from engine.bench.frame import Facts, Measure, Round

EPISODES = 1024
HALF_SPREAD = 0.8  # price units


def pairing(market: str) -> Measure:
    """How alike two linear skews of 1.0 and 1.1 price units do on the same episodes."""

    def measure(_: str, __: Round) -> Facts:
        one, other = _play(market, 1.0)[0], _play(market, 1.1)[0]
        ratio = np.var(one - other) / (np.var(one) + np.var(other))
        return {"value": float(np.corrcoef(one, other)[0, 1]), "variance_ratio": float(ratio)}

    return measure


def realised(market: str, skew: float) -> Measure:
    """Of a rule's fills the mid's distance some time later over that at the fill."""

    def measure(_: str, __: Round) -> Facts:
        sums = _play(market, skew)[1]
        effective = _markout(sums, "0s")
        facts = {f"after_{horizon}": _markout(sums, horizon) / effective for horizon in ("100ms", "1s", "5s")}
        return {"value": facts.pop("after_1s"), **facts, "effective_ticks": effective, "lots": sums["bid_marked_0s"]}

    return measure


def _markout(sums: dict[str, float], horizon: str) -> float:
    """Ticks a lot, both sides."""
    value, lots = (sum(sums[f"{side}_{kind}_{horizon}"] for side in ("bid", "ask")) for kind in ("markout", "marked"))
    return value / lots


def _play(market: str, skew: float) -> tuple[NDArray[np.float64], dict[str, float]]:
    """Rewards of an episode each, and the sums of all statistics."""
    chosen = config.load([f"market={market}"])
    batch = engine.Batch(envs.scenario(chosen), EPISODES)
    batch.reset(1, np.empty((EPISODES, len(batch.columns)), np.float32))
    reward, statistics = np.empty(EPISODES), np.empty((EPISODES, len(batch.statistics)))
    unit = chosen.market.price_unit
    rule = engine.Strategy.linear_skew(
        half_spread=HALF_SPREAD * unit, inventory_skew=skew * unit, max_lots=chosen.max_lots
    )
    batch.play(rule, chosen.simulation.episode_steps, reward, statistics, np.empty(EPISODES))
    return reward, dict(zip(batch.statistics, statistics.sum(axis=0).tolist(), strict=True))
