"""Each direct estimator against its theory, on data drawn from it; and all of them on the simulator's own streams."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest

from analysis import facts
from analysis.calibration import direct, hawkes, metaorders, patience, placement, recovery, sizes
from analysis.calibration.distances import Distribution, distance, distances, distributions
from analysis.calibration.estimate import BLOCKS, Estimate, blocks_of, bootstrap, counts_of
from analysis.calibration.knobs import LEVELS, SHAPES, turned
from analysis.calibration.orders import Orders
from analysis.calibration.recording import touching, with_flow
from analysis.facts import Events
from analysis.tape import DELETION, EXECUTION, HIDDEN_EXECUTION, SUBMISSION
from config import UserError


def events_of(time, kind, side=None, **columns):
    """A stream whose touch stands still where nothing else is said."""
    n = len(time)
    base = {
        "order": np.arange(n), "size": np.full(n, 100.0), "price": np.full(n, 1000.0), "bid": np.full(n, 1000.0),
        "ask": np.full(n, 1010.0), "bid_size": np.full(n, 5.0), "ask_size": np.full(n, 5.0),
        "ahead": np.full(n, np.nan), "behind": np.empty(0),
    }  # fmt: skip
    sides = np.ones(n, np.int64) if side is None else side
    return Events(time=time, kind=kind, side=sides, seconds=float(time[-1]), lot=100, **(base | columns))


def test_the_power_law_of_placement():
    random = np.random.default_rng(1)
    weights = (np.arange(1, 201) + 16.0) ** -2.2
    drawn = [
        placement.power_law(np.bincount(random.choice(200, 20_000, p=weights / weights.sum()), minlength=200) * 1.0, 1)
        for _ in range(10)
    ]
    power, offset = np.mean(drawn, axis=0)
    errors = np.std(drawn, axis=0) / np.sqrt(10)
    assert abs(power - 2.2) < 4 * errors[0] < 0.2
    assert abs(offset - 16) < 4 * errors[1] < 3


def test_lives_that_are_partly_censored():
    random = np.random.default_rng(2)
    hazard, shares = np.array([200.0, 3.0, 0.4, 0.02]), np.array([0.15, 0.35, 0.3, 0.2])
    life = random.exponential(1 / hazard[random.choice(4, 60_000, p=shares)])
    until = random.exponential(20.0, 60_000)
    cells = np.geomspace(1e-6, 1e4, 400)
    seen = np.minimum(life, until)
    number = np.stack([np.histogram(seen[which], cells)[0] for which in (life > until, life <= until)])
    middle = np.sqrt(cells[1:] * cells[:-1])
    still = np.zeros_like(number)
    found, by_zone = patience.mixture(np.stack([number, still, still, still]) * 1.0, np.tile(middle, (4, 2, 1)))
    np.testing.assert_allclose(found, hazard, rtol=0.08)
    np.testing.assert_allclose(by_zone[0], shares, atol=0.015)


def test_lives_end_where_an_order_comes_to_the_best():
    """The first is cancelled behind the best; the second is at the best when it goes, of which nothing is known."""
    events = events_of(
        np.array([0.0, 1, 2, 3, 4, 5]), np.array([SUBMISSION, SUBMISSION, SUBMISSION, DELETION, DELETION, DELETION]),
        order=np.array([9, 1, 2, 1, 9, 2]), price=np.array([1000.0, 998, 997, 998, 1000, 997]),
        bid=np.array([1000.0, 1000, 1000, 1000, 997, 990]),
    )  # fmt: skip
    orders = Orders.of(events)
    np.testing.assert_array_equal(orders.behind, [2, 3])
    np.testing.assert_allclose(orders.life, [2, 2])
    np.testing.assert_array_equal(orders.cancelled, [True, False])


def test_the_tail_of_metaorders():
    random = np.random.default_rng(3)
    for tail in (1.3, 1.8):
        pieces = np.minimum((1 - random.random(60_000)) ** (-1 / tail), 200).astype(int)
        sign = np.repeat(random.choice([-1.0, 1.0], len(pieces)), pieces)
        found = [np.mean(sign[:-lag] * sign[lag:]) for lag in metaorders.LAGS]
        np.testing.assert_allclose(found, metaorders.memory(tail, 200), atol=0.03)
        assert metaorders.tail(np.array(found), 200) == pytest.approx(tail, abs=0.05)


def test_sizes_that_the_queue_hides():
    random = np.random.default_rng(4)
    size, queue = random.integers(1, 11, 40_000), random.integers(1, 16, 40_000)
    whole = random.random(40_000) < 0.2
    hidden = whole | (size >= queue)
    known = np.where(hidden, queue, size)
    seen, unseen = (np.bincount(known[which], minlength=16)[1:] * 1.0 for which in (~hidden, hidden))
    shares, found = sizes.censored(seen, unseen)
    np.testing.assert_allclose(shares[:10], 0.1, atol=0.01)
    assert shares[10:].sum() < 0.01
    assert found == pytest.approx(0.2, abs=0.02)


def test_a_list_of_sizes_keeps_the_mean_and_the_frequent_ones():
    random = np.random.default_rng(5)
    drawn = np.where(random.random(20_000) < 0.5, 100, np.rint(np.exp(random.normal(4, 1.3, 20_000))) + 1).astype(int)
    values, number = np.unique(drawn, return_counts=True)
    found = sizes.listed(values, number * 1.0)
    assert len(found["lots"]) <= sizes.POINTS
    assert sum(found["probability"]) == pytest.approx(1)
    assert found["probability"][found["lots"].index(100)] == pytest.approx(np.mean(drawn == 100), abs=1e-3)
    assert np.dot(found["lots"], found["probability"]) == pytest.approx(drawn.mean(), rel=0.01)


def clusters(random, branching, decay, weight, rate, seconds):
    """A Hawkes process by its clusters (Hawkes & Oakes 1974): times and kinds."""
    times = [(t, kind) for kind in range(3) for t in random.uniform(0, seconds, random.poisson(rate[kind] * seconds))]
    place = 0
    while place < len(times):
        t, parent = times[place]
        place += 1
        for child in range(3):
            for _ in range(random.poisson(branching[child][parent])):
                at = t + random.exponential(1 / decay[random.choice(len(decay), p=weight)])
                if at < seconds:
                    times.append((at, child))
    times.sort()
    return np.array([t for t, _ in times]), np.array([kind for _, kind in times])


def test_children_of_a_hawkes_process():
    random = np.random.default_rng(6)
    branching = np.array([[0.3, 0.8, 0.2], [0.02, 0.4, 0.0], [0.3, 0.2, 0.3]])
    decay, weight = np.array([50.0, 1.0]), [0.7, 0.3]
    runs = []
    for _ in range(4):
        time, kind = clusters(random, branching, decay, weight, (0.8, 0.3, 0.5), 3000)
        kinds = np.array([SUBMISSION, EXECUTION, DELETION])[kind]
        runs.append(hawkes.estimate(events_of(time, kinds, side=random.choice([-1, 1], len(time))), decay))
    for i, child in enumerate(hawkes.KINDS):
        for j, parent in enumerate(hawkes.KINDS):
            value, error = (
                np.mean([getattr(run[child + parent], name) for run in runs]) for name in ("value", "error")
            )
            assert abs(value - branching[i][j]) < max(4 * error / 2, 0.01), child + parent  # of the mean of four
            assert error < 0.1
    assert np.mean([run["weight.0"].value for run in runs]) == pytest.approx(0.7, abs=0.04)


def test_bootstrap_errors_are_those_of_theory():
    """The share of successes in independent trials."""
    random = np.random.default_rng(7)
    n = 6000
    success = random.random(n) < 0.3
    stream = events_of(np.sort(random.uniform(0, 100, n)), np.full(n, SUBMISSION))
    table = counts_of(blocks_of(stream, np.arange(n)), success.astype(int), 2)

    def share(weights):
        failed, succeeded = weights @ table
        return {"share": succeeded / (failed + succeeded)}

    found = bootstrap(share, draws=400)["share"]
    assert found.value == pytest.approx(0.3, abs=0.02)
    assert found.error == pytest.approx(np.sqrt(0.21 / n), rel=0.4)  # the variance of 30 blocks is known to a quarter
    assert bootstrap(share, draws=0)["share"].error is None
    assert table.shape == (BLOCKS, 2)


def test_distances_of_shifted_normal_numbers():
    random = np.random.default_rng(8)
    target = Distribution.of(random.normal(size=100_000))
    found = distance(Distribution.of(random.normal(0.5, 1, 100_000)), target)
    assert found.wasserstein == pytest.approx(0.5, abs=0.02)
    assert found.kolmogorov == pytest.approx(0.1974, abs=0.01)  # 2 Phi(1/4) - 1
    assert found.bins == pytest.approx(2 * 0.1974, abs=0.03)  # twice the total variation
    same = distance(target, target)
    assert (same.bins, same.wasserstein, same.kolmogorov) == (pytest.approx(0, abs=1e-3), 0, 0)


def test_a_weight_counts_as_often_as_it_says():
    values, weights = np.array([1.0, 2, 3]), np.array([1.0, 2, 1])
    weighed, repeated = Distribution.of(values, weights), Distribution.of(np.array([1.0, 2, 2, 3]))
    assert weighed.deviation == pytest.approx(repeated.deviation)
    assert distance(weighed, repeated).kolmogorov == pytest.approx(0, abs=1e-12)


@pytest.fixture(scope="module")
def profile():
    """small_tick, its flow without the day's course, and a stream of it."""
    market, flow = recovery.profile()
    return market, flow, facts.simulate(with_flow(market, flow), seconds=3600, seed=1, levels=1).events


