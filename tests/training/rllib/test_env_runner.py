from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from ray.rllib.core.columns import Columns

from tests.training.conftest import STATISTICS, ToyMarkets
from training.rllib import rewards
from training.rllib.algorithms import build_config
from training.rllib.env_runner import BatchedEnvRunner
from training.rllib.failures import Diverged

pytestmark = [pytest.mark.usefixtures("toy"), pytest.mark.filterwarnings("ignore:.*Overriding environment")]


def runner(settings, *, batched=True, staggered=False, worker_index=0):
    rllib = build_config(settings, batched=batched)
    rllib.environment(env_config={**rllib.env_config, "staggered": staggered, "rollouts": False})
    made = rllib.env_runner_cls(config=rllib, worker_index=worker_index, num_workers=0)
    with torch.no_grad():
        for seed, parameter in enumerate(made.module.parameters()):
            parameter.copy_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(seed)) * 0.3)
    return made


def columns(episode):
    """Everything the learner reads of an episode chunk, without lookback."""
    length = len(episode)
    outputs = {
        name: np.asarray(episode.get_extra_model_outputs(name, slice(0, length)))
        for name in (Columns.ACTION_LOGP, Columns.ACTION_DIST_INPUTS)
    }
    return outputs | {
        "obs": np.asarray(episode.get_observations(slice(0, length + 1))),
        "actions": np.asarray(episode.get_actions(slice(0, length))),
        "rewards": np.asarray(episode.get_rewards(slice(0, length))),
        "terminated": np.asarray(episode.is_terminated),
        "truncated": np.asarray(episode.is_truncated),
    }


def by_market(episodes):
    """Chunks of each market in the order of their steps, joined by episode."""
    found = {}
    for episode in episodes:
        market = round(float(episode.get_observations(0)[2]))
        found.setdefault(market, {}).setdefault(episode.id_, []).append(episode)
    return {
        market: [[columns(chunk) for chunk in sorted(chunks, key=lambda c: c.t_started)] for chunks in ids.values()]
        for market, ids in found.items()
    }


