"""The trained policy without Ray: a plain torch module, made of what a learner has left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from analysis import setting
from analysis.policy import PolicyCard
from config import Activation, AlgoName, Config
from envs import MarketMakingVectorEnv

ACTIVATIONS: dict[Activation, type[nn.Module]] = {
    Activation.relu: nn.ReLU,
    Activation.silu: nn.SiLU,
    Activation.tanh: nn.Tanh,
}


class PolicyNetwork(nn.Module):
    """Observations float32 [n, k] to the most likely action, float32 [n, 2] inside ``[card.low, card.high]``.

    Args:
        layers: observation to mean [n, 2].
        squash: the mean passes through tanh and fills the box (SAC); otherwise it is clipped to it (PPO).
        card: travels with the exported file.

    """

    def __init__(self, layers: nn.Sequential, *, squash: bool, card: PolicyCard) -> None:
        super().__init__()
        self.layers = layers
        self.squash = squash
        self.card = card

    def forward(self, observation: torch.Tensor) -> torch.Tensor:
        """Actions [n, 2] for observations [n, k]."""
        mean: torch.Tensor = self.layers(observation)
        if self.squash:
            return self.card.low + (torch.tanh(mean) + 1) * (0.5 * (self.card.high - self.card.low))
        return mean.clamp(self.card.low, self.card.high)


def policy_of(config: Config, weights: Mapping[str, Any]) -> PolicyNetwork:
    """The network that a training under ``config`` has left in its learner's ``weights``."""
    build = {AlgoName.ppo: from_ppo, AlgoName.sac: from_sac}[config.algo.name]
    return build(weights, config.algo.activation, card_of(config))


def card_of(config: Config) -> PolicyCard:
    """What a policy trained under ``config`` reads and what its action means."""
    return PolicyCard(observation=list(MarketMakingVectorEnv(config).columns), setting=setting.of(config))


def from_ppo(state: Mapping[str, Any], activation: Activation, card: PolicyCard) -> PolicyNetwork:
    """The policy in a `MarketMakerModule`'s state: ``features.*`` if it has such, and ``actor.*``."""
    layers = _linears(state, "actor.")
    if any(name.startswith("features.") for name in state):
        bid_and_ask = _linear(torch.cat([head.weight for head in layers]), torch.cat([head.bias for head in layers]))
        layers = [*_linears(state, "features."), bid_and_ask]
    return PolicyNetwork(_stack(layers, activation), squash=False, card=card)


def from_sac(state: Mapping[str, Any], activation: Activation, card: PolicyCard) -> PolicyNetwork:
    """The policy in the state of RLlib's own SAC module: ``pi_encoder.*`` and the mean half of ``pi.*``."""
    *hidden, head = _linears(state, "pi_encoder.") + _linears(state, "pi.")
    mean_rows = head.out_features // 2  # the other half is the log standard deviation
    mean = _linear(head.weight[:mean_rows], head.bias[:mean_rows])
    return PolicyNetwork(_stack([*hidden, mean], activation), squash=True, card=card)


def _linears(state: Mapping[str, Any], prefix: str) -> list[nn.Linear]:
    weights = [name for name in state if name.startswith(prefix) and name.endswith(".weight")]
    if not weights:
        raise ValueError(f"no weights under '{prefix}' among {list(state)}")
    return [_linear(state[name], state[name.removesuffix("weight") + "bias"]) for name in weights]


def _linear(weight: Any, bias: Any) -> nn.Linear:
    tensors = {"weight": torch.as_tensor(weight), "bias": torch.as_tensor(bias)}
    layer = nn.Linear(tensors["weight"].shape[1], tensors["weight"].shape[0])
    layer.load_state_dict(tensors)
    return layer.requires_grad_(False)


def _stack(linears: list[nn.Linear], activation: Activation) -> nn.Sequential:
    layers: list[nn.Module] = []
    for linear in linears:
        layers += [linear, ACTIVATIONS[activation]()]
    return nn.Sequential(*layers[:-1])
