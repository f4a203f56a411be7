"""Many markets behind one `gymnasium.vector.VectorEnv`, stepped by one call into the engine."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

import engine
from config import Config, load
from envs.scenario import scenario
from envs.spaces import STATISTICS, action_space, observation_space

_AUTORESET = {
    AutoresetMode.SAME_STEP: engine.Autoreset.same_step,
    AutoresetMode.NEXT_STEP: engine.Autoreset.next_step,
}


class MarketMakingVectorEnv(gymnasium.vector.VectorEnv[NDArray[np.float32], NDArray[np.float32], NDArray[Any]]):
    """``num_envs`` independent markets.

    Row i plays the streams of (seed, first_market_id + i, episode), so trajectories depend neither on ``threads`` nor
    on how markets are split over environments. Every array returned is fresh.

    ``step`` takes actions [n, 2] float32 in price units and returns observations [n, k] float32, rewards [n] float64
    (tick x lot in a book, price x lot in the reduced form), terminated and truncated [n] bool (an episode ends at its
    horizon as terminated), and info: ``statistics`` [n, m] float64 in the order of `STATISTICS`, and under SAME_STEP
    ``final_obs`` [n, k], whose rows are valid where the mask ``_final_obs`` holds.
    """

    def __init__(
        self,
        config: Config | None = None,
        num_envs: int = 1,
        *,
        seed: int = 0,
        first_market_id: int = 0,
        threads: int = 1,
        autoreset: AutoresetMode = AutoresetMode.SAME_STEP,
    ) -> None:
        if autoreset not in _AUTORESET:
            raise ValueError(f"autoreset must be SAME_STEP or NEXT_STEP, but it is {autoreset}")
        config = config or load()
        self._batch = engine.Batch(
            scenario(config),
            num_envs,
            first_market=first_market_id,
            threads=threads,
            autoreset=_AUTORESET[autoreset],
        )
        self.num_envs = num_envs
        self.columns = self._batch.columns
        self.single_observation_space = observation_space(self.columns)
        self.single_action_space = action_space(config)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.metadata = {"autoreset_mode": autoreset}
        self._autoreset = autoreset
        self._seed: int | None = seed  # of the first reset that names none

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Starts every market's episode 0 under ``seed``, or its next episode without one.

        ``options={"staggered": True}`` starts each market at a random step of its clock, so that a short rollout sees
        all of an episode.
        """
        if isinstance(seed, list):
            raise ValueError("seed must be one number: market i plays stream (seed, first_market_id + i)")
        chosen = self._seed if seed is None else seed
        self._seed = None
        observation = self._empty()
        self._batch.reset(chosen, observation, staggered=bool((options or {}).get("staggered", False)))
        return observation, {}

    def step(
        self, actions: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        """Plays one decision interval in every market; see the class for shapes.

        Raises:
            ValueError: an action is not finite or not [n, 2]; nothing has changed then.
        """
        observation, final = self._empty(), self._empty()
        reward = np.empty(self.num_envs)
        terminated = np.empty(self.num_envs, np.bool_)
        statistics = np.empty((self.num_envs, len(STATISTICS)))
        action = np.ascontiguousarray(actions, np.float32)
        self._batch.step(action, observation, reward, terminated, final, statistics)
        info: dict[str, Any] = {"statistics": statistics}
        if self._autoreset is AutoresetMode.SAME_STEP and terminated.any():
            info |= {"final_obs": final, "_final_obs": terminated.copy()}
        return observation, reward, terminated, np.zeros_like(terminated), info

    def _empty(self) -> NDArray[np.float32]:
        return np.empty((self.num_envs, len(self.columns)), np.float32)
