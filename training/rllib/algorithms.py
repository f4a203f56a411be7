"""From our configuration to RLlib's: PPO and SAC on the new API stack."""

# mypy: disable-error-code="no-untyped-call"
# (RLlib is typed only in part.)
from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import ray
from gymnasium.vector import AutoresetMode, VectorEnv
from ray.rllib.algorithms.algorithm_config import AlgorithmConfig
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.algorithms.sac import SACConfig
from ray.rllib.connectors.connector_v2 import ConnectorV2
from ray.rllib.core.rl_module.rl_module import RLModuleSpec
from ray.rllib.env.single_agent_env_runner import SingleAgentEnvRunner

from config import AlgoName, Config, UserError, from_dict, to_dict
from envs import STATISTICS, MarketMakingVectorEnv
from training.rllib.connectors import Advantages, CentreRewards, StackRollouts, StackTransitions
from training.rllib.env_runner import BatchedEnvRunner
from training.rllib.learners import PPOLearner, SACLearner
from training.rllib.modules import MarketMakerModule, SoftActorCriticModule
from training.rllib.replay import ReplaySAC
from training.rllib.rewards import LearnedRewards

AnyConfig = TypeVar("AnyConfig", bound=AlgorithmConfig)
ENV = "market-making"
REWARD_MEMORY = {AlgoName.ppo: 10, AlgoName.sac: 1000}  # learner batches over which the mean reward is taken


def make_envs(context: dict[str, Any]) -> VectorEnv[Any, Any, Any]:
    """The markets of one runner; the creator registered with RLlib as ``market-making``.

    Every runner has the same seed and its own market ids, so the markets of a run do not depend on how they
    are spread over runners. RLlib's own runner loses ``worker_index`` on the way here: use it alone.
    """
    config = from_dict(context["config"])
    count = context["num_envs"]
    return MarketMakingVectorEnv(
        config,
        count,
        seed=config.seed,
        first_market_id=max(getattr(context, "worker_index", 0) - 1, 0) * count,
        threads=config.training.engine_threads,
        autoreset=AutoresetMode(context["autoreset"]),
    )


def build_config(config: Config, *, batched: bool = True) -> AlgorithmConfig:
    """RLlib's configuration of the algorithm that ``config.algo.name`` names.

    Args:
        config: ours; ranges have been checked, `check` is called here.
        batched: False leaves RLlib its own runner, buffer, connectors and learner, under the same hyperparameters but
            without centred rewards and scheduled exploration: the yardstick of tests and benchmark.

    """
    check(config)
    ray.tune.register_env(ENV, make_envs)
    plain, extended = BUILDERS[config.algo.name]
    return extended(config, _sampling(config, plain(config))) if batched else plain(config)


def fragment(config: Config) -> int:
    """Steps of each market in one call of `sample`: all runners together give ``steps_per_iteration``."""
    return config.training.steps_per_iteration // markets(config)


def markets(config: Config) -> int:
    """Markets of all runners; a run without runners samples in the driver."""
    return max(1, config.training.env_runners) * config.training.markets_per_runner


def check(config: Config) -> None:
    """Rules between sections that only the algorithms know; refuses before Ray is started.

    Raises:
        UserError: one sentence.

    """
    training = config.training
    if training.steps_per_iteration % markets(config):
        raise UserError(
            f"training.steps_per_iteration must be a multiple of the {markets(config)} markets of all "
            f"runners, but it is {training.steps_per_iteration}"
        )
    if training.learners > 1 and training.markets_per_runner % training.learners:
        raise UserError(
            f"training.markets_per_runner must be a multiple of training.learners = {training.learners}, "
            f"but it is {training.markets_per_runner}"
        )
    ppo, sac = config.algo.ppo, config.algo.sac
    if config.algo.name is AlgoName.ppo and ppo and ppo.minibatch_size > training.steps_per_iteration:
        raise UserError(
            f"algo.ppo.minibatch_size must be <= training.steps_per_iteration = "
            f"{training.steps_per_iteration}, but it is {ppo.minibatch_size}"
        )
    if config.algo.name is AlgoName.sac and sac and sac.batch_size > replayed(config):
        raise UserError(
            f"algo.sac.batch_size must be <= algo.sac.training_intensity x training.steps_per_iteration = "
            f"{replayed(config):g}, but it is {sac.batch_size}"
        )


def planned_steps(config: Config) -> int:
    """Env steps of the whole run; the clock of every schedule."""
    return config.training.iterations * config.training.steps_per_iteration


def replayed(config: Config) -> float:
    """Transitions that SAC replays in one iteration."""
    assert config.algo.sac is not None
    return config.algo.sac.training_intensity * config.training.steps_per_iteration


def _ppo(config: Config) -> AlgorithmConfig:
    ppo = config.algo.ppo
    assert ppo is not None
    learners = max(1, config.training.learners)
    return (
        _shared(config, PPOConfig())
        .environment(
            normalize_actions=False,  # u = 0 is the reference quote, not the middle of the box
            clip_actions=True,
        )
        .training(
            lr=_lr(config),
            train_batch_size_per_learner=config.training.steps_per_iteration // learners,
            minibatch_size=ppo.minibatch_size // learners,
            num_epochs=ppo.epochs,
            lambda_=ppo.gae_lambda,
            clip_param=ppo.clip,
            vf_clip_param=float("inf"),  # beyond RLlib's 10 the critic has no gradient
            vf_loss_coeff=ppo.value_loss_coefficient,
            use_kl_loss=False,
        )
        .rl_module(
            rl_module_spec=RLModuleSpec(
                module_class=MarketMakerModule,
                model_config=_network(config) | {"network": config.algo.network.value, "initial_std": ppo.initial_std},
            )
        )
    )


