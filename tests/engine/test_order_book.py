"""The book against a naive one: same answers, same trades, same queues, same depth after every command."""

from __future__ import annotations

import collections

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule
from naive_book import ASK, BID, Answer, NaiveBook

import engine
from engine import Party, Side, TimeInForce

Book = engine.OrderBook | engine.MediumOrderBook | engine.CompactOrderBook
MOST_LOTS = {engine.OrderBook: 2**31 - 1, engine.MediumOrderBook: 2**16 - 1, engine.CompactOrderBook: 2**16 - 1}
BOOKS = list(MOST_LOTS)
SIDES = {BID: Side.bid, ASK: Side.ask}
PARTIES = {False: Party.background, True: Party.agent}
CENTRE = 1000


class Pair:
    """One engine book and one naive book under the same commands; orders are named by the naive book's numbers."""

    def __init__(self, kind: type[Book]) -> None:
        self.book = kind(CENTRE)
        self.naive = NaiveBook(*self.book.window, capacity=kind.capacity, most_lots=MOST_LOTS[kind])
        self.ids: list[int] = []  # the engine's, by number
        self.heard: collections.Counter[str | None] = collections.Counter()  # rejections
        self.prevented = 0

    def limit(self, side: int, price: int, lots: int, agent: bool = False, force: str = "gtc") -> int | None:
        done = self.book.limit(SIDES[side], price, lots, PARTIES[agent], TimeInForce[force])
        return self._same(done, self.naive.limit(side, price, lots, agent, force))

    def market(self, side: int, lots: int, agent: bool = False) -> None:
        self._same(self.book.market(SIDES[side], lots, PARTIES[agent]), self.naive.market(side, lots, agent))

    def replace(self, number: int, price: int, lots: int, force: str = "gtc") -> int | None:
        done = self.book.replace(self.ids[number], price, lots, TimeInForce[force])
        return self._same(done, self.naive.replace(number, price, lots, force))

    def cancel(self, number: int) -> None:
        assert self.book.cancel(self.ids[number]) == self.naive.cancel(number)

    def reduce(self, number: int, lots: int) -> None:
        assert self.book.reduce(self.ids[number], lots) == self.naive.reduce(number, lots)

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
                assert self.book.queue(price) == [self.ids[order.number] for order in queue]
        self.book.validate()

    def _same(self, done: engine.Submission, expected: Answer) -> int | None:
        if expected.order == len(self.ids):
            assert done.order is not None
            self.ids.append(done.order)
        assert done.rejection == expected.rejection
        assert done.order == (None if expected.order is None else self.ids[expected.order])
        assert done.fills == [(self.ids[maker], price, lots) for maker, price, lots in expected.fills]
        assert (done.filled, done.prevented) == (expected.filled, expected.prevented)
        self.heard[expected.rejection] += 1
        self.prevented += expected.prevented > 0
        return expected.order


def play(pair: Pair, draw: np.random.Generator) -> None:
    """One random command; the book stays at a few dozen levels, and stale handles are used as well."""
    side = BID if draw.random() < 0.5 else ASK
    kind, agent = draw.random(), draw.random() < 0.3
    price, lots = CENTRE + int(draw.integers(-20, 21)) - 6 * side, int(draw.integers(1, 12))
    force = "gtc" if draw.random() < 0.5 else str(draw.choice(["ioc", "fok", "post_only"]))
    recent = len(pair.ids) - int(draw.integers(1, min(200, len(pair.ids)) + 1)) if pair.ids else 0
    if kind < 0.55 or not pair.ids:
        pair.limit(side, price, lots, agent, force)
    elif kind < 0.62:
        pair.market(side, 2 * lots, agent)
    elif kind < 0.75:
        pair.replace(recent, price, lots, force)
    elif kind < 0.87:
        pair.cancel(recent)
    else:
        pair.reduce(recent, lots)


