"""What a policy earns on held-out episodes, with intervals; every policy plays the same episodes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

import engine
from analysis.measures import REWARD, Episodes, Floats, Sums, measure
from analysis.optimum import Problem, value
from analysis.policy import Policy, Rule
from config import ActionReference, Config, MarketKind, UserError, replace
from envs import STATISTICS, MarketMakingVectorEnv, scenario

_INVENTORY = STATISTICS.index("inventory")
_RESAMPLES = 2000
_AT_ONCE = 4_000_000  # numbers of the resamples that are in memory together
_LEVELS = [_INVENTORY, STATISTICS.index("mid")]  # what is no sum


@dataclass(frozen=True)
class Estimate:
    """A mean over episodes and its bootstrap interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.4g} [{self.low:.4g}, {self.high:.4g}]"


def simulate(policy: Policy, config: Config, *, episodes: int, seed: int) -> Episodes:
    """Plays ``policy`` for one episode in each of ``episodes`` markets under ``seed``.

    Market i sees the same random streams whatever the policy, so differences between policies can be taken episode
    by episode.
    """
    if isinstance(policy, Rule):
        return RuleMarkets(config, episodes=episodes, seed=seed).play(policy)
    return measure(play_stepwise(policy, config, episodes, seed), config)


def _threads() -> int:
    return len(os.sched_getaffinity(0))  # results do not depend on it


class RuleMarkets:
    """Markets that rules play one after another, by themselves, on the same episodes."""

    def __init__(self, config: Config, *, episodes: int, seed: int) -> None:
        config = for_evaluation(config)
        self._config, self._seed = config, seed
        self._batch = engine.Batch(scenario(config), episodes, threads=_threads())
        self._observation = np.empty((episodes, len(self._batch.columns)), np.float32)

    def play(self, rule: Rule) -> Episodes:
        """One episode in each market."""
        return measure(self.sums(rule.strategy), self._config)

    def sums(self, strategy: engine.Strategy) -> Sums:
        """What one episode in each market adds up to."""
        n, names = len(self._batch), self._batch.statistics
        self._batch.reset(self._seed, self._observation)
        sums = Sums(names, np.empty(n), np.empty((n, len(names))), np.empty(n))
        steps = self._config.simulation.episode_steps
        self._batch.play(strategy, steps, sums.reward, sums.statistics, sums.abs_inventory)
        return sums


def play_stepwise(policy: Policy, config: Config, episodes: int, seed: int) -> Sums:
    """Asks ``policy`` for its actions at every step."""
    markets = markets_of(policy, config, episodes, seed)
    reward, total, abs_inventory = np.zeros(episodes), np.zeros((episodes, len(markets.statistics))), np.zeros(episodes)
    for rewards, statistics in steps(policy, markets):
        reward += rewards
        total += statistics
        abs_inventory += np.abs(statistics[:, _INVENTORY])
    total[:, _LEVELS] = statistics[:, _LEVELS]
    return Sums(markets.statistics, reward, total, abs_inventory)


def markets_of(policy: Policy, config: Config, episodes: int, seed: int) -> MarketMakingVectorEnv:
    """Markets for ``policy``: with its own reference for action 0, and its own box."""
    low, high = policy.box
    agent = {"action": policy.reference, "action_low": low, "action_high": high}
    return MarketMakingVectorEnv(replace(for_evaluation(config), agent=agent), episodes, seed=seed, threads=_threads())


def steps(policy: Policy, markets: MarketMakingVectorEnv) -> Iterator[tuple[Floats, Floats]]:
    """One episode in each market under ``policy``, step by step: rewards [n] and the batch's statistics [n, m]."""
    policy = policy.reading(markets.columns)
    observation, _ = markets.reset()
    ended = False
    while not ended:
        observation, rewards, terminated, _, info = markets.step(policy(observation))
        yield rewards, info["statistics"]
        ended = bool(terminated.all())


def for_evaluation(config: Config) -> Config:
    """``config`` with the penalty that policies are compared by in place of the one that they are trained with."""
    return replace(config, agent={"inventory_penalty": config.evaluation.inventory_penalty})


