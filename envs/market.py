"""One market as a `gymnasium.Env`."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from config import Config, load
from envs.vector import MarketMakingVectorEnv


class MarketMakingEnv(gymnasium.Env[NDArray[np.float32], NDArray[np.float32]]):
    """A market maker sets two quotes each decision interval.

    Action: (u_bid, u_ask) float32 in price units, the distance of each quote behind its reference; with ``agent.sizes``
    also how much of its size each shows. Observation: the engine's columns, float32. Reward: PnL change less the
    penalties, whose parts stand in ``info`` by the names of the vector env's ``statistics``. An episode ends at its
    horizon, ``terminated``. Market ``market_id`` under a seed is row ``market_id`` of a `MarketMakingVectorEnv` under
    that seed. ``inventory`` is the position after the last step, in shares.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 - gymnasium declares it so

    def __init__(self, config: Config | None = None, *, market_id: int = 0, seed: int = 0) -> None:
        config = config or load()
        self._agent = config.agent.params()
        self._lot = config.market.lot
        self._interval_s = config.simulation.decision_interval_s
        self.inventory = 0
        self._ended = False
        self._markets = MarketMakingVectorEnv(
            config, 1, seed=seed, first_market_id=market_id, autoreset=AutoresetMode.NEXT_STEP
        )
        self.columns = self._markets.columns
        self.observation_space = self._markets.single_observation_space
        self.action_space = self._markets.single_action_space

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Starts episode 0 under ``seed``, or the next episode without one.

        ``options`` and errors as in `MarketMakingVectorEnv.reset`.
        """
        observation, info = self._markets.reset(seed=seed, options=options)
        super().reset(seed=None if seed is None else int(seed))  # Gymnasium takes no integer of numpy's
        self.inventory = 0
        self._ended = False
        return observation[0], info

    def step(self, action: NDArray[np.float32]) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Plays one decision interval.

        Raises:
            ValueError: the action is not finite or not [2]; nothing has changed then.
            ResetNeeded: before the first ``reset``, or after the end of an episode.
        """
        if self._ended:
            raise ResetNeeded("reset the market: its episode has ended")
        observation, reward, terminated, truncated, info = self._markets.step(np.asarray(action)[None])
        parts = dict(zip(self._markets.statistics, info["statistics"][0].tolist(), strict=True))
        self.inventory = round(parts["inventory"]) * self._lot
        self._ended = bool(terminated[0])
        return observation[0], float(reward[0]), self._ended, bool(truncated[0]), parts

    def calculate_reward(self, pnl_change: float) -> float:
        """The reward of a step without its terminal cost: PnL change less lambda q^2, in the unit of ``pnl_change``.

        lambda is ``agent.inventory_penalty`` times the decision interval, q is `inventory` in lots.
        """
        return pnl_change - self._agent.penalty(self.inventory / self._lot, self._interval_s)
