"""The background flow from Python: what is refused, with its numbers, and what a batch counts of it."""

import dataclasses

import numpy as np
import pytest

import config
import engine
import envs

FLOW = "market.book.flow."


def book_batch(*words: str, market: str = "book", size: int = 4) -> engine.Batch:
    return engine.Batch(envs.scenario(config.load([f"market={market}", *words])), size)


POISSON = {
    "distance": [1, 2, 3],
    "limit_rate": [10.0, 5.0],
    "cancel_hazard": [1.0, 1.0],
    "market_rate": 1.0,
    "limit_sizes": engine.Sizes(lots=[1], probability=[1.0]),
    "market_sizes": engine.Sizes(lots=[1], probability=[1.0]),
}


@pytest.mark.parametrize(
    ("spoilt", "sentence"),
    [
        ({"limit_rate": [10.0, -5.0]}, "limit_rate must be finite and >= 0, but it is -5"),
        ({"cancel_hazard": [-1.0, 1.0]}, "cancel_hazard must be finite and >= 0, but it is -1"),
        ({"market_rate": -2.5}, "market_rate must be finite and >= 0, but it is -2.5"),
        ({"market_rate": float("inf")}, "market_rate must be finite and >= 0, but it is inf"),
        ({"limit_rate": [0.0, 0.0]}, "the sum of limit_rate must be finite and > 0, but it is 0"),
        ({"limit_rate": [1.0]}, "limit_rate must have one entry for each bin of distance, but it is 1"),
        ({"distance": [1, 3, 2]}, "distance must increase, but it is 2"),
    ],
)
def test_rates_out_of_range_are_named(spoilt, sentence):
    engine.PoissonParams(**POISSON)
    with pytest.raises(ValueError, match=sentence):
        engine.PoissonParams(**POISSON | spoilt)


def test_sizes_out_of_range_are_named():
    with pytest.raises(ValueError, match=r"sizes.lots must be >= 1, but it is 0"):
        engine.Sizes(lots=[0], probability=[1.0])
    with pytest.raises(ValueError, match=r"sizes.probability must sum to 1, but it is 0.9"):
        engine.Sizes(lots=[1, 2], probability=[0.5, 0.4])


def test_chances_out_of_range_are_named():
    fields = {"limit": [], "cancel": [], "market": [1.0], "imbalance_sensitivity": 0.5}
    engine.QueueReactiveParams(**fields)
    with pytest.raises(ValueError, match=r"queue_reactive.market must lie in \[0, 1\], but it is 1.5"):
        engine.QueueReactiveParams(**fields | {"market": [1.5]})
    with pytest.raises(ValueError, match=r"queue_reactive.imbalance_sensitivity must lie in \[0, 1\], but it is -1"):
        engine.QueueReactiveParams(**fields | {"imbalance_sensitivity": -1.0})


def test_activity_that_would_explode_is_refused():
    radius = "the spectral radius of hawkes.branching must be < 1, or activity explodes, but it is 1.1"
    with pytest.raises(ValueError, match=radius):
        engine.HawkesParams(decay=[1.0], weight=[1.0], branching=[[1.1, 0, 0], [0, 0.5, 0], [0, 0, 0]])
    with pytest.raises(ValueError, match=radius):
        book_batch(f"{FLOW}hawkes.branching=[[0,1.1,0],[1.1,0,0],[0,0,0]]", market="layered")


def test_more_children_than_there_are_events_are_refused():
    sentence = "the share of market orders that hawkes.branching prompts must be <= 1, but it is 1.2978"
    with pytest.raises(ValueError, match=sentence):
        book_batch(f"{FLOW}hawkes.branching=[[0.1,0,0],[0.2,0,0],[0,0,0]]", market="layered")


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        (
            "cancel_hazard=[0.01,8.1,6.8,5.6,4.7]",
            r"flow.limit_rate / flow.cancel_hazard need must be <= the 1024 .*, but it is 7426.71",
        ),
        ("distance=[1,2,3,4,5,300]", r"flow.distance needs must be <= the 512 of a simulated book, but it is 604"),
    ],
)
def test_a_flow_that_no_book_holds_is_refused(word, sentence):
    with pytest.raises(ValueError, match=sentence):
        book_batch(FLOW + word)


def test_a_larger_book_serves_where_the_small_one_would_not():
    compact, medium = book_batch(), book_batch(f"{FLOW}distance=[1,2,3,4,5,100]")
    assert compact.counters["memory_per_market"] <= 4096
    assert medium.counters["memory_per_market"] > 2 * compact.counters["memory_per_market"]


def step(batch: engine.Batch, steps: int) -> None:
    n, k = len(batch), len(batch.columns)
    observation, final = np.empty((n, k), np.float32), np.empty((n, k), np.float32)
    statistics = np.empty((n, len(engine.STATISTICS)))
    batch.reset(1, observation)
    for _ in range(steps):
        action = np.ones((n, 2), np.float32)
        batch.step(action, observation, np.empty(n), np.empty(n, bool), final, statistics)


@pytest.mark.parametrize(("market", "events_per_s"), [("book", 245), ("layered", 216)])
def test_a_batch_counts_what_happens_in_its_books(market, events_per_s):
    batch = book_batch("simulation.episode_steps=100", market=market, size=64)
    before = batch.counters["events"]
    step(batch, 250)
    counters = batch.counters
    assert counters["memory_per_market"] <= 4096
    assert counters["resets"] == 2 * 64
    assert counters["rejected"] == counters["dropped"] == 0
    assert (counters["events"] - before) / (64 * 25) == pytest.approx(events_per_s, rel=0.1)
    assert 10 < counters["live_orders"] < 30
    assert 1 <= counters["spread_ticks"] < 2


def test_without_a_book_there_is_nothing_to_count_but_episodes():
    batch = book_batch("simulation.episode_steps=10", market="gt1")
    step(batch, 25)
    counters = batch.counters
    assert counters.pop("resets") == 2 * len(batch)
    assert 0 < counters.pop("memory_per_market") < 1024
    assert set(counters.values()) == {0}


def test_layers_make_activity_cluster():
    """Fano factor of the events in seconds, against the variance of a memoryless count."""
    chosen = config.load(["market=layered"]).market.book
    plain = dataclasses.replace(chosen, flow=dataclasses.replace(chosen.flow, queue_reactive=None, hawkes=None))
    factors = []
    for book in plain, chosen:
        messages = engine.simulate_messages(envs.book(book), lot=1, tick=1, seed=1, seconds=500)
        seconds = messages["time_ns"] // 10**9
        counts = np.bincount(seconds)[int(book.warmup_s) : -1]
        factors.append(counts.var() / counts.mean())
    assert factors[0] < 3  # cancels follow submissions: not quite 1
    assert factors[1] > 5
