"""Policies outside Ray: the network that a training has left, and its files."""

from training.policies.files import example, save
from training.policies.network import ACTIVATIONS, PolicyNetwork, card_of, from_ppo, from_sac, policy_of

__all__ = ["ACTIVATIONS", "PolicyNetwork", "card_of", "example", "from_ppo", "from_sac", "policy_of", "save"]
