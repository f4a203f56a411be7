from __future__ import annotations

import numpy as np
import pytest
import torch
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.connectors.learner import AddOneTsToEpisodesAndTruncate, GeneralAdvantageEstimation
from ray.rllib.core import DEFAULT_MODULE_ID
from ray.rllib.core.columns import Columns
from ray.rllib.core.rl_module.multi_rl_module import MultiRLModule

import config
from training.rllib.algorithms import build_config, centring
from training.rllib.connectors import Advantages, CentreRewards, StackRollouts
from training.rllib.env_runner import BatchedEnvRunner
from training.rllib.rollout import episodes_of

pytestmark = pytest.mark.usefixtures("toy")


def sampled(config, steps):
    """A runner's whole module and a rollout of episodes with and without an end."""
    rllib = build_config(config)
    runner = BatchedEnvRunner(config=rllib, worker_index=0, num_workers=0)
    spec = rllib.get_rl_module_spec(spaces=runner.get_spaces(), inference_only=False)
    module = MultiRLModule()
    module.add_module(DEFAULT_MODULE_ID, spec.build())
    return module, runner.sample(num_timesteps=8 * steps, explore=True)


def pipeline(*, value_lambda):
    return [
        StackRollouts(),
        CentreRewards(unit=1.0, centre=False, memory=1),
        Advantages(gae_lambda=0.7, value_lambda=value_lambda),
    ]


def through(pieces, module, episodes):
    batch, shared = {}, {}
    for piece in pieces:
        batch = piece(rl_module=module, batch=batch, episodes=episodes, shared_data=shared)
    return batch[DEFAULT_MODULE_ID]


def test_the_batch_equals_that_of_rllibs_pipeline(load_small):
    module, episodes = sampled(load_small(), steps=12)
    space = module[DEFAULT_MODULE_ID].observation_space, module[DEFAULT_MODULE_ID].action_space
    ours = through(
        pipeline(value_lambda=0.7),
        module,
        episodes,
    )
    stock = PPOConfig().build_learner_connector(*space)
    stock.prepend(AddOneTsToEpisodesAndTruncate())
    stock.append(GeneralAdvantageEstimation(gamma=1.0, lambda_=0.7))
    theirs = stock(rl_module=module, batch={}, episodes=episodes_of(*episodes), shared_data={})[DEFAULT_MODULE_ID]
    real = theirs[Columns.LOSS_MASK].bool()
    assert len(ours[Columns.OBS]) == int(real.sum()) == 96
    for name in (
        Columns.OBS,
        Columns.ACTIONS,
        Columns.ACTION_LOGP,
        Columns.ACTION_DIST_INPUTS,
        "value_targets",
    ):
        torch.testing.assert_close(ours[name], theirs[name][real], rtol=1e-5, atol=1e-5)
    advantages = theirs["advantages"][real]  # normalised by RLlib over its bootstrap rows as well
    torch.testing.assert_close(
        ours["advantages"],
        (advantages - advantages.mean()) / advantages.std(unbiased=False),
        rtol=1e-4,
        atol=1e-4,
    )


def test_the_critic_may_look_further_ahead_than_the_actor(load_small):
    """A lambda of 1 makes targets of what is left of an episode, whatever the advantages are."""
    module, episodes = sampled(load_small("training.staggered=false"), steps=5)  # whole episodes of the toy
    near, far = (
        through(
            pipeline(value_lambda=look),
            module,
            episodes,
        )
        for look in (0.7, 1.0)
    )
    torch.testing.assert_close(near["advantages"], far["advantages"])
    left = far[Columns.REWARDS].reshape(8, 5).flip(1).cumsum(1).flip(1)
    torch.testing.assert_close(far["value_targets"], left.reshape(-1), rtol=1e-5, atol=1e-5)
    assert (near["value_targets"] - far["value_targets"]).abs().max() > 0.1


def test_centred_rewards_have_mean_zero_in_the_long_run():
    centre = CentreRewards(unit=2.0, centre=True, memory=4)
    generator = np.random.default_rng(0)
    means = []
    for _ in range(200):
        batch = {DEFAULT_MODULE_ID: {Columns.REWARDS: torch.from_numpy(generator.normal(6.0, 1.0, 64))}}
        means.append(float(centre(batch=batch)[DEFAULT_MODULE_ID][Columns.REWARDS].mean()))
    assert centre.mean == pytest.approx(3.0, abs=0.1)
    assert np.mean(means) == pytest.approx(0.0, abs=0.02)


@pytest.mark.parametrize(("market", "unit"), [("book", 1.0), ("small_tick", 600.0), ("gt3", 10 / 3)])
def test_rewards_are_learned_in_price_units_of_a_whole_quote(market, unit):
    """Where lots are shares a quote has a hundred: rewards a hundred times as large would be learned from otherwise."""
    chosen = config.load([f"market={market}", "algo.reward_scale=1"])
    assert centring(chosen).unit == pytest.approx(unit)


def test_scaling_without_centring_only_divides():
    batch = {DEFAULT_MODULE_ID: {Columns.REWARDS: torch.tensor([2.0, 4.0])}}
    CentreRewards(unit=2.0, centre=False, memory=4)(batch=batch)
    assert batch[DEFAULT_MODULE_ID][Columns.REWARDS].tolist() == [1.0, 2.0]


def test_state_moves_from_connector_to_connector():
    source, target = (CentreRewards(unit=1.0, centre=True, memory=10) for _ in range(2))
    source(batch={DEFAULT_MODULE_ID: {Columns.REWARDS: torch.tensor([1.0, 2.0])}})
    target.set_state(source.get_state())
    assert (target.mean, target.batches) == (1.5, 1)