def solvable(config: Config, reference: ActionReference) -> bool:
    """Whether policies of that reference have exact values.

    The market maker's own quotes, from which residual actions count, follow the mid, which is no state of the problem.
    """
    return config.market.kind is MarketKind.reduced_form and reference is ActionReference.offsets


def exact_value(policy: Policy, config: Config) -> float:
    """Exact value of a deterministic policy in the reduced-form market, where episodes start; no sampling.

    Raises:
        UserError: the market is a book, or the policy's actions do not count from one price unit.
    """
    problem = Problem.of(config)
    reader = policy.reading(MarketMakingVectorEnv(config).columns)
    return value(problem, grid_depths(reader, problem, config.market.price_unit))


def grid_depths(policy: Policy, problem: Problem, price_unit: float) -> NDArray[np.float64]:
    """What ``policy`` quotes at every state of a problem: [N, 2 Q + 1, levels, 2] (bid, ask; price)."""
    step, inventory, signal = np.meshgrid(
        np.arange(problem.steps, dtype=float), problem.inventory[:, 0], problem.signal, indexing="ij"
    )
    if isinstance(policy, Rule):  # without the rounding of actions to float32
        depths = policy.strategy(step.ravel(), inventory.ravel(), signal.ravel())
    else:
        if policy.reference is not ActionReference.offsets:
            raise UserError(
                f"the policy must have agent.action offsets to have an exact value, but it has {policy.reference.value}"
            )
        states = np.stack([1 - step.ravel() / problem.steps, inventory.ravel() / problem.limit, signal.ravel()], axis=1)
        action = np.clip(policy(engine.grid_observation(states)), *policy.box)
        depths = price_unit * (1.0 + action.astype(float))
    return depths.reshape(*step.shape, 2)


def estimate(sample: NDArray[np.float64], confidence: float) -> Estimate:
    """Mean of ``sample`` [n] with its BCa bootstrap interval; the resampling is seeded.

    Efron (1987). Of a mean the jackknife has a closed form, so that memory and time grow as n, not as n^2.
    """
    if np.ptp(sample) == 0:
        return Estimate(float(sample[0]), float(sample[0]), float(sample[0]))
    mean, deviation = sample.mean(), sample - sample.mean()
    means = stats.bootstrap(
        (sample,),
        np.mean,
        n_resamples=_RESAMPLES,
        batch=max(1, _AT_ONCE // len(sample)),
        method="percentile",
        rng=np.random.default_rng(0),
    ).bootstrap_distribution
    bias = special.ndtri((np.mean(means < mean) + np.mean(means <= mean)) / 2)
    acceleration = np.sum(deviation**3) / (6 * np.sum(deviation**2) ** 1.5)
    ends = bias + special.ndtri([(1 - confidence) / 2, (1 + confidence) / 2])
    low, high = np.quantile(means, special.ndtr(bias + ends / (1 - acceleration * ends)))
    return Estimate(float(mean), float(low), float(high))


def summary(episodes: Episodes, confidence: float) -> dict[str, Estimate]:
    """The estimate of every measure of ``episodes``."""
    return {name: estimate(values, confidence) for name, values in episodes.items()}


def metrics(estimates: Mapping[str, Estimate], prefix: str) -> dict[str, float]:
    """Estimates as numbers to be logged under ``prefix``: the means, of the reward also the ends of its interval."""
    reward = estimates[REWARD]
    means = {name: estimate.mean for name, estimate in estimates.items()}
    ends = {f"{REWARD}_low": reward.low, f"{REWARD}_high": reward.high}
    return {f"{prefix}{name}": value for name, value in (means | ends).items()}


def differences(
    results: Mapping[str, Episodes], name: str, confidence: float, of: Callable[[Episodes], Floats]
) -> dict[str, Estimate]:
    """What ``of`` makes of the episodes of ``name`` less that of every other policy's, episode by episode."""
    return {
        other: estimate(of(results[name]) - of(episodes), confidence)
        for other, episodes in results.items()
        if other != name
    }
