"""Several assets: the example of two, and what must hold of any number."""

import numpy as np
import pytest

import config
from analysis.optimum import Assets, cartea_jaimungal, solve_assets

TWO = Assets(
    rate=np.array([20.0, 10.0]),
    decay=np.ones(2),
    covariance=np.array([[1, 0.48], [0.48, 0.64]]),
    running_penalty=0.05,
)


def test_two_assets():
    optimum = solve_assets(TWO, limit=8, tau=2.0)
    assert optimum.at(0, 0)[0] == pytest.approx(42.93114, abs=5e-6)
    for q, bids in {(0, 0): (1.0406, 1.0382), (2, 0): (1.2034, 1.0954), (2, -2): (1.1473, 0.9416)}.items():
        assert optimum.at(*q)[1][:, 0] == pytest.approx(bids, abs=5.1e-5)


def test_one_asset_is_the_problem_of_one():
    one = Assets(
        rate=np.array([140.0]),
        decay=np.array([1.5]),
        covariance=np.ones((1, 1)),
        running_penalty=0.2,
        terminal_penalty=0.01,
    )
    h, depths = cartea_jaimungal(rate=140, decay=1.5, running_penalty=0.2, terminal_penalty=0.01, limit=20, tau=[1.0])
    optimum = solve_assets(one, limit=20, tau=1.0)
    assert np.allclose(optimum.value, h[0], rtol=1e-10)
    assert np.allclose(optimum.depths[:, 0], depths[0], atol=1e-8, equal_nan=True)


def test_independent_assets_are_two_problems_of_one():
    apart = Assets(rate=TWO.rate, decay=TWO.decay, covariance=np.diag([1.0, 0.64]), running_penalty=0.05)
    optimum = solve_assets(apart, limit=5, tau=1.0)
    for axis, (rate, variance) in enumerate(((20.0, 1.0), (10.0, 0.64))):
        _, alone = cartea_jaimungal(
            rate=rate, decay=1.0, running_penalty=0.05 * variance, terminal_penalty=0.0, limit=5, tau=[1.0]
        )
        found = np.moveaxis(optimum.depths[..., axis, :], axis, 0)[:, 7]
        assert np.allclose(found, alone[0], atol=1e-9, equal_nan=True)


def test_three_assets_that_mirror_each_other():
    three = Assets(
        rate=np.full(3, 5.0), decay=np.ones(3), covariance=np.eye(3) + 0.3 * (1 - np.eye(3)), running_penalty=0.1
    )
    optimum = solve_assets(three, limit=2, tau=1.0)
    assert np.allclose(optimum.value, optimum.value.transpose(2, 0, 1))
    assert np.allclose(optimum.value, optimum.value[::-1, ::-1, ::-1])


def test_the_closed_form_is_near_the_exact_depths_far_from_the_end():
    """Bergault & Gueant expand to second order, so that it is good where inventories are small and liquid."""
    optimum = solve_assets(TWO, limit=12, tau=10.0)
    for q in ((0, 0), (2, 0), (2, -2), (-1, 3)):
        _, depths = optimum.at(*q)
        assert TWO.closed_form(np.array(q)) == pytest.approx(depths, abs=0.04)
    assert TWO.closed_form(np.zeros((4, 2))).shape == (4, 2, 2)


def test_the_closed_form_solves_its_riccati_equation():
    """4 A D A = phi Sigma, D = diag(lambda kappa / e)."""
    uneven = Assets(rate=TWO.rate, decay=np.array([1.0, 2.0]), covariance=TWO.covariance, running_penalty=0.05)
    d = np.diag(uneven.rate * uneven.decay / np.e)
    assert np.allclose(4 * uneven.curvature @ d @ uneven.curvature, 0.05 * uneven.covariance)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rate": np.array([1.0, 0.0])}, r"rate must hold one number > 0 for each asset, but it is \[1.0, 0.0\]"),
        ({"decay": np.ones(3)}, "decay must hold one number > 0 for each asset"),
        ({"covariance": np.array([[1.0, 2.0], [2.0, 1.0]])}, "covariance must be a covariance of 2 assets"),
        ({"running_penalty": -1.0}, "running_penalty must be >= 0"),
    ],
)
def test_assets_that_make_no_sense_are_refused(changes, words):
    fields = {"rate": TWO.rate, "decay": TWO.decay, "covariance": TWO.covariance, "running_penalty": 0.05}
    with pytest.raises(config.UserError, match=words):
        Assets(**{**fields, **changes})


def test_what_the_exact_grid_cannot_do_is_refused():
    uneven = Assets(rate=TWO.rate, decay=np.array([1.0, 2.0]), covariance=TWO.covariance, running_penalty=0.05)
    with pytest.raises(config.UserError, match="decay must be the same for all assets"):
        solve_assets(uneven, limit=2, tau=1.0)
    with pytest.raises(config.UserError, match="limit must be >= 1, but it is 0"):
        solve_assets(TWO, limit=0, tau=1.0)
