"""From sampled episodes to the learner's batch: concatenation, reward scaling and centring, advantages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from ray.rllib.connectors.connector_v2 import ConnectorV2
from ray.rllib.core import DEFAULT_MODULE_ID
from ray.rllib.core.columns import Columns
from ray.rllib.evaluation.postprocessing import Postprocessing

from training.rllib.rollout import Rollout

ROLLOUTS = "rollouts"  # key in shared_data


class StackRollouts(ConnectorV2):
    """Lays rollouts end to end, market by market, as tensors [rows, ...] on the module's device.

    Leaves them in ``shared_data["rollouts"]`` for `Advantages`. Unlike RLlib's it adds no bootstrap rows.
    """

    def __call__(
        self,
        *,
        rl_module: Any,
        batch: dict[str, Any],
        episodes: list[Any],  # Rollout
        shared_data: Any = None,
        **_: Any,
    ) -> dict[str, Any]:
        """Fills ``batch[DEFAULT_MODULE_ID]`` with obs, actions, rewards and the module's extra outputs."""
        device = next(rl_module[DEFAULT_MODULE_ID].parameters()).device
        columns = {
            Columns.OBS: [rollout.observations[:, :-1] for rollout in episodes],
            Columns.ACTIONS: [rollout.actions for rollout in episodes],
            Columns.REWARDS: [rollout.rewards for rollout in episodes],
        }
        for name in (Columns.ACTION_LOGP, Columns.ACTION_DIST_INPUTS):
            if name in episodes[0].extras:
                columns[name] = [rollout.extras[name] for rollout in episodes]
        batch[DEFAULT_MODULE_ID] = {name: _tensor(_rows(parts), device) for name, parts in columns.items()}
        shared_data[ROLLOUTS] = episodes
        return batch


class StackTransitions(ConnectorV2):
    """Lays replayed transitions end to end as tensors [rows, ...] on the module's device."""

    def __call__(
        self,
        *,
        rl_module: Any,
        batch: dict[str, Any],
        episodes: list[Any],  # Transitions
        **_: Any,
    ) -> dict[str, Any]:
        """Fills ``batch[DEFAULT_MODULE_ID]`` with what SAC's loss reads."""
        device = next(rl_module[DEFAULT_MODULE_ID].parameters()).device
        columns = {
            Columns.OBS: [part.observations for part in episodes],
            Columns.NEXT_OBS: [part.next_observations for part in episodes],
            Columns.ACTIONS: [part.actions for part in episodes],
            Columns.REWARDS: [part.rewards for part in episodes],
            Columns.TERMINATEDS: [part.terminated for part in episodes],
            Columns.TRUNCATEDS: [part.truncated for part in episodes],
        }
        batch[DEFAULT_MODULE_ID] = {name: _tensor(np.concatenate(parts), device) for name, parts in columns.items()}
        ones = torch.ones_like(batch[DEFAULT_MODULE_ID][Columns.REWARDS])
        batch[DEFAULT_MODULE_ID] |= {"n_step": ones, "weights": ones}
        return batch


