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


# A flow of two bins, for words about its lists.
TWO_BINS = (f"{FLOW}distance=[1,2,3]", f"{FLOW}limit_rate=[18.5,15.1]", f"{FLOW}cancel_hazard=[7.1,8.1]")

POISSON = {
    "distance": [1, 2, 3],
    "limit_rate": [10.0, 5.0],
    "cancel_hazard": [1.0, 1.0],
    "market_rate": 1.0,
    "collar": 5,
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
        ({"limit_rate": [0.0, 0.0]}, "limit_rate must have a finite sum > 0, but it is 0"),
        ({"limit_rate": [1.0]}, "limit_rate must have one entry for each of the 2 bins of distance, but it has 1"),
        ({"distance": [1, 3, 2]}, "distance must increase, but it is 2"),
    ],
)
def test_rates_out_of_range_are_named(spoilt, sentence):
    engine.PoissonParams(**POISSON)
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        engine.PoissonParams(**POISSON | spoilt)


def test_sizes_out_of_range_are_named():
    with pytest.raises(ValueError, match=r"^lots must be >= 1, but it is 0"):
        engine.Sizes(lots=[0], probability=[1.0])
    with pytest.raises(ValueError, match=r"^probability must sum to 1, but it is 0.9"):
        engine.Sizes(lots=[1, 2], probability=[0.5, 0.4])


def test_chances_out_of_range_are_named():
    fields = {"limit": [], "cancel": [], "market": [1.0], "imbalance_sensitivity": 0.5}
    engine.QueueReactiveParams(**fields)
    with pytest.raises(ValueError, match=r"^market must lie in \[0, 1\], but it is 1.5"):
        engine.QueueReactiveParams(**fields | {"market": [1.5]})
    with pytest.raises(ValueError, match=r"^imbalance_sensitivity must lie in \[0, 1\], but it is -1"):
        engine.QueueReactiveParams(**fields | {"imbalance_sensitivity": -1.0})


def test_activity_that_would_explode_is_refused():
    radius = "branching must have a spectral radius < 1, or activity explodes, but it is 1.1"
    with pytest.raises(ValueError, match=radius):
        engine.HawkesParams(decay=[1.0], weight=[1.0], branching=[[1.1, 0, 0], [0, 0.5, 0], [0, 0, 0]])
    with pytest.raises(ValueError, match=radius):
        book_batch(f"{FLOW}hawkes.branching=[[0,1.1,0],[1.1,0,0],[0,0,0]]", market="layered")


def test_more_children_than_there_are_events_are_refused():
    sentence = "the share of market orders that hawkes.branching prompts must be <= 1, but it is 2.54043"
    with pytest.raises(ValueError, match=sentence):
        book_batch(f"{FLOW}hawkes.branching=[[0.1,0,0],[0.2,0,0],[0,0,0]]", market="layered")


FEES = {"unit": engine.FeeUnit.ticks_per_lot, "volume": [0], "maker": [0.0], "taker": [0.0]}
BOOK = {
    "initial_mid_ticks": 1000,
    "initial_spread_ticks": 2,
    "warmup_s": 0,
    "latency_ms": 0,
    "latency_jitter_ms": 0,
    "data_delay_ms": 0,
    "fees": engine.FeeParams(**FEES),
    "market_impact": 0,
    "variation": 0,
}


@pytest.mark.parametrize(
    ("spoilt", "sentence"),
    [
        ({"initial_mid_ticks": 2**31 - 1}, r"initial_mid_ticks must lie in .*, but it is 2147483647"),
        ({"initial_spread_ticks": 2**31 - 1}, "initial_spread_ticks must be <= initial_mid_ticks, but it is 214"),
    ],
)
def test_prices_that_no_integer_holds_are_refused(spoilt, sentence):
    flow = engine.FlowParams(poisson=engine.PoissonParams(**POISSON))
    engine.BookParams(**BOOK, flow=flow)
    with pytest.raises(ValueError, match=sentence):
        engine.BookParams(**BOOK | spoilt, flow=flow)


