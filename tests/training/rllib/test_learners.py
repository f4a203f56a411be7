"""Our own updates, and rollouts cut for several learners, against RLlib's."""

from __future__ import annotations

import copy
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from ray.rllib.core import DEFAULT_MODULE_ID
from ray.rllib.core.learner.learner import Learner
from ray.rllib.core.learner.training_data import TrainingData
from ray.rllib.utils.metrics import NUM_ENV_STEPS_SAMPLED_LIFETIME
from ray.rllib.utils.minibatch_utils import ShardEpisodesIterator

from training import loop
from training.loop import train
from training.rllib.algorithms import build_config
from training.rllib.env_runner import BatchedEnvRunner
from training.rllib.replay import FlatReplayBuffer, transitions_of
from training.rllib.rollout import episodes_of

pytestmark = [
    pytest.mark.usefixtures("toy"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def learner_and_rollout(config, steps=16):
    rllib = build_config(config)
    runner = BatchedEnvRunner(config=rllib, worker_index=0, num_workers=0)
    spaces = runner.get_spaces()
    made = rllib.build_learner(spaces=spaces)
    runner.set_state({"rl_module": made.module.get_state(inference_only=True)})
    return made, runner.sample(num_timesteps=8 * steps, explore=True)


def weights(learner):
    state = learner.module[DEFAULT_MODULE_ID].get_state()
    return {name: np.array(value) for name, value in state.items()}


@pytest.mark.parametrize("clip", [0.3, 1e-3])
@pytest.mark.parametrize("words", [[], ["network=specification"]])
def test_ppos_update_equals_rllibs(load_small, clip, words):
    """On whole batches, so that their order does not matter; the clips of ratio and gradient bite in some cases."""
    config = load_small(f"algo.ppo.clip={clip}", *words, "algo.grad_clip=0.5")
    ours, rollouts = learner_and_rollout(config)
    theirs, _ = learner_and_rollout(config)
    theirs.module[DEFAULT_MODULE_ID].set_state(ours.module[DEFAULT_MODULE_ID].get_state())
    before = weights(ours)
    plan = {"num_epochs": 5, "minibatch_size": 8 * 16, "timesteps": {NUM_ENV_STEPS_SAMPLED_LIFETIME: 128}}
    found = ours.update(training_data=TrainingData(episodes=copy.copy(rollouts)), **plan)
    stock = Learner.update(theirs, training_data=TrainingData(episodes=copy.copy(rollouts)), **plan)
    for name, value in weights(ours).items():
        np.testing.assert_allclose(value, weights(theirs)[name], rtol=1e-4, atol=1e-6, err_msg=name)
    moved = {name for name, value in weights(ours).items() if np.abs(value - before[name]).max() > 1e-5}
    assert moved == set(before)
    for name in ("policy_loss", "vf_loss", "entropy", "total_loss", "gradients_default_optimizer_global_norm"):
        assert float(found[DEFAULT_MODULE_ID][name]) == pytest.approx(
            float(stock[DEFAULT_MODULE_ID][name]), rel=1e-3, abs=1e-5
        ), name


@pytest.mark.parametrize("reward_scale", [1.0, 30.0])
def test_sacs_updates_equal_rllibs(load_small, reward_scale):
    """With the same noise; the Huber loss's linear part and the clip of gradients bite in one case."""
    config = load_small("algo=sac", f"algo.reward_scale={reward_scale}", "algo.grad_clip=0.5")
    ours, rollouts = learner_and_rollout(config)
    theirs, _ = learner_and_rollout(config)
    theirs.module[DEFAULT_MODULE_ID].set_state(ours.module[DEFAULT_MODULE_ID].get_state())
    before = weights(ours)
    buffer = FlatReplayBuffer(128, seed=1)
    buffer.add(rollouts)
    found, stock = {}, {}
    for step in range(5):
        batch, plan = buffer.sample(64), {"timesteps": {NUM_ENV_STEPS_SAMPLED_LIFETIME: 128}}
        torch.manual_seed(step)
        found = ours.update(training_data=TrainingData(episodes=batch), **plan)[DEFAULT_MODULE_ID]
        torch.manual_seed(step)
        stock = Learner.update(theirs, training_data=TrainingData(episodes=batch), **plan)[DEFAULT_MODULE_ID]
    for name, value in weights(ours).items():
        np.testing.assert_allclose(value, weights(theirs)[name], rtol=1e-3, atol=1e-5, err_msg=name)
        assert np.abs(value - before[name]).max() > 1e-5, name
    assert ours.get_state()["log_alpha"] == pytest.approx(theirs.get_state()["log_alpha"], abs=1e-5)
    names = ("qf_loss", "qf_twin_loss", "policy_loss", "alpha_loss", "alpha_value", "qf_mean")
    for name in (*names, *(f"gradients_{group}_global_norm" for group in ("qf", "qf_twin", "policy", "alpha"))):
        assert float(found[name]) == pytest.approx(float(stock[name]), rel=1e-3, abs=1e-5), name


@pytest.mark.parametrize("algo", ["ppo", "sac"])
def test_a_gradient_that_is_not_finite_moves_nothing(load_small, algo):
    learner, (rollout,) = learner_and_rollout(load_small(f"algo={algo}"))
    rollout.rewards[0, 0] = np.nan
    before = weights(learner)
    learner.update(
        training_data=TrainingData(episodes=[rollout if algo == "ppo" else transitions_of(rollout)]),
        timesteps={NUM_ENV_STEPS_SAMPLED_LIFETIME: 128},
        num_epochs=2,
        minibatch_size=64,
    )
    for name, value in weights(learner).items():
        assert name == "log_std" or name.startswith("target_") or np.array_equal(value, before[name])


@pytest.mark.parametrize("learners", [2, 4])
def test_a_rollout_is_cut_into_whole_markets_for_several_learners(load_small, learners):
    _, (rollout,) = learner_and_rollout(load_small())
    shards = list(ShardEpisodesIterator([rollout], num_shards=learners))
    assert [sum(map(len, shard)) for shard in shards] == learners * [len(rollout) // learners]
    whole = {episode.id_: episode for episode in episodes_of(rollout)}
    # A market's episodes are numbered within its shard's rollout as they are in the whole one.
    first = 0
    for shard in shards:
        for part in shard:
            for episode in episodes_of(part):
                name, market, number = episode.id_.rsplit("-", 2)
                twin = whole[f"{name}-{int(market) + first}-{number}"]
                np.testing.assert_array_equal(episode.get_observations(), twin.get_observations())
                np.testing.assert_array_equal(episode.get_rewards(), twin.get_rewards())
                assert episode.is_terminated == twin.is_terminated
            first += len(part.rewards)
    assert first == 8


def test_several_learners_need_whole_markets(load_small):
    from config import UserError
    from training.rllib.algorithms import check

    with pytest.raises(UserError, match=r"training.markets_per_runner must be a multiple of training.learners = 3"):
        check(load_small("training.learners=3"))


@pytest.mark.long
@pytest.mark.parametrize(("algo", "loss"), [("ppo", "train/value_loss"), ("sac", "train/q_loss")])
def test_two_learners_learn_together(load_small, tmp_path, monkeypatch, algo, loss):
    """Each has half of the markets, and after every update both hold the same weights and the same temperature."""
    import ray

    class Run:
        id = "run"

        def log_metrics(self, metrics, step):
            assert np.isfinite(metrics[loss])

    made, held = [], []

    def build(chosen):
        made.append(build_config(chosen).build_algo())
        return SimpleNamespace(build_algo=lambda: made[0])

    def look(*_):
        held.extend(each.get() for each in made[0].learner_group.foreach_learner(learnt))

    monkeypatch.setattr(loop, "build_config", build)
    ray.init(num_cpus=3, include_dashboard=False, logging_level="ERROR")
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    try:
        config = load_small(
            f"algo={algo}",
            "training.learners=2",
            "training.iterations=2",
            f"training.checkpoint_root={tmp_path}",
            *(["algo.sac.warmup_steps=0"] if algo == "sac" else []),
        )
        result = train(config, run=Run(), on_iteration=look)
    finally:
        ray.shutdown()
    assert result.env_steps == 256
    assert len(held) == 4
    for one, other in (held[:2], held[2:]):
        for mine, theirs in zip(one, other, strict=True):
            np.testing.assert_array_equal(mine, theirs)
    assert any(not np.array_equal(before, after) for before, after in zip(held[0], held[2], strict=True))


def learnt(learner):
    """The arrays that a learner's updates move, in another process."""
    state = learner.get_state(components="rl_module")["rl_module"][DEFAULT_MODULE_ID]
    alpha = getattr(learner, "curr_log_alpha", None)
    return [np.array(value) for value in state.values()] + ([] if alpha is None else [alpha[DEFAULT_MODULE_ID].item()])
