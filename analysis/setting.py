"""The setting of a policy: what of a configuration its numbers mean nothing without, and in which it is judged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import config as configuration
from analysis.policy import TrainedPolicy
from config import Config, UserError, to_dict

SECTIONS = ("market", "market_maker", "agent", "simulation")
SHOWN = 6  # differences, at most


def of(config: Config) -> dict[str, Any]:
    """The sections of ``config`` that a policy's card holds, with the penalty by which it is judged."""
    values = to_dict(config)
    setting = {name: values[name] for name in SECTIONS}
    setting["market"].pop("calibration")  # where its numbers come from, not what they are
    return setting | {"evaluation": {"inventory_penalty": config.evaluation.inventory_penalty}}


def episodes(config: Config) -> dict[str, Any]:
    """What the held-out episodes and the numbers of a policy on them follow from, whatever the policy is."""
    values = of(config)
    maker, agent = values.pop("market_maker"), values.pop("agent")
    values["market_maker"] = {name: maker[name] for name in ("max_position", "quote_size")}
    values["agent"] = {"terminal_penalty": agent["terminal_penalty"]}
    values["evaluation"] |= {"episodes": config.evaluation.episodes, "seed": config.evaluation.seed}
    return values


def judged(policies: Sequence[TrainedPolicy], words: Sequence[str]) -> tuple[Config, list[str]]:
    """The setting in which to compare ``policies``, and a sentence for each that was trained in another.

    It is that of the policies; a market or values that ``words`` name win over it.

    Raises:
        UserError: the policies are of several settings and ``words`` name no market.

    """
    own = [policy.card.setting for policy in policies]
    if not any(word.startswith("market=") for word in words):
        for policy, setting in zip(policies, own, strict=True):
            if other := _differences(setting, own[0]):
                raise UserError(
                    f"policies must be of one setting, or market= must name where to compare them, but {policy.name} "
                    f"has {_some(other)} as {policies[0].name} has not"
                )
    config = configuration.load(words, under=own[0] if own else None)
    found = [(policy.name, _differences(setting, of(config))) for policy, setting in zip(policies, own, strict=True)]
    return config, [f"{name} was trained in another setting: {_some(other)}" for name, other in found if other]


def _differences(setting: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """``key value`` of whatever in ``setting`` is not the same in ``other``."""
    mine, theirs = _flat(setting), _flat(other)
    return [f"{key} {value}" for key, value in mine.items() if theirs.get(key) != value]


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


def _some(differences: list[str]) -> str:
    more = len(differences) - SHOWN
    return ", ".join(differences[:SHOWN]) + (f" and {more} more" if more > 0 else "")
