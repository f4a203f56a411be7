"""The order book as one would explain it: a dict of price -> queue for each side, and nothing clever."""

from __future__ import annotations

from dataclasses import dataclass, field

BID, ASK = 1, -1


@dataclass
class Order:
    """A resting order."""

    id: int
    side: int
    price: int
    lots: int


@dataclass
class NaiveBook:
    """Price-time priority inside a window of prices [first, end), with room for ``capacity`` orders."""

    first: int
    end: int
    capacity: int
    queues: dict[int, dict[int, list[Order]]] = field(default_factory=lambda: {BID: {}, ASK: {}})
    orders: dict[int, Order] = field(default_factory=dict)
    dropped: int = 0

    def limit(self, name: int, side: int, price: int, lots: int) -> tuple[str, list[tuple[int, int, int]]]:
        """What became of it ('rests', 'filled' or a rejection) and the fills (maker id, price, lots)."""
        if lots <= 0:
            return "size must be at least one lot", []
        if not self.first <= price < self.end:
            return "price lies outside the book's window", []
        fills = self._take(side, price, lots)
        left = lots - sum(fill[2] for fill in fills)
        if left == 0:
            return "filled", fills
        if len(self.orders) == self.capacity:
            return "the book holds no more orders", fills
        self.orders[name] = Order(name, side, price, left)
        self.queues[side].setdefault(price, []).append(self.orders[name])
        return "rests", fills

    def market(self, side: int, lots: int) -> list[tuple[int, int, int]]:
        return self._take(side, self.end if side == BID else self.first, lots)

    def reduce(self, name: int, lots: int) -> bool:
        """Whether the order was there."""
        if name not in self.orders:
            return False
        self._shrink(self.orders[name], lots)
        return True

    def cancel(self, name: int) -> bool:
        return name in self.orders and self.reduce(name, self.orders[name].lots)

    def recentre(self, first: int, end: int) -> None:
        self.first, self.end = first, end
        for order in list(self.orders.values()):
            if not first <= order.price < end:
                self._shrink(order, order.lots)
                self.dropped += 1

    def best(self, side: int) -> int | None:
        return max(self.queues[side], key=lambda price: side * price, default=None)

    def depth(self, side: int) -> list[tuple[int, int]]:
        prices = sorted(self.queues[side], key=lambda price: -side * price)
        return [(price, sum(order.lots for order in self.queues[side][price])) for price in prices]

    def _take(self, side: int, limit: int, lots: int) -> list[tuple[int, int, int]]:
        fills = []
        while lots and (best := self.best(-side)) is not None and side * (limit - best) >= 0:
            maker = self.queues[-side][best][0]
            traded = min(lots, maker.lots)
            fills.append((maker.id, best, traded))
            lots -= traded
            self._shrink(maker, traded)
        return fills

    def _shrink(self, order: Order, lots: int) -> None:
        order.lots -= lots
        if order.lots > 0:
            return
        queue = self.queues[order.side][order.price]
        queue.remove(order)
        if not queue:
            del self.queues[order.side][order.price]
        del self.orders[order.id]