@pytest.mark.parametrize(
    ("spoilt", "sentence"),
    [
        ({"maker": [1e300]}, r"maker must lie within 10\^9 ticks per lot of 0, but it is 1e\+300"),
        ({"taker": [float("nan")]}, "taker must be finite"),
        ({"volume": [0, 10, 10], "maker": [0, 0, 0], "taker": [0, 0, 0]}, "volume must increase, but it is 10"),
        ({"volume": [1]}, r"volume\[0\] must be 0, but it is 1"),
        ({"maker": [0.0, 1.0]}, "maker must have one entry for each of the 1 tiers of volume, but it has 2"),
    ],
)
def test_fees_that_make_no_schedule_are_refused(spoilt, sentence):
    with pytest.raises(ValueError, match=sentence):
        engine.FeeParams(**FEES | spoilt)


def test_a_recording_in_units_that_no_message_holds_is_refused():
    book = engine.BookParams(**BOOK, flow=engine.FlowParams(poisson=engine.PoissonParams(**POISSON)))
    messages = engine.simulate_messages(book, lot=32_768, tick=2**30, seed=1, seconds=1)
    assert (messages["size"] > 0).all()
    assert (messages["price"] > 0).all()
    with pytest.raises(ValueError, match=r"lot must lie in \[1, 32768\], but it is 2147483647"):
        engine.simulate_messages(book, lot=2**31 - 1, tick=1, seed=1, seconds=1)
    with pytest.raises(ValueError, match=r"tick must lie in \[1, 2\^30\], but it is"):
        engine.simulate_messages(book, lot=1, tick=2**62, seed=1, seconds=1)


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        (
            "cancel_hazard=[0.01,8.1]",
            r"flow.limit_rate / flow.cancel_hazard need must be <= the 1024 .*, but it is 7407.46",
        ),
        ("distance=[1,2,300]", r"flow.distance and the agent's quotes need must be <= the 512 .*, but it is 604"),
    ],
)
def test_a_flow_that_no_book_holds_is_refused(word, sentence):
    with pytest.raises(ValueError, match=sentence):
        book_batch(*TWO_BINS, FLOW + word)


def test_a_larger_book_serves_where_the_small_one_would_not():
    compact, medium = book_batch(*TWO_BINS), book_batch(*TWO_BINS, f"{FLOW}distance=[1,2,100]")
    assert compact.counters["memory_per_market"] <= 4096
    assert medium.counters["memory_per_market"] > 2 * compact.counters["memory_per_market"]


def test_the_book_has_room_for_the_quotes_that_an_action_may_ask_for():
    """A compact book of 64 ticks would refuse a quote 40 ticks from the mid, step for step."""
    words = ("agent.action=offsets", "agent.action_high=60", "simulation.episode_steps=50")
    for far in (40, 60):
        batch = book_batch(*words)
        statistics = step(batch, 40, far)
        assert batch.counters["rejected"] == 0
        assert (statistics[:, 8:10] > far).all()  # the depths at which the quotes stand


def step(batch: engine.Batch, steps: int, offset: float = 1) -> np.ndarray:
    n, k = len(batch), len(batch.columns)
    observation, final = np.empty((n, k), np.float32), np.empty((n, k), np.float32)
    statistics = np.empty((n, len(batch.statistics)))
    batch.reset(1, observation)
    for _ in range(steps):
        action = np.full((n, 2), offset, np.float32)
        batch.step(action, observation, np.empty(n), np.empty(n, bool), final, statistics)
    return statistics


@pytest.mark.parametrize(("market", "events_per_s"), [("book", 194), ("layered", 192)])
def test_a_batch_counts_what_happens_in_its_books(market, events_per_s):
    batch = book_batch("simulation.episode_steps=100", market=market, size=64)
    before = batch.counters["events"]
    step(batch, 250)
    counters = batch.counters
    assert counters["memory_per_market"] <= 4096
    assert counters["resets"] == 2 * 64
    assert counters["rejected"] == counters["dropped"] == 0
    assert (counters["events"] - before) / (64 * 25) == pytest.approx(events_per_s, rel=0.1)
    assert 35 < counters["live_orders"] < 50
    assert 1.5 <= counters["spread_ticks"] < 2
    assert counters["markouts_lost"] == 0


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
        messages = engine.simulate_messages(book.params(), lot=1, tick=1, seed=1, seconds=500)
        seconds = messages["time_ns"] // 10**9
        counts = np.bincount(seconds)[int(book.warmup_s) : -1]
        factors.append(counts.var() / counts.mean())
    assert factors[0] < 3  # cancels follow submissions: not quite 1
    assert factors[1] > 5
