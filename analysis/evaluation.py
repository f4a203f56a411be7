"""What a policy earns on held-out episodes, with intervals; every policy plays the same episodes."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.policy import Policy
from config import Config, replace
from envs import STATISTICS, MarketMakingVectorEnv

_COLUMN = {name: i for i, name in enumerate(STATISTICS)}


@dataclass(frozen=True)
class Episodes:
    """One row for each episode, all [n]; money in tick x lot (book) or price x lot (reduced form)."""

    reward: NDArray[np.float64]  # PnL less the penalties
    pnl: NDArray[np.float64]  # marked to the mid, less fees and the liquidation at the end
    mean_abs_inventory: NDArray[np.float64]  # lots, over time
    fills: NDArray[np.float64]  # lots, both sides


@dataclass(frozen=True)
class Estimate:
    """A mean over episodes and its bootstrap interval."""

    mean: float
    low: float
    high: float


def simulate(policy: Policy, config: Config, *, episodes: int, seed: int) -> Episodes:
    """Plays ``policy`` for one episode in each of ``episodes`` markets under ``seed``.

    Market i sees the same random streams whatever the policy, so differences between policies can be taken episode
    by episode.
    """
    threads = len(os.sched_getaffinity(0))  # results do not depend on it
    markets = MarketMakingVectorEnv(_playing(policy, config), episodes, seed=seed, threads=threads)
    observation, _ = markets.reset()
    total = np.zeros((episodes, len(STATISTICS)))
    reward, abs_inventory = np.zeros(episodes), np.zeros(episodes)
    for _ in range(config.simulation.episode_steps):
        observation, rewards, _, _, info = markets.step(policy(observation))
        reward += rewards
        total += info["statistics"]
        abs_inventory += np.abs(info["statistics"][:, _COLUMN["inventory"]])
    penalties = total[:, _COLUMN["inventory_penalty"]]
    final = info["statistics"][:, _COLUMN["inventory"]]
    return Episodes(
        reward=reward,
        # The terminal penalty is the agent's preference, not money.
        pnl=reward + penalties + config.agent.terminal_penalty * final**2,
        mean_abs_inventory=abs_inventory / config.simulation.episode_steps,
        fills=total[:, _COLUMN["bid_filled"]] + total[:, _COLUMN["ask_filled"]],
    )


def estimate(sample: NDArray[np.float64], confidence: float) -> Estimate:
    """Mean of ``sample`` [n] with its BCa bootstrap interval; the resampling is seeded."""
    if np.ptp(sample) == 0:
        return Estimate(float(sample[0]), float(sample[0]), float(sample[0]))
    interval = stats.bootstrap(
        (sample,), np.mean, n_resamples=2000, confidence_level=confidence, rng=np.random.default_rng(0)
    ).confidence_interval
    return Estimate(float(sample.mean()), float(interval.low), float(interval.high))


def summary(episodes: Episodes, confidence: float) -> dict[str, Estimate]:
    """The estimate of every measure of ``episodes``."""
    return {field.name: estimate(getattr(episodes, field.name), confidence) for field in dataclasses.fields(episodes)}


def differences(results: Mapping[str, Episodes], name: str, confidence: float) -> dict[str, Estimate]:
    """Reward of ``name`` less that of every other policy, episode by episode."""
    return {
        other: estimate(results[name].reward - episodes.reward, confidence)
        for other, episodes in results.items()
        if other != name
    }


def _playing(policy: Policy, config: Config) -> Config:
    """``config`` as ``policy`` plays it: its own reference for action 0, and its own box."""
    low, high = policy.box
    return replace(config, agent={"action": policy.reference, "action_low": low, "action_high": high})
