"""Ours, RLlib as it comes, and stable-baselines3: PPO with equal hyperparameters on the same engine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray
from ray.rllib.core import DEFAULT_MODULE_ID
from ray.tune.registry import register_env
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env.base_vec_env import VecEnv
from torch import nn

from config import Config, from_dict
from envs import MarketMakingVectorEnv
from training.policies import ACTIVATIONS, PolicyNetwork, card_of, policy_of
from training.rllib.algorithms import build_config, fragment, planned_steps
from training.rllib.learners import scheduled_std

CENTRED = "centred-markets"
MEMORY = 1000  # steps over which the mean reward is taken


class CentredMarkets(MarketMakingVectorEnv):
    """The recipe's rewards and clocks for a library that has neither: in price units less the mean, staggered."""

    def __init__(self, config: Config, count: int, autoreset: AutoresetMode) -> None:
        super().__init__(config, count, seed=config.seed, autoreset=autoreset)
        self._unit, self._centre = config.market.price_unit, config.algo.centre_reward
        self._mean, self._steps = 0.0, 0

    def reset(self, *, seed: Any = None, options: Any = None) -> Any:  # noqa: ARG002
        return super().reset(options={"staggered": True})

    def step(self, actions: Any) -> Any:
        observations, rewards, *rest = super().step(actions)
        rewards = rewards / self._unit
        self._steps = min(self._steps + 1, MEMORY)
        self._mean += (rewards.mean() - self._mean) / self._steps
        return observations, rewards - self._centre * self._mean, *rest


class StableBaselinesMarkets(VecEnv):
    """A vector env with SAME_STEP autoreset as stable-baselines3 knows many environments."""

    def __init__(self, markets: MarketMakingVectorEnv) -> None:
        self.markets = markets
        super().__init__(markets.num_envs, markets.single_observation_space, markets.single_action_space)

    def reset(self) -> NDArray[np.float32]:
        return self.markets.reset(seed=self._seeds[0])[0]

    def step_async(self, actions: NDArray[np.float32]) -> None:
        self.actions = actions

    def step_wait(self) -> Any:
        observations, rewards, terminated, truncated, info = self.markets.step(self.actions)
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for market in np.flatnonzero(terminated | truncated):
            infos[market] = {"terminal_observation": info["final_obs"][market], "TimeLimit.truncated": False}
        return observations, rewards.astype(np.float32), terminated | truncated, infos

    def close(self) -> None:
        self.markets.close()

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:  # noqa: ARG002
        return [getattr(self.markets, attr_name, None)] * self.num_envs

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        raise NotImplementedError

    def env_method(self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any) -> list[Any]:
        raise NotImplementedError

    def env_is_wrapped(self, wrapper_class: type[gymnasium.Wrapper[Any, Any, Any, Any]], indices: Any = None) -> Any:  # noqa: ARG002
        return [False] * self.num_envs


class Trainer(ABC):
    """One library at work on ``config``; everything runs in this process."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.steps = 0

    def iterate(self) -> None:
        """Samples ``training.steps_per_iteration`` env steps and learns from them."""
        self._iterate()
        self.steps += self.config.training.steps_per_iteration

    @abstractmethod
    def _iterate(self) -> None: ...

    @abstractmethod
    def policy(self) -> PolicyNetwork:
        """What has been learned so far."""

    @abstractmethod
    def close(self) -> None:
        """Frees what it holds."""

    def std(self) -> float:
        """The recipe's exploration std at this point."""
        ppo, planned = self.config.algo.ppo, planned_steps(self.config)
        assert ppo is not None
        return scheduled_std(self.steps, initial_std=ppo.initial_std, final_std=ppo.final_std, planned_steps=planned)


class Ours(Trainer):
    """`training.rllib.algorithms` as it is shipped."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.algorithm: Any = self._build()

    def _build(self) -> Any:
        return build_config(self.config).build_algo()

    def _iterate(self) -> None:
        self.algorithm.train()

    def policy(self) -> PolicyNetwork:
        return policy_of(self.config, self.algorithm.learner_group.get_weights()[DEFAULT_MODULE_ID])

    def close(self) -> None:
        self.algorithm.stop()


class Stock(Ours):
    """RLlib's own runner, connectors and learner on `CentredMarkets`."""

    def _build(self) -> Any:
        register_env(CENTRED, _centred)
        return build_config(self.config, batched=False).environment(CENTRED).build_algo()

    def _iterate(self) -> None:
        learner = self.algorithm.learner_group._learner
        for module in (self.algorithm.env_runner.module, learner.module[DEFAULT_MODULE_ID]):
            module.unwrapped().set_std(self.std())
        self.algorithm.train()


def _centred(context: dict[str, Any]) -> CentredMarkets:
    return CentredMarkets(from_dict(context["config"]), context["num_envs"], AutoresetMode.NEXT_STEP)


class StableBaselines(Trainer):
    """stable-baselines3's PPO on `CentredMarkets`."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        ppo, algo = config.algo.ppo, config.algo
        assert ppo is not None
        markets = CentredMarkets(config, config.training.markets_per_runner, AutoresetMode.SAME_STEP)
        self._model: Any = PPO(
            "MlpPolicy",
            StableBaselinesMarkets(markets),
            learning_rate=lambda left: algo.final_lr + left * (algo.lr - algo.final_lr),
            n_steps=fragment(config),
            batch_size=ppo.minibatch_size,
            n_epochs=ppo.epochs,
            gamma=1.0,
            gae_lambda=ppo.gae_lambda,
            clip_range=ppo.clip,
            vf_coef=ppo.value_loss_coefficient,
            max_grad_norm=algo.grad_clip,
            seed=config.seed,
            device="cpu",
            policy_kwargs={
                "net_arch": {"pi": list(algo.hidden), "vf": list(algo.hidden)},
                "activation_fn": ACTIVATIONS[algo.activation],
            },
        )
        self._model.policy.log_std.requires_grad_(False)
        self._total, self._callback = self._model._setup_learn(planned_steps(config))

    def _iterate(self) -> None:
        """One turn of its `learn`, which cannot be stopped and continued on one schedule."""
        model = self._model
        model.policy.log_std.data.fill_(float(np.log(self.std())))
        model.collect_rollouts(model.env, self._callback, model.rollout_buffer, model.n_steps)
        model._update_current_progress_remaining(model.num_timesteps, self._total)
        model.train()

    def policy(self) -> PolicyNetwork:
        policy = self._model.policy
        layers = nn.Sequential(*policy.mlp_extractor.policy_net, policy.action_net)
        return PolicyNetwork(layers, squash=False, card=card_of(self.config))

    def close(self) -> None:
        self._model.env.close()
