"""The specification's own tests of the quoting rule, and the exactness of its account."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import config
from engine import Account, InventoryState, MarketMaker, MarketState, Side, skew_shape

STATE = {"mid_price": 100.0, "spread": 0.02}


def quotes(inventory: float, alpha: float = 0.0):
    return MarketMaker(risk_aversion=0.1, max_position=1000).calculate_quotes(STATE, inventory, alpha)


def test_the_specification():
    mm = MarketMaker(risk_aversion=0.1, max_position=1000)
    quote = mm.calculate_quotes(market_state={"mid_price": 100.0, "spread": 0.02}, inventory=500, alpha=0.0)
    assert quote["bid_price"] < quote["ask_price"]


def test_prices_are_ticks_rounded_outward():
    quote = quotes(0)
    assert (quote.bid_price, quote.ask_price) == pytest.approx((99.95, 100.05))  # 5 bp each side, exact ticks
    skewed = quotes(500)  # 99.945 and 100.045 before rounding
    assert (skewed.bid_price, skewed.ask_price) == pytest.approx((99.94, 100.05))


def test_inventory_moves_both_quotes_against_it():
    flat, long, short = quotes(0), quotes(1000), quotes(-1000)
    assert long.bid_price < flat.bid_price
    assert long.ask_price < flat.ask_price
    assert short.bid_price > flat.bid_price
    assert short.ask_price > flat.ask_price


def test_alpha_moves_both_quotes_its_way():
    up, flat, down = quotes(0, 1.0), quotes(0), quotes(0, -1.0)
    assert down.bid_price < flat.bid_price < up.bid_price
    assert down.ask_price < flat.ask_price < up.ask_price


def test_the_inventory_skew_is_odd_and_continuous_through_its_kink():
    skew = MarketMaker(risk_aversion=0.1, max_position=1000).calculate_inventory_skew
    for inventory in (1, 300, 699, 700, 701, 1000):
        assert skew(-inventory) == -skew(inventory)
    assert skew(700) == pytest.approx(-0.7e-4)  # of the mid: no steeper than a line from the origin so far
    assert skew(700.001) == pytest.approx(skew(699.999), rel=1e-5)
    assert skew(1000) == pytest.approx(-1.5e-4)


def test_the_skew_is_odd_monotone_and_continuous_through_its_kink():
    x = np.linspace(-1, 1, 4001)
    shape = skew_shape(x)
    assert np.allclose(shape, -shape[::-1])
    assert (np.diff(shape) > 0).all()
    assert np.diff(shape).max() < 4 * (x[1] - x[0])  # steepest at the limit; a jump would be a hundred steps
    assert shape[-1] == pytest.approx(1.5)


def test_the_side_that_adds_to_the_position_shrinks_and_ends_at_its_limit():
    mm = MarketMaker(quote_size=400, lot=100, max_position=1000)
    sizes = [(q.bid_size, q.ask_size) for q in (mm.calculate_quotes(STATE, i) for i in (0, 500, 900, 1000))]
    assert sizes == [(400, 400), (200, 400), (100, 400), (0, 400)]
    for beyond in (1000, 1001, 2500):
        long, short = mm.calculate_quotes(STATE, beyond), mm.calculate_quotes(STATE, -beyond)
        assert (long.bid_size, long.ask_size) == (short.ask_size, short.bid_size) == (0, 400)


def test_states_may_be_typed_or_plain():
    mm = MarketMaker(max_position=1000, quote_size=400)
    state, inventory = MarketState(100.0, volatility=0.02), InventoryState(500, max_position=1000)
    assert (state.mid_price, state.spread, state.volatility) == (100.0, 0.0, 0.02)
    assert (inventory.position, inventory.max_position, inventory.ratio) == (500.0, 1000.0, 0.5)
    typed, plain = mm.calculate_quotes(state, inventory), mm.calculate_quotes(STATE | {"volatility": 0.02}, 500)
    for name in ("bid_price", "ask_price", "bid_size", "ask_size"):
        assert typed[name] == plain[name]
    assert (typed.bid_size, typed.ask_size) == (200, 400)
    assert typed.ask_price - typed.bid_price > 0.119  # a fifth wider than the 0.1 without volatility
    mm.update_position(Side.bid, 100.0, 300)
    assert mm.liquidation_cost(MarketState(100.0, 0.02)) == mm.liquidation_cost(STATE)


@pytest.mark.parametrize(
    ("position", "limit", "sentence"),
    [
        (500, 2000, "inventory.max_position must be the maker's own, but it is 2000"),
        (float("nan"), 1000, "position must be finite"),
        (0, 0, "max_position must be finite and > 0, but it is 0"),
    ],
)
def test_an_inventory_that_makes_no_sense_is_refused(position, limit, sentence):
    with pytest.raises(ValueError, match=sentence):
        MarketMaker(max_position=1000).calculate_quotes(STATE, InventoryState(position, limit))


@given(
    st.lists(st.tuples(st.sampled_from([Side.bid, Side.ask]), st.integers(1, 10_000), st.integers(1, 50)), max_size=60),
    st.integers(2, 20_000),
)
def test_realised_and_unrealised_make_the_total_exactly(fills, mid2):
    account, cash, position = Account(), 0, 0
    for side, price, lots in fills:
        account.fill(side, price, lots, fee_nano=3)
        sign = 1 if side is Side.bid else -1
        cash -= sign * price * lots
        position += sign * lots
        assert (account.position, account.cash) == (position, cash)
        assert 2 * account.realised + account.unrealised2(mid2) == account.total2(mid2) == 2 * cash + position * mid2
        assert (account.cost == 0) if position == 0 else (account.cost * position > 0)


def test_average_cost_and_realised_profit_by_hand():
    account = Account()
    account.fill(Side.bid, 100, 2)
    account.fill(Side.bid, 110, 2)
    assert account.average_cost == 105
    account.fill(Side.ask, 120, 5)  # closes 4 at a profit of 15 each, and goes short one at 120
    assert (account.realised, account.position, account.average_cost) == (60, -1, 120)


def test_pnl_in_money():
    mm = MarketMaker()
    mm.update_position(Side.bid, 100.0, 200, fee=0.002)
    mm.update_position(Side.ask, 100.05, 100)
    parts = mm.get_pnl(mid_price=100.1)
    assert parts == pytest.approx({"realised": 5.0, "unrealised": 10.0, "fees": 0.4, "total": 14.6})


@pytest.mark.parametrize(
    ("fields", "name"),
    [({"base_spread": -1.0}, "base_spread"), ({"max_position": 0}, "max_position"), ({"tick": 0.0}, "tick")],
)
def test_a_parameter_out_of_range_is_named(fields, name):
    with pytest.raises(ValueError, match=f"{name} must"):
        MarketMaker(**fields)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"quote_size": 50}, "quote_size must be a multiple of the lot = 100, but it is 50"),
        ({"quote_size": 250}, "quote_size must be a multiple of the lot = 100, but it is 250"),
        ({"max_position": 150}, "max_position must be a multiple of the lot = 100, but it is 150"),
        ({"quote_size": 10, "lot": 3, "max_position": 9}, "quote_size must be a multiple of the lot = 3, but it is 10"),
    ],
)
def test_a_size_in_broken_lots_is_refused(fields, sentence):
    with pytest.raises(ValueError, match=sentence):
        MarketMaker(**fields)


def test_no_more_is_quoted_than_the_quote_size():
    mm = MarketMaker(quote_size=50, lot=50, max_position=1000)
    for inventory in range(-1000, 1001, 50):
        quote = mm.calculate_quotes(STATE, inventory)
        assert max(quote.bid_size, quote.ask_size) == 50


@pytest.mark.parametrize(
    ("price", "fee", "sentence"),
    [
        (2.0**32 * 0.01, 0.0, "price must be below 2\\^30 ticks"),
        (1e300, 0.0, "price must be below 2\\^30 ticks"),
        (100.0, 1e300, "fee must be finite and below 2\\^30 ticks"),
        (100.0, float("nan"), "fee must be finite and below 2\\^30 ticks"),
    ],
)
def test_a_fill_that_no_account_holds_is_refused(price, fee, sentence):
    mm = MarketMaker(tick=0.01)
    with pytest.raises(ValueError, match=sentence):
        mm.update_position(Side.bid, price, 100, fee=fee)
    assert mm.position == 0
    mm.update_position(Side.bid, (2**30 - 1) * 0.01, 100)
    assert mm.get_pnl(0.0)["total"] == pytest.approx(-100 * (2**30 - 1) * 0.01)


def test_unknown_market_state_is_named():
    with pytest.raises(ValueError, match="sprad"):
        MarketMaker().calculate_quotes({"mid_price": 1.0, "sprad": 1.0}, 0)


def test_the_makers_defaults_are_the_configurations():
    chosen = config.load(["market=book"])
    configured = MarketMaker(**dataclasses.asdict(chosen.market_maker), lot=chosen.market.lot, tick=chosen.market.tick)
    default = MarketMaker()
    state = STATE | {"mid_price": 5000.0, "volatility": 0.01}  # so high that every fraction shows in ticks
    for inventory, alpha in [(0, 0.0), (300, 0.5), (-1000, -1.0), (1000, 1.0)]:
        for name in ("bid_price", "ask_price", "bid_size", "ask_size"):
            assert (
                default.calculate_quotes(state, inventory, alpha)[name]
                == configured.calculate_quotes(state, inventory, alpha)[name]
            )
        assert default.calculate_inventory_penalty(inventory) == configured.calculate_inventory_penalty(inventory)
    for maker in (default, configured):
        maker.update_position(Side.bid, 5000.0, 300)
    assert default.liquidation_cost(state) == configured.liquidation_cost(state)