@pytest.mark.parametrize(
    ("kind", "commands"),
    [(engine.OrderBook, 80_000), (engine.MediumOrderBook, 20_000), (engine.CompactOrderBook, 20_000)],
)
def test_random_commands(kind: type[Book], commands: int) -> None:
    pair = Pair(kind)
    draw = np.random.default_rng(7)
    for i in range(commands):
        play(pair, draw)
        pair.compare()
        if i % 1000 == 0:
            pair.compare_queues()
    assert len(pair.ids) > commands / 4
    assert pair.book.live > 10
    refusals = "a post-only order would trade", "a fill-or-kill order cannot be filled", "no live order has this handle"
    assert min(pair.heard[refusal] for refusal in refusals) > commands / 100
    assert pair.prevented > commands / 100


def test_random_commands_while_the_window_moves() -> None:
    pair = Pair(engine.CompactOrderBook)
    draw = np.random.default_rng(8)
    for i in range(20_000):
        play(pair, draw)
        if i % 50 == 0:
            pair.recentre(CENTRE + int(draw.integers(-300, 301)))
            pair.book.validate()
        pair.compare()
    assert pair.book.dropped > 100


@pytest.mark.parametrize("kind", BOOKS)
def test_a_handle_names_one_order_only(kind: type[Book]) -> None:
    book = kind(CENTRE)
    seen = set()
    for _ in range(1000):
        order = book.limit(Side.bid, CENTRE, 1).order
        assert order is not None
        assert order not in seen
        seen.add(order)
        assert book.cancel(order) is None
        assert book.cancel(order) == "no live order has this handle"
        assert book.reduce(order, 1) == "no live order has this handle"
        assert book.replace(order, CENTRE, 1).rejection == "no live order has this handle"


def test_an_unknown_handle_is_refused() -> None:
    book = engine.OrderBook(CENTRE)
    for order in 0, 2**64 - 1:
        assert book.cancel(order) == "no live order has this handle"


@pytest.mark.parametrize("lots", [0, -1])
def test_a_size_below_one_lot_is_refused(lots: int) -> None:
    pair = Pair(engine.OrderBook)
    resting = pair.limit(BID, CENTRE, 1)
    assert resting is not None
    pair.limit(BID, CENTRE, lots)
    pair.market(BID, lots)
    pair.replace(resting, CENTRE, lots)
    assert pair.heard["size must be at least one lot"] == 3
    assert pair.book.reduce(pair.ids[resting], lots) == "size must be at least one lot"
    pair.compare()


@pytest.mark.parametrize("kind", BOOKS)
def test_prices_outside_the_window_are_refused(kind: type[Book]) -> None:
    book = kind(CENTRE)
    first, end = book.window
    assert first <= CENTRE < end
    for side in Side:
        for price in first - 1, end, -(2**31), 2**31 - 1:
            assert book.limit(side, price, 1).rejection == "price lies outside the book's window"
    assert book.limit(Side.bid, first, 1).rejection is None
    assert book.limit(Side.ask, end - 1, 1).rejection is None
    assert (book.best_bid, book.best_ask) == (first, end - 1)
    book.validate()


@pytest.mark.parametrize("kind", BOOKS)
def test_a_level_counts_so_many_lots_and_no_more(kind: type[Book]) -> None:
    most = MOST_LOTS[kind]
    pair = Pair(kind)
    first = pair.limit(BID, CENTRE, most - 1)
    assert first is not None
    pair.limit(BID, CENTRE, 2)
    assert pair.heard["a price level holds no more lots"] == 1
    pair.limit(BID, CENTRE, 1)
    pair.limit(BID, CENTRE - 1, most)
    pair.replace(first, CENTRE - 1, 1)
    assert pair.heard["a price level holds no more lots"] == 2
    pair.replace(first, CENTRE - 2, most)  # what leaves its level makes no room elsewhere and needs none there
    pair.market(ASK, most)
    assert pair.heard[None] == 5
    pair.compare()
    pair.compare_queues()


