"""What a policy earns on held-out episodes, with intervals; every policy plays the same episodes."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from scipy import stats

import engine
from analysis.policy import Policy
from config import Config, replace
from envs import STATISTICS, MarketMakingVectorEnv, scenario

_INVENTORY = STATISTICS.index("inventory")
_LEVELS = [_INVENTORY, STATISTICS.index("mid")]  # what is no sum


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


@runtime_checkable
class Rule(Policy, Protocol):
    """A policy that the engine can play by itself, many times faster."""

    def strategy(self, config: Config) -> engine.Strategy:
        """The rule in the market of ``config``."""


def simulate(policy: Policy, config: Config, *, episodes: int, seed: int) -> Episodes:
    """Plays ``policy`` for one episode in each of ``episodes`` markets under ``seed``.

    Market i sees the same random streams whatever the policy, so differences between policies can be taken episode
    by episode.
    """
    if isinstance(policy, Rule):
        sums = play_inside(policy, config, episodes, seed)
    else:
        sums = play_stepwise(policy, config, episodes, seed)
    column = {name: sums.statistics[:, i] for i, name in enumerate(STATISTICS)}
    return Episodes(
        reward=sums.reward,
        # The terminal penalty is the agent's preference, not money.
        pnl=sums.reward + column["inventory_penalty"] + config.agent.terminal_penalty * column["inventory"] ** 2,
        mean_abs_inventory=sums.abs_inventory / config.simulation.episode_steps,
        fills=column["bid_filled"] + column["ask_filled"],
    )


@dataclass(frozen=True)
class Sums:
    """Sums over the episode of each market, as `engine.Batch.play` writes them."""

    reward: NDArray[np.float64]  # [n]
    statistics: NDArray[np.float64]  # [n, len(STATISTICS)]; inventory and mid at the end
    abs_inventory: NDArray[np.float64]  # [n]


def _threads() -> int:
    return len(os.sched_getaffinity(0))  # results do not depend on it


def play_inside(rule: Rule, config: Config, episodes: int, seed: int) -> Sums:
    """Leaves the whole episode to the engine."""
    batch = engine.Batch(scenario(config), episodes, threads=_threads())
    batch.reset(seed, np.empty((episodes, len(batch.columns)), np.float32))
    sums = Sums(np.empty(episodes), np.empty((episodes, len(STATISTICS))), np.empty(episodes))
    steps = config.simulation.episode_steps
    batch.play(rule.strategy(config), steps, sums.reward, sums.statistics, sums.abs_inventory)
    return sums


def play_stepwise(policy: Policy, config: Config, episodes: int, seed: int) -> Sums:
    """Asks ``policy`` for its actions at every step."""
    markets = MarketMakingVectorEnv(_playing(policy, config), episodes, seed=seed, threads=_threads())
    observation, _ = markets.reset()
    sums = Sums(np.zeros(episodes), np.zeros((episodes, len(STATISTICS))), np.zeros(episodes))
    for _ in range(config.simulation.episode_steps):
        observation, rewards, _, _, info = markets.step(policy(observation))
        sums.reward[:] += rewards
        sums.statistics[:] += info["statistics"]
        sums.abs_inventory[:] += np.abs(info["statistics"][:, _INVENTORY])
    sums.statistics[:, _LEVELS] = info["statistics"][:, _LEVELS]
    return sums


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
