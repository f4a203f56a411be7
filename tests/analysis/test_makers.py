"""What simple makers earn, where it is known, and as a user asks for it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import config
from analysis.makers import Estimate, Maker, Options, makers, measure

BARE = [
    "market.book.signal=null",
    *(
        f"market.book.realistic.{layer}=null"
        for layer in ("metaorders", "value", "impact", "stale", "informed", "hawkes", "reactions", "intraday")
    ),
]


def test_fills_are_free_money_where_prices_know_nothing_of_trades_and_only_there():
    """The same maker in the same market, without the layers that make trades tell something and with them."""
    options = Options(markets=16, hours=0.5)
    joins = Maker(name="joins", skew=1)
    free = measure(joins, config.load(["market=small_tick", *BARE]), options)
    real = measure(joins, config.load(["market=small_tick"]), options)
    for horizon in ("1s", "5s", "30s"):
        assert free.edges[horizon].value > 5 * free.edges[horizon].error
        assert free.edges[horizon].value > 1
    assert free.pnl.value > 5 * free.pnl.error
    assert real.pnl.value < 2 * real.pnl.error
    assert real.edges["30s"].value < 2 * real.edges["30s"].error


def test_knowing_the_value_pays_and_joining_does_not():
    options = Options(markets=16, hours=1.0)
    chosen = ["market=large_tick", "market.book.signal.lag_ms=0", "market.book.signal.signal_to_noise=1000000.0"]
    knows = measure(Maker(name="knows", skew=0.3, knowing=True), config.load(chosen), options)
    joins = measure(Maker(name="joins", skew=0.3), config.load(["market=large_tick"]), options)
    assert knows.pnl.value > 2 * knows.pnl.error
    assert joins.pnl.value < 0
    assert knows.lots_per_h < joins.lots_per_h


def test_the_error_is_that_of_a_mean_where_all_weigh_the_same():
    values = np.random.default_rng(0).normal(size=400)
    estimate = Estimate.of(values, np.ones(400))
    assert estimate.value == pytest.approx(values.mean())
    assert estimate.error == pytest.approx(values.std(ddof=1) / 20, rel=1e-6)
    assert np.isnan(Estimate.of(values, np.zeros(400)).value)


def test_who_is_asked_fits_the_spread():
    assert [maker.least_spread for maker in makers(20.0)].count(0) == 4
    assert all(maker.least_spread == 0 for maker in makers(1.0))


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["market=small_tick", "markets=2", "hours=0.01"], 0, "joins the best"),
        (["market=gt1"], 2, "market must be a book, but gt1 is reduced_form"),
        (["market=small_tick", "markets=1"], 2, "markets must be from 2 to 4096, but it is 1"),
        (["market=small_tick", "hours=0"], 2, "hours must be above 0, at most 24, but it is 0"),
    ],
)
def test_as_a_user_asks(words, code, told):
    done = subprocess.run(
        [sys.executable, "-m", "analysis", "makers", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == code
    assert told in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
