"""The exact optimum and exact values of the discrete problem, against published and recomputed numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import config
from analysis.optimum import Problem, solve, value, values

# The market, V*, and optimal depths (bid, ask) at t = 0 and the middle drift by inventory.
KNOWN = {
    "gt1": (
        59.01712,
        {0: (0.76614, 0.76614), 1: (0.82365, 0.70922), 3: (0.94027, 0.59738), 5: (1.05880, 0.48855)},
    ),
    "gt3": (1128.8248, {0: (3.87672, 3.87672), 1: (3.96876, 3.78555), 5: (4.39680, 3.38810)}),
    "gt4": (1070.9978, {0: (3.91790, 3.91790), 1: (4.16659, 3.67221)}),
}


def problem(market="gt1", **changes):
    return Problem.of(config.load([f"market={market}"]), **changes)


@pytest.mark.parametrize("market", KNOWN)
def test_the_optimum_and_its_depths_at_the_start(market):
    best, known = KNOWN[market]
    optimum = solve(problem(market))
    assert optimum.at_start == pytest.approx(best, abs=5.1e-6 if market == "gt1" else 5.1e-5)
    middle = optimum.depths.shape[2] // 2
    for q, depths in known.items():
        found = optimum.depths[0, q + optimum.depths.shape[1] // 2, middle]
        assert found == pytest.approx(depths, abs=6e-6)  # GT3's at q = 5 are printed to four places


def test_the_discrete_value_goes_to_that_of_continuous_time():
    found = [solve(problem(steps=n, dt=1 / n)).at_start for n in (200, 800, 3200)]
    assert found == pytest.approx([59.017, 64.207, 65.677], abs=5.1e-4)


@pytest.mark.parametrize("market", KNOWN)
@pytest.mark.parametrize("fill_mode", config.FillMode)
def test_the_value_of_the_optimal_depths_is_the_optimum(market, fill_mode):
    """The recursion without the maximum, fed with the maximiser."""
    chosen = problem(market, fill_mode=fill_mode, impact=0.01)
    optimum = solve(chosen)
    assert np.allclose(values(chosen, optimum.depths), optimum.value, rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("fill_mode", config.FillMode)
@pytest.mark.parametrize("bounds", [(-np.inf, np.inf), (0.3, 0.8)])
def test_no_other_depths_of_one_step_are_better(fill_mode, bounds):
    """Brute force over a fine grid of both depths, at every inventory of a small problem with a large step."""
    chosen = problem(fill_mode=fill_mode, bounds=bounds, impact=0.05, limit=2, steps=1, dt=0.02)
    low, high = max(bounds[0], -1.0), min(bounds[1], 3.0)
    grid = np.linspace(low, high, 81)
    optimum = solve(chosen)
    best = np.full_like(optimum.value, -np.inf)
    for bid in grid:
        depths = np.stack(np.broadcast_arrays(bid, grid), axis=-1)[:, None, None, None, :]
        best = np.maximum(best, np.max([values(chosen, np.broadcast_to(d, (1, 5, 1, 2))) for d in depths], axis=0))
    assert np.all(optimum.value >= best - 1e-12)
    assert np.allclose(optimum.value, best, atol=5e-3)
    held = optimum.depths[np.isfinite(optimum.depths)]
    assert held.min() >= bounds[0]
    assert held.max() <= bounds[1]


def test_bounds_cost_something_and_wide_ones_nothing():
    free = solve(problem()).at_start
    assert solve(problem(bounds=(-5, 50))).at_start == pytest.approx(free, abs=1e-9)
    assert solve(problem(bounds=(0.7, 0.9))).at_start < free - 0.1


@given(seed=st.integers(0, 2**32 - 1), fill_mode=st.sampled_from(list(config.FillMode)))
def test_no_policy_is_better_than_the_optimum(seed, fill_mode):
    rng = np.random.default_rng(seed)
    chosen = problem(
        "gt4",
        rate=rng.uniform(0.1, 2),
        decay=rng.uniform(0.1, 1),
        impact=rng.uniform(0, 0.5),
        running_penalty=rng.uniform(0, 0.01),
        limit=int(rng.integers(1, 6)),
        steps=20,
        fill_mode=fill_mode,
    )
    optimum = solve(chosen)
    shape = optimum.depths.shape
    noise = rng.uniform(0.01, 1) * rng.standard_normal(shape)
    for depths in (rng.uniform(0, 4, shape) / chosen.decay, optimum.depths + noise / chosen.decay):
        assert np.all(values(chosen, depths) <= optimum.value + 1e-9)


def test_value_is_that_of_playing_the_chain_by_hand():
    """Two steps, one lot, by adding up every outcome."""
    chosen = problem(limit=1, steps=2, impact=0.05)
    bid, ask, xi = 0.5, 0.7, 0.05
    p, r = (1 - np.exp(-0.7 * np.exp(-1.5 * depth)) for depth in (bid, ask))

    def play(step, q):
        if step == 2:
            return -0.01 * q**2
        total = 0.0
        for bought in (0, 1):
            for sold in (0, 1):
                chance = (p if bought else 1 - p) if q < 1 else 1.0 - bought
                chance *= (r if sold else 1 - r) if q > -1 else 1.0 - sold
                after, moved = q + bought - sold, xi * (sold - bought)
                earned = bought * bid + sold * ask + after * moved - 0.2 * after**2 * 0.005
                total += chance * (earned + play(step + 1, after)) if chance else 0.0
        return total

    depths = np.broadcast_to([bid, ask], (1, 3, 1, 2))
    assert values(chosen, depths)[:, 0] == pytest.approx([play(0, q) for q in (-1, 0, 1)], rel=1e-13)
    assert value(chosen, depths) == values(chosen, depths)[1, 0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"decay": 0.0}, "decay must be > 0, but it is 0.0"),
        ({"decay": np.nan}, "decay must be finite, but it is nan"),
        ({"rate": -1.0}, "rate must be > 0, but it is -1.0"),
        ({"dt": 0.0}, "dt must be > 0"),
        ({"limit": 0}, "limit must be >= 1, but it is 0"),
        ({"steps": 0}, "steps must be >= 1, but it is 0"),
        ({"running_penalty": -1.0}, "running_penalty must be >= 0"),
        ({"rate_sensitivity": 1.0}, r"rate_sensitivity must lie in \[0, 1\)"),
        ({"drift": np.array([1.0, 0.0]), "transition": np.eye(2)}, r"drift must be an increasing list"),
        ({"drift": np.array([0.0, 1.0])}, "transition must have a row and a column for each drift"),
        (
            {"drift": np.array([0.0, 1.0]), "transition": np.array([[0.5, 0.4], [0.0, 1.0]])},
            r"transition must have rows that sum to 1, but it is \[\[0.5, 0.4\], \[0.0, 1.0\]\]",
        ),
        (
            {"drift": np.array([0.0, 1.0]), "transition": np.array([[1.5, -0.5], [0.0, 1.0]])},
            "transition must hold no negative probability",
        ),
        ({"bounds": (1.0, 0.5)}, r"bounds must be a lower and a higher depth, but it is \(1.0, 0.5\)"),
    ],
)
def test_a_problem_that_makes_no_sense_is_refused(changes, words):
    with pytest.raises(config.UserError, match=words):
        problem(**changes)


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("market.reduced_form.decay=0", "market.reduced_form.decay must be finite and > 0, but it is 0"),
        ("market_maker.max_position=0", "market_maker.max_position must be >= 1"),
        ("simulation.episode_steps=0", "simulation.episode_steps must be >= 1"),
        ("agent.action_low=4", "agent.action_low must be <= 0"),
        ("market=book", r"market must be one of a known optimum .*, but book is of kind book"),
    ],
)
def test_a_configuration_that_has_no_optimum_is_refused(word, words):
    with pytest.raises(config.UserError, match=words):
        Problem.of(config.load(["market=gt1", word]))