def _extended_ppo(config: Config, rllib: AlgorithmConfig) -> AlgorithmConfig:
    ppo = config.algo.ppo
    assert ppo is not None
    return rllib.learners(
        learner_class=PPOLearner,
        learner_connector=functools.partial(_ppo_connectors, config),
        add_default_connectors_to_learner_pipeline=False,
        learner_config_dict={
            "initial_std": ppo.initial_std,
            "final_std": ppo.final_std,
            "planned_steps": planned_steps(config),
        },
    )


def _sac(config: Config) -> AlgorithmConfig:
    sac = config.algo.sac
    assert sac is not None
    return (
        _shared(config, SACConfig())
        .environment(normalize_actions=True, clip_actions=False)  # the squashed policy speaks of [-1, 1]
        .reporting(min_sample_timesteps_per_iteration=config.training.steps_per_iteration, min_time_s_per_iteration=0)
        .training(
            lr=None,
            actor_lr=_lr(config),
            critic_lr=_lr(config),
            alpha_lr=_lr(config),
            tau=sac.tau,
            initial_alpha=sac.initial_alpha,
            target_entropy=sac.target_entropy,
            train_batch_size_per_learner=sac.batch_size // max(1, config.training.learners),
            training_intensity=sac.training_intensity * _counted(config),
            num_steps_sampled_before_learning_starts=sac.warmup_steps,
            replay_buffer_config={"type": "EpisodeReplayBuffer", "capacity": sac.buffer_capacity},
        )
        .rl_module(rl_module_spec=RLModuleSpec(module_class=SoftActorCriticModule, model_config=_network(config)))
    )


def _counted(config: Config) -> float:
    """RLlib's intensity counts the driver as one more runner, though it does not sample beside others."""
    runners = config.training.env_runners
    return runners / (runners + 1) if runners else 1.0


def _extended_sac(config: Config, rllib: AlgorithmConfig) -> AlgorithmConfig:
    rllib.algo_class = ReplaySAC
    return rllib.learners(
        learner_class=SACLearner,
        learner_config_dict={"connectors": functools.partial(_sac_connectors, config)},
    )


def _shared(config: Config, rllib: AnyConfig) -> AnyConfig:
    training = config.training
    return (
        rllib.environment(
            ENV,
            env_config={"config": to_dict(config), "autoreset": AutoresetMode.NEXT_STEP.value},  # RLlib's own
        )
        .env_runners(
            env_runner_cls=SingleAgentEnvRunner,
            gym_env_vectorize_mode="vector_entry_point",
            num_env_runners=training.env_runners,
            num_envs_per_env_runner=training.markets_per_runner,
            rollout_fragment_length=fragment(config),
            sample_timeout_s=600,  # a late sample is dropped, not awaited
        )
        .learners(num_learners=training.learners, num_gpus_per_learner=training.gpus_per_learner)
        .training(gamma=1.0, grad_clip=config.algo.grad_clip, grad_clip_by="global_norm")
        .fault_tolerance(restart_failed_env_runners=True)
        .debugging(seed=config.seed, log_level="ERROR")
    )


def _sampling(config: Config, rllib: AlgorithmConfig) -> AlgorithmConfig:
    return rllib.environment(
        env_config={
            "autoreset": AutoresetMode.SAME_STEP.value,
            "staggered": config.training.staggered,
            "rollouts": True,
            "statistics": list(STATISTICS),
            "rewards": LearnedRewards.plan(config),
        },
    ).env_runners(env_runner_cls=BatchedEnvRunner)


def centring(config: Config) -> CentreRewards:
    """The reward transformation of PPO's and SAC's learners: price units, minus the running mean."""
    return CentreRewards(
        unit=config.market.price_unit * config.quote_lots / config.algo.reward_scale,
        centre=config.algo.centre_reward,
        memory=REWARD_MEMORY[config.algo.name],
    )


def _ppo_connectors(config: Config, *_: Any) -> list[ConnectorV2]:
    ppo = config.algo.ppo
    assert ppo is not None
    advantages = Advantages(gae_lambda=ppo.gae_lambda, value_lambda=ppo.value_lambda)
    return [StackRollouts(), centring(config), advantages]


def _sac_connectors(config: Config) -> list[ConnectorV2]:
    return [StackTransitions(), centring(config)]


def _network(config: Config) -> dict[str, Any]:
    return {"hidden": list(config.algo.hidden), "activation": config.algo.activation.value}


def _lr(config: Config) -> list[list[float]]:
    """Linear from lr to final_lr over the planned env steps."""
    return [[0, config.algo.lr], [planned_steps(config), config.algo.final_lr]]


Plain = Callable[[Config], AlgorithmConfig]
Extended = Callable[[Config, AlgorithmConfig], AlgorithmConfig]
BUILDERS: dict[AlgoName, tuple[Plain, Extended]] = {
    AlgoName.ppo: (_ppo, _extended_ppo),
    AlgoName.sac: (_sac, _extended_sac),
}
