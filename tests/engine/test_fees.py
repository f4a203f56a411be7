"""Fees as venues charge them, by hand to the last billionth, and booked without a rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import engine
from engine import Account, FeeSchedule, FeeUnit, Liquidity, Side

ONE = 10**9  # tick x lot, in billionths

# At a rebate of 1 basis point and a fee of 2: a basis point of one tick x lot is 100,000 billionths.
FILLS = [
    (Liquidity.maker, 1, 1, -100_000),
    (Liquidity.taker, 1, 1, 200_000),
    (Liquidity.maker, 10_000, 1, -ONE),
    (Liquidity.taker, 10_001, 3, 6_000_600_000),
    (Liquidity.maker, 12_345, 67, -82_711_500_000),
    (Liquidity.taker, 99_999, 7, 139_998_600_000),
    (Liquidity.maker, 6_000_000, 2_000_000, -1_200_000_000 * ONE),  # 20 bitcoin at 60,000.00
    (Liquidity.taker, 6_000_000, 2_000_000, 2_400_000_000 * ONE),
    (Liquidity.taker, 2_000_000_000, 2_000_000_000, 800_000_000_000_000 * ONE),
    (Liquidity.taker, -3_700, 1_000, 740 * ONE),
]


def schedule_of(unit=FeeUnit.ticks_per_lot, volume=(0,), maker=(0.0,), taker=(0.0,)) -> FeeSchedule:
    return FeeSchedule(engine.FeeParams(unit=unit, volume=list(volume), maker=list(maker), taker=list(taker)))


def by_value() -> FeeSchedule:
    return schedule_of(unit=FeeUnit.basis_points, maker=[-1.0], taker=[2.0])


@pytest.mark.parametrize(("liquidity", "price", "lots", "fee_nano"), FILLS)
def test_a_fee_by_hand(liquidity, price, lots, fee_nano):
    assert by_value().fee(liquidity, price, lots) == fee_nano


def test_an_account_sums_them_beyond_64_bits():
    account = Account()
    for liquidity, price, lots, _ in FILLS:
        account.fill(Side.bid, price, lots, by_value().fee(liquidity, price, lots))
    assert account.fees_nano == sum(fee for *_, fee in FILLS) == 800_001_200_000_802_287_800_000
    assert account.fees == account.fees_nano / ONE


def test_by_the_lot_and_free_by_default():
    assert schedule_of(maker=[-0.25]).fee(Liquidity.maker, 100, 7) == -1_750_000_000
    assert schedule_of(maker=[-0.25]).fee(Liquidity.taker, 100, 7) == 0


def test_a_tier_holds_from_its_volume_on():
    schedule = schedule_of(volume=[0, 1000], maker=[0.5, 0.25], taker=[1.0, 0.75])
    assert [schedule.fee(Liquidity.maker, 9, 10, traded) for traded in (0, 999, 1000)] == [5 * ONE, 5 * ONE, 2.5 * ONE]
    assert schedule.fee(Liquidity.taker, 9, 10, traded_before=10**18) == 7.5 * ONE


schedules = st.builds(
    lambda unit, steps, maker, taker: schedule_of(
        unit=unit, volume=[0, *(sum(steps[: i + 1]) for i in range(2))], maker=maker, taker=taker
    ),
    st.sampled_from(list(FeeUnit)),
    st.lists(st.integers(1, 10**7), min_size=2, max_size=2),
    st.lists(st.floats(-10, 10), min_size=3, max_size=3),
    st.lists(st.floats(-10, 10), min_size=3, max_size=3),
)
orders = st.tuples(
    st.sampled_from(list(Side)),
    st.sampled_from(list(Liquidity)),
    st.integers(1, 10**7),  # ticks
    st.lists(st.integers(1, 2 * 10**6), min_size=1, max_size=5),  # lots of its partial fills
)


@given(schedules, st.lists(orders, max_size=20))
def test_partial_fills_sum_to_position_cash_and_fees(schedule, placed):
    account = Account()
    for side, liquidity, price, parts in placed:
        before = account.position, account.cash, account.fees_nano
        tier_at = account.turnover
        for lots in parts:
            account.fill(side, price, lots, schedule.fee(liquidity, price, lots, tier_at))
        change = (1 if side is Side.bid else -1) * sum(parts)
        fee_nano = schedule.fee(liquidity, price, sum(parts), tier_at)
        position, cash, fees_nano = before
        assert account.position == position + change
        assert account.cash == cash - change * price
        assert account.fees_nano == fees_nano + fee_nano
    assert account.turnover == sum(sum(parts) for *_, parts in placed)


@given(st.lists(st.integers(-(2**125), 2**125), min_size=1, max_size=2))
def test_fees_of_128_bits_pass_unchanged(fees):
    account = Account()
    for fee_nano in fees:
        account.fill(Side.ask, 1, 1, fee_nano)
    assert account.fees_nano == sum(fees)


@pytest.mark.parametrize("fee_nano", [1.5, 2**127, -(2**127) - 1, "1"])
def test_no_other_fee_is_taken(fee_nano):
    with pytest.raises(TypeError):
        Account().fill(Side.bid, 1, 1, fee_nano)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"volume": [5]}, r"volume\[0\] must be 0, but it is 5"),
        ({"volume": [0, 9, 9]}, "volume must increase, but it is 9"),
        ({"taker": [0.1, 0.2]}, "taker must have one entry for each of the 1 tiers of volume, but it has 2"),
        ({"maker": [float("inf")]}, "maker must be finite, but it is inf"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused(fields, sentence):
    with pytest.raises(ValueError, match=sentence):
        schedule_of(**fields)


def test_a_fill_that_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="lots must be >= 1, but it is 0"):
        schedule_of().fee(Liquidity.maker, 1, 0)
    with pytest.raises(ValueError, match="traded_before must be >= 0, but it is -1"):
        schedule_of().fee(Liquidity.maker, 1, 1, -1)
    with pytest.raises(ValueError, match="lots must be >= 1, but it is -3"):
        Account().fill(Side.bid, 1, -3)
