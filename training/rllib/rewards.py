"""What is learned from in place of the reward: what differs sums to nothing, and it says sooner what is good."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.measures import LUCK
from config import Config

INVENTORY, TIME_TO_GO = "inventory", "time_to_go"  # among the columns of an observation

Floats = NDArray[np.floating[Any]]


class LearnedRewards:
    """Rewards less luck, with the inventory penalty of the next seconds paid at once.

    Luck is a control variate: what the efficient price did to what was held, of mean zero whatever a policy does.

    The penalty is paid in advance by potential-based shaping (Ng, Harada & Russell 1999), which leaves the best policy
    as it is: a step's reward grows by ``potential(after) - potential(before)``, where the potential of a state is what
    its inventory would cost if it were held for ``holding_s`` seconds, or to the end where that is nearer. Inventory
    that fades over minutes is paid for over thousands of steps, which a critic finds out one look ahead after the
    other; paid in advance it is known from the first fill.
    """

    def __init__(self, env: Any, plan: Mapping[str, Any]) -> None:
        columns, statistics = getattr(env, "columns", ()), getattr(env, "statistics", ())
        self._luck = statistics.index(LUCK) if plan.get("without_luck") and LUCK in statistics else None
        self._cost = plan.get("holding_cost", 0.0)
        self._held_s, self._episode_s = plan.get("holding_s", 0.0), plan.get("episode_s", 0.0)
        charged = self._cost and self._held_s and {INVENTORY, TIME_TO_GO} <= set(columns)
        self._known = (columns.index(INVENTORY), columns.index(TIME_TO_GO)) if charged else None

    @staticmethod
    def plan(config: Config) -> dict[str, Any]:
        """What a runner needs to know, as numbers that survive a journey."""
        return {
            "without_luck": config.algo.without_luck,
            "holding_s": config.algo.holding_s,
            "holding_cost": config.agent.inventory_penalty * config.max_lots**2 / 4,  # the column is 2 q/Q
            "episode_s": config.simulation.episode_s,
        }

    def __call__(self, reward: Floats, before: Floats, after: Floats, info: Mapping[str, Any]) -> Floats:
        """The rewards [n] of a step between two observations [n, k], the last of their episodes where they ended."""
        learned: Floats = np.array(reward, dtype=np.float64)
        if self._luck is not None:
            learned -= info["statistics"][:, self._luck]
        if self._known is not None:
            learned += self._potential(after) - self._potential(before)
        return learned

    def _potential(self, observation: Floats) -> Floats:
        assert self._known is not None
        inventory, clock = (observation[:, column].astype(np.float64) for column in self._known)
        left_s = self._episode_s * (clock + 1) / 2
        potential: Floats = -self._cost * inventory**2 * np.minimum(self._held_s, left_s)
        return potential
