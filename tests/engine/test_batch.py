"""A batch of markets: same bits however it is split, no policy above the optimum, buffers refused before harm."""

import hashlib
import re
import subprocess
import sys
import threading
import time

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
    k, m = len(batches[0].columns), len(batches[0].statistics)
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
    column = {name: i for i, name in enumerate(markets.statistics)}
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
        s = dict(zip(markets.statistics, info["statistics"].T, strict=True))
        if mid is not None:
            spread = s["bid_filled"] * s["bid_depth"] + s["ask_filled"] * s["ask_depth"]
            assert (s["pnl_change"] == spread + s["inventory"] * (s["mid"] - mid)).all()
        fills += s["bid_filled"].sum() + s["ask_filled"].sum()
        half_ticks += np.count_nonzero(s["mid"] % 1)
        mid = s["mid"]
    assert fills > 500
    assert half_ticks > 0  # the mark is twice the mid, so half ticks are exact too


@pytest.mark.parametrize("away", [2e9, 2.0**31, 2.0**32, 1e10, 1e30])
def test_a_quote_further_away_than_any_price_meets_nobody(away):
    chosen = config.load(["market=book", "agent.action=offsets", f"agent.action_high={away}", "market.price_unit=1"])
    markets = envs.MarketMakingVectorEnv(chosen, 8, seed=1)
    markets.reset()
    for _ in range(50):
        *_, info = markets.step(np.full((8, 2), away, np.float32))
        s = dict(zip(markets.statistics, info["statistics"].T, strict=True))
        for name in ("bid_filled", "ask_filled", "bid_depth", "ask_depth", "inventory"):
            assert not s[name].any(), name
    batch, n = engine.Batch(envs.scenario(chosen), 8), 8
    out = buffers(n, len(batch.columns), len(batch.statistics))
    batch.reset(1, out["observation"])
    batch.play(engine.Strategy.constant(away), 50, out["reward"], out["statistics"], np.zeros(n))
    assert not out["statistics"][:, : envs.STATISTICS.index("mid")].any()
    assert batch.counters["rejected"] == 2 * n * 50


def buffers(n=4, k=4, m=10):
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


@pytest.mark.parametrize("market", ["gt1", "book"])
def test_a_batch_must_be_reset_before_it_plays(market):
    batch = engine.Batch(envs.scenario(config.load([f"market={market}"])), 4)
    out = buffers(k=len(batch.columns), m=len(batch.statistics))
    totals = {"reward": np.zeros(4), "statistics": out["statistics"], "abs_inventory": np.zeros(4)}
    with pytest.raises(RuntimeError, match="reset the batch before its first step"):
        batch.step(**out)
    with pytest.raises(RuntimeError, match="reset the batch before its first step"):
        batch.play(engine.Strategy.constant(1), 3, **totals)
    batch.reset(1, out["observation"])
    batch.step(**out)
    batch.play(engine.Strategy.constant(1), 3, **totals)


