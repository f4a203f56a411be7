"""The market with a known optimum: its arithmetic, its draws, and the published results of playing it."""

import numpy as np
import pytest

import config
import engine
import envs
from engine import _core

COLUMN = {name: i for i, name in enumerate(engine.STATISTICS)}
GT4_LEVELS = np.array([-0.1, 0.0, 0.1])


def batch(*overrides, n=20_000, seed=5, **options):
    """A fresh batch of reduced-form markets, and its configuration."""
    chosen = config.load(["market=gt1", *overrides])
    markets = engine.Batch(envs.scenario(chosen), n, **options)
    markets.reset(seed, np.empty((n, len(markets.columns)), np.float32))
    return markets, chosen


def play(markets, strategy, steps):
    """Rewards, statistics by name, and sums of |q| over ``steps`` intervals."""
    n = len(markets)
    reward, statistics, inventory = np.empty(n), np.empty((n, len(engine.STATISTICS))), np.empty(n)
    markets.play(strategy, steps, reward, statistics, inventory)
    return reward, {name: statistics[:, i] for name, i in COLUMN.items()}, inventory


def ulps(found, exact):
    """The largest distance in units of the last place of the exact value."""
    _, exponent = np.frexp(exact.astype(float))
    return float(np.max(np.abs(found - exact) / np.ldexp(np.longdouble(1), exponent - 53)))


def test_elementary_functions_are_within_two_ulp():
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.uniform(-708, 709, 200_000), rng.uniform(-2, 2, 200_000)])
    assert ulps(_core.exp(x), np.exp(x.astype(np.longdouble))) < 2
    y = np.concatenate([rng.uniform(0, 1, 200_000), np.exp(rng.uniform(-700, 700, 200_000)), [1.0, 0.5, 2.0]])
    assert ulps(_core.log(y), np.log(y.astype(np.longdouble))) < 2
    u = rng.integers(0, 2**32, 400_000) * 2.0**-32
    quarters = np.rint(4 * u)
    rest = 8 * np.arctan(np.longdouble(1)) * (u - quarters / 4)  # what is left of the angle is small: no cancellation
    exact = np.choose(quarters.astype(int) % 4, [np.cos(rest), -np.sin(rest), -np.cos(rest), np.sin(rest)])
    assert ulps(_core.cos_turns(u), exact) < 2


def test_elementary_functions_at_their_ends():
    assert _core.exp(np.array([-1e9, -709.0, 0.0])).tolist() == [0, 0, 1]
    assert _core.exp(np.array([1e9])) == _core.exp(np.array([709.0])) > 8e307
    assert _core.log(np.array([1.0])) == 0
    assert _core.cos_turns(np.array([0, 0.25, 0.5, 0.75])).tolist() == [1, 0, -1, 0]


@pytest.mark.parametrize("action", ["offsets", "residual"])
@pytest.mark.parametrize("fill_mode", ["exponential", "linear", "mbt"])
@pytest.mark.parametrize("market", ["gt1", "gt4"])
def test_same_bits_at_every_width_of_vectors(market, fill_mode, action):
    mode = [f"market.reduced_form.fill_mode={fill_mode}", f"agent.action={action}"]
    overrides = [f"market={market}", *mode, "simulation.episode_steps=50"]
    rng = np.random.default_rng(0)
    actions = rng.uniform(-1, 2, (120, 77, 2)).astype(np.float32)
    bits = {}
    for width in (128, 256, 512):
        if width > engine.WIDEST_VECTORS:
            continue
        markets = engine.Batch(envs.scenario(config.load(overrides)), 77, vector_bits=width)
        out = {
            "observation": np.zeros((77, 4), np.float32),
            "reward": np.zeros(77),
            "terminated": np.zeros(77, bool),
            "final_observation": np.zeros((77, 4), np.float32),
            "statistics": np.zeros((77, len(engine.STATISTICS))),
        }
        markets.reset(3, out["observation"])
        steps = []
        for action in actions:
            markets.step(action, **out)
            steps += [array.tobytes() for array in out.values()]
        bits[width] = b"".join(steps)
    assert all(other == bits[128] for other in bits.values())


@pytest.mark.parametrize("width", [100, 2 * engine.WIDEST_VECTORS])
def test_a_width_that_is_not_there_is_refused(width):
    with pytest.raises(ValueError, match="vector_bits must"):
        batch(n=4, vector_bits=width)


