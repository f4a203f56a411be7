"""The limit orders of a stream: where they were placed, and how long they lived out of others' sight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.facts import Events
from analysis.tape import DELETION, EXECUTION, SUBMISSION, Floats, Ints


@dataclass(frozen=True, kw_only=True)
class Orders:
    """One entry for each limit order that came while both sides had a price."""

    at: Ints  # index of its event
    behind: Ints  # ticks behind the best price of its side, which it met; negative: inside the spread
    spread: Floats  # that it met, ticks
    life: Floats  # s, until it was cancelled or `cancelled` says that it is not known when it would have been
    cancelled: np.ndarray  # whether its life ended so

    @classmethod
    def of(cls, events: Events) -> Orders:
        """From a stream."""
        at = np.flatnonzero(events.kind == SUBMISSION)
        at = at[at > 0]
        bid, ask = events.bid[at - 1], events.ask[at - 1]
        known = np.isfinite(bid) & np.isfinite(ask)
        at, bid, ask = at[known], bid[known], ask[known]
        side = events.side[at]
        behind = np.where(side > 0, bid - events.price[at], events.price[at] - ask)
        life, cancelled = _lives(events, at, behind)
        return cls(at=at, behind=np.rint(behind).astype(np.int64), spread=ask - bid, life=life, cancelled=cancelled)


def _lives(events: Events, at: Ints, behind: Floats) -> tuple[Floats, np.ndarray]:
    """Until the cancel; of orders that are filled, still live, or have come to the best, until then.

    An order at the best is withdrawn for reasons of its own, when the price threatens to pass it: those placed behind
    the best are followed until they are there, a time that their patience does not know of, so that nothing is biased.
    """
    ends, cancels = _ends(events, at)
    life = np.minimum(np.append(events.time, events.seconds)[ends], events.seconds) - events.time[at]
    for place in np.flatnonzero(behind > 0):
        first = at[place]
        best = events.bid if events.side[first] > 0 else -events.ask
        price = events.price[first] * events.side[first]
        reached = best[first : ends[place]] <= price
        when = int(reached.argmax()) if reached.size else 0
        if reached.size and reached[when] and events.time[first + when] - events.time[first] < life[place]:
            life[place], cancels[place] = events.time[first + when] - events.time[first], False
    return life, cancels


def _ends(events: Events, at: Ints) -> tuple[Ints, np.ndarray]:
    """Index of the event with which each order goes, or is first filled (n: neither), and whether it is cancelled."""
    n = len(events.time)
    going = np.flatnonzero((events.kind == DELETION) | (events.kind == EXECUTION))
    ids, first = np.unique(events.order[going], return_index=True)
    place = np.minimum(np.searchsorted(ids, events.order[at]), len(ids) - 1)
    known = ids[place] == events.order[at]
    ends = np.where(known, going[first[place]], n)
    kinds = np.append(events.kind, 0)
    return ends, kinds[ends] == DELETION
