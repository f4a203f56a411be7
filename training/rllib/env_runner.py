"""An RLlib env runner for a batch of markets: one forward pass a step for all, no Python per market and step.

RLlib's own runner spends 60-70 us of Python on every step of every market. This one overrides its private
methods, so ray is pinned to one minor version and tests/training/test_env_runner.py compares the two.
"""

# mypy: disable-error-code="no-untyped-call"
# (RLlib is typed only in part.)
from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from ray.rllib.core.columns import Columns
from ray.rllib.env.env_context import EnvContext
from ray.rllib.env.single_agent_env_runner import SingleAgentEnvRunner
from ray.rllib.utils.spaces.space_utils import clip_action, unsquash_action
from ray.tune.registry import ENV_CREATOR, _global_registry

from training.rllib.failures import Diverged
from training.rllib.rewards import LearnedRewards
from training.rllib.rollout import PackedEpisodes, Rollout, episodes_of

_NO_EVALUATION = 1 << 63  # beyond every seed of a configuration: no episode of an evaluation is learned from
MARKET_METRICS = "market"  # group of the metrics from the environment's statistics
REWARD = "reward"
INVENTORY = "inventory"  # of this statistic the mean magnitude is told, too


class BatchedEnvRunner(SingleAgentEnvRunner):
    """Samples a `VectorEnv` with SAME_STEP autoreset into numpy'ed `SingleAgentEpisode` chunks.

    The environment is made by the registered creator with ``num_envs`` in its `EnvContext`, whose
    ``worker_index`` tells runners apart. Connectors between environment and module and callbacks of single
    episodes are not run: observations reach the module as they are, actions are clipped or unsquashed as
    ``clip_actions`` and ``normalize_actions`` say.

    ``env_config`` has four keys for it: ``rollouts`` lets `sample` answer with one `Rollout` instead of thousands of
    short episodes, unless whole ones are asked for; ``staggered`` starts each market's first episode at a random step
    (shortened episodes are trained on but left out of the episode metrics); ``statistics`` names the columns
    of ``info["statistics"]`` of which it logs the means, the first ones. ``rewards`` is the plan of `LearnedRewards`.
    """

    env: Any  # gymnasium.vector.VectorEnv; None in a driver that only learns
    module: Any

    def make_env(self) -> None:
        """Makes this runner's markets."""
        if self.env is not None:
            self.env.close()
        context = EnvContext(
            {**self.config.env_config, "num_envs": self.config.num_envs_per_env_runner},
            worker_index=self.worker_index or 0,
            num_workers=self.num_workers,
        )
        self.env = _global_registry.get(ENV_CREATOR, self.config.env)(context)
        self.num_envs = self.env.num_envs
        self._learned = LearnedRewards(self.env, self.config.env_config.get("rewards", {}))
        self._needs_initial_reset = True
        self._first_restart = True
        self._ended = 0
        self._finished: list[tuple[int, float, float]] = []  # length, return, seconds

    def apply(self, func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """As RLlib's, which ends the process at an exception, but the driver hears the reason; markets start anew."""
        try:
            return func(self, *args, **kwargs)
        except Exception:
            self._needs_initial_reset = True
            raise

    def get_metrics(self) -> Any:
        """Counters since the last call and the episodes that have ended, under RLlib's own names."""
        window = self.config.metrics_num_episodes_for_smoothing
        for length, total, seconds in self._finished[-window:]:
            self._log_episode_metrics(length, total, seconds)
        self._finished.clear()
        return self.metrics.reduce()

    def _sample(
        self,
        *,
        num_timesteps: int | None = None,
        num_episodes: int | None = None,
        explore: bool,
        random_actions: bool = False,
        force_reset: bool = False,
    ) -> Any:  # list[SingleAgentEpisode], PackedEpisodes on their way to the driver, or list[Rollout]
        whole = num_episodes is not None
        if force_reset or whole or self._needs_initial_reset:
            self._restart(staggered=not whole and bool(self.config.env_config.get("staggered", False)))
            self._needs_initial_reset = whole
        ended_before = self._ended
        steps = None if num_timesteps is None else -(-num_timesteps // self.num_envs)
        rollout = self._roll(steps, num_episodes, explore, random_actions)
        self._increase_sampled_metrics(rollout.rewards.size, self._ended - ended_before)
        self._log_env_steps(metric=self._metrics_num_env_steps_sampled, num_steps=rollout.rewards.size)
        if not whole and self.config.env_config.get("rollouts", False):
            return [rollout]
        in_driver = not self.worker_index
        return episodes_of(rollout, num_episodes) if in_driver else PackedEpisodes(rollout, num_episodes)

    def _restart(self, *, staggered: bool) -> None:
        observations, _ = self.env.reset(seed=self._seed_of_incarnation(), options={"staggered": staggered})
        self._observations = np.array(observations, dtype=np.float32)
        count = self.num_envs
        self._name = uuid.uuid4().hex
        self._number = np.zeros(count, dtype=np.int64)  # of the ongoing episode
        self._length = np.zeros(count, dtype=np.int64)  # steps of the ongoing episode
        self._return = np.zeros(count)
        self._started = np.full(count, time.perf_counter())
        self._shortened = np.full(count, staggered)

    def _seed_of_incarnation(self) -> int | None:
        """The seed of a runner that starts where others have sampled before: after a resume or a restart.

        None, the environment's own, if nothing was. So no market plays an episode again, and the same seed with the
        same interruptions still gives the same bits.
        """
        sampled = self.num_env_steps_sampled_lifetime if self._first_restart else 0
        self._first_restart = False
        if not sampled:
            return None
        seeds = np.random.SeedSequence([int(self.config.seed or 0), sampled])
        torch.manual_seed(int(seeds.spawn(self.worker_index + 1)[-1].generate_state(1)[0]))
        return int(seeds.generate_state(1, np.uint64)[0]) | _NO_EVALUATION

    def _roll(self, steps: int | None, episodes: int | None, explore: bool, random_actions: bool) -> Rollout:
        """Steps all markets ``steps`` times, or until ``episodes`` have ended."""
        numbers, lengths = self._number.copy(), self._length.copy()
        observations: list[np.ndarray] = [self._observations]
        actions: list[np.ndarray] = []
        rewards: list[np.ndarray] = []
        terminated: list[np.ndarray] = []
        truncated: list[np.ndarray] = []
        extras: list[dict[str, np.ndarray]] = []
        ends: list[np.ndarray] = [np.empty((0, 2), np.int64)]
        finals: list[np.ndarray] = [self._observations[:0]]
        statistics: list[np.ndarray] = []
        while len(rewards) < steps if steps is not None else sum(map(len, finals)) < (episodes or 0):
            action, for_env, extra = self._act(explore, random_actions)
            observation, reward, term, trunc, info = self.env.step(for_env)
            before, self._observations = self._observations, np.array(observation, dtype=np.float32)
            after, done = self._observations, term | trunc
            if done.any():
                ended = np.flatnonzero(done)
                ends.append(np.stack([ended, np.full_like(ended, len(rewards))], axis=1))
                finals.append(np.array(info["final_obs"][ended], dtype=np.float32))
                after = after.copy()
                after[ended] = finals[-1]
            self._count(reward, done)
            observations.append(self._observations)
            actions.append(action)
            rewards.append(self._learned(reward, before, after, info))
            terminated.append(np.array(term))
            truncated.append(np.array(trunc))
            extras.append(extra)
            if "statistics" in info:
                statistics.append(np.array(info["statistics"]))
        self._log_market(rewards, statistics)
        return Rollout(
            observations=np.stack(observations, axis=1),
            actions=np.stack(actions, axis=1),
            rewards=np.stack(rewards, axis=1),
            terminated=np.stack(terminated, axis=1),
            truncated=np.stack(truncated, axis=1),
            extras={name: np.stack([extra[name] for extra in extras], axis=1) for name in extras[0]},
            ends=np.concatenate(ends),
            final_observations=np.concatenate(finals),
            name=self._name,
            numbers=numbers,
            lengths=lengths,
            observation_space=self.env.single_observation_space,
            action_space=self.env.single_action_space,
        )

    @torch.no_grad()
    def _act(self, explore: bool, random_actions: bool) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
        """Actions as chosen, actions for the environment, outputs of the module."""
        if random_actions:
            actions = self.env.action_space.sample()
            return actions, actions, {}
        batch = {Columns.OBS: torch.from_numpy(self._observations).to(self._device)}
        forward = self.module.forward_exploration if explore else self.module.forward_inference
        inputs = forward(batch)[Columns.ACTION_DIST_INPUTS]
        if explore:
            distribution = self.module.get_exploration_action_dist_cls().from_logits(inputs)
        else:
            distribution = self.module.get_inference_action_dist_cls().from_logits(inputs).to_deterministic()
        chosen = distribution.sample()
        actions = chosen.cpu().numpy()
        if not np.isfinite(actions).all():
            raise Diverged("actions are not finite")
        extra = {
            Columns.ACTION_LOGP: distribution.logp(chosen).cpu().numpy(),
            Columns.ACTION_DIST_INPUTS: inputs.cpu().numpy(),
        }
        return actions, self._for_env(actions), extra

    def _for_env(self, actions: np.ndarray) -> np.ndarray:
        space = self.env.single_action_space
        for_env: np.ndarray = actions
        if self.config.normalize_actions:
            for_env = unsquash_action(actions, space)
        elif self.config.clip_actions:
            for_env = clip_action(actions, space)
        return for_env

    def _count(self, reward: np.ndarray, done: np.ndarray) -> None:
        self._length += 1
        self._return += reward
        if not done.any():
            return
        now = time.perf_counter()
        self._ended += int(done.sum())
        self._number[done] += 1
        for market in np.flatnonzero(done & ~self._shortened):
            self._finished.append(
                (int(self._length[market]), float(self._return[market]), now - float(self._started[market]))
            )
        self._shortened[done] = False
        self._length[done] = 0
        self._return[done] = 0.0
        self._started[done] = now

    def _log_market(self, rewards: list[np.ndarray], statistics: list[np.ndarray]) -> None:
        """Means per market and step over this call, of the reward and of each statistic."""
        self.metrics.log_value((MARKET_METRICS, REWARD), float(np.mean(rewards)), window=1)
        if not statistics:
            return
        names = self.config.env_config["statistics"]
        common = np.asarray(statistics)[..., : len(names)]
        means = dict(zip(names, np.mean(common, axis=(0, 1)), strict=True))
        means["abs_" + INVENTORY] = np.mean(np.abs(common), axis=(0, 1))[names.index(INVENTORY)]
        for name, mean in means.items():
            self.metrics.log_value((MARKET_METRICS, name), float(mean), window=1)