@pytest.mark.parametrize("algo", ["ppo", "sac"])
def test_whole_episodes_equal_those_of_rllibs_runner(load_small, algo):
    settings = load_small(f"algo={algo}")
    ours = by_market(runner(settings).sample(num_episodes=16, explore=False))
    stock = by_market(runner(settings, batched=False).sample(num_episodes=16, explore=False))
    assert sorted(ours) == sorted(stock) == list(range(8))
    for market in ours:
        assert len(ours[market]) == len(stock[market]) == 2
        for mine, theirs in zip(ours[market], stock[market], strict=True):
            for name in theirs[0]:
                np.testing.assert_allclose(mine[0][name], theirs[0][name], rtol=1e-6, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("algo", ["ppo", "sac"])
def test_noise_of_the_first_episode_equals_that_of_rllibs_runner(load_small, algo):
    settings = load_small(f"algo={algo}")
    sampled = []
    for batched in (True, False):
        made = runner(settings, batched=batched)
        torch.manual_seed(7)
        sampled.append(by_market(made.sample(num_timesteps=8 * 5, explore=True)))
    for market, (mine,) in sampled[0].items():
        for name, values in sampled[1][market][0][0].items():
            np.testing.assert_allclose(mine[0][name], values, rtol=1e-6, atol=1e-6, err_msg=name)


def test_chunks_go_on_across_calls(load_small):
    settings = load_small()
    whole = by_market(runner(settings).sample(num_timesteps=8 * 15, explore=False))
    pieces = runner(settings)
    chunks = [chunk for steps in (3, 4, 8) for chunk in pieces.sample(num_timesteps=8 * steps, explore=False)]
    cut = by_market(chunks)
    for market in whole:
        assert len(cut[market]) == len(whole[market]) == 3
        for parts, (full,) in zip(cut[market], whole[market], strict=True):
            joined = np.concatenate([part["obs"][:-1] for part in parts] + [parts[-1]["obs"][-1:]])
            np.testing.assert_array_equal(joined, full["obs"])
            np.testing.assert_array_equal(np.concatenate([part["rewards"] for part in parts]), full["rewards"])
            assert [bool(part["terminated"]) for part in parts] == [False] * (len(parts) - 1) + [True]
    starts = {}
    for chunk in chunks:
        assert chunk.t_started == starts.get(chunk.id_, 0)
        starts[chunk.id_] = chunk.t


def test_the_last_observation_is_the_episodes_own(load_small):
    for episode in runner(load_small()).sample(num_timesteps=8 * 5, explore=False):
        assert episode.get_observations(-1)[0] == 1.0
        assert episode.is_terminated


def test_arrays_are_fresh(load_small):
    made = runner(load_small())
    first = made.sample(num_timesteps=8 * 4, explore=False)
    before = [columns(episode)["obs"].copy() for episode in first]
    made.sample(num_timesteps=8 * 8, explore=False)
    for episode, obs in zip(first, before, strict=True):
        np.testing.assert_array_equal(columns(episode)["obs"], obs)


def test_metrics_count_steps_and_whole_episodes(load_small):
    made = runner(load_small())
    made.sample(num_timesteps=8 * 12, explore=False)
    metrics = made.get_metrics()
    assert metrics["num_env_steps_sampled"] == 96
    assert metrics["num_env_steps_sampled_lifetime"] == 96
    assert metrics["num_episodes"] == 16
    assert metrics["episode_len_mean"] == 5
    episodes = runner(load_small()).sample(num_episodes=8, explore=False)
    expected = np.mean([e.get_return() for e in episodes])
    assert float(metrics["episode_return_mean"]) == pytest.approx(expected)


def test_shortened_first_episodes_stay_out_of_the_episode_metrics(load_small):
    made = runner(load_small(), staggered=True)
    lengths = sorted({len(e) for e in made.sample(num_timesteps=8 * 10, explore=False) if e.is_done})
    assert lengths == [1, 2, 3, 4, 5]
    assert made.get_metrics()["episode_len_mean"] == 5


def test_runners_own_consecutive_markets(load_small):
    made = [runner(load_small(), worker_index=index) for index in (1, 2)]
    ids = [sorted(by_market(sent(one.sample(num_episodes=8, explore=False)))) for one in made]
    assert ids == [list(range(8)), list(range(8, 16))]


def test_episodes_arrive_in_another_process_as_they_are(load_small):
    here = runner(load_small()).sample(num_timesteps=8 * 7, explore=False)
    there = sent(runner(load_small(), worker_index=1).sample(num_timesteps=8 * 7, explore=False))
    assert len(here) == len(there)
    for one, other in zip(here, there, strict=True):
        assert (one.t_started, one.t) == (other.t_started, other.t)
        for name, values in columns(one).items():
            np.testing.assert_array_equal(values, columns(other)[name])


def sent(episodes):
    return pickle.loads(pickle.dumps(episodes, protocol=5))


def test_state_moves_from_runner_to_runner(load_small):
    source, target = runner(load_small()), runner(load_small())
    source.module.set_std(0.123)
    with torch.no_grad():
        source.module.actor[-1].bias.fill_(0.25)
    target.set_state(source.get_state())
    assert float(target.module.log_std.exp()[0]) == pytest.approx(0.123)
    assert target.module.actor[-1].bias[0].item() == 0.25


def test_the_first_policy_quotes_the_reference(load_small):
    rllib = build_config(load_small())
    made = BatchedEnvRunner(config=rllib, worker_index=0, num_workers=0)
    for episode in made.sample(num_episodes=8, explore=False):
        assert np.abs(columns(episode)["actions"]).max() < 0.05


def test_actions_that_are_not_numbers_are_never_sent_to_a_market(load_small):
    made = runner(load_small())
    with torch.no_grad():
        made.module.actor[-1].bias.fill_(np.nan)
    with pytest.raises(Diverged, match="actions are not finite"):
        made.sample(num_timesteps=8)


def test_luck_is_left_out_of_what_is_learned_from_but_not_of_the_returns(load_small, monkeypatch):
    """The toy's inventory plays the part of luck."""
    monkeypatch.setattr(ToyMarkets, "statistics", tuple(STATISTICS), raising=False)
    monkeypatch.setattr(rewards, "LUCK", "inventory")
    found, returns = {}, {}
    for without in ("true", "false"):
        made = runner(load_small(f"algo.without_luck={without}"))
        found[without] = by_market(made.sample(num_episodes=8, explore=False))
        returns[without] = made.get_metrics()["episode_return_mean"]
    assert sorted(found["true"]) == list(range(8))
    for market, episodes in found["true"].items():
        left, whole = episodes[0][0], found["false"][market][0][0]
        luck = whole["obs"][1:-1, 1]  # after the last step the toy tells the next episode's
        assert np.abs(luck).max() > 0 or market == 0
        np.testing.assert_allclose(left["rewards"][:-1], whole["rewards"][:-1] - luck, rtol=1e-5, atol=1e-5)
    assert float(returns["true"]) == pytest.approx(float(returns["false"]))