@pytest.mark.parametrize(
    ("fill_mode", "probability"),
    [
        ("exponential", lambda reach, decayed: 1 - np.exp(-reach * decayed)),
        ("linear", lambda reach, decayed: np.minimum(1, reach * decayed)),
        ("mbt", lambda reach, decayed: reach * np.minimum(1, decayed)),
    ],
)
@pytest.mark.parametrize(("bid", "ask"), [(0.9, 0.2), (0.0, 1.7), (-0.1, -0.5)])
def test_fills_are_as_frequent_as_they_should_be(fill_mode, probability, bid, ask):
    markets, _ = batch(f"market.reduced_form.fill_mode={fill_mode}", "market_maker.max_position=1000", n=10_000)
    _, sums, _ = play(markets, engine.Strategy.table(np.array([[[[bid, ask]]]])), 100)
    for side, depth in (("bid_filled", bid), ("ask_filled", ask)):
        p = float(probability(140 * 0.005, np.exp(-1.5 * depth)))
        error = np.sqrt(max(p * (1 - p), 1e-9) / 1e6)
        assert abs(sums[side].sum() / 1e6 - p) < 4 * error


def test_fills_of_the_two_sides_are_independent_of_each_other_and_of_the_mid():
    markets, chosen = batch("market_maker.max_position=1000", n=200_000)
    _, sums, _ = play(markets, engine.Strategy.constant(0.5), 1)
    shock = (sums["mid"] - 100) / (2 * np.sqrt(0.005))
    sample = np.stack([sums["bid_filled"], sums["ask_filled"], shock, shock**2])
    correlation = np.corrcoef(sample)
    assert np.abs(correlation - np.eye(4)).max() < 4 / np.sqrt(200_000)
    assert chosen.simulation.decision_interval_ms == 5


def test_the_mid_moves_by_standard_normal_shocks():
    markets, _ = batch(n=400_000)
    _, sums, _ = play(markets, engine.Strategy.constant(100), 1)
    shock = (sums["mid"] - 100) / (2 * np.sqrt(0.005))
    n = len(shock)
    # of the first four powers, and the variances of those
    for power, moment, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs((shock**power).mean() - moment) < 4 * np.sqrt(variance / n)
    for bound, share in ((1, 0.3173105), (2, 0.0455003), (3, 0.0026998), (4, 0.0000633)):
        assert abs((np.abs(shock) > bound).mean() - share) < 4 * np.sqrt(share / n)


def test_a_fill_moves_the_mid_by_the_impact():
    quiet = ("market.reduced_form.volatility=0", "market.reduced_form.impact=0.25", "market_maker.max_position=1000")
    markets, _ = batch(*quiet, n=1000)
    _, sums, _ = play(markets, engine.Strategy.table(np.array([[[[0.3, 0.6]]]])), 50)
    assert np.allclose(sums["mid"], 100 + 0.25 * (sums["ask_filled"] - sums["bid_filled"]))
    assert sums["bid_filled"].sum() > sums["ask_filled"].sum() > 0


def test_what_is_paid_is_the_spread_the_mids_moves_and_the_penalties():
    """Exact bookkeeping over one step, then the sums of an episode: q starts and the terminal penalty telescopes."""
    markets, chosen = batch(n=2000)
    before = np.zeros(2000)
    mid = np.full(2000, 100.0)
    for _ in range(20):
        reward, s, inventory = play(markets, engine.Strategy.constant(0.4), 1)
        after = before + s["bid_filled"] - s["ask_filled"]
        earned = 0.4 * (s["bid_filled"] + s["ask_filled"]) + after * (s["mid"] - mid)
        assert np.allclose(s["pnl_change"], earned, atol=1e-11)
        assert np.allclose(s["inventory_penalty"], 0.2 * after**2 * 0.005)
        assert np.allclose(s["terminal_cost"], 0.01 * (after**2 - before**2))
        assert np.allclose(reward, s["pnl_change"] - s["inventory_penalty"] - s["terminal_cost"])
        assert (inventory == np.abs(after)).all()
        before, mid = after, s["mid"]
    _, s, _ = play(markets, engine.Strategy.constant(0.4), chosen.simulation.episode_steps - 20)
    assert np.allclose(s["terminal_cost"], 0.01 * (s["inventory"] ** 2 - before**2))


