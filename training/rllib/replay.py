"""Experience replay: transitions in one flat ring, sampled by index.

RLlib's own buffer walks through episodes row by row, which takes a hundred times as long.
"""

# mypy: disable-error-code="no-untyped-call"
# (RLlib is typed only in part.)
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from ray.rllib.algorithms.sac import SAC

from training.rllib.rollout import Rollout

REPLAY = "replay"  # key of the buffer in a checkpoint


@dataclass(frozen=True, kw_only=True)
class Transitions:
    """``n`` transitions; an "episode" to RLlib's learner group, which counts its rows and cuts it into shards."""

    observations: np.ndarray  # [n, k]
    actions: np.ndarray  # [n, 2] as the policy chose them
    rewards: np.ndarray  # [n]
    next_observations: np.ndarray  # [n, k]; after a last step the ended episode's own
    terminated: np.ndarray  # [n]
    truncated: np.ndarray  # [n]

    def __len__(self) -> int:
        return len(self.rewards)

    def __getitem__(self, rows: slice | np.ndarray) -> Transitions:
        return Transitions(**{column.name: getattr(self, column.name)[rows] for column in fields(self)})

    def slice(self, rows: slice, **_: Any) -> Transitions:
        """As RLlib cuts an episode for one of several learners."""
        return self[rows]

    def empty(self, size: int) -> Transitions:
        """Room for ``size`` transitions like these."""
        columns = {column.name: getattr(self, column.name) for column in fields(self)}
        return Transitions(**{name: np.empty((size, *held.shape[1:]), held.dtype) for name, held in columns.items()})


def transitions_of(rollout: Rollout) -> Transitions:
    """The steps of a rollout in the order of time, all markets of a step together."""
    following = rollout.observations[:, 1:].copy()
    market, step = rollout.ends.T
    following[market, step] = rollout.final_observations

    def rows(values: np.ndarray) -> np.ndarray:
        by_time = values.swapaxes(0, 1)
        return np.ascontiguousarray(by_time).reshape(-1, *values.shape[2:])

    return Transitions(
        observations=rows(rollout.observations[:, :-1]),
        actions=rows(rollout.actions),
        rewards=rows(rollout.rewards),
        next_observations=rows(following),
        terminated=rows(rollout.terminated),
        truncated=rows(rollout.truncated),
    )


class ReplaySAC(SAC):
    """SAC with the flat buffer, of which RLlib's configuration knows nothing; checkpoints carry it."""

    local_replay_buffer: Any

    def get_state(self, components: Any = None, *, not_components: Any = None, **kwargs: Any) -> dict[str, Any]:
        """The algorithm's state and the buffer's."""
        state: dict[str, Any] = super().get_state(components, not_components=not_components, **kwargs)
        if self._check_component(REPLAY, components, not_components):
            state[REPLAY] = self.local_replay_buffer.get_state()
        return state

    def set_state(self, state: dict[str, Any]) -> None:
        """The inverse of `get_state`."""
        super().set_state(state)
        if REPLAY in state:
            self.local_replay_buffer.set_state(state[REPLAY])

    def _create_local_replay_buffer_if_necessary(self, config: Any) -> Any:
        return FlatReplayBuffer(config["replay_buffer_config"]["capacity"], config["seed"])


class FlatReplayBuffer:
    """The last ``capacity`` transitions, sampled uniformly with replacement; the same seed gives the same samples.

    It has what an algorithm asks of its ``local_replay_buffer``.
    """

    def __init__(self, capacity: int, seed: int) -> None:
        self.capacity = capacity
        self._random = np.random.default_rng(seed)
        self._ring: Transitions | None = None
        self._next = 0  # row that is written next
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def add(self, rollouts: Sequence[Rollout]) -> None:
        """Adds the steps of ``rollouts`` that are finite; the oldest make room for them."""
        for rollout in rollouts:
            self._write(_finite(transitions_of(rollout))[-self.capacity :])

    def sample(self, num_items: int, **_: Any) -> list[Transitions]:
        """``num_items`` transitions."""
        assert self._ring is not None
        return [self._ring[self._random.integers(self._size, size=num_items)]]

    def get_metrics(self) -> dict[str, Any]:
        """Nothing: what is worth telling the learner tells."""
        return {}

    def get_state(self) -> dict[str, Any]:
        """The transitions, oldest first, and the state of the sampler."""
        order = (self._next - self._size + np.arange(self._size)) % self.capacity
        return {"ring": self._ring[order] if self._ring else None, "random": self._random.bit_generator.state}

    def set_state(self, state: dict[str, Any]) -> None:
        """The inverse of `get_state`."""
        self._ring, self._next, self._size = None, 0, 0
        if state["ring"] is not None:
            self._write(state["ring"][-self.capacity :])
        self._random.bit_generator.state = state["random"]

    def _write(self, new: Transitions) -> None:
        ring = self._ring or new.empty(self.capacity)
        rows = (self._next + np.arange(len(new))) % self.capacity
        for column in fields(new):
            getattr(ring, column.name)[rows] = getattr(new, column.name)
        self._ring = ring
        self._next = (self._next + len(new)) % self.capacity
        self._size = min(self._size + len(new), self.capacity)


def _finite(new: Transitions) -> Transitions:
    """Without the transitions that hold a number which is none: one of them would be learned from again and again."""
    columns = (new.observations, new.actions, new.rewards, new.next_observations)
    rows = np.logical_and.reduce([np.isfinite(column).reshape(len(new), -1).all(axis=1) for column in columns])
    return new if rows.all() else new[rows]
