"""The facts on streams whose truth is known, on recordings whose figures were measured by other code, and on cheats."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image

import config
from analysis import facts
from analysis.facts import Events, Profile, files, statistics
from analysis.tape import DELETION, EXECUTION, SUBMISSION

ROOT = Path(config.__file__).parents[1]
SECONDS = 20_000.0
# Of AMZN's day and AAPL's hour, measured by other code than ours, on one grid that starts with the first event.
REAL = {
    "heavy tails: excess kurtosis at 1 s": (33.2, 20.7),
    "heavy tails: tail exponent at 10 s": (3.67, 3.17),
    "aggregational Gaussianity: kurtosis at 60 s over 1 s": (0.103, 0.0468),
    "volatility clustering: of |1 s returns|, lag 1": (0.151, 0.134),
    "volatility clustering: lag 10": (0.0435, 0.0674),
    "long memory of signs: autocorrelation of signs": (0.607, 0.576),
    "long memory of signs: its decay": (0.656, 0.82),
    "long memory of signs: Hurst exponent of signs": (0.69, 0.66),
    "clustering of events: variation of gaps": (3.06, 3.25),
    "clustering of events: gaps below 1 ms": (0.444, 0.605),
    "over-dispersion: of counts in 1 s": (16.2, 45.7),
    "over-dispersion: in 60 s": (63.1, 257),
    "cancels dominate: cancels per limit order": (0.655, 0.937),
    "cancels dominate: limit orders with a fill": (0.163, 0.0698),
    "market orders are rare: share of the events": (0.142, 0.0497),
    "lives of cancelled orders: median, s": (0.309, 0.374),
    "lives of cancelled orders: tail exponent": (1.02, 0.783),
    "sizes: limit orders of one lot": (0.503, 0.528),
    "selective taking: market orders that take the queue": (0.59, 0.656),
    "spread and depth: mean spread, ticks": (12.8, 19.5),
    "spread and depth: variation of the depth": (1.04, 2.32),
    "response: 10 market orders later over 1": (3.24, 2.76),
    "response: 1 later, ticks": (1.3, 1.97),
    "adverse selection: realised over effective, 5 s": (-0.135, -0.157),
    "order flow imbalance: R2 at 10 s": (0.485, 0.282),
    "imbalance predicts: P(up), top less bottom fifth": (0.231, 0.126),
    "imbalance predicts: least step": (0.0116, 0.00543),
    "volume and volatility: correlation at 10 s": (0.466, 0.586),
    "reversal of moves: autocorrelation of their signs": (-0.0899, -0.077),
    "the day's course: first thirteenth over the mean": (1.14, 1.19),
    "the day's course: least": (0.575, 0.667),
    "the day's course: last": (1.73, 0.828),
    "shape of the book: limits > 5 ticks away": (0, 0.553),
}


def stream(random: np.random.Generator, **changes: object) -> Events:
    """Poisson events around a mid that is a random walk; every tenth takes, on a side drawn by itself."""
    time = np.sort(random.uniform(0, SECONDS, 100_000))
    n = len(time)
    kind = np.where(np.arange(n) % 10 == 0, EXECUTION, np.where(np.arange(n) % 2 == 0, SUBMISSION, DELETION))
    mid = 1e5 + np.cumsum(random.normal(size=n))
    made = Events(
        time=time, kind=kind, side=random.choice([-1, 1], n), order=np.arange(n) // 2, size=np.full(n, 1.0), price=mid,
        bid=mid - 1, ask=mid + 1, bid_size=random.uniform(1, 9, n), ask_size=random.uniform(1, 9, n),
        ahead=np.where(kind == SUBMISSION, 1.0, np.nan), behind=np.ones(41), seconds=SECONDS, lot=1,
    )  # fmt: skip
    return replace(made, **changes)


@pytest.fixture(scope="module")
def plain() -> Events:
    return stream(np.random.default_rng(1))


def test_a_random_walk_has_no_memory_and_no_tails(plain):
    for interval in (1, 10):
        assert abs(statistics.return_autocorrelation(plain, interval)) < 0.04
    assert statistics.signature(plain, 1) == pytest.approx(1, abs=0.25)  # 66 moves of 300 s, on ten grids
    assert abs(statistics.return_kurtosis(plain, 10)) < 0.3
    assert abs(statistics.volatility_autocorrelation(plain, 1)) < 0.03


def test_poisson_events_do_not_cluster(plain):
    assert statistics.gap_variation(plain) == pytest.approx(1, abs=0.02)
    assert statistics.dispersion(plain, 1) == pytest.approx(1, abs=0.05)
    assert statistics.dispersion_within(plain, 60) == pytest.approx(1, abs=0.3)
    assert statistics.quick_gaps(plain) == pytest.approx(1 - np.exp(-5e-3), rel=0.1)
    np.testing.assert_allclose(statistics.course(plain), 1, atol=0.05)


def test_independent_signs_and_those_that_repeat_themselves(plain):
    assert abs(statistics.sign_autocorrelation(plain)) < 0.05
    assert statistics.sign_hurst(plain) == pytest.approx(0.5, abs=0.06)
    random = np.random.default_rng(2)
    repeats = np.cumprod(np.where(random.random(len(plain.time) // 10) < 0.2, -1, 1)).repeat(10)
    assert statistics.sign_autocorrelation(replace(plain, side=repeats)) == pytest.approx(0.6, abs=0.03)


@pytest.mark.parametrize("count", [1, 2, 3, 10, 60])
def test_a_few_events_are_too_few_but_no_error(plain, count):
    """What they do not tell is not a number, and no fact then."""
    arrays = ("time", "kind", "side", "order", "size", "price", "bid", "ask", "bid_size", "ask_size", "ahead")
    cut = replace(
        plain, **{name: getattr(plain, name)[:count] for name in arrays}, seconds=float(plain.time[count - 1])
    )
    found = facts.measure(cut)
    assert "long memory of signs" not in facts.held(found, Profile.small_tick, mended=True)


def test_what_is_not_asked_may_be_unknown_and_what_is_asked_may_not():
    assert float("nan") in facts.Range()
    assert float("nan") not in facts.Range(0)
    assert float("nan") not in facts.Range(high=1)


def test_a_market_without_heavy_tails_has_none_that_aggregate(plain):
    """The ratio of two kurtoses near 0 is any number, below .6 more often than not."""
    uniform = replace(plain, bid=plain.bid * 0 + np.resize([1.0, 2.0], len(plain.bid)), ask=plain.ask * 0 + 3)
    assert statistics.return_kurtosis(uniform, 1) < 0
    assert "aggregational Gaussianity" not in facts.held(facts.measure(uniform), Profile.small_tick, mended=True)


@pytest.mark.parametrize("packing", [gzip.open, open])
def test_files_of_levels_may_be_packed_and_halts_are_no_time(tmp_path, packing):
    """A halt of an hour between two quotes a second apart."""
    rows = ["34200.0,1,1,100,1000000,1", "34200.5,1,2,100,1000200,-1", "34201,7,0,0,-1,-1"]
    rows += ["37801,7,0,0,1,-1", "37801.5,1,3,100,1000100,1"]
    levels = ["1000200,100,1000000,100"] * 4 + ["1000200,100,1000100,100"]
    paths = tmp_path / "x_message_1.csv", tmp_path / "x_orderbook_1.csv"
    for path, lines in zip(paths, (rows, levels), strict=True):
        with packing(path, "wt") as file:
            file.write("\n".join(lines) + "\n")
    events = facts.recorded(*paths)
    np.testing.assert_allclose(events.time, [0, 0.5, 1.5])
    np.testing.assert_array_equal(events.bid, [10_000, 10_000, 10_001])
    assert statistics.spread(events) == pytest.approx(2)


@pytest.mark.parametrize("exponent", [1.5, 3.0])
def test_the_tail_of_a_pareto(exponent):
    draws = np.random.default_rng(3).pareto(exponent, 200_000) + 1
    assert statistics.hill(draws, 0.05) == pytest.approx(exponent, rel=0.03)


def test_imbalance_that_tells_the_next_move():
    random = np.random.default_rng(4)
    steps = random.choice([-1.0, 1.0], 50_000)
    mid = 1e5 + np.concatenate(([0.0], np.cumsum(steps)))[:-1]
    told = random.random(50_000) < np.where(steps > 0, 0.8, 0.2)  # whether the bid is the larger
    events = stream(random)
    n = len(mid)
    cut = {name: getattr(events, name)[:n] for name in ("time", "kind", "side", "order", "size")}
    made = replace(
        events, **cut, price=mid, bid=mid - 1, ask=mid + 1,
        bid_size=np.where(told, 9.0, 1.0), ask_size=np.where(told, 1.0, 9.0),
    )  # fmt: skip
    found = statistics.imbalance_steps(made)
    assert found[-1] == pytest.approx(0.8, abs=0.02)
    assert found[0] == pytest.approx(0.2, abs=0.02)
    # It tells the first of the five moves of a second.
    assert statistics.imbalance_and_move(replace(made, seconds=made.time[-1])) == pytest.approx(0.6 / 5**0.5, abs=0.03)


def test_markouts_by_what_stood_before_the_order():
    """Prices rise before whoever waited behind nobody, and fall by a tick for each lot before the others."""
    random = np.random.default_rng(6)
    n = 4000
    ahead = np.where(random.random(n) < 0.4, 0.0, random.integers(1, 9, n))
    move = np.where(ahead == 0, 2.0, -ahead)
    orders = np.arange(n)
    times = np.stack([3.0 * orders, 3.0 * orders + 1, 3.0 * orders + 1.5], axis=1)  # placed, filled, the price moves
    filled = np.cumsum(move) - move  # where the mid is when the order is filled
    events = Events(
        time=times.ravel(), kind=np.tile([SUBMISSION, EXECUTION, SUBMISSION], n), side=np.tile([1, 1, 1], n),
        order=np.stack([orders, orders, orders + n], axis=1).ravel(), size=np.ones(3 * n),
        price=filled.repeat(3) - 1, bid=np.stack([filled, filled, filled + move], axis=1).ravel() - 1,
        ask=np.stack([filled, filled, filled + move], axis=1).ravel() + 1, bid_size=np.ones(3 * n),
        ask_size=np.ones(3 * n), ahead=np.stack([100 * ahead, ahead * np.nan, ahead * np.nan], axis=1).ravel(),
        behind=np.ones(41), seconds=3.0 * n, lot=100,
    )  # fmt: skip
    found = statistics.queue_markouts(events, 1)
    assert found.ahead[0] == 0
    assert np.all(np.diff(found.ahead) > 0)
    np.testing.assert_allclose(found.markout, 1 + np.where(found.ahead == 0, 2, -found.ahead))
    assert found.error[0] == 0
    assert len(statistics.queue_markouts(replace(events, ahead=events.ahead * np.nan), 1).markout) == 0


def test_a_taker_is_one_order_however_many_it_meets():
    """Two fills of one instant against one side, a hidden one among them; then one against the other side."""
    kind = np.array([SUBMISSION, SUBMISSION, EXECUTION, 5, EXECUTION])
    events = Events(
        time=np.array([0.0, 1, 2, 2, 2.5]), kind=kind, side=np.array([1, -1, -1, -1, 1]), order=np.arange(5),
        size=np.array([3.0, 4, 4, 1, 2]), price=np.array([10.0, 12, 12, 11, 10]), bid=np.full(5, 10.0),
        ask=np.array([14.0, 12, 14, 14, 14]), bid_size=np.full(5, 3.0), ask_size=np.array([9.0, 4, 9, 9, 9]),
        ahead=np.full(5, np.nan), behind=np.ones(41), seconds=3.0, lot=1,
    )  # fmt: skip
    orders = events.market_orders
    np.testing.assert_array_equal(orders.sign, [1, -1])
    np.testing.assert_array_equal(orders.size, [5, 2])
    np.testing.assert_allclose(orders.price, [(48 + 11) / 5, 10])
    np.testing.assert_array_equal(orders.queue, [4, 3])
    np.testing.assert_array_equal(orders.mid, [11, 12])
    assert statistics.sweeps(events) == 0.5
    assert statistics.effective_half_spread(events) == pytest.approx((5 * 0.8 + 2 * 2) / 7)


def market_data(pattern: str) -> Path:
    folder = os.environ.get("MARKET_DATA", "")
    found = sorted(Path(folder).rglob(pattern)) if folder else []
    if not found:
        pytest.skip(f"MARKET_DATA does not name a folder with {pattern}")
    return found[0]


@pytest.fixture(scope="module")
def recordings() -> list[Events]:
    amzn = market_data("AMZN*_message_1.csv")
    return [
        facts.recorded(amzn, market_data("AMZN*_orderbook_1.csv")),
        facts.recorded(market_data("AAPL*_message_50.csv")),
    ]


def test_recordings_have_the_figures_that_others_measured(recordings, monkeypatch):
    monkeypatch.setattr(statistics, "PHASES", 1)
    for place, events in enumerate(recordings):
        found = facts.measure(events)
        for name, figures in REAL.items():
            assert found[name] == pytest.approx(figures[place], rel=0.1), (name, place)


def test_recordings_have_the_depths_and_spreads_that_are_reported(recordings):
    """The figures that nothing is asked of, or not of all recordings."""
    amzn, aapl = recordings
    shape = [0.30, 0.24, 0.27, 0.21, 0.23, 0.36, 0.25, 0.35, 0.38, 0.57]  # 1 to 10 ticks behind the best
    np.testing.assert_allclose(statistics.shape(aapl)[1:11], shape, rtol=0.1)
    assert 0.45 < statistics.shape(aapl)[30:40].mean() < 0.65
    assert np.isnan(statistics.shape(amzn)[1:]).all()  # a file of one level
    realised = {0.1: (0.42, 0.27), 1: (0.11, 0.07), 30: (-0.51, 0.11)}
    for horizon, figures in realised.items():
        for events, figure in zip(recordings, figures, strict=True):
            assert statistics.realised_share(events, horizon) == pytest.approx(figure, rel=0.1)
    for events in recordings:
        assert statistics.imbalance_and_move(events) == pytest.approx(0.04, abs=0.02)


def test_a_long_queue_costs_in_a_recording_too(recordings):
    """Who had most before him is filled when the price goes through him."""
    for events in recordings:
        found = statistics.queue_markouts(events, 5)
        assert found.markout[-1] < found.markout[1] - found.error[-1]


def test_the_facts_hold_in_recordings_but_for_what_they_cannot_show(recordings):
    amzn, aapl = (facts.held(facts.measure(events), Profile.small_tick, mended=True) for events in recordings)
    every = {fact.label for fact in facts.FACTS}
    assert len(every) == 23
    assert every - set(aapl) == {"the day's course"}  # an hour has none
    # A recording of one level does not see orders come and go behind it.
    assert every - set(amzn) == {"cancels dominate", "market orders are rare", "shape of the book"}


def test_a_shuffled_recording_loses_the_facts_that_are_shuffled(recordings):
    """A market that had the right histograms and no memory would be found out."""
    _, aapl = recordings
    random = np.random.default_rng(5)
    before = set(facts.held(facts.measure(aapl), Profile.small_tick, mended=True))
    gaps = replace(aapl, time=np.concatenate(([0.0], np.cumsum(random.permutation(np.diff(aapl.time))))))
    # Gaps of the same law without memory: as many in 60 s as their variation squared, no longer 20 times that.
    assert statistics.dispersion(gaps, 60) < 2 * statistics.gap_variation(gaps) ** 2
    assert statistics.dispersion(aapl, 60) > 20 * statistics.gap_variation(aapl) ** 2
    assert "over-dispersion" not in facts.held(facts.measure(gaps), Profile.small_tick, mended=True)
    assert statistics.memory_of_gaps(gaps, 60) == pytest.approx(1, abs=0.6)
    signs = replace(aapl, side=np.where(aapl.kind >= EXECUTION, random.choice([-1, 1], len(aapl.side)), aapl.side))
    lost = before - set(facts.held(facts.measure(signs), Profile.small_tick, mended=True))
    assert {"long memory of signs", "response"} <= lost


def test_a_market_of_independent_orders_is_found_out():
    market = config.load(["market=book"]).market
    found = facts.measure(facts.simulate(market, seconds=600, seed=1).events)
    lost = {fact.label for fact in facts.FACTS} - set(facts.held(found, Profile.small_tick, mended=True))
    assert {"long memory of signs", "over-dispersion", "sizes", "adverse selection"} <= lost


@pytest.mark.parametrize("profile", Profile)
def test_the_shipped_profiles_have_the_facts(profile):
    """By the median of three days that were not tuned on; without what trades tell about the value they lose some."""
    market = config.load([f"market={profile.value}"]).market
    days = [facts.measure(facts.simulate(market, seconds=23_400, seed=seed).events) for seed in (901, 902, 903)]
    assert len(facts.held(facts.median(days), profile, mended=True)) >= 22
    dumb = config.load([f"market={profile.value}", "market.book.realistic.impact=null"]).market
    days = [facts.measure(facts.simulate(dumb, seconds=23_400, seed=seed).events) for seed in (901, 902)]
    assert len(facts.held(facts.median(days), profile, mended=True)) < 22


@pytest.mark.parametrize("market", ["book", "layered", "small_tick", "large_tick"])
def test_a_session_reads_back_as_it_was_played(tmp_path, market):
    """With ten levels as without, and by `analysis.tape`, which infers what stood there before, nearly."""
    settings = config.load([f"market={market}"]).market
    session = facts.simulate(settings, seconds=120, seed=3)
    played = session.events
    messages, levels = files.write(session, tmp_path)
    back = facts.recorded(messages, levels)
    for name in ("kind", "side", "order", "size", "price", "bid", "ask", "bid_size", "ask_size"):
        np.testing.assert_array_equal(getattr(back, name), getattr(played, name))
    np.testing.assert_allclose(back.time, played.time, atol=2e-9)
    assert levels.read_text().splitlines()[0].count(",") == 4 * 10 - 1
    alone = facts.measure(facts.recorded(messages))
    assert alone["spread and depth: mean spread, ticks"] == pytest.approx(statistics.spread(played), rel=0.05)


def test_the_first_orders_are_those_of_the_session_not_of_the_warm_up():
    settings = config.load(["market=book"]).market
    played = facts.simulate(settings, seconds=60, seed=3).events
    assert 0 <= played.time[0] < 1
    assert 59 < played.seconds < 60


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "analysis", "facts", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


def test_the_command_line_prints_a_row_for_each_statistic(tmp_path):
    done = run("market=book", "hours=0.1", "seeds=2", f"out={tmp_path / 'made'}", f"plot={tmp_path / 'facts.png'}")
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "made").glob("book-*_message_10.csv"))) == 2
    for fact in facts.FACTS:
        assert fact.label in done.stdout
    assert "book, seed 1: " in done.stdout
    assert "book, seed 2: " in done.stdout
    assert "of 23 facts hold" in done.stdout.splitlines()[-2]
    assert image.imread(tmp_path / "facts.png").std() > 0.05


def test_sessions_follow_the_seed(tmp_path):
    first, second = (
        run("market=book", "hours=0.02", "seeds=1", f"seed={seed}", f"plot={tmp_path / 'facts.png'}").stdout
        for seed in (7, 8)
    )
    assert "book, seed 8: " in first
    assert "book, seed 9: " in second
    assert first.splitlines()[1:-2] != second.splitlines()[1:-2]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["market=gt1"], "market must be a book for it to have facts, but gt1 is reduced_form"),
        (["hours=0"], "hours must be above 0, at most 24, but it is 0"),
        (["hours=nan"], "hours must be above 0, at most 24, but it is nan"),
        (["seeds=none"], "seeds must be a whole number, but it is 'none'"),
        (["seeds=0"], "seeds must be from 1 to 1000, but it is 0"),
        (["profile=medium"], "profile must be among small_tick, large_tick, but it is medium"),
        (["data=nowhere"], "nowhere"),
        (["market=book", "hours=0.01", "seeds=1", "out={good}"], "out must be a folder to write to"),
        (["data={good}", "book={other}"], "must have a row for each message of"),
    ],
)
def test_a_mistake_is_a_sentence(tmp_path, words, sentence):
    good, other = tmp_path / "good_message_1.csv", tmp_path / "good_orderbook_1.csv"
    good.write_text("34200.1,1,11,100,5853300,1\n34200.2,1,12,100,5853500,-1\n")
    other.write_text("5853500,100,5853300,100\n")
    done = run(*(word.format(good=good, other=other) for word in words))
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
