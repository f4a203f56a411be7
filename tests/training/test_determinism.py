"""The same seed gives the same bits, and a market's path does not depend on who samples it."""

from __future__ import annotations

import numpy as np
import pytest
import ray
import torch

import config
from training import loop
from training.rllib.algorithms import build_config
from training.rllib.env_runner import BatchedEnvRunner

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
SMALL = ["market=gt1", "simulation.episode_steps=40", "training.steps_per_iteration=512", "training.progress=false"]


class Quiet:
    """A run that forgets."""

    id = "run"

    def log_metrics(self, metrics, step):
        pass


@pytest.fixture(scope="module")
def local_ray():
    ray.init(num_cpus=3, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
    yield
    ray.shutdown()


@pytest.mark.parametrize("runners", [0, pytest.param(1, marks=pytest.mark.long)])
@pytest.mark.parametrize("algo", ["ppo", "sac"])
def test_the_same_seed_gives_identical_weights(local_ray, tmp_path, algo, runners):
    sizes = {"ppo": ["algo.ppo.minibatch_size=128"], "sac": ["algo.sac.batch_size=128", "algo.sac.warmup_steps=512"]}
    words = [f"algo={algo}", *SMALL, *sizes[algo], f"training.env_runners={runners}", "training.markets_per_runner=32"]

    def weights(seed, where):
        root = f"training.checkpoint_root={tmp_path / where}"
        settings = config.load([*words, f"seed={seed}", "training.iterations=3", root])
        return loop.train(settings, run=Quiet()).weights

    first, again, other = weights(5, "first"), weights(5, "again"), weights(6, "other")
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert any(not np.array_equal(first[name], other[name]) for name in first)


@pytest.mark.long
@pytest.mark.parametrize("algo", ["ppo", "sac"])
def test_the_same_interruptions_give_identical_weights(local_ray, tmp_path, algo):
    """Two runs on two runners, each stopped after two iterations and resumed; no episode is played again."""
    sizes = {"ppo": ["algo.ppo.minibatch_size=128"], "sac": ["algo.sac.batch_size=128", "algo.sac.warmup_steps=512"]}
    words = [f"algo={algo}", *SMALL, *sizes[algo], "training.env_runners=2", "training.markets_per_runner=16"]

    def interrupted(where):
        root = f"training.checkpoint_root={tmp_path / where}"
        played = []
        for iterations in (2, 4):
            found = list((tmp_path / where).glob("run/iteration-*"))
            result = loop.train(
                config.load([*words, f"training.iterations={iterations}", root]),
                run=Quiet(),
                resume=found[0] if found else None,
                on_iteration=lambda _, metrics: played.append(metrics["market/pnl"]),
            )
        return result.weights, played

    (first, played), (again, others) = interrupted("first"), interrupted("again")
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert played == others
    assert len(set(played)) == 4


def test_a_runner_that_starts_where_others_have_sampled_plays_other_episodes():
    """After a resume or a restart no episode is played again; the same start still gives the same bits."""
    settings = config.load(["market=gt1", "training.env_runners=1", "training.markets_per_runner=8"])
    fresh, first, again = (BatchedEnvRunner(config=build_config(settings), worker_index=1) for _ in range(3))
    state = fresh.get_state() | {"num_env_steps_sampled_lifetime": 4096}
    for made in (first, again):
        made.set_state(state)
    played = [made.sample(num_timesteps=8 * 50, explore=False)[0].rewards for made in (fresh, first, again)]
    np.testing.assert_array_equal(played[1], played[2])
    assert not np.array_equal(played[0], played[1])
    later = first.sample(num_timesteps=8 * 50, explore=False)[0].rewards
    assert not np.array_equal(later, played[1])


def test_markets_do_not_depend_on_how_many_runners_share_them():
    """Under a fixed policy 1, 2 and 4 runners sample the same set of trajectories, none twice, bit for bit.

    The policy quotes one pair of depths always: a matrix product rounds differently for another number of rows.
    """
    sets = {runners: trajectories(runners, 48 // runners) for runners in (1, 2, 4)}
    for found in sets.values():
        assert len(found) == len(np.unique(found, axis=0)) == 48
        np.testing.assert_array_equal(found, sets[1])


def trajectories(runners, markets):
    """What every market sees and earns in 60 steps, one row each, sorted."""
    settings = config.load(
        [
            *SMALL,
            f"training.env_runners={runners}",
            f"training.markets_per_runner={markets}",
            "training.staggered=false",
            "training.steps_per_iteration=4800",
            "algo.ppo.minibatch_size=4800",
            "seed=3",
        ]
    )
    rows = []
    for worker in range(1, runners + 1):
        made = BatchedEnvRunner(config=build_config(settings), worker_index=worker, num_workers=runners)
        with torch.no_grad():
            for parameter in made.module.parameters():
                parameter.fill_(0.0)
            made.module.actor[-1].bias.copy_(torch.tensor([-0.3, 0.2]))
        (rollout,) = made.sample(num_timesteps=60 * markets, explore=False)
        seen = rollout.observations.reshape(markets, -1)
        rows.append(np.concatenate([seen, rollout.actions.reshape(markets, -1), rollout.rewards], axis=1))
    found = np.concatenate(rows)
    return found[np.lexsort(found.T)]
