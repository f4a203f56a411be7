"""The book against a naive one: same trades, same queues, same depth after every command."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule
from naive_book import ASK, BID, NaiveBook

import engine

BOOKS = [engine.OrderBook, engine.CompactOrderBook]
SIDES = {BID: engine.Side.bid, ASK: engine.Side.ask}
CENTRE = 1000


class Pair:
    """One engine book and one naive book under the same commands; orders are named by the engine's handles."""

    def __init__(self, book: engine.OrderBook | engine.CompactOrderBook) -> None:
        self.book = book
        self.naive = NaiveBook(*book.window, capacity=book.capacity)
        self.issued: list[int] = []

    def limit(self, side: int, price: int, lots: int) -> int | None:
        done = self.book.limit(SIDES[side], price, lots)
        outcome, fills = self.naive.limit(-1, side, price, lots)
        assert done.fills == fills
        assert done.filled == sum(fill[2] for fill in fills)
        assert (done.rejection or ("rests" if done.order else "filled")) == outcome
        if done.order is not None:
            self._name(done.order)
        return done.order

    def market(self, side: int, lots: int) -> None:
        done = self.book.market(SIDES[side], lots)
        assert done.fills == self.naive.market(side, lots)
        assert done.order is None

    def cancel(self, order: int) -> None:
        assert (self.book.cancel(order) is None) == self.naive.cancel(order)

    def reduce(self, order: int, lots: int) -> None:
        assert (self.book.reduce(order, lots) is None) == self.naive.reduce(order, lots)

    def recentre(self, centre: int) -> None:
        self.book.recentre(centre)
        self.naive.recentre(*self.book.window)

    def compare(self) -> None:
        naive = self.naive
        assert (self.book.best_bid, self.book.best_ask) == (naive.best(BID), naive.best(ASK))
        for side in SIDES:
            depth = naive.depth(side)
            assert self.book.depth(SIDES[side], len(depth) + 1) == depth
        assert self.book.live == len(naive.orders)
        assert self.book.dropped == naive.dropped

    def compare_queues(self) -> None:
        for side in SIDES:
            for price, queue in self.naive.queues[side].items():
                assert self.book.queue(price) == [order.id for order in queue]

    def _name(self, order: int) -> None:
        resting = self.naive.orders.pop(-1)
        resting.id = order
        self.naive.orders[order] = resting
        self.issued.append(order)


def play(pair: Pair, draw: np.random.Generator) -> None:
    """One random command; the book stays at a few dozen levels, and stale handles are used as well."""
    side = BID if draw.random() < 0.5 else ASK
    kind = draw.random()
    lots = int(draw.integers(1, 12))
    if kind < 0.5 or not pair.issued:
        pair.limit(side, CENTRE + int(draw.integers(-20, 21)) - 6 * side, lots)
    elif kind < 0.6:
        pair.market(side, 2 * lots)
    elif kind < 0.85:
        pair.cancel(pair.issued[-int(draw.integers(1, min(200, len(pair.issued)) + 1))])
    else:
        pair.reduce(pair.issued[-int(draw.integers(1, min(200, len(pair.issued)) + 1))], lots)


@pytest.mark.parametrize(("kind", "commands"), [(engine.OrderBook, 100_000), (engine.CompactOrderBook, 20_000)])
def test_random_commands(kind: type[engine.OrderBook] | type[engine.CompactOrderBook], commands: int) -> None:
    pair = Pair(kind(CENTRE))
    draw = np.random.default_rng(7)
    for i in range(commands):
        play(pair, draw)
        pair.compare()
        if i % 1000 == 0:
            pair.compare_queues()
            pair.book.validate()
    assert len(pair.issued) > commands / 3
    assert pair.book.live > 10


def test_random_commands_while_the_window_moves() -> None:
    pair = Pair(engine.CompactOrderBook(CENTRE))
    draw = np.random.default_rng(8)
    for i in range(20_000):
        play(pair, draw)
        if i % 50 == 0:
            pair.recentre(CENTRE + int(draw.integers(-300, 301)))
            pair.book.validate()
        pair.compare()
    assert pair.book.dropped > 100


@pytest.mark.parametrize("kind", BOOKS)
def test_a_handle_names_one_order_only(kind: type[engine.OrderBook] | type[engine.CompactOrderBook]) -> None:
    book = kind(CENTRE)
    seen = set()
    for _ in range(1000):
        order = book.limit(engine.Side.bid, CENTRE, 1).order
        assert order is not None
        assert order not in seen
        seen.add(order)
        assert book.cancel(order) is None
        assert book.cancel(order) == "no live order has this handle"
        assert book.reduce(order, 1) == "no live order has this handle"


