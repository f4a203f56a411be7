"""Strategies: the formulas, and that the engine plays them as it plays actions."""

import numpy as np
import pytest

import config
import engine
import envs
from analysis.evaluation import RuleMarkets, play_stepwise, simulate
from analysis.measures import measure
from analysis.policy import Rule

STRATEGY = engine.Strategy


def max_lots(chosen):
    return chosen.market_maker.max_position // chosen.market.lot


def play(chosen, strategy, n=20_000, seed=11, steps=None):
    markets = engine.Batch(envs.scenario(chosen), n, threads=2)
    markets.reset(seed, np.empty((n, len(markets.columns)), np.float32))
    reward, statistics, inventory = np.empty(n), np.empty((n, len(markets.statistics))), np.empty(n)
    markets.play(strategy, steps or chosen.simulation.episode_steps, reward, statistics, inventory)
    return reward, statistics, inventory


def test_formulas():
    q, k, gamma, sigma, rate = np.arange(-3, 4), 1.5, 0.1, 2.0, 140.0
    half = np.log1p(gamma / k) / gamma
    table = STRATEGY.avellaneda_stoikov(risk_aversion=gamma, volatility=sigma, decay=k, dt=0.25, steps=4, max_lots=3)
    for n in range(4):
        risk = gamma * sigma**2 * (1 - n / 4)
        assert np.allclose(table.depths[n, :, 0], np.stack([half + (0.5 + q) * risk, half + (0.5 - q) * risk], axis=1))
    slope = np.sqrt(sigma**2 * gamma / (2 * k * rate) * (1 + gamma / k) ** (1 + k / gamma))
    table = STRATEGY.glft(risk_aversion=gamma, volatility=sigma, decay=k, rate=rate, max_lots=3)
    assert np.allclose(table.depths[0, :, 0], np.stack([half + (0.5 + q) * slope, half + (0.5 - q) * slope], axis=1))
    table = STRATEGY.linear_skew(half_spread=1.2, inventory_skew=0.5, alpha_skew=0.1, max_lots=3)
    shift = 0.5 * engine.skew_shape(q / 3)
    assert np.array_equal(table.depths[0, :, 0], np.stack([1.2 + shift, 1.2 - shift], axis=1))
    assert table.alpha_skew == 0.1
    assert STRATEGY.constant(0.7).depths.tolist() == [[[[0.7, 0.7]]]]


@pytest.mark.parametrize("gamma", [10.0, 1e-3, 1e-8, 1e-13, 1e-16, 1e-20, 1e-300, 5e-324])
def test_formulas_hold_for_the_smallest_risk_aversion(gamma):
    """ln(1 + gamma / k) / gamma goes to 1 / k = .66666667, however 1 + gamma / k rounds."""
    k, sigma, rate = 1.5, 2.0, 140.0
    premium = np.log1p(gamma / k) / (gamma / k) / k if gamma > 1e-300 else 1 / k
    made = STRATEGY.avellaneda_stoikov(risk_aversion=gamma, volatility=0, decay=k, dt=0.005, steps=1, max_lots=1)
    assert made.depths == pytest.approx(premium, rel=1e-14)
    made = STRATEGY.glft(risk_aversion=gamma, volatility=sigma, decay=k, rate=rate, max_lots=1).depths[0, 1, 0, 0]
    slope = np.sqrt(sigma**2 * gamma / (2 * k * rate) * np.exp((1 + gamma / k) * premium * k))
    assert made == pytest.approx(premium + 0.5 * slope, rel=1e-14)