@pytest.mark.parametrize("kind", [engine.MediumOrderBook, engine.CompactOrderBook])
def test_a_full_book_takes_no_more_orders_but_still_trades(kind: type[Book]) -> None:
    pair = Pair(kind)
    for _ in range(kind.capacity):
        pair.limit(BID, CENTRE, 1)
    pair.limit(BID, CENTRE, 1)
    assert pair.heard == {None: kind.capacity, "the book holds no more orders": 1}
    pair.replace(0, CENTRE, 2)  # it leaves a slot as it takes one
    pair.limit(ASK, CENTRE, 3)
    pair.limit(ASK, CENTRE + 1, 1)
    assert pair.heard[None] == kind.capacity + 3
    pair.compare()
    pair.compare_queues()


def test_recentring_drops_what_falls_outside() -> None:
    book = engine.CompactOrderBook(CENTRE)
    first, end = book.window
    for price in first, first, CENTRE:
        assert book.limit(Side.bid, price, 1).order is not None
    book.limit(Side.ask, CENTRE + 1, 1)
    book.recentre(CENTRE + 10)
    assert book.window == (first + 10, end + 10)
    assert (book.best_bid, book.best_ask) == (CENTRE, CENTRE + 1)
    assert (book.live, book.dropped) == (2, 2)
    book.validate()


def test_a_smaller_order_keeps_its_place_and_any_other_goes_to_the_back() -> None:
    book = engine.OrderBook(CENTRE)
    first, second, third = (book.limit(Side.bid, CENTRE, 5).order for _ in range(3))
    assert first is not None
    assert second is not None
    assert book.reduce(first, 2) is None
    assert book.replace(first, CENTRE, 1).order == first
    assert book.queue(CENTRE) == [first, second, third]
    larger = book.replace(second, CENTRE, 6).order
    assert book.queue(CENTRE) == [first, third, larger]
    assert book.market(Side.ask, 3).fills == [(first, CENTRE, 1), (third, CENTRE, 2)]


def test_a_replacement_may_trade() -> None:
    book = engine.OrderBook(CENTRE)
    ask = book.limit(Side.ask, CENTRE + 2, 3).order
    bid = book.limit(Side.bid, CENTRE, 5).order
    assert bid is not None
    assert book.replace(bid, CENTRE + 2, 5, TimeInForce.post_only).rejection == "a post-only order would trade"
    assert book.queue(CENTRE) == [bid]
    done = book.replace(bid, CENTRE + 2, 5)
    assert done.fills == [(ask, CENTRE + 2, 3)]
    assert book.depth(Side.bid, 9) == [(CENTRE + 2, 2)]


@pytest.mark.parametrize(
    ("force", "rejection", "filled", "left"),
    [
        (TimeInForce.gtc, None, 4, [(CENTRE + 1, 2)]),
        (TimeInForce.ioc, None, 4, []),
        (TimeInForce.fok, "a fill-or-kill order cannot be filled", 0, []),
        (TimeInForce.post_only, "a post-only order would trade", 0, []),
    ],
)
def test_what_becomes_of_the_part_that_finds_nobody(
    force: TimeInForce, rejection: str | None, filled: int, left: list[tuple[int, int]]
) -> None:
    book = engine.CompactOrderBook(CENTRE)
    asks = [(CENTRE, 1), (CENTRE + 1, 3), (CENTRE + 2, 9)]
    for price, lots in asks:
        book.limit(Side.ask, price, lots)
    done = book.limit(Side.bid, CENTRE + 1, 6, time_in_force=force)
    assert (done.rejection, done.filled) == (rejection, filled)
    assert book.depth(Side.bid, 9) == left
    assert book.depth(Side.ask, 9) == (asks if rejection else asks[2:])


