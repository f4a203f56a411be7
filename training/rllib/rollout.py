"""What a batch of markets went through in one call of `sample`, and how it becomes RLlib's episodes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
from ray.rllib.env.single_agent_episode import SingleAgentEpisode
from ray.rllib.env.utils.infinite_lookback_buffer import InfiniteLookbackBuffer


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """``B`` markets over ``T`` steps; fresh arrays, market-major.

    It is an "episode" to RLlib's learner group, which counts its env steps and cuts it into shards.
    """

    observations: np.ndarray  # [B, T + 1, k]; after a last step the next episode's first observation
    actions: np.ndarray  # [B, T, 2] as the policy chose them, before clipping or scaling
    rewards: np.ndarray  # [B, T]
    terminated: np.ndarray  # [B, T]
    truncated: np.ndarray  # [B, T]
    extras: dict[str, np.ndarray]  # [B, T, ...] outputs of the module that the learner needs
    ends: np.ndarray  # [m, 2] market and step of the last step of each episode that has ended
    final_observations: np.ndarray  # [m, k] what followed those
    name: str  # of the series of episodes, unique among runners
    numbers: np.ndarray  # [B] of each market's episode at the first step, within the series
    lengths: np.ndarray  # [B] steps which that episode had before
    observation_space: gymnasium.Space[Any]
    action_space: gymnasium.Space[Any]

    def __len__(self) -> int:
        return self.rewards.size

    def __getitem__(self, steps: slice) -> Rollout:
        return self.slice(steps)

    def slice(self, steps: slice, **_: Any) -> Rollout:
        """The whole markets of a range of env steps, as RLlib cuts an episode for one of several learners."""
        length = self.rewards.shape[1]
        start, stop, _step = steps.indices(len(self))
        markets = slice(-(-start // length), -(-stop // length))
        inside = (self.ends[:, 0] >= markets.start) & (self.ends[:, 0] < markets.stop)
        cut = {name: getattr(self, name)[markets] for name in _BY_MARKET}
        return dataclasses.replace(
            self,
            **cut,
            extras={name: values[markets] for name, values in self.extras.items()},
            ends=self.ends[inside] - [markets.start, 0],
            final_observations=self.final_observations[inside],
        )


_BY_MARKET = ("observations", "actions", "rewards", "terminated", "truncated", "numbers", "lengths")


@dataclass(frozen=True)
class PackedEpisodes:
    """A rollout on its way to another process, where it arrives as the list that `episodes_of` makes of it.

    Thousands of short episodes would travel as five small buffers each, which costs more than sampling them.
    """

    rollout: Rollout
    whole: int | None = None

    def __reduce__(self) -> tuple[Callable[..., list[SingleAgentEpisode]], tuple[Any, ...]]:
        return episodes_of, (self.rollout, self.whole)


def episodes_of(rollout: Rollout, whole: int | None = None) -> list[SingleAgentEpisode]:
    """One numpy'ed episode chunk for each stretch of one market between episode ends.

    Args:
        rollout: views of its arrays are the chunks' data.
        whole: if given, only so many episodes that have ended.

    """
    markets, steps = rollout.rewards.shape
    ends: list[list[tuple[int, np.ndarray]]] = [[] for _ in range(markets)]
    for (market, step), final in zip(rollout.ends, rollout.final_observations, strict=True):
        ends[market].append((step + 1, final))
    chunks = []
    for market in range(markets):
        start, number, before = 0, int(rollout.numbers[market]), int(rollout.lengths[market])
        for stop, final in ends[market]:
            chunks.append(_chunk(rollout, market, number, before, start, stop, final))
            start, number, before = stop, number + 1, 0
        if start < steps and whole is None:
            chunks.append(_chunk(rollout, market, number, before, start, steps, None))
    return chunks if whole is None else chunks[:whole]


def _chunk(
    rollout: Rollout, market: int, number: int, before: int, start: int, stop: int, final: np.ndarray | None
) -> SingleAgentEpisode:
    observations = rollout.observations[market, start : stop + 1]
    if final is not None:
        observations = np.concatenate([observations[:-1], final[np.newaxis]])
    return SingleAgentEpisode(
        f"{rollout.name}-{market}-{number}",
        observations=InfiniteLookbackBuffer(observations),
        infos=InfiniteLookbackBuffer([{}] * len(observations)),
        actions=InfiniteLookbackBuffer(rollout.actions[market, start:stop]),
        rewards=InfiniteLookbackBuffer(rollout.rewards[market, start:stop]),
        terminated=bool(rollout.terminated[market, stop - 1]),
        truncated=bool(rollout.truncated[market, stop - 1]),
        extra_model_outputs={
            name: InfiniteLookbackBuffer(values[market, start:stop]) for name, values in rollout.extras.items()
        },
        t_started=before,
        observation_space=rollout.observation_space,
        action_space=rollout.action_space,
        len_lookback_buffer=0,
    )