def test_a_table_in_steps_is_the_table_with_straight_lines_between():
    table = STRATEGY.linear_skew(half_spread=1.0, inventory_skew=2.0, max_lots=10)
    steps = table.in_steps_of(100)
    at = np.arange(-10.0, 11)
    zero = np.zeros_like(at)
    np.testing.assert_array_equal(steps(zero, 100 * at, zero), table(zero, at, zero))
    between = 0.25 * table(zero, at, zero)[:-1] + 0.75 * table(zero, at, zero)[1:]
    np.testing.assert_allclose(steps(zero[1:], 100 * at[:-1] + 75, zero[1:]), between)
    beyond = np.array([-5000.0, 5000.0])
    np.testing.assert_array_equal(steps(zero[:2], beyond, zero[:2]), table(zero[:2], at[[0, -1]], zero[:2]))
    with pytest.raises(ValueError, match="lots must be >= 1, but it is 0"):
        table.in_steps_of(0)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: STRATEGY.constant(np.nan), "half_spread must be finite"),
        (lambda: STRATEGY.linear_skew(half_spread=1, inventory_skew=1, max_lots=0), "max_lots must be >= 1"),
        (lambda: STRATEGY.glft(risk_aversion=0, volatility=1, decay=1, rate=1, max_lots=1), "risk_aversion must"),
        (
            lambda: STRATEGY.table(np.zeros((1, 2, 1, 2))),
            r"shape \(steps or 1, 2 max_lots \+ 1, 1, 2\), but it is \(1, 2, 1, 2\)",
        ),
        (lambda: STRATEGY.table(np.full((1, 3, 1, 2), np.inf)), "depths must be finite, but it is inf"),
        (lambda: STRATEGY.table(np.zeros((0, 3, 1, 2))), "depths must have at least one row"),
        (lambda: STRATEGY.table(np.zeros((1, 3, 2, 2)), levels=[1, 0]), "levels must increase, but it is 0"),
        (lambda: STRATEGY.table(np.zeros((1, 3, 0, 2)), levels=[]), "levels must hold at least one signal"),
        (lambda: STRATEGY.constant(1)(np.zeros(2), np.zeros(3), np.zeros(2)), "must be of one length"),
        (lambda: STRATEGY.constant(1)(np.array([-1]), np.zeros(1), np.zeros(1)), r"step must lie in \[0, 2\^32\)"),
        (lambda: STRATEGY.constant(1)(np.array([1e10]), np.zeros(1), np.zeros(1)), r"step must lie in \[0, 2\^32\)"),
        (lambda: STRATEGY.constant(1)(np.array([np.nan]), np.zeros(1), np.zeros(1)), r"step must lie in \[0, 2\^32\)"),
        (lambda: STRATEGY.constant(1)(np.zeros(1), np.array([np.nan]), np.zeros(1)), "inventory must be a number"),
    ],
)
def test_what_makes_no_strategy_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_what_it_quotes_is_its_row_its_inventory_and_the_nearest_level():
    table = np.arange(2 * 5 * 3 * 2, dtype=float).reshape(2, 5, 3, 2)
    strategy = STRATEGY.table(table, alpha_skew=0.5, levels=[-1, 0, 0.5])
    step, inventory, alpha = np.array([0, 1, 7, 0]), np.array([-2, 0, 2, 9]), np.array([-0.6, -0.4, 0.24, 0.26])
    expected = table[[0, 1, 1, 0], [0, 2, 4, 4], [0, 1, 1, 2]] + 0.5 * alpha[:, None] * [-1, 1]
    assert np.array_equal(strategy(step, inventory, alpha), expected)
    assert np.array_equal(strategy.depths, table)
    assert strategy.levels == [-1, 0, 0.5]


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((1, 5, 1, 2), "max_lots must be the market's = 20, but it is 2"),
        ((3, 41, 1, 2), "must be 1 or an episode's = 200"),
    ],
)
def test_a_strategy_for_another_market_is_refused(shape, words):
    with pytest.raises(ValueError, match=words):
        play(config.load(["market=gt1"]), STRATEGY.table(np.zeros(shape)), n=4)


def test_a_wrong_buffer_of_a_play_is_refused():
    markets = engine.Batch(envs.scenario(config.load(["market=gt1"])), 4)
    good = {"reward": np.zeros(4), "statistics": np.zeros((4, len(engine.STATISTICS))), "abs_inventory": np.zeros(4)}
    for name in good:
        with pytest.raises(ValueError, match=f"{name} must be a writable C-contiguous float64 array of shape"):
            markets.play(STRATEGY.constant(1), 1, **{**good, name: good[name][:3]})


