"""The formulae of continuous time, against each other, the discrete optimum and published numbers."""

import numpy as np
import pytest

import config
from analysis.optimum import (
    Problem,
    avellaneda_stoikov,
    cartea_jaimungal,
    glft,
    glft_asymptotic,
    glft_stationary,
    solve,
)

GLFT = {"risk_aversion": 0.1, "volatility": 2.0, "decay": 1.5, "rate": 140.0, "limit": 30}
GT1 = {"rate": 140.0, "decay": 1.5, "running_penalty": 0.2, "terminal_penalty": 0.01, "limit": 20}


def test_the_value_of_gt1_in_continuous_time():
    h, depths = cartea_jaimungal(**GT1, tau=[0.0, 1.0])
    assert h[1, 20] == pytest.approx(66.185, abs=5e-4)
    assert h[0] == pytest.approx(-0.01 * np.arange(-20, 21) ** 2, abs=1e-12)
    assert np.isnan(depths[:, -1, 0]).all()
    assert np.isnan(depths[:, 0, 1]).all()
    assert np.isfinite(np.delete(depths[..., 0], -1, axis=1)).all()


@pytest.mark.parametrize("impact", [0.0, 0.05])
def test_it_is_what_the_discrete_optimum_goes_to(impact):
    """The error is of order dt; two steps of Richardson's extrapolation take off the first two orders."""
    steps = (400, 800, 1600)
    chosen = config.load(["market=gt1"])
    optima = [solve(Problem.of(chosen, impact=impact, steps=n, dt=1 / n)) for n in steps]
    h, depths = cartea_jaimungal(**GT1, impact=impact, tau=1.0)

    def limit(a, b, c):
        once = 2 * b - a, 2 * c - b
        return (4 * once[1] - once[0]) / 3

    assert limit(*(optimum.at_start for optimum in optima)) == pytest.approx(h[0, 20], abs=4e-3)
    found = limit(*(optimum.depths[0, 10:31, 0] for optimum in optima))
    assert found == pytest.approx(depths[0, 10:31], abs=1e-4)


def test_glft_goes_to_its_stationary_depths():
    far = glft(**GLFT, tau=[30.0])
    assert np.allclose(far, glft_stationary(**GLFT), atol=1e-9, equal_nan=True)


def test_the_asymptotic_formula_of_glft_is_near_the_eigenvector():
    """Gueant, Lehalle & Fernandez-Tapia take the vector for a normal density: good near the middle."""
    approximate, exact = glft_asymptotic(**GLFT)[0], glft_stationary(**GLFT)[0]
    near = np.abs(np.arange(-30, 31)) <= 5
    assert np.allclose(approximate[near], exact[near], atol=3e-3)
    assert not np.allclose(approximate[near], exact[near], atol=1e-4)


def test_glft_is_avellaneda_and_stoikov_s_first_order_at_the_end():
    """With little time left both charge the premium alone; A-S then grows as its own expansion does."""
    premium = np.log1p(0.1 / 1.5) / 0.1
    at_the_end = glft(**GLFT, tau=[0.0])
    assert np.allclose(at_the_end[np.isfinite(at_the_end)], premium, atol=1e-12)
    heuristic = avellaneda_stoikov(risk_aversion=0.1, volatility=2.0, decay=1.5, dt=0.25, steps=4, limit=30)
    q, tau = np.arange(-30, 31), np.array([1, 0.75, 0.5, 0.25])[:, None]
    risk = 0.1 * 2.0**2 * tau
    assert np.allclose(heuristic[:, :-1, 0], (premium + (0.5 + q) * risk)[:, :-1])
    assert np.allclose(heuristic[:, 1:, 1], (premium + (0.5 - q) * risk)[:, 1:])


@pytest.mark.parametrize("gamma", [1e-8, 1e-13, 1e-16, 1e-20, 1e-300])
@pytest.mark.parametrize("formula", [glft_stationary, lambda **fields: glft(**fields, tau=[1.0])])
def test_hardly_any_risk_aversion_is_risk_neutral(formula, gamma):
    depths = formula(risk_aversion=gamma, volatility=2.0, decay=1.5, rate=140.0, limit=3)[0]
    neutral = formula(risk_aversion=1e-8, volatility=0.0, decay=1.5, rate=140.0, limit=3)[0]
    assert np.allclose(depths, neutral, rtol=1e-6, equal_nan=True)


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("risk_aversion", 0.0, "> 0"),
        ("risk_aversion", -1.0, "> 0"),
        ("risk_aversion", np.nan, "> 0"),
        ("decay", 0.0, "> 0"),
        ("rate", np.inf, "> 0"),
        ("volatility", -1.0, ">= 0"),
    ],
)
@pytest.mark.parametrize("formula", [glft_asymptotic, glft_stationary, lambda **fields: glft(**fields, tau=[1.0])])
def test_the_formulae_refuse_what_the_engine_does(formula, field, value, rule):
    with pytest.raises(ValueError, match=f"{field} must be finite and {rule}, but it is"):
        formula(**{**GLFT, field: value})


def test_a_negative_penalty_is_refused():
    with pytest.raises(ValueError, match="running_penalty must be finite and >= 0, but it is -1"):
        cartea_jaimungal(**{**GT1, "running_penalty": -1.0}, tau=1.0)


def test_long_horizons_neither_overflow_nor_underflow():
    stiff = {**GT1, "running_penalty": 2.0, "limit": 60}
    h, depths = cartea_jaimungal(**stiff, tau=[0.5, 500.0])
    _, shorter = cartea_jaimungal(**stiff, tau=50.0)
    assert np.isfinite(h).all()
    assert np.allclose(depths[1], shorter[0], atol=1e-9, equal_nan=True)
