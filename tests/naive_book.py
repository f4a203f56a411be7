"""The order book as one would explain it: a dict of price -> queue for each side, and nothing clever."""

from __future__ import annotations

from dataclasses import dataclass, field

BID, ASK = 1, -1


@dataclass
class Order:
    """A resting order."""

    number: int
    side: int
    price: int
    lots: int
    agent: bool


@dataclass
class Answer:
    """What became of a command; ``order`` is the number of what rests, ``fills`` are (maker's number, price, lots)."""

    rejection: str | None = None
    order: int | None = None
    prevented: int = 0
    fills: list[tuple[int, int, int]] = field(default_factory=list)

    @property
    def filled(self) -> int:
        return sum(lots for _, _, lots in self.fills)


UNKNOWN = "no live order has this handle"
TOO_SMALL = "size must be at least one lot"


@dataclass
class NaiveBook:
    """Price-time priority inside a window of prices [first, end), with room for so many orders and lots at a price.

    Orders are numbered as they come to rest.
    """

    first: int
    end: int
    capacity: int
    most_lots: int
    queues: dict[int, dict[int, list[Order]]] = field(default_factory=lambda: {BID: {}, ASK: {}})
    orders: dict[int, Order] = field(default_factory=dict)
    rested: int = 0
    dropped: int = 0

    def limit(self, side: int, price: int, lots: int, agent: bool = False, time_in_force: str = "gtc") -> Answer:
        if rejection := self._refusal(side, price, lots, agent, time_in_force):
            return Answer(rejection)
        answer = self._take(side, price, lots, agent)
        if time_in_force in ("gtc", "post_only") and answer.filled < lots:
            answer.order = self._rest(side, price, lots - answer.filled, agent)
        return answer

    def market(self, side: int, lots: int, agent: bool = False) -> Answer:
        if lots <= 0:
            return Answer(TOO_SMALL)
        return self._take(side, self.end if side == BID else self.first, lots, agent)

    def cancel(self, number: int) -> str | None:
        return self.reduce(number, self.most_lots)

    def reduce(self, number: int, lots: int) -> str | None:
        if number not in self.orders:
            return UNKNOWN
        if lots <= 0:
            return TOO_SMALL
        self._shrink(self.orders[number], lots)
        return None

    def replace(self, number: int, price: int, lots: int, time_in_force: str = "gtc") -> Answer:
        if number not in self.orders:
            return Answer(UNKNOWN)
        if lots <= 0:
            return Answer(TOO_SMALL)
        old = self.orders[number]
        if price == old.price and lots <= old.lots:
            old.lots = lots
            return Answer(order=number)
        place = self.queues[old.side][old.price].index(old)
        self._remove(old)
        answer = self.limit(old.side, price, lots, old.agent, time_in_force)
        if answer.rejection:
            self._insert(old, place)
        return answer

    def recentre(self, first: int, end: int) -> None:
        self.first, self.end = first, end
        for order in list(self.orders.values()):
            if not first <= order.price < end:
                self._remove(order)
                self.dropped += 1

    def best(self, side: int) -> int | None:
        return max(self.queues[side], key=lambda price: side * price, default=None)

    def depth(self, side: int) -> list[tuple[int, int]]:
        prices = sorted(self.queues[side], key=lambda price: -side * price)
        return [(price, self._lots(side, price)) for price in prices]

    def _lots(self, side: int, price: int) -> int:
        return sum(order.lots for order in self.queues[side].get(price, ()))

    def _reaches(self, side: int, limit: int) -> bool:
        best = self.best(-side)
        return best is not None and side * (limit - best) >= 0

    def _refusal(self, side: int, price: int, lots: int, agent: bool, time_in_force: str) -> str | None:
        trades = self._reaches(side, price)
        if lots <= 0:
            return TOO_SMALL
        if not self.first <= price < self.end:
            return "price lies outside the book's window"
        if time_in_force == "fok" and self._offered(side, price, agent) < lots:
            return "a fill-or-kill order cannot be filled"
        if time_in_force == "post_only" and trades:
            return "a post-only order would trade"
        if time_in_force in ("ioc", "fok"):
            return None
        if lots + self._lots(side, price) > self.most_lots:
            return "a price level holds no more lots"
        if len(self.orders) == self.capacity and not trades:
            return "the book holds no more orders"
        return None

    def _offered(self, side: int, limit: int, agent: bool) -> int:
        """What an order may trade with, up to its limit: nobody trades with himself."""
        orders = [order for order in self.orders.values() if order.side == -side]
        return sum(o.lots for o in orders if side * (limit - o.price) >= 0 and not (agent and o.agent))

    def _take(self, side: int, limit: int, lots: int, agent: bool) -> Answer:
        answer = Answer()
        while lots and self._reaches(side, limit):
            best = self.best(-side)
            maker = self.queues[-side][best][0]
            if agent and maker.agent:
                answer.prevented += maker.lots
                self._remove(maker)
                continue
            traded = min(lots, maker.lots)
            answer.fills.append((maker.number, best, traded))
            lots -= traded
            self._shrink(maker, traded)
        return answer

    def _rest(self, side: int, price: int, lots: int, agent: bool) -> int:
        order = Order(self.rested, side, price, lots, agent)
        self.rested += 1
        self._insert(order, len(self.queues[side].get(price, ())))
        return order.number

    def _insert(self, order: Order, place: int) -> None:
        self.orders[order.number] = order
        self.queues[order.side].setdefault(order.price, []).insert(place, order)

    def _shrink(self, order: Order, lots: int) -> None:
        order.lots -= min(lots, order.lots)
        if not order.lots:
            self._remove(order)

    def _remove(self, order: Order) -> None:
        queue = self.queues[order.side][order.price]
        queue.remove(order)
        if not queue:
            del self.queues[order.side][order.price]
        del self.orders[order.number]