CROWDED = """
import resource
import config, engine, envs

scenario = envs.scenario(config.load(["market=gt1"]))
engine.Batch(scenario, 64, threads=2)
taken = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
limit = resource.getrlimit(resource.RLIMIT_AS)
resource.setrlimit(resource.RLIMIT_AS, (taken + (64 << 20), limit[1]))  # room for the stacks of a few threads
try:
    engine.Batch(scenario, 64, threads=200)
except RuntimeError as refusal:
    print(refusal)
resource.setrlimit(resource.RLIMIT_AS, limit)
print(len(engine.Batch(scenario, 64, threads=200)))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the address space in use from /proc")
def test_threads_that_the_system_does_not_give_are_named_and_the_process_lives():
    played = subprocess.run([sys.executable, "-c", CROWDED], capture_output=True, text=True, check=False)
    assert played.returncode == 0, played.stderr
    refusal, markets = played.stdout.splitlines()
    assert re.fullmatch(r"only [1-9]\d* of 200 threads could be started: .+", refusal)
    assert markets == "64"


@pytest.mark.parametrize("autoreset", list(engine.Autoreset))
def test_resets_count_the_episodes_that_ended(autoreset):
    batch = engine.Batch(
        envs.scenario(config.load(["market=gt1", "simulation.episode_steps=5"])), 4, autoreset=autoreset
    )
    out = buffers()
    totals = {"reward": np.zeros(4), "statistics": out["statistics"], "abs_inventory": np.zeros(4)}
    ended = 0
    batch.reset(1, out["observation"])
    for step in range(23):
        if step % 9 == 7:
            batch.reset(None, out["observation"])  # in the middle of every episode
        batch.step(**out)
        ended += np.count_nonzero(out["terminated"])
        assert batch.counters["resets"] == ended
    assert ended == 4 * 3
    batch.reset(None, out["observation"])
    batch.play(engine.Strategy.constant(1), 11, **totals)
    assert batch.counters["resets"] == ended + 4 * 2
    batch.reset(1, out["observation"])
    assert batch.counters["resets"] == 0


def test_a_batch_in_use_refuses_a_second_thread_and_is_not_disturbed():
    chosen, n = config.load(["market=gt1"]), 64
    batch, other = (engine.Batch(envs.scenario(chosen), n) for _ in range(2))
    out = buffers(n)
    for each in batch, other:
        each.reset(1, out["observation"])
    reward, expected = (
        {"reward": np.zeros(n), "statistics": np.zeros_like(out["statistics"]), "abs_inventory": np.zeros(n)}
        for _ in range(2)
    )
    player = threading.Thread(target=batch.play, args=(engine.Strategy.constant(1), 200_000), kwargs=reward)
    player.start()
    time.sleep(0.1)  # of the seconds that a play takes
    refused = [
        lambda: batch.step(**out),
        lambda: batch.reset(2, out["observation"]),
        lambda: batch.play(engine.Strategy.constant(1), 1, **expected),
        lambda: batch.counters,
    ]
    for call in refused:
        assert player.is_alive()
        with pytest.raises(RuntimeError, match="the batch is in use by another thread"):
            call()
    player.join()
    other.play(engine.Strategy.constant(1), 200_000, **expected)
    for name, sums in expected.items():
        assert (reward[name] == sums).all()
    for call in refused:
        call()


def last_step(*words):
    """Statistics of the last step of an episode in which every second market buys and every other one sells."""
    chosen = config.load(["market=book", "simulation.episode_steps=100", "agent.action=offsets", *words])
    markets = envs.MarketMakingVectorEnv(chosen, 64, seed=2)
    markets.reset()
    action = np.where(np.arange(64)[:, None] % 2, (-0.5, 3), (3, -0.5)).astype(np.float32)
    for _ in range(100):
        *_, info = markets.step(action)
    return dict(zip(markets.statistics, info["statistics"].T, strict=True))


def test_each_lot_of_a_liquidation_moves_the_price_by_the_market_impact_against_the_next():
    plain, moved = last_step("market.book.market_impact=0"), last_step("market.book.market_impact=0.002")
    lots = plain["inventory"]
    assert (moved["inventory"] == lots).all()
    assert np.abs(lots).max() >= 5
    cost = 0.5 * 0.002 * plain["mid"] * lots**2
    assert np.allclose(moved["terminal_cost"] - plain["terminal_cost"], cost)


def test_a_liquidation_pays_the_taker_and_a_fill_the_maker():
    free = last_step()
    by_lot = last_step("market.book.fees={unit: ticks_per_lot, volume: [0], maker: [-0.25], taker: [0.5]}")
    assert np.allclose(by_lot["terminal_cost"] - free["terminal_cost"], 0.5 * np.abs(free["inventory"]))
    assert np.allclose(by_lot["fees"], -0.25 * (free["bid_filled"] + free["ask_filled"]))
    by_value = last_step("market.book.fees={unit: basis_points, volume: [0], maker: [-1.0], taker: [2.0]}")
    paid = by_value["terminal_cost"] - free["terminal_cost"]
    lots = np.abs(free["inventory"])
    assert (np.abs(paid - 2e-4 * lots * free["mid"]) <= 2e-4 * lots * 20).all()  # near the mid, in the book


def test_an_action_may_set_the_sizes_of_the_quotes():
    """From -1, nothing, to 0, all that the market maker would quote; in whole lots."""
    words = ["market=book", "agent.sizes=true", "agent.action=offsets", "market_maker.quote_size=500"]
    markets = envs.MarketMakingVectorEnv(config.load(words), 4, seed=1)
    markets.reset()
    assert markets.action_space.shape == (4, 4)
    assert (markets.single_action_space.low == (-1, -1, -1, -1)).all()
    assert (markets.single_action_space.high == (3, 3, 0, 0)).all()
    sizes = np.array([(0, 0), (-1, -1), (-0.4, -0.8), (7, -9)])
    action = np.concatenate([np.full((4, 2), 3), sizes], axis=1).astype(np.float32)
    observation, *_ = markets.step(action)
    volumes = [markets.columns.index(f"own_{side}_volume") for side in ("bid", "ask")]
    lots = np.expm1(observation[:, volumes]).round()
    assert lots.tolist() == [[5, 5], [0, 0], [3, 1], [5, 0]]


@pytest.mark.parametrize("latency_ms", [0, 1, 150, 350])
def test_quotes_stand_once_the_latency_is_over(latency_ms):
    """Longer than a decision interval too; until then the market has not heard of us."""
    words = ["market=book", "agent.action=offsets", f"market.book.latency_ms={latency_ms}"]
    markets = envs.MarketMakingVectorEnv(config.load(words), 16, seed=1)
    markets.reset()
    stands = []
    for _ in range(5):
        observation, *_ = markets.step(np.full((16, 2), 3, np.float32))
        stands.append(bool((observation[:, markets.columns.index("own_bid_volume")] > 0).all()))
    assert stands == [step * 100 >= latency_ms for step in range(1, 6)]


@pytest.mark.parametrize("delay_ms", [0, 30, 100, 250])
def test_what_is_observed_is_as_old_as_the_data_are_under_way(delay_ms):
    """The inventory that is observed is the true one of the last look, whole intervals and what is left of one ago."""
    words = ["market=book", "agent.action=offsets", f"market.book.data_delay_ms={delay_ms}"]
    markets = envs.MarketMakingVectorEnv(config.load(words), 64, seed=1)
    observation, _ = markets.reset()
    true, seen = [np.zeros(64)], [observation[:, 1]]
    for _ in range(100):
        observation, *_, info = markets.step(np.zeros((64, 2), np.float32))
        true.append(info["statistics"][:, markets.statistics.index("inventory")].copy())
        seen.append(observation[:, 1])
    true, seen = np.array(true) / 5, np.array(seen)  # 2 q / Q with Q = 10
    lag, rest = divmod(delay_ms, 100)
    if rest == 0:
        assert np.allclose(seen[lag:], true[: len(true) - lag])
    else:
        older, newer = true[: len(true) - lag - 1], true[1 : len(true) - lag]
        at = seen[lag + 1 :]
        assert (at == older).mean() < 1
        assert ((at >= np.minimum(older, newer) - 0.4) & (at <= np.maximum(older, newer) + 0.4)).all()
    assert np.abs(np.diff(true, axis=0)).sum() > 100
