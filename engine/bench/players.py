"""The engine as a learner uses it: batches stepped through Python."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

import config
import engine
import envs
from engine.bench.frame import Facts

ROUND_S = 0.25


class Player:
    """A batch of ``n`` markets under random actions drawn beforehand; episodes staggered, so that resets are steady."""

    def __init__(self, words: tuple[str, ...], n: int, threads: int = 1) -> None:
        chosen = config.load(words)
        agent = chosen.agent
        draws = np.random.default_rng(0).uniform(agent.action_low, agent.action_high, (16, n, 2))
        self._actions = draws.astype(np.float32)
        self._calls = len(self._actions)  # of the next round
        self._n, self._threads = n, threads
        self._open(chosen)

    def _open(self, chosen: config.Config) -> None:
        self._batch = engine.Batch(envs.scenario(chosen), self._n, threads=self._threads)
        observation = np.empty((self._n, len(self._batch.columns)), np.float32)
        statistics = np.empty((self._n, len(self._batch.statistics)))
        reward, terminated = np.empty(self._n), np.empty(self._n, np.bool_)
        self._buffers = observation, reward, terminated, np.empty_like(observation), statistics
        self._batch.reset(1, observation, staggered=True)

    def _play(self, actions: Iterable[NDArray[np.float32]]) -> None:
        step, (observation, reward, terminated, final, statistics) = self._batch.step, self._buffers
        for action in actions:
            step(action, observation, reward, terminated, final, statistics)

    def round(self) -> Facts:
        """M steps/s, per CPU second with one thread and per wall second with more, and what the markets were like."""
        steps, before = self._calls * self._n, self._counters()
        wall, cpu = time.perf_counter(), time.process_time()
        self._play(itertools.islice(itertools.cycle(self._actions), self._calls))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        facts = {"value": 1e-6 * steps / (cpu if self._threads == 1 else wall), "per_wall_s": 1e-6 * steps / wall}
        facts |= {"call_us": 1e6 * cpu / self._calls, "wall_s": wall, "cpu_s": cpu}
        self._calls = max(len(self._actions), int(self._calls * ROUND_S / wall))
        return facts | _conditions(before, self._counters(), steps)

    def action_check(self) -> Facts:
        """What a call's scan for NaN takes, us: it refuses a NaN in the last row later than one in the first."""
        first, last = self._actions[0].copy(), self._actions[0].copy()
        first[0, 0] = last[-1, 1] = np.nan
        seconds = [min(self._refusal(action) for _ in range(300)) for action in (first, last)]
        return {"value": 1e6 * (seconds[1] - seconds[0])}

    def _refusal(self, action: NDArray[np.float32]) -> float:
        start = time.perf_counter()
        try:
            self._batch.step(action, *self._buffers)
        except ValueError:
            return time.perf_counter() - start
        raise AssertionError("the engine took an action that is not a number")

    def _counters(self) -> dict[str, float]:
        return self._batch.counters


class VectorPlayer(Player):
    """The same through `envs.MarketMakingVectorEnv`, whose every array is fresh and whose counters nobody sees."""

    def _open(self, chosen: config.Config) -> None:
        self._envs = envs.MarketMakingVectorEnv(chosen, self._n, threads=self._threads)
        self._envs.reset(seed=1, options={"staggered": True})

    def _play(self, actions: Iterable[NDArray[np.float32]]) -> None:
        for action in actions:
            self._envs.step(action)

    def _counters(self) -> dict[str, float]:
        return {}


def _conditions(before: dict[str, float], after: dict[str, float], steps: int) -> Facts:
    if not after:
        return {}
    facts = {key: after[key] for key in ("live_orders", "spread_ticks", "memory_per_market")}
    facts |= {key: after[key] - before[key] for key in ("dropped", "rejected", "resets")}
    return facts | {"events_per_step": (after["events"] - before["events"]) / steps}
