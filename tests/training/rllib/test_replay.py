"""The flat replay buffer and its batches against RLlib's own."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ray.rllib.algorithms.sac import SACConfig
from ray.rllib.connectors.common import AddObservationsFromEpisodesToBatch
from ray.rllib.connectors.learner import AddNextObservationsFromEpisodesToTrainBatch
from ray.rllib.core import DEFAULT_MODULE_ID
from ray.rllib.core.columns import Columns
from ray.rllib.utils.replay_buffers.episode_replay_buffer import EpisodeReplayBuffer

from training.rllib.algorithms import build_config
from training.rllib.connectors import StackTransitions
from training.rllib.env_runner import BatchedEnvRunner
from training.rllib.replay import FlatReplayBuffer, transitions_of
from training.rllib.rollout import episodes_of

pytestmark = [
    pytest.mark.usefixtures("toy"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
COLUMNS = ("observations", "actions", "rewards", "next_observations", "terminated", "truncated")


@pytest.fixture
def runner(load_small):
    return BatchedEnvRunner(config=build_config(load_small("algo=sac")), worker_index=0, num_workers=0)


def rows(transitions):
    """Each transition as one row of numbers."""
    columns = [np.asarray(getattr(transitions, name), float) for name in COLUMNS]
    return np.concatenate([column.reshape(len(transitions), -1) for column in columns], axis=1)


def test_it_holds_the_transitions_that_rllibs_buffer_holds(runner):
    """Over episodes with and without an end, in several rollouts."""
    ours, theirs = FlatReplayBuffer(1000, seed=0), EpisodeReplayBuffer(capacity=1000)
    for steps in (3, 12, 1):
        (rollout,) = runner.sample(num_timesteps=8 * steps, explore=True)
        ours.add([rollout])
        theirs.add(episodes_of(rollout))
    assert len(ours) == theirs.get_num_timesteps() == 128
    mine = np.unique(rows(ours.sample(4000)[0]), axis=0)
    episodes = theirs.sample(num_items=4000, n_step=1, gamma=1.0, sample_episodes=True)
    stock = np.unique([one_step(episode) for episode in episodes], axis=0)
    assert len(mine) == 128
    np.testing.assert_allclose(mine, stock, rtol=1e-6, atol=1e-6)


def one_step(episode):
    return np.concatenate(
        [
            episode.get_observations(0),
            episode.get_actions(0),
            [episode.get_rewards(0)],
            episode.get_observations(-1),
            [episode.is_terminated, episode.is_truncated],
        ]
    )


def test_the_batch_equals_that_of_rllibs_pipeline(runner):
    (rollout,) = runner.sample(num_timesteps=8 * 12, explore=True)
    space = runner.env.single_observation_space, runner.env.single_action_space
    module = {DEFAULT_MODULE_ID: runner.module}
    stock = SACConfig().build_learner_connector(*space)
    stock.insert_after(AddObservationsFromEpisodesToBatch, AddNextObservationsFromEpisodesToTrainBatch())
    theirs = stock(rl_module=runner.config.build_learner(spaces=runner.get_spaces()).module, batch={},
                   episodes=episodes_of(rollout), shared_data={})[DEFAULT_MODULE_ID]  # fmt: skip
    ours = StackTransitions()(rl_module=module, batch={}, episodes=[transitions_of(rollout)])[DEFAULT_MODULE_ID]
    # RLlib goes through one market after the other, we through one step after the other.
    by_market = torch.arange(96).reshape(12, 8).T.reshape(-1)
    for name in (Columns.OBS, Columns.NEXT_OBS, Columns.ACTIONS, Columns.REWARDS, Columns.TERMINATEDS):
        torch.testing.assert_close(ours[name][by_market], theirs[name].float(), rtol=1e-6, atol=1e-6, msg=name)


def test_the_oldest_make_room(runner):
    rollouts = [runner.sample(num_timesteps=8 * 5, explore=True)[0] for _ in range(4)]
    buffer = FlatReplayBuffer(100, seed=0)
    buffer.add(rollouts)
    newest = np.concatenate([rows(transitions_of(rollout)) for rollout in rollouts])[-100:]
    assert len(buffer) == 100
    np.testing.assert_array_equal(np.unique(rows(buffer.sample(5000)[0]), axis=0), np.unique(newest, axis=0))


def test_a_rollout_larger_than_the_buffer(runner):
    (rollout,) = runner.sample(num_timesteps=8 * 9, explore=True)
    buffer = FlatReplayBuffer(20, seed=0)
    buffer.add([rollout])
    newest = rows(transitions_of(rollout))[-20:]
    np.testing.assert_array_equal(np.unique(rows(buffer.sample(1000)[0]), axis=0), np.unique(newest, axis=0))


def test_every_transition_is_as_likely_as_any_other(runner):
    buffer = FlatReplayBuffer(100, seed=3)
    buffer.add(runner.sample(num_timesteps=8 * 10, explore=True))
    held = buffer.get_state()["ring"]
    _, counts = np.unique(rows(buffer.sample(80_000)[0]), axis=0, return_counts=True)
    assert len(counts) == len(held) == 80
    chi_square = ((counts - 1000) ** 2 / 1000).sum()
    assert 79 - 4 * np.sqrt(2 * 79) < chi_square < 79 + 4 * np.sqrt(2 * 79)


def test_the_same_seed_gives_the_same_samples_and_a_state_goes_on(runner):
    rollouts = [runner.sample(num_timesteps=8 * 15, explore=True)[0] for _ in range(2)]
    first, second, restored = (FlatReplayBuffer(100, seed=5) for _ in range(3))
    first.add(rollouts)
    second.add(rollouts)
    np.testing.assert_array_equal(rows(first.sample(64)[0]), rows(second.sample(64)[0]))
    restored.set_state(first.get_state())
    assert len(restored) == 100
    for buffer in (first, restored):
        buffer.add(rollouts[:1])
    # The ring may begin elsewhere: what it holds and what comes next are the same.
    np.testing.assert_array_equal(first.get_state()["ring"].rewards, restored.get_state()["ring"].rewards)
    assert first.get_state()["random"] == restored.get_state()["random"]


def test_a_transition_that_is_not_finite_is_never_kept(runner):
    """Of 24 one has a reward that is no number and two have seen an observation that is none."""
    buffer = FlatReplayBuffer(100, seed=0)
    (rollout,) = runner.sample(num_timesteps=8 * 3, explore=True)
    rollout.rewards[0, 0] = np.nan
    rollout.observations[2, 1] = np.inf
    buffer.add([rollout])
    assert len(buffer) == 21
    assert np.isfinite(rows(buffer.sample(1000)[0])).all()
