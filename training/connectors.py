"""From sampled episodes to the learner's batch: concatenation, reward scaling and centring, advantages."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from ray.rllib.connectors.connector_v2 import ConnectorV2
from ray.rllib.core import DEFAULT_MODULE_ID
from ray.rllib.core.columns import Columns
from ray.rllib.evaluation.postprocessing import Postprocessing

CHUNKS = "chunks"  # key in shared_data


class ConcatenateEpisodes(ConnectorV2):
    """Lays numpy'ed episode chunks end to end as tensors [rows, ...], on the module's device.

    Leaves ``shared_data["chunks"]`` for `Advantages`: lengths [chunks], terminated [chunks] and the
    observation after each chunk's last step [chunks, k]. Unlike RLlib's it adds no bootstrap rows.
    """

    def __call__(
        self,
        *,
        rl_module: Any,
        batch: dict[str, Any],
        episodes: list[Any],  # SingleAgentEpisode
        shared_data: Any = None,
        **_: Any,
    ) -> dict[str, Any]:
        """Fills ``batch[DEFAULT_MODULE_ID]`` with obs, actions, rewards and the module's extra outputs."""
        device = next(rl_module[DEFAULT_MODULE_ID].parameters()).device
        first = episodes[0]
        columns = {
            Columns.OBS: [_values(e.observations)[:-1] for e in episodes],
            Columns.ACTIONS: [_values(e.actions) for e in episodes],
            Columns.REWARDS: [_values(e.rewards) for e in episodes],
        }
        for name in (Columns.ACTION_LOGP, Columns.ACTION_DIST_INPUTS):
            if name in first.extra_model_outputs:
                columns[name] = [_values(e.extra_model_outputs[name]) for e in episodes]
        batch[DEFAULT_MODULE_ID] = {name: _tensor(np.concatenate(rows), device) for name, rows in columns.items()}
        shared_data[CHUNKS] = (
            np.array([len(rows) for rows in columns[Columns.REWARDS]]),
            np.array([e.is_terminated for e in episodes]),
            _tensor(np.stack([_values(e.observations)[-1] for e in episodes]), device),
        )
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
            self.batches = min(self.batches + 1, self.memory)
            self.mean += (float(rewards.mean()) - self.mean) / self.batches
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
    """Generalised advantage estimation (Schulman et al. 2016) with discount 1, over all chunks at once."""

    def __init__(self, *, gae_lambda: float) -> None:
        super().__init__()
        self.gae_lambda = gae_lambda

    def __call__(self, *, rl_module: Any, batch: dict[str, Any], shared_data: Any = None, **_: Any) -> dict[str, Any]:
        """Adds ``advantages`` (mean 0, std 1) and ``value_targets`` [rows] to the module's batch."""
        lengths, terminated, last_obs = shared_data[CHUNKS]
        columns = batch[DEFAULT_MODULE_ID]
        module = rl_module[DEFAULT_MODULE_ID].unwrapped()
        with torch.no_grad():
            values = module.compute_values(columns)
            after = module.compute_values({Columns.OBS: last_obs})
        raw = advantages(
            columns[Columns.REWARDS].cpu().numpy(),
            values.cpu().numpy(),
            np.where(terminated, 0.0, after.cpu().numpy()),
            lengths,
            self.gae_lambda,
        )
        targets = _tensor(raw, values.device) + values
        columns[Postprocessing.VALUE_TARGETS] = targets
        columns[Postprocessing.ADVANTAGES] = _tensor((raw - raw.mean()) / max(raw.std(), 1e-4), values.device)
        return batch


def advantages(
    rewards: np.ndarray, values: np.ndarray, after: np.ndarray, lengths: np.ndarray, gae_lambda: float
) -> np.ndarray:
    """GAE with discount 1 of chunks laid end to end.

    Args:
        rewards: [rows].
        values: [rows] value before each step.
        after: [chunks] value after each chunk's last step; 0 where the episode has ended.
        lengths: [chunks] rows of each chunk.
        gae_lambda: weight of longer returns.

    """
    ends = np.cumsum(lengths)
    following = np.append(values[1:], 0.0)
    following[ends - 1] = after
    residuals = rewards + following - values
    sums: np.ndarray = np.zeros_like(residuals)
    carry = np.zeros(len(lengths))
    for back in range(1, int(lengths.max()) + 1):  # all chunks together, from their last rows to their first
        alive = lengths >= back
        rows = ends[alive] - back
        carry[alive] = residuals[rows] + gae_lambda * carry[alive]
        sums[rows] = carry[alive]
    return sums


def _values(buffer: Any) -> np.ndarray:
    values: np.ndarray = buffer.data[buffer.lookback :]
    return values


def _tensor(values: np.ndarray, device: torch.device) -> torch.Tensor:
    return torch.as_tensor(values, dtype=torch.float32, device=device)
