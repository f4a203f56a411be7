"""A small policy with known weights."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

import config
from analysis import setting
from analysis.policy import PolicyCard
from config import Activation
from training import policies

CARD = PolicyCard(
    observation=["inventory", "imbalance", "time_left"],
    setting=setting.of(config.load(["market=book", "agent.action=offsets"])),
)


def actor(outputs: int) -> nn.Sequential:
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, outputs))


def state(layers: nn.Sequential, places: list[str]) -> dict[str, np.ndarray]:
    linears = [layer for layer in layers if isinstance(layer, nn.Linear)]
    return {
        f"{place}.{name}": value.detach().numpy()
        for place, layer in zip(places, linears, strict=True)
        for name, value in layer.named_parameters()
    }


def ppo_policy(scale: float = 1.0) -> tuple[nn.Sequential, policies.PolicyNetwork]:
    layers = actor(2)
    with torch.no_grad():
        layers[-1].weight.mul_(scale)
    weights = state(layers, ["actor.0", "actor.2", "actor.4"]) | {"critic.0.weight": np.zeros((1, 3))}
    return layers, policies.from_ppo(weights, Activation.tanh, CARD)


OBSERVATIONS = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
