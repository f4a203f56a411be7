"""The network of PPO: separate actor and critic, exploration noise on a schedule instead of learned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from ray.rllib.core.columns import Columns
from ray.rllib.core.rl_module.apis import InferenceOnlyAPI, ValueFunctionAPI
from ray.rllib.core.rl_module.torch import TorchRLModule
from torch import nn

from config import Activation
from training.export import ACTIVATIONS

FINAL_LAYER_SCALE = 0.01  # the first policy quotes the reference (u = 0) almost exactly


def mlp(inputs: int, hidden: Sequence[int], outputs: int, activation: str) -> nn.Sequential:
    """Fully connected layers ``inputs -> hidden... -> outputs``, linear at the end."""
    layers: list[nn.Module] = []
    for width in hidden:
        layers += [nn.Linear(inputs, width), ACTIVATIONS[Activation(activation)]()]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, outputs))


class MarketMakerModule(TorchRLModule, ValueFunctionAPI, InferenceOnlyAPI):
    """Gaussian policy over u, the quotes' distances from their references in price units, and its value.

    ``model_config``: ``hidden`` (widths), ``activation`` (name), ``initial_std`` (of u). The standard
    deviation is the buffer ``log_std`` [actions]: no gradient moves it, but runners and checkpoints get it.
    """

    observation_space: Any
    action_space: Any
    model_config: Any
    log_std: torch.Tensor

    def setup(self) -> None:
        """Builds the two networks; RLlib calls this once."""
        hidden, activation = self.model_config["hidden"], self.model_config["activation"]
        inputs, outputs = self.observation_space.shape[0], self.action_space.shape[0]
        self.actor = mlp(inputs, hidden, outputs, activation)
        self.critic = mlp(inputs, hidden, 1, activation)
        final = self.actor[-1]
        assert isinstance(final, nn.Linear)
        with torch.no_grad():
            final.weight.mul_(FINAL_LAYER_SCALE)
            final.bias.zero_()
        self.register_buffer("log_std", torch.full((outputs,), math.log(self.model_config["initial_std"])))

    def get_non_inference_attributes(self) -> list[str]:
        """What runners do without."""
        return ["critic"]

    def set_std(self, std: float) -> None:
        """Sets the standard deviation of every component of u."""
        self.log_std.fill_(math.log(std))

    def compute_values(self, batch: dict[str, Any], embeddings: Any = None) -> torch.Tensor:  # noqa: ARG002
        """Value of each row of ``batch["obs"]`` [n], in price units of scaled and centred reward."""
        values: torch.Tensor = self.critic(batch[Columns.OBS]).squeeze(-1)
        return values

    def _forward(self, batch: dict[str, Any], **_: Any) -> dict[str, Any]:
        mean = self.actor(batch[Columns.OBS])
        return {Columns.ACTION_DIST_INPUTS: torch.cat([mean, self.log_std.expand_as(mean)], dim=-1)}
