"""Many markets behind one `gymnasium.vector.VectorEnv`, stepped by one call into the engine."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

import engine
from config import Config, load
from envs.scenario import scenario
from envs.spaces import action_space, observation_space

_AUTORESET = {
    AutoresetMode.SAME_STEP: engine.Autoreset.same_step,
    AutoresetMode.NEXT_STEP: engine.Autoreset.next_step,
}


class MarketMakingVectorEnv(gymnasium.vector.VectorEnv[NDArray[np.float32], NDArray[np.float32], NDArray[Any]]):
    """``num_envs`` independent markets.

    Row i plays the streams of (seed, first_market_id + i, episode), so trajectories depend neither on ``threads`` nor
    on how markets are split over environments. Every array returned is fresh.

    ``step`` takes actions [n, a] float32 (offsets in price units; where ``agent.sizes`` asks for them, sizes from -1,
    none, to 0, all) and returns observations [n, k] float32, named by ``columns``, rewards [n] float64 (tick x lot in a
    book, price x lot in the reduced form), terminated and truncated [n] bool (an episode ends at its horizon as
    terminated), and info: ``statistics`` [n, m] float64, named by the attribute of that name, and under SAME_STEP
    ``final_obs`` [n, k], whose rows are valid where the mask ``_final_obs`` holds.

    The observation wrappers of `gymnasium.wrappers.vector` (NormalizeObservation among them) need
    ``autoreset=AutoresetMode.NEXT_STEP``: around SAME_STEP, the default, they stop at a bare AssertionError. Its other
    wrappers take either.
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
        self.statistics = self._batch.statistics
        self.single_action_space = action_space(config, self._batch.actions)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.metadata = {"autoreset_mode": autoreset}
        self._autoreset = autoreset
        self._seed: int | None = seed  # of the first reset that names none
        self._started = False

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Starts every market's episode 0 under ``seed``, or its next episode without one.

        ``options={"staggered": True}`` starts each market at a random step of its clock, so that a short rollout sees
        all of an episode.

        Raises:
            ValueError: ``seed`` is not one whole number from 0 to 2^64 - 1, or ``options`` names anything else;
                nothing has changed then.
        """
        staggered = _staggered(options or {})
        if isinstance(seed, list):
            raise ValueError("seed must be one number: market i plays stream (seed, first_market_id + i)")
        chosen = self._seed if seed is None else seed
        observation = self._empty()
        self._batch.reset(chosen, observation, staggered=staggered)
        self._seed = None
        self._started = True
        return observation, {}

    def step(
        self, actions: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        """Plays one decision interval in every market; see the class for shapes.

        Raises:
            ValueError: an action is not finite or not [n, a]; nothing has changed then.
            ResetNeeded: before the first ``reset``.
        """
        if not self._started:
            raise ResetNeeded("reset the markets before their first step")
        observation, final = self._empty(), self._empty()
        reward = np.empty(self.num_envs)
        terminated = np.empty(self.num_envs, np.bool_)
        statistics = np.empty((self.num_envs, len(self.statistics)))
        action = np.ascontiguousarray(actions, np.float32)
        self._batch.step(action, observation, reward, terminated, final, statistics)
        info: dict[str, Any] = {"statistics": statistics}
        if self._autoreset is AutoresetMode.SAME_STEP and terminated.any():
            info |= {"final_obs": final, "_final_obs": terminated.copy()}
        return observation, reward, terminated, np.zeros_like(terminated), info

    def _empty(self) -> NDArray[np.float32]:
        return np.empty((self.num_envs, len(self.columns)), np.float32)


def _staggered(options: dict[str, Any]) -> bool:
    """What the options of a reset ask for; whoever misspells one would never know that nothing came of it."""
    for name in options:
        if name != "staggered":
            raise ValueError(f"options may name 'staggered' and nothing else, but they name {name!r}")
    staggered = options.get("staggered", False)
    if not isinstance(staggered, bool | np.bool_):
        raise ValueError(f"options['staggered'] must be True or False, but it is {staggered!r}")
    return bool(staggered)