def test_an_unknown_handle_is_refused() -> None:
    book = engine.OrderBook(CENTRE)
    assert book.cancel(0) == "no live order has this handle"
    assert book.cancel(2**64 - 1) == "no live order has this handle"


@pytest.mark.parametrize("lots", [0, -1])
def test_a_size_below_one_lot_is_refused(lots: int) -> None:
    book = engine.OrderBook(CENTRE)
    assert book.limit(engine.Side.bid, CENTRE, lots).rejection == "size must be at least one lot"
    assert book.market(engine.Side.bid, lots).rejection == "size must be at least one lot"
    order = book.limit(engine.Side.bid, CENTRE, 1).order
    assert order is not None
    assert book.reduce(order, lots) == "size must be at least one lot"


@pytest.mark.parametrize("kind", BOOKS)
def test_prices_outside_the_window_are_refused(kind: type[engine.OrderBook] | type[engine.CompactOrderBook]) -> None:
    book = kind(CENTRE)
    first, end = book.window
    assert first <= CENTRE < end
    for side in engine.Side:
        assert book.limit(side, first - 1, 1).rejection == "price lies outside the book's window"
        assert book.limit(side, end, 1).rejection == "price lies outside the book's window"
    assert book.limit(engine.Side.bid, first, 1).rejection is None
    assert book.limit(engine.Side.ask, end - 1, 1).rejection is None
    assert (book.best_bid, book.best_ask) == (first, end - 1)
    book.validate()


def test_a_full_book_takes_no_more_orders_but_still_trades() -> None:
    book = engine.CompactOrderBook(CENTRE)
    for _ in range(book.capacity):
        assert book.limit(engine.Side.bid, CENTRE, 1).rejection is None
    assert book.limit(engine.Side.bid, CENTRE, 1).rejection == "the book holds no more orders"
    assert book.limit(engine.Side.ask, CENTRE, 3).filled == 3
    assert book.limit(engine.Side.ask, CENTRE + 1, 1).rejection is None
    book.validate()


def test_recentring_drops_what_falls_outside() -> None:
    book = engine.CompactOrderBook(CENTRE)
    book.limit(engine.Side.bid, CENTRE - 200, 1)
    book.limit(engine.Side.bid, CENTRE - 200, 1)
    book.limit(engine.Side.ask, CENTRE, 1)
    book.recentre(CENTRE + 100)
    assert (book.best_bid, book.best_ask) == (None, CENTRE)
    assert (book.live, book.dropped) == (1, 2)
    book.validate()


def test_a_smaller_order_keeps_its_place() -> None:
    book = engine.OrderBook(CENTRE)
    first = book.limit(engine.Side.bid, CENTRE, 5, owner=engine.Owner.agent).order
    second = book.limit(engine.Side.bid, CENTRE, 5).order
    assert first is not None
    book.reduce(first, 4)
    assert book.queue(CENTRE) == [first, second]
    assert book.market(engine.Side.ask, 3).fills == [(first, CENTRE, 1), (second, CENTRE, 2)]


class BookMachine(RuleBasedStateMachine):
    """Hypothesis looks for the shortest sequence of commands that tells the two books apart."""

    orders = Bundle("orders")
    sides = st.sampled_from([BID, ASK])
    prices = st.integers(CENTRE - 3, CENTRE + 3)
    lots = st.integers(0, 4)

    @initialize()
    def start(self) -> None:
        self.pair = Pair(engine.CompactOrderBook(CENTRE))

    @rule(target=orders, side=sides, price=prices, lots=lots)
    def limit(self, side: int, price: int, lots: int) -> object:
        order = self.pair.limit(side, price, lots)
        return multiple() if order is None else order

    @rule(side=sides, lots=st.integers(1, 9))
    def market(self, side: int, lots: int) -> None:
        self.pair.market(side, lots)

    @rule(order=consumes(orders))
    def cancel(self, order: int) -> None:
        self.pair.cancel(order)

    @rule(order=orders, lots=st.integers(1, 4))
    def reduce(self, order: int, lots: int) -> None:
        self.pair.reduce(order, lots)

    @rule(shift=st.integers(-300, 300))
    def recentre(self, shift: int) -> None:
        self.pair.recentre(CENTRE + shift)

    @invariant()
    def same(self) -> None:
        self.pair.compare()
        self.pair.compare_queues()
        self.pair.book.validate()


TestBookMachine = BookMachine.TestCase
TestBookMachine.settings = settings(max_examples=50, stateful_step_count=30, deadline=None, derandomize=True)