@pytest.mark.parametrize("autoreset", [engine.Autoreset.same_step, engine.Autoreset.next_step])
@pytest.mark.parametrize("market", ["book", "gt1", "gt4"])
def test_a_play_is_its_steps_bit_for_bit(market, autoreset):
    """With depths that actions hit exactly: multiples of 1/8 of a price unit of 1. Over the end of an episode, too."""
    overrides = ["market.price_unit=1", "simulation.episode_steps=30"]
    box = ["agent.action=offsets", "agent.action_low=-8", "agent.action_high=8"]
    chosen = config.load([f"market={market}", *overrides, *box])
    lots = max_lots(chosen)
    table = np.random.default_rng(0).integers(2, 12, (30, 2 * lots + 1, 2)) / 8.0
    strategy = STRATEGY.table(table[:, :, None], alpha_skew=0 if market == "book" else 0.125)
    n = 50
    markets = engine.Batch(envs.scenario(chosen), n, autoreset=autoreset)
    reward, statistics, inventory = np.empty(n), np.empty((n, len(markets.statistics))), np.empty(n)
    markets.reset(4, np.empty((n, len(markets.columns)), np.float32))
    for steps in (20, 25):
        markets.play(strategy, steps, reward, statistics, inventory)

    env = envs.MarketMakingVectorEnv(chosen, n)
    observation, _ = env.reset(seed=4)
    played, steps, held = np.zeros(n), [], np.zeros(n)
    for step in range(45):
        q = np.rint(0.5 * lots * observation[:, 1]).astype(int)
        depth = table[step % 30, q + lots] + strategy.alpha_skew * observation[:, 2, None] * [-1, 1]
        observation, rewards, _, _, info = env.step((depth - 1).astype(np.float32))
        if step >= 20:
            played += rewards
            steps.append(info["statistics"])
            held += np.abs(steps[-1][:, 3])
    expected = sum(steps)
    expected[:, [3, 4]] = steps[-1][:, [3, 4]]
    assert (reward == played).all()
    assert (statistics == expected).all()
    assert (inventory == held).all()
    assert statistics[:, 5:7].sum() > 100


def skewed(chosen):
    unit = chosen.market.price_unit
    return STRATEGY.linear_skew(
        half_spread=1.2 * unit, inventory_skew=0.7 * unit, alpha_skew=0.37 * unit, max_lots=max_lots(chosen)
    )


def by_level(chosen):
    """Depths that differ in every state; the signal of a book lies anywhere between the levels."""
    shape = (chosen.simulation.episode_steps, 2 * max_lots(chosen) + 1, 3, 2)
    depths = chosen.market.price_unit * np.random.default_rng(1).uniform(0.5, 2, shape)
    return STRATEGY.table(depths, levels=[-1.0, 0.0, 1.0])


@pytest.mark.parametrize("make", [skewed, by_level])
@pytest.mark.parametrize("market", ["book", "gt1", "gt4"])
def test_a_rule_earns_the_same_inside_the_engine_and_step_by_step(market, make):
    chosen = config.load([f"market={market}", "simulation.episode_steps=100"])
    rule = Rule.of("rule", make(chosen), chosen)
    inside, stepwise = (
        RuleMarkets(chosen, episodes=500, seed=3).sums(rule.strategy),
        play_stepwise(rule, chosen, 500, 3),
    )
    # Actions are float32, tables float64: rarely a draw falls between the two.
    same = np.isclose(inside.reward, stepwise.reward, rtol=1e-4, atol=1e-4)
    assert same.mean() > 0.99
    assert np.allclose(inside.statistics[same], stepwise.statistics[same], rtol=1e-4, atol=1e-3)
    assert np.allclose(inside.abs_inventory[same], stepwise.abs_inventory[same])


def test_at_the_touch_quotes_are_counted_from_the_best_prices_and_withdrawn():
    strategy = STRATEGY.constant(1.0).at_touch(least_spread=4, most_against=0.5)
    spread, alpha = np.array([3.0, 4, 6, 6, 6]), np.array([0, 0, 0.5, 0.6, -0.6])
    far = 1e9
    assert strategy.touching
    assert strategy(np.zeros(5), np.zeros(5), alpha, spread).tolist() == [
        [far, far],
        [3, 3],
        [4, 4],
        [4, far],
        [far, 4],
    ]
    with pytest.raises(ValueError, match="spread must be given to a strategy that quotes at the touch"):
        strategy(np.zeros(1), np.zeros(1), np.zeros(1))
    with pytest.raises(ValueError, match="least_spread must be >= 0, but it is -1"):
        STRATEGY.constant(1.0).at_touch(least_spread=-1)
    assert not STRATEGY.constant(1.0).touching


@pytest.mark.parametrize("market", ["small_tick", "large_tick"])
def test_a_rule_at_the_touch_is_the_same_played_by_the_engine_and_step_by_step(market):
    """In a price unit of 1, in which actions hit every half tick."""
    chosen = config.load([f"market={market}", "market.price_unit=1", "simulation.episode_steps=300"])
    rule = Rule.of("joins", STRATEGY.constant(0.0).at_touch(most_against=0.3), chosen)
    by_engine = simulate(rule, chosen, episodes=64, seed=3)
    stepwise = measure(play_stepwise(rule, chosen, 64, 3), chosen)
    assert (by_engine["reward"] == stepwise["reward"]).all()
    assert by_engine["fills"].sum() > 0
