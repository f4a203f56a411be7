"""A batch of markets: same bits however it is split, no policy above the optimum, buffers refused before harm."""

import hashlib

import numpy as np
import pytest

import config
import engine
import envs

MARKETS = ["book", "layered", "gt1", "gt4"]


def play(scenario, *, splits=(64,), threads=1, steps=300, seed=7):
    """Hash of everything 64 markets write over ``steps`` steps, with resets on the way."""
    rng = np.random.default_rng(1)
    starts = np.cumsum((0, *splits[:-1]))
    batches = [
        engine.Batch(scenario, n, first_market=int(first), threads=threads)
        for n, first in zip(splits, starts, strict=True)
    ]
    k, m = len(batches[0].columns), len(engine.STATISTICS)
    observation, final = np.zeros((64, k), np.float32), np.zeros((64, k), np.float32)
    reward, ended, statistics = np.zeros(64), np.zeros(64, bool), np.zeros((64, m))
    digest = hashlib.sha256()
    parts = [slice(int(first), int(first) + n) for n, first in zip(splits, starts, strict=True)]
    for batch, part in zip(batches, parts, strict=True):
        batch.reset(seed, observation[part])
    for _ in range(steps):
        action = rng.uniform(-1, 2, (64, 2)).astype(np.float32)
        for batch, part in zip(batches, parts, strict=True):
            batch.step(action[part], observation[part], reward[part], ended[part], final[part], statistics[part])
        for array in (observation, reward, ended, final, statistics):
            digest.update(array.tobytes())
    return digest.hexdigest()


@pytest.mark.parametrize("market", MARKETS)
def test_same_seed_same_bits(market):
    scenario = envs.scenario(config.load([f"market={market}", "simulation.episode_steps=100"]))
    once = play(scenario)
    assert play(scenario, threads=3) == once
    assert play(scenario, splits=(16, 16, 16, 16)) == once
    assert play(scenario, splits=(48, 16), threads=2) == once
    assert play(scenario, seed=8) != once


@pytest.mark.parametrize("market", MARKETS)
def test_reward_is_the_sum_of_its_parts(market):
    chosen = config.load([f"market={market}", "market_maker.max_position=500" if market == "book" else "seed=0"])
    markets = envs.MarketMakingVectorEnv(chosen, 32, seed=1)
    markets.reset()
    rng = np.random.default_rng(0)
    position = np.zeros(32)
    column = {name: i for i, name in enumerate(envs.STATISTICS)}
    limit = chosen.market_maker.max_position // chosen.market.lot
    for _ in range(chosen.simulation.episode_steps):
        _, reward, _, _, info = markets.step(rng.uniform(-1, 1, (32, 2)).astype(np.float32))
        s = {name: info["statistics"][:, i] for name, i in column.items()}
        assert np.allclose(reward, s["pnl_change"] - s["inventory_penalty"] - s["terminal_cost"])
        position += s["bid_filled"] - s["ask_filled"]
        assert (s["inventory"] == position).all()
        assert (np.abs(position) <= limit).all()


def test_profit_in_the_book_follows_from_quotes_fills_and_mids_alone():
    """Independent bookkeeping, exact: each step earns the depth of what was filled and the mid's move on what is held.

    Without latency every fill of a step is at the quote that the step reports.
    """
    markets = envs.MarketMakingVectorEnv(config.load(["market=book", "market.book.latency_ms=0"]), 64, seed=3)
    markets.reset()
    rng = np.random.default_rng(0)
    mid, fills, half_ticks = None, 0.0, 0
    for _ in range(300):
        *_, info = markets.step(rng.uniform(-0.4, 0.5, (64, 2)).astype(np.float32))
        s = dict(zip(envs.STATISTICS, info["statistics"].T, strict=True))
        if mid is not None:
            spread = s["bid_filled"] * s["bid_depth"] + s["ask_filled"] * s["ask_depth"]
            assert (s["pnl_change"] == spread + s["inventory"] * (s["mid"] - mid)).all()
        fills += s["bid_filled"].sum() + s["ask_filled"].sum()
        half_ticks += np.count_nonzero(s["mid"] % 1)
        mid = s["mid"]
    assert fills > 500
    assert half_ticks > 0  # the mark is twice the mid, so half ticks are exact too


def buffers(n=4, k=4):
    m = len(engine.STATISTICS)
    return {
        "action": np.zeros((n, 2), np.float32),
        "observation": np.zeros((n, k), np.float32),
        "reward": np.zeros(n),
        "terminated": np.zeros(n, bool),
        "final_observation": np.zeros((n, k), np.float32),
        "statistics": np.zeros((n, m)),
    }


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    ("name", "spoil", "words"),
    [
        ("observation", lambda a: a.astype(np.float64), "float32"),
        ("observation", lambda a: a.astype(">f4"), ">f4"),
        ("observation", np.asfortranarray, "C-contiguous"),
        ("reward", lambda a: a[:3], r"\(4,\)"),
        ("statistics", read_only, "writable"),
        ("action", lambda a: a * np.nan, r"action\[0, 0\] is nan"),
        ("action", lambda a: a + np.inf, "finite"),
        ("terminated", lambda a: a.astype(np.int64), "bool"),
    ],
)
def test_a_wrong_buffer_is_refused_before_anything_changes(name, spoil, words):
    batch = engine.Batch(envs.scenario(config.load(["market=gt1"])), 4)
    good = buffers()
    batch.reset(1, good["observation"])
    bad = {**good, name: spoil(good[name])}
    with pytest.raises(ValueError, match=words):
        batch.step(**bad)
    batch.step(**good)
    fresh = engine.Batch(envs.scenario(config.load(["market=gt1"])), 4)
    expected = buffers()
    fresh.reset(1, expected["observation"])
    fresh.step(**expected)
    assert (good["observation"] == expected["observation"]).all()


@pytest.mark.parametrize(("size", "threads", "name"), [(0, 1, "n must"), (4, 0, "threads must")])
def test_sizes_out_of_range_are_named(size, threads, name):
    with pytest.raises(ValueError, match=name):
        engine.Batch(envs.scenario(config.load(["market=gt1"])), size, threads=threads)