def test_a_stream_is_no_distance_from_itself_and_some_from_its_touch(profile):
    events = profile[2]
    whole, touch = distributions(events), distributions(touching(events))
    assert all(one.wasserstein == 0 for one in distances(whole, whole).values())
    apart = distances(touch, whole)
    assert apart["spread"].wasserstein < 0.01  # the touch is the same
    assert apart["log inter-arrival"].wasserstein > 0.05  # events behind it are left out


def test_what_a_recording_of_the_best_prices_holds(profile):
    events = profile[2]
    seen = touching(events)
    assert 0.2 < len(seen.time) / len(events.time) < 0.9
    moved = (np.diff(seen.bid) != 0) | (np.diff(seen.ask) != 0)
    sized = (np.diff(seen.bid_size) != 0) | (np.diff(seen.ask_size) != 0)
    assert np.all(moved | sized | (seen.kind[1:] == HIDDEN_EXECUTION))


def test_a_span_has_a_clock_of_its_own(profile):
    events = profile[2]
    part = events.between(600, 1200)
    assert part.seconds == 600
    assert 0 <= part.time[0] < 5
    assert part.dwell.sum() == pytest.approx(600 - part.time[0])
    assert len(part.time) == np.sum((events.time >= 600) & (events.time < 1200))


def check_recovery(streams, seconds, monkeypatch):
    """Everything that is listed as found, within three of its own errors on every stream."""
    monkeypatch.setattr(direct, "REFERENCE_S", seconds)
    for found in recovery.recover(streams, seconds=seconds):
        assert len(found) > 15
        assert not {one.name for one in found} & set(direct.NOT_IDENTIFIED)
        assert [one.name for one in found if abs(one.deviation) > 3] == []


