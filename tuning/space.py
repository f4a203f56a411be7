"""What a sweep searches, and how a point of that space becomes a trial's configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ray import tune

from config import ActionReference, Config, UserError, replace
from config.schema import SweepConfig
from training.rllib import algorithms

SECTIONS = {"inventory_skew": "market_maker", "alpha_skew": "market_maker", "inventory_penalty": "agent"}
KEYS = [f"{section}.{name}" for name, section in SECTIONS.items()]  # of the configuration
RESIDUAL = {"action": ActionReference.residual}  # the skews then shape what the policy starts from
ONE_PROCESS = {"env_runners": 0, "learners": 0, "progress": False}  # a trial samples and learns in its own


def param_space(sweep: SweepConfig) -> dict[str, Any]:
    """Tune's domain of each coefficient; a range of one point is that point."""
    kinds = {"inventory_skew": tune.uniform, "alpha_skew": tune.uniform, "inventory_penalty": tune.loguniform}
    space = {}
    for name, domain in kinds.items():
        low, high = getattr(sweep, name)
        space[name] = domain(low, high) if low < high else low
    return space


def trial_config(config: Config, values: Mapping[str, float]) -> Config:
    """``config`` with the coefficients ``values`` (those of `SECTIONS`), sized for one process."""
    maker = {name: values[name] for name, section in SECTIONS.items() if section == "market_maker"}
    agent = {"inventory_penalty": values["inventory_penalty"], **RESIDUAL}
    return replace(config, market_maker=maker, agent=agent, training=ONE_PROCESS)


def overlay(config: Config, values: Mapping[str, float]) -> dict[str, Any]:
    """The coefficients as the sections of a YAML file for ``config=PATH``, and the penalty they were compared by."""
    sections: dict[str, Any] = {"market_maker": {}, "agent": {"action": RESIDUAL["action"].value}}
    for name, section in SECTIONS.items():
        sections[section][name] = float(values[name])
    return sections | {"evaluation": {"inventory_penalty": config.evaluation.inventory_penalty}}


def check(config: Config) -> None:
    """Refuses a sweep whose trials could not be trained, before Ray is started.

    Every rule on a coefficient is an interval, so the corners of the space speak for all of it.

    Raises:
        UserError: one sentence.

    """
    for corner in (0, 1):
        values = {name: getattr(config.sweep, name)[corner] for name in SECTIONS}
        algorithms.check(trial_config(config, values))


def refuse_words(words: list[str]) -> None:
    """Refuses ``key=value`` words that contradict the sweep.

    Raises:
        UserError: one sentence.

    """
    searched = {f"{section}.{name}": name for name, section in SECTIONS.items()}
    for word in words:
        key, _, value = word.partition("=")
        if key in searched:
            raise UserError(f"{key} is searched, so it cannot be set to {value}; its range is sweep.{searched[key]}")
        if key == "agent.action" and value != ActionReference.residual.value:
            raise UserError(f"agent.action must be residual in a sweep, where skews are searched, but it is {value}")