def test_the_mid_does_not_depend_on_the_policy():
    mids = []
    for half_spread in (0.1, 1.0):
        markets, _ = batch(n=100)
        mids.append(play(markets, engine.Strategy.constant(half_spread), 50)[1]["mid"])
    assert (mids[0] == mids[1]).all()


def test_the_drift_follows_its_chain():
    """How often each level follows each, against the exponential of the generator."""
    n = 20_000
    markets = engine.Batch(envs.scenario(config.load(["market=gt4"])), n)
    m = len(engine.STATISTICS)
    observation, final = np.zeros((n, 4), np.float32), np.zeros((n, 4), np.float32)
    markets.reset(1, observation)
    action = np.zeros((n, 2), np.float32)
    count = np.zeros((3, 3))
    for _ in range(40):
        before = np.rint(observation[:, 2] + 1).astype(int)
        markets.step(action, observation, np.zeros(n), np.zeros(n, bool), final, np.zeros((n, m)))
        after = np.rint(observation[:, 2] + 1).astype(int)
        np.add.at(count, (before, after), 1)
    expected = engine.drift_transition(list(GT4_LEVELS), 0.05, 1.0)
    rows = count.sum(axis=1, keepdims=True)
    assert (np.abs(count / rows - expected) < 4 * np.sqrt(expected * (1 - expected) / rows)).all()


# Avellaneda & Stoikov (2008), tables 1 to 3: gamma, strategy, spread, profit, its standard deviation, that of the final
# inventory; then profit and its standard deviation from 20,000 paths of another implementation.
PUBLISHED = [
    (0.1, "inventory", 1.49, 65.0, 6.6, 2.9, 64.90, 6.55),
    (0.1, "symmetric", 1.49, 68.4, 12.7, 8.4, 68.20, 13.39),
    (0.01, "inventory", 1.35, 68.6, 8.7, 5.1, 68.42, 8.94),
    (0.01, "symmetric", 1.35, 68.8, 12.8, 8.7, 68.65, 13.57),
    (1, "inventory", 3.02, 31.4, 5.0, 1.7, 31.49, 4.85),
    (1, "symmetric", 3.02, 44.0, 11.0, 5.1, 43.78, 10.71),
]
PATHS = 1000  # of the paper


def deviation_error(sample, n):
    """Standard error of the standard deviation of n draws from where ``sample`` is from."""
    centred = sample - sample.mean()
    kurtosis = (centred**4).mean() / sample.var() ** 2
    return float(sample.std() * np.sqrt((kurtosis - 1) / (4 * n)))


@pytest.mark.parametrize(("gamma", "kind", "spread", "profit", "std", "std_q", "again", "std_again"), PUBLISHED)
def test_avellaneda_stoikov_published_tables(gamma, kind, spread, profit, std, std_q, again, std_again):
    markets, chosen = batch("market=as2008", "agent.inventory_penalty=0", n=40_000)
    steps = chosen.simulation.episode_steps
    strategy = engine.Strategy.avellaneda_stoikov(
        risk_aversion=gamma, volatility=2, decay=1.5, dt=0.005, steps=steps, max_lots=60
    )
    mean_spread = 0.5 * gamma * 2**2 + 2 / gamma * np.log1p(gamma / 1.5)
    assert mean_spread == pytest.approx(spread, abs=0.005)
    assert strategy.depths.sum(axis=3).mean() == pytest.approx(mean_spread + 0.5 * gamma * 2**2 * 0.005)
    if kind == "symmetric":
        strategy = engine.Strategy.constant(mean_spread / 2)
    reward, sums, _ = play(markets, strategy, steps)
    n = len(reward)
    assert abs(reward.mean() - profit) < 3 * np.sqrt(std**2 / PATHS + std**2 / n)
    assert abs(reward.mean() - again) < 3 * np.sqrt(std_again**2 / 20_000 + std_again**2 / n)
    # the paper's deviations are themselves those of few paths, fat-tailed ones
    assert abs(reward.std() - std) < 3 * deviation_error(reward, PATHS)
    assert abs(sums["inventory"].std() - std_q) < 3 * deviation_error(sums["inventory"], PATHS)
    assert np.abs(sums["inventory"]).max() < 60  # the market's limit, which the paper lacks