def test_stage_1_finds_the_parameters_of_its_own_streams(monkeypatch):
    check_recovery(2, 3600, monkeypatch)


@pytest.mark.long
def test_stage_1_finds_them_on_more_streams(monkeypatch):
    check_recovery(6, 7200, monkeypatch)


def test_stage_1_follows_a_market_that_is_not_its_profile(profile, monkeypatch):
    """The bias is taken off where the truth is another, too."""
    market, flow, _ = profile
    monkeypatch.setattr(direct, "REFERENCE_S", 3600)
    other = copy.deepcopy(flow)
    other["placement"] |= {"at_best": 0.2, "behind_power": 2.6}
    other["patience"]["hazard"][3] = 0.03
    other["metaorders"]["tail"] = 1.9
    other["hawkes"]["branching"][0][0] = 0.15
    events = facts.simulate(with_flow(market, other), seconds=7200, seed=3, levels=1).events
    made, found = direct.estimate(market, flow, recovery.as_recorded(events))
    for name, begun, truth in (
        ("placement.at_best", 0.1, 0.2),
        ("patience.hazard.3", 0.02, 0.03),
        ("metaorders.tail", 1.5, 1.9),
        ("hawkes.LL", 0.28, 0.15),
    ):
        assert abs(found[name].value - truth) < abs(begun - truth) / 2, name
    with_flow(market, made)  # it is a market


def test_estimates_are_of_the_sizes_as_they_are(profile):
    market, flow, events = profile
    limits, found = sizes.limit_orders(events, market.lot)
    drawn = events.size[events.kind == SUBMISSION]
    assert np.dot(limits["lots"], limits["probability"]) == pytest.approx(drawn.mean(), rel=0.02)
    assert found["round"].value == pytest.approx(np.mean(drawn == 100))
    _, takers = sizes.market_orders(events, market.lot)
    log = flow["takers"]["sizes"]["lognormal"]
    assert abs(takers["log_mean"].value - np.log(log["median"])) < 4 * takers["log_mean"].error


def test_knobs_turn_what_they_name_and_leave_a_market(profile):
    market, flow, _ = profile
    knobs = (*LEVELS, *SHAPES)
    assert turned(flow, knobs, np.zeros(len(knobs))) == flow
    names = [knob.name for knob in knobs]
    logs = np.zeros(len(knobs))
    logs[names.index("placement.rate")] = np.log(2)
    logs[names.index("reactions.follow")] = 2
    found = turned(flow, knobs, logs)
    assert found["placement"]["rate"] == pytest.approx(2 * flow["placement"]["rate"])
    assert found["reactions"]["follow"] == 0.97
    found = turned(flow, knobs, np.full(len(knobs), 0.1))
    assert sum(found["hawkes"]["weight"]) == pytest.approx(1)
    with_flow(market, found)


def test_a_flow_of_which_the_book_has_no_room_is_refused(profile):
    market, flow, events = profile
    crowded = copy.deepcopy(flow)
    crowded["patience"]["hazard"][3] = 1e-4
    own = recovery.as_recorded(replace(events))
    with pytest.raises(UserError, match=r"market\.book\..* must be <= the 1024"):
        list(direct.simulated(with_flow(market, crowded), own, seeds=(1,), seconds=1.0))
    direct.make_room(market, crowded, own)
    list(direct.simulated(with_flow(market, crowded), own, seeds=(1,), seconds=1.0))


def test_an_estimate_without_an_error_says_so():
    assert Estimate(1.0, None).error is None