def test_the_agent_does_not_trade_with_itself() -> None:
    book = engine.CompactOrderBook(CENTRE)
    book.limit(Side.ask, CENTRE, 4, Party.agent)
    other = book.limit(Side.ask, CENTRE, 3).order
    refused = book.limit(Side.bid, CENTRE, 4, Party.agent, TimeInForce.fok)
    assert refused.rejection == "a fill-or-kill order cannot be filled"
    done = book.limit(Side.bid, CENTRE, 2, Party.agent)
    assert (done.prevented, done.fills) == (4, [(other, CENTRE, 2)])
    assert book.depth(Side.ask, 9) == [(CENTRE, 1)]


@pytest.mark.parametrize("kind", BOOKS)
def test_the_window_goes_no_further_than_prices_do(kind: type[Book]) -> None:
    book, end = kind(2**31 - 1), 2**30
    assert book.window[1] == end
    low = kind(-(2**31))
    assert low.window[0] == -end
    book.recentre(-(2**31))
    assert book.window == low.window
    first, last = book.window[0], book.window[1] - 1
    assert book.limit(Side.bid, first, 1).rejection is None
    assert book.limit(Side.ask, last, 1).rejection is None
    assert (book.best_bid, book.best_ask) == (first, last)
    book.validate()
    book.recentre(2**31 - 1)
    assert (book.window[1], book.live, book.dropped) == (end, 0, 2)


def test_what_the_agent_took_out_of_its_own_way_is_counted_in_full() -> None:
    book, most = engine.OrderBook(CENTRE), MOST_LOTS[engine.OrderBook]
    for price in range(CENTRE, CENTRE + 3):
        book.limit(Side.ask, price, most, Party.agent)
    done = book.market(Side.bid, most, Party.agent)
    assert (done.filled, done.prevented, book.live) == (0, 3 * most, 0)


class BookMachine(RuleBasedStateMachine):
    """Hypothesis looks for the shortest sequence of commands that tells the two books apart."""

    kind: type[Book] = engine.OrderBook
    orders = Bundle("orders")
    sides = st.sampled_from([BID, ASK])
    prices = st.integers(CENTRE - 3, CENTRE + 3)
    sizes = st.integers(0, 4) | st.sampled_from([2**16 - 2, 2**16 - 1])
    forces = st.sampled_from(sorted(force.name for force in TimeInForce))

    @initialize()
    def start(self) -> None:
        self.pair = Pair(self.kind)

    @rule(target=orders, side=sides, price=prices, lots=sizes, agent=st.booleans(), force=forces)
    def limit(self, side: int, price: int, lots: int, agent: bool, force: str) -> object:
        order = self.pair.limit(side, price, lots, agent, force)
        return multiple() if order is None else order

    @rule(side=sides, lots=st.integers(0, 9), agent=st.booleans())
    def market(self, side: int, lots: int, agent: bool) -> None:
        self.pair.market(side, lots, agent)

    @rule(target=orders, order=orders, price=prices, lots=sizes, force=forces)
    def replace(self, order: int, price: int, lots: int, force: str) -> object:
        replacement = self.pair.replace(order, price, lots, force)
        return multiple() if replacement in (None, order) else replacement

    @rule(order=consumes(orders))
    def cancel(self, order: int) -> None:
        self.pair.cancel(order)

    @rule(order=orders, lots=st.integers(0, 4))
    def reduce(self, order: int, lots: int) -> None:
        self.pair.reduce(order, lots)

    @rule(shift=st.integers(-300, 300))
    def recentre(self, shift: int) -> None:
        self.pair.recentre(CENTRE + shift)

    @invariant()
    def same(self) -> None:
        self.pair.compare()
        self.pair.compare_queues()


class CompactBookMachine(BookMachine):
    """The same for the smallest book."""

    kind = engine.CompactOrderBook


TestBookMachine, TestCompactBookMachine = BookMachine.TestCase, CompactBookMachine.TestCase
TestBookMachine.settings = TestCompactBookMachine.settings = settings(
    max_examples=50, stateful_step_count=40, deadline=None, derandomize=True
)