class CentreRewards(ConnectorV2):
    """Divides rewards by ``unit`` and, if ``centre``, subtracts their running mean per step.

    The value is hundreds of price units while the differences that decide the skew are a tenth of one;
    episodes have a fixed length, so the subtraction moves every return alike. The mean is exact over the
    first ``memory`` batches and exponential after. Comes once rewards are tensors and before advantages.
    """

    def __init__(self, *, unit: float, centre: bool, memory: int) -> None:
        super().__init__()
        self.unit = unit
        self.centre = centre
        self.memory = memory
        self.mean = 0.0
        self.batches = 0

    def __call__(self, *, batch: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Replaces ``rewards`` of the module's batch; counts it into the running mean first."""
        columns = batch[DEFAULT_MODULE_ID]
        rewards = columns[Columns.REWARDS] / self.unit
        if self.centre:
            mean = float(rewards.mean())
            if math.isfinite(mean):  # else the learner leaves the batch out, and the mean must outlive it
                self.batches = min(self.batches + 1, self.memory)
                self.mean += (mean - self.mean) / self.batches
            rewards = rewards - self.mean
        columns[Columns.REWARDS] = rewards
        return batch

    def get_state(self, components: Any = None, **_: Any) -> dict[str, Any]:  # noqa: ARG002
        """The running mean and how many batches it has seen."""
        return {"mean": self.mean, "batches": self.batches}

    def set_state(self, state: dict[str, Any]) -> None:
        """The inverse of `get_state`."""
        self.mean = float(state["mean"])
        self.batches = int(state["batches"])


class Advantages(ConnectorV2):
    """Generalised advantage estimation (Schulman et al. 2016) with discount 1, over all markets at once.

    The critic's targets may look further ahead than the actor's advantages (decoupled GAE, Yue et al. 2025): inventory
    is paid for over minutes, a quote is filled within seconds.
    """

    def __init__(self, *, gae_lambda: float, value_lambda: float) -> None:
        super().__init__()
        self.gae_lambda = gae_lambda
        self.value_lambda = value_lambda

    def __call__(self, *, rl_module: Any, batch: dict[str, Any], shared_data: Any = None, **_: Any) -> dict[str, Any]:
        """Adds ``advantages`` (mean 0, std 1) and ``value_targets`` [rows] to the module's batch."""
        columns, module = batch[DEFAULT_MODULE_ID], rl_module[DEFAULT_MODULE_ID].unwrapped()
        device = columns[Columns.REWARDS].device
        rewards = columns[Columns.REWARDS].cpu().numpy()
        found, targets, done = [], [], 0
        for rollout in shared_data[ROLLOUTS]:
            value, after = self._values(module, rollout, device)
            of_rollout = rewards[done : done + len(rollout)].reshape(rollout.rewards.shape)
            ended = rollout.terminated | rollout.truncated
            found.append(advantages(of_rollout, value, after, ended, self.gae_lambda))
            targets.append(value + advantages(of_rollout, value, after, ended, self.value_lambda))
            done += len(rollout)
        raw = _rows(found)
        columns[Postprocessing.VALUE_TARGETS] = _tensor(_rows(targets), device)
        columns[Postprocessing.ADVANTAGES] = _tensor((raw - raw.mean()) / max(raw.std(), 1e-4), device)
        return batch

    @torch.no_grad()
    def _values(self, module: Any, rollout: Rollout, device: torch.device) -> tuple[np.ndarray, np.ndarray]:
        """Value before and after each step, [B, T] each; after the end of an episode 0, or its last observation's."""
        markets, steps = rollout.rewards.shape
        seen = np.concatenate([_rows([rollout.observations]), rollout.final_observations])
        value = module.compute_values({Columns.OBS: _tensor(seen, device)}).cpu().numpy()
        along, finals = value[: markets * (steps + 1)].reshape(markets, steps + 1), value[markets * (steps + 1) :]
        after = along[:, 1:].copy()
        market, step = rollout.ends.T
        after[market, step] = np.where(rollout.terminated[market, step], 0.0, finals)
        return along[:, :-1], after


def advantages(
    rewards: np.ndarray, values: np.ndarray, after: np.ndarray, ended: np.ndarray, gae_lambda: float
) -> np.ndarray:
    """GAE with discount 1 of many markets: all arrays [markets, steps].

    Args:
        rewards: of each step.
        values: before each step.
        after: value after each step; 0 where the episode has terminated.
        ended: whether the step was its episode's last.
        gae_lambda: weight of longer returns.

    """
    residuals: np.ndarray = rewards + after - values
    carry = np.zeros(len(rewards))
    for step in reversed(range(rewards.shape[1])):
        carry = residuals[:, step] + gae_lambda * np.where(ended[:, step], 0.0, carry)
        residuals[:, step] = carry
    return residuals


def _rows(parts: Sequence[np.ndarray]) -> np.ndarray:
    """[markets, steps, ...] of each part as rows, one below the other."""
    return np.concatenate([part.reshape(-1, *part.shape[2:]) for part in parts])


def _tensor(values: np.ndarray, device: torch.device) -> torch.Tensor:
    return torch.as_tensor(values, dtype=torch.float32, device=device)
