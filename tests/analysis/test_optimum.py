"""The published and recomputed numbers of the problems with a known optimum."""

import numpy as np
import pytest

import config
from analysis.baselines import CONSTANT_SPREAD, SkewedSpread, tune
from analysis.optimum import solve, value


@pytest.mark.parametrize(
    ("market", "best", "half", "constant"),
    [
        ("gt1", 59.01712, 0.80734, 54.07241),
        ("gt3", 1128.8248, 3.8363, 1095.1638),
        ("gt4", 1070.9978, 4.1774, 869.8223),
    ],
)
def test_optimum_and_best_constant_spread(market, best, half, constant):
    chosen = config.load([f"market={market}"])
    assert solve(chosen).at_start == pytest.approx(best, abs=6e-5 if market != "gt1" else 6e-6)
    rule = tune(CONSTANT_SPREAD, chosen)
    assert rule.half_spread * chosen.market.price_unit == pytest.approx(half, abs=6e-5)
    assert value(chosen, rule) == pytest.approx(constant, abs=6e-5)


def test_optimal_depths_at_the_start():
    optimum = solve(config.load(["market=gt1"]))
    depths = [(round(optimum.bid[0, 20 + q, 0], 5), round(optimum.ask[0, 20 + q, 0], 5)) for q in (0, 1, 3, 5)]
    assert depths == [(0.76614, 0.76614), (0.82365, 0.70922), (0.94027, 0.59738), (1.0588, 0.48855)]


def test_the_value_of_the_optimal_depths_is_the_optimum():
    """The recursion without the maximum, fed with the maximiser, gives the same value: `value` and `solve` agree."""
    chosen = config.load(["market=gt4"])
    optimum = solve(chosen)
    table = np.nan_to_num(np.stack([optimum.bid, optimum.ask], axis=-1)).reshape(-1, 2)
    assert value(chosen, lambda _: table / chosen.market.price_unit - 1) == pytest.approx(optimum.at_start, abs=1e-9)


@pytest.mark.parametrize("fill_mode", ["linear", "mbt"])
def test_no_rule_beats_the_optimum_in_any_fill_mode(fill_mode):
    chosen = config.load(["market=gt1", f"market.reduced_form.fill_mode={fill_mode}"])
    best = solve(chosen).at_start
    rng = np.random.default_rng(0)
    rules = [SkewedSpread("rule", *rng.uniform(0, 3, 2)) for _ in range(20)]
    values = [value(chosen, rule) for rule in rules]
    assert max(values) < best
    assert max(values) > 0.5 * best
