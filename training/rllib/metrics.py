"""The few numbers worth keeping of RLlib's result of an iteration."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from config import Config
from training.rllib.env_runner import MARKET_METRICS

MODULE = "learners/default_policy"
SKIPPED = "train/skipped_updates"  # batches left out because they hold something that is not finite
RETURN = "train/return"
RESULTS = {  # our name: path in RLlib's result; an algorithm has only some of them
    "train/episode_return": "env_runners/episode_return_mean",
    "train/episodes": "env_runners/num_episodes_lifetime",
    "train/policy_loss": f"{MODULE}/policy_loss",
    "train/value_loss": f"{MODULE}/vf_loss",
    "train/value_explained": f"{MODULE}/vf_explained_var",
    "train/entropy": f"{MODULE}/entropy",
    "train/exploration_std": f"{MODULE}/exploration_std",
    "train/gradient_norm": f"{MODULE}/gradients_default_optimizer_global_norm",
    "train/lr": f"{MODULE}/default_optimizer_learning_rate",
    "train/q_loss": f"{MODULE}/qf_loss",
    "train/q_mean": f"{MODULE}/qf_mean",
    "train/alpha": f"{MODULE}/alpha_value",
    "train/actor_lr": f"{MODULE}/policy_learning_rate",
    SKIPPED: f"{MODULE}/skipped_updates",
    "train/diverged": f"{MODULE}/diverged",  # 1 if the losses of the last minibatch are not finite
    "time/sample_s": "timers/env_runner_sampling_timer",
    "time/learn_s": "timers/learner_update_timer",
    "time/sync_s": "timers/synch_weights",
}
PER_STEP = {"reward": RETURN, "pnl_change": "market/pnl"}  # shown as sums over an episode


def select(result: Mapping[str, Any], config: Config) -> dict[str, float]:
    """The finite numbers of ``result`` under our names.

    ``train/return`` and ``market/pnl`` are the mean of a step times the steps of an episode: with staggered
    clocks they are there from the first iteration, though a little high until every market has been reset once,
    because shortened episodes start without inventory.
    """
    values = {name: at(result, path) for name, path in RESULTS.items()}
    market = result.get("env_runners", {}).get(MARKET_METRICS, {})
    for name, mean in market.items():
        if name in PER_STEP:
            values[PER_STEP[name]] = float(mean) * config.simulation.episode_steps
        else:
            values[f"market/{name}"] = float(mean)
    return {name: value for name, value in values.items() if math.isfinite(value)}


def env_steps(result: Mapping[str, Any]) -> int:
    """Env steps since the run began; 0 if RLlib has none to tell of."""
    steps = at(result, "env_runners/num_env_steps_sampled_lifetime")
    return int(steps) if math.isfinite(steps) else 0


def at(result: Mapping[str, Any], path: str) -> float:
    """The number at ``path`` (parts joined by slashes); NaN if there is none."""
    value: Any = result
    for part in path.split("/"):
        if not isinstance(value, Mapping) or part not in value:
            return math.nan
        value = value[part]
    return math.nan if value is None else float(value)
