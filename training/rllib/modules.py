"""The networks: PPO's actor and critic with noise on a schedule, SAC's actor and twin critics."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from ray.rllib.algorithms.sac.torch.default_sac_torch_rl_module import DefaultSACTorchRLModule
from ray.rllib.core.columns import Columns
from ray.rllib.core.distribution.torch.torch_distribution import TorchDeterministic, TorchSquashedGaussian
from ray.rllib.core.models.base import ENCODER_OUT
from ray.rllib.core.rl_module.apis import InferenceOnlyAPI, ValueFunctionAPI
from ray.rllib.core.rl_module.torch import TorchRLModule
from torch import nn

from config import Activation, Network
from training.policies import ACTIVATIONS

FINAL_LAYER_SCALE = 0.01  # the first policy quotes the reference (u = 0) almost exactly


def mlp(inputs: int, hidden: Sequence[int], outputs: int, activation: str) -> nn.Sequential:
    """Fully connected layers ``inputs -> hidden... -> outputs``, linear at the end."""
    return nn.Sequential(*_hidden(inputs, hidden, activation), nn.Linear([inputs, *hidden][-1], outputs))


def _hidden(inputs: int, widths: Sequence[int], activation: str) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for width in widths:
        layers += [nn.Linear(inputs, width), ACTIVATIONS[Activation(activation)]()]
        inputs = width
    return layers


def _quiet(layer: nn.Module) -> None:
    """Makes the answer of a last layer almost zero, whatever it sees."""
    assert isinstance(layer, nn.Linear)
    with torch.no_grad():
        layer.weight.mul_(FINAL_LAYER_SCALE)
        layer.bias.zero_()


class MarketMakerModule(TorchRLModule, ValueFunctionAPI, InferenceOnlyAPI):
    """Gaussian policy over u, the quotes' distances from their references in price units, and its value.

    ``model_config``: ``network`` (name), ``hidden`` (widths), ``activation`` (name), ``initial_std`` (of u). Actor and
    critic see ``features(obs)``: what they share, or the observation itself. The standard deviation is the buffer
    ``log_std`` [actions]: no gradient moves it, but runners and checkpoints get it.
    """

    observation_space: Any
    action_space: Any
    model_config: Any
    log_std: torch.Tensor

    def setup(self) -> None:
        """Builds the networks; RLlib calls this once."""
        hidden, activation = self.model_config["hidden"], self.model_config["activation"]
        inputs, outputs = self.observation_space.shape[0], self.action_space.shape[0]
        if Network(self.model_config["network"]) is Network.specification:
            self.features: nn.Module = nn.Sequential(*_hidden(inputs, hidden, activation))
            self.actor: nn.Module = _QuoteHeads(hidden[-1])
            self.critic: nn.Module = nn.Linear(hidden[-1], 1)
        else:
            self.features = nn.Identity()
            self.actor = mlp(inputs, hidden, outputs, activation)
            self.critic = mlp(inputs, hidden, 1, activation)
            _quiet(self.actor[-1])
        self.register_buffer("log_std", torch.full((outputs,), math.log(self.model_config["initial_std"])))

    def get_non_inference_attributes(self) -> list[str]:
        """What runners do without."""
        return ["critic"]

    def set_std(self, std: float) -> None:
        """Sets the standard deviation of every component of u."""
        self.log_std.fill_(math.log(std))

    def compute_values(self, batch: dict[str, Any], embeddings: Any = None) -> torch.Tensor:
        """Value of each row of ``batch["obs"]`` [n], in price units of scaled and centred reward."""
        features = self.features(batch[Columns.OBS]) if embeddings is None else embeddings
        values: torch.Tensor = self.critic(features).squeeze(-1)
        return values

    def _forward(self, batch: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {Columns.ACTION_DIST_INPUTS: self._inputs(self.features(batch[Columns.OBS]))}

    def _forward_train(self, batch: dict[str, Any], **_: Any) -> dict[str, Any]:
        features = self.features(batch[Columns.OBS])
        return {Columns.ACTION_DIST_INPUTS: self._inputs(features), Columns.EMBEDDINGS: features}

    def _inputs(self, features: torch.Tensor) -> torch.Tensor:
        mean = self.actor(features)
        return torch.cat([mean, self.log_std.expand_as(mean)], dim=-1)


class _QuoteHeads(nn.Module):
    """The bid's and the ask's own layer, [n, width] to [n, 2]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.bid, self.ask = nn.Linear(width, 1), nn.Linear(width, 1)
        _quiet(self.bid)
        _quiet(self.ask)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return torch.cat([self.bid(features), self.ask(features)], dim=-1)


class SoftActorCriticModule(DefaultSACTorchRLModule):
    """Squashed Gaussian policy and twin critics of one shape; RLlib's own critics are several times as large.

    ``model_config``: ``hidden`` (widths), ``activation`` (name), ``twin_q``, which RLlib adds.
    """

    observation_space: Any
    action_space: Any
    model_config: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super(DefaultSACTorchRLModule, self).__init__(*args, **kwargs)  # without the catalog, which setup replaces

    def setup(self) -> None:
        """Builds actor and critics under the names that RLlib's forward passes read; RLlib calls this once."""
        self.twin_q = self.model_config["twin_q"]
        self.action_dist_cls = _SquashedGaussian
        observations, actions = self.observation_space.shape[0], self.action_space.shape[0]
        seen, taken = (observations, Columns.OBS), (actions, Columns.ACTIONS)
        self.pi_encoder, self.pi = self._network([seen], 2 * actions)
        _quiet(self.pi)
        if not self.inference_only:
            self.qf_encoder, self.qf = self._network([seen, taken], 1)
            self.qf_twin_encoder, self.qf_twin = self._network([seen, taken], 1)

    def _network(self, columns: Sequence[tuple[int, str]], outputs: int) -> tuple[nn.Module, nn.Module]:
        hidden, activation = self.model_config["hidden"], self.model_config["activation"]
        widths, names = zip(*columns, strict=True)
        layers = _hidden(sum(widths), hidden, activation)
        return _Encoder(layers, names), nn.Linear([sum(widths), *hidden][-1], outputs)


class _SquashedGaussian(TorchSquashedGaussian):
    """RLlib's, whose most likely action forgets the tanh."""

    def to_deterministic(self) -> Any:
        return TorchDeterministic(loc=self._squash(self.loc))


class _Encoder(nn.Sequential):
    """Hidden layers over columns of a batch, side by side; answers as RLlib's encoders do."""

    def __init__(self, layers: Sequence[nn.Module], columns: Sequence[str]) -> None:
        super().__init__(*layers)
        self.columns = columns

    def forward(self, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        features: torch.Tensor = super().forward(torch.cat([batch[name] for name in self.columns], dim=-1))  # type: ignore[no-untyped-call]
        return {ENCODER_OUT: features}
