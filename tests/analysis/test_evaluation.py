"""Intervals of means over episodes."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from scipy import stats

from analysis.evaluation import Estimate, estimate


@pytest.mark.parametrize("n", [2, 30, 1000])
@pytest.mark.parametrize("confidence", [0.8, 0.99])
def test_the_interval_is_scipy_s(n, confidence):
    sample = np.random.default_rng(n).lognormal(size=n)
    found = estimate(sample, confidence)
    theirs = stats.bootstrap(
        (sample,), np.mean, n_resamples=2000, confidence_level=confidence, rng=np.random.default_rng(0)
    ).confidence_interval
    assert (found.mean, found.low, found.high) == pytest.approx((sample.mean(), theirs.low, theirs.high), rel=1e-12)


def test_memory_grows_as_the_episodes_not_as_their_square():
    tracemalloc.start()
    found = estimate(np.random.default_rng(0).normal(size=100_000), 0.95)
    assert tracemalloc.get_traced_memory()[1] < 200e6
    tracemalloc.stop()
    assert found.high - found.low == pytest.approx(2 * 1.96 / np.sqrt(100_000), rel=0.05)


def test_equal_episodes_have_no_interval():
    assert estimate(np.full(5, 2.5), 0.95) == Estimate(2.5, 2.5, 2.5)
