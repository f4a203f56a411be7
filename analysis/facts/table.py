"""The 23 facts of real books, what each is measured by, and the ranges in which real markets lie.

The ranges are those of AMZN and AAPL on 21 June 2012 and of an hour of the S&P 500 future, widened to what the
literature reports; a fact holds where all its statistics lie inside. Where the first choice of a statistic or range
turned out fragile, `Statistic.mended` says what is asked instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from rich.table import Table

from analysis.facts import statistics as s
from analysis.facts.events import Events


class Profile(Enum):
    """By how many ticks the spread is wide."""

    small_tick = "small_tick"  # a dozen: the tick hardly binds
    large_tick = "large_tick"  # one: queues are long


@dataclass(frozen=True)
class Range:
    """Ends that are part of it; without ends nothing is asked, so that not even a number is needed."""

    low: float = -np.inf
    high: float = np.inf

    def __contains__(self, value: float) -> bool:
        return self == ANY or self.low <= value <= self.high

    def __str__(self) -> str:
        if self.high == np.inf:
            return f">= {self.low:g}"
        return f"<= {self.high:g}" if self.low == -np.inf else f"{self.low:g} to {self.high:g}"


ANY = Range()


@dataclass(frozen=True)
class Statistic:
    """One number of a stream of events."""

    name: str
    of: Callable[[Events], float]
    accept: Range  # of a small tick
    accept_large: Range | None = None  # of a large tick, where that differs
    mended: Range | None = None  # where `accept` turned out fragile
    mended_large: Range | None = None

    def range(self, profile: Profile, *, mended: bool) -> Range:
        """Where it must lie."""
        large = profile is Profile.large_tick
        first = self.accept_large if large and self.accept_large is not None else self.accept
        if not mended:
            return first
        second = self.mended_large if large and self.mended_large is not None else self.mended
        return first if second is None else second


@dataclass(frozen=True)
class Fact:
    """What every real book shows."""

    label: str
    statistics: tuple[Statistic, ...]


FACTS = (
    Fact(
        "no linear memory",
        (
            Statistic("autocorrelation of 1 s returns", lambda e: s.return_autocorrelation(e, 1), Range(-0.15, 0.15)),
            Statistic("of 10 s returns", lambda e: s.return_autocorrelation(e, 10), Range(-0.15, 0.15)),
        ),
    ),
    Fact(
        "heavy tails",
        (
            Statistic("excess kurtosis at 1 s", lambda e: s.return_kurtosis(e, 1), Range(5)),
            # On a grid of half ticks Hill's estimator has no tail to look at.
            Statistic("tail exponent at 10 s", lambda e: s.return_tail(e, 10), Range(2, 5), mended_large=ANY),
            Statistic("excess kurtosis at 10 s", lambda e: s.return_kurtosis(e, 10), ANY, mended_large=Range(1)),
        ),
    ),
    Fact("aggregational Gaussianity", (Statistic("kurtosis at 60 s over 1 s", s.aggregation, Range(high=0.6)),)),
    Fact(
        "volatility clustering",
        (
            Statistic("of |1 s returns|, lag 1", lambda e: s.volatility_autocorrelation(e, 1), Range(0.05, 0.4)),
            Statistic("lag 10", lambda e: s.volatility_autocorrelation(e, 10), Range(0.01)),
        ),
    ),
    Fact(
        "diffusivity",
        (
            Statistic("variance at 1 s over 300 s", lambda e: s.signature(e, 1), Range(0.7, 1.5), Range(0.8, 2.2)),
            Statistic("at 10 s over 300 s", lambda e: s.signature(e, 10), Range(0.7, 1.6)),
        ),
    ),
    Fact(
        "long memory of signs",
        (
            Statistic("autocorrelation of signs", s.sign_autocorrelation, Range(0.3, 0.7)),
            Statistic("its decay", s.sign_decay, Range(0.35, 0.95), mended=ANY),  # its standard error is .16 at 8,000
            Statistic("Hurst exponent of signs", s.sign_hurst, ANY, mended=Range(0.6, 0.85)),
        ),
    ),
    Fact(
        "clustering of events",
        (
            Statistic("variation of gaps", s.gap_variation, Range(1.5)),
            Statistic("gaps below 1 ms", s.quick_gaps, Range(0.1), mended=Range(0.2)),  # quick cancels alone give .12
        ),
    ),
    Fact(
        "over-dispersion",
        (
            Statistic("of counts in 1 s", lambda e: s.dispersion(e, 1), Range(3)),
            # The day's course alone gives 86.
            Statistic("in 60 s", lambda e: s.dispersion(e, 60), Range(10), mended=ANY),
            Statistic("in 60 s, within half hours", lambda e: s.dispersion_within(e, 60), ANY, mended=Range(10)),
            # Gaps of any law without memory give 1, and their variation alone can give the 10 of the others.
            Statistic("over that of shuffled gaps", lambda e: s.memory_of_gaps(e, 60), ANY, mended=Range(2)),
        ),
    ),
    Fact(
        "cancels dominate",
        (
            Statistic("cancels per limit order", s.cancels, Range(0.8, 1.3)),
            Statistic("limit orders with a fill", s.filled, Range(0.02, 0.25)),
        ),
    ),
    Fact("market orders are rare", (Statistic("share of the events", s.market_order_share, Range(0.02, 0.15)),)),
    Fact(
        "lives of cancelled orders",
        (
            Statistic("median, s", s.median_life, Range(0.05, 10)),
            Statistic("tail exponent", s.tail_of_lives, Range(0.5, 1.5)),
        ),
    ),
    Fact("sizes", (Statistic("limit orders of one lot", s.one_lot, Range(0.3, 0.7)),)),
    Fact("selective taking", (Statistic("market orders that take the queue", s.sweeps, Range(0.15, 0.75)),)),
    Fact(
        "spread and depth",
        (
            Statistic("mean spread, ticks", s.spread, Range(8, 20), Range(1, 1.3)),
            Statistic("variation of the depth", s.depth_variation, Range(0.4, 2.5)),
        ),
    ),
    Fact(
        "response",
        (
            Statistic("10 market orders later over 1", s.response_growth, Range(1.2)),
            Statistic("1 later, ticks", lambda e: s.response(e, 1), Range(1e-9)),
        ),
    ),
    Fact(
        "adverse selection",
        (
            Statistic("realised over effective, 5 s", lambda e: s.realised_share(e, 5), Range(-0.4, 0.4)),
            Statistic("1 s", lambda e: s.realised_share(e, 1), ANY, mended=Range(-0.4, 0.4)),
            # Reported: the first is near 1 wherever quotes take their time, and beyond 5 s real ones differ in sign.
            Statistic("0.1 s", lambda e: s.realised_share(e, 0.1), ANY),
            Statistic("30 s", lambda e: s.realised_share(e, 30), ANY),
        ),
    ),
    Fact("order flow imbalance", (Statistic("R2 at 10 s", s.flow_imbalance, Range(0.25, 0.85)),)),
    Fact(
        "imbalance predicts",
        (
            Statistic(
                "P(up), top less bottom fifth",
                lambda e: float(s.imbalance_steps(e)[-1] - s.imbalance_steps(e)[0]),
                Range(0.08, 0.4),
                Range(0.3, 0.7),
            ),
            # Reported: by time, not by event, and how far the mid moves, not only where to.
            Statistic("correlation with the move in 1 s", s.imbalance_and_move, ANY),
            Statistic("least step", lambda e: float(np.diff(s.imbalance_steps(e)).min()), Range(0)),
        ),
    ),
    Fact("volume and volatility", (Statistic("correlation at 10 s", s.volume_and_volatility, Range(0.2)),)),
    # One-sided, the range lets through a market in which flow has no impact at all.
    Fact("concave impact", (Statistic("exponent at 10 s", s.impact_exponent, Range(high=1.15), mended=Range(0.2, 1)),)),
    Fact("reversal of moves", (Statistic("autocorrelation of their signs", s.reversal, Range(-0.5, 0.05)),)),
    Fact(
        "the day's course",
        (
            Statistic("first thirteenth over the mean", lambda e: float(s.course(e)[0]), Range(1)),
            Statistic("least", lambda e: float(s.course(e).min()), Range(high=1)),
            Statistic("last", lambda e: float(s.course(e)[-1]), Range(1)),
        ),
    ),
    Fact(
        "shape of the book",
        (
            Statistic("limits > 5 ticks away", s.deep, Range(0.3, 0.8), Range(0.05, 0.5)),
            # Behind a small tick's best prices there is a trough, not the hump that books of large ticks have.
            Statistic(
                "depth 1 to 5 ticks behind the best", s.depth_behind, ANY, mended=Range(0.15, 0.5), mended_large=ANY
            ),
        ),
    ),
)


Values = dict[str, float]  # by "label: name", one for each statistic


def measure(events: Events) -> Values:
    """Every statistic."""
    return {key(fact, one): one.of(events) for fact in FACTS for one in fact.statistics}


def key(fact: Fact, statistic: Statistic) -> str:
    """The statistic's own name: those of several facts are the same."""
    return f"{fact.label}: {statistic.name}"


def held(values: Mapping[str, float], profile: Profile, *, mended: bool) -> list[str]:
    """The labels of the facts that hold."""
    return [
        fact.label
        for fact in FACTS
        if all(values[key(fact, one)] in one.range(profile, mended=mended) for one in fact.statistics)
    ]


def median(found: Sequence[Values]) -> Values:
    """Of several seeds, by statistic."""
    return {name: float(np.median([values[name] for values in found])) for name in found[0]}


def table(columns: Mapping[str, Sequence[Values]], profile: Profile) -> Table:
    """A row for each statistic: what each of ``columns`` has (median, sd over its seeds), and where it should lie."""
    shown = Table(title=f"facts of a {profile.value} market; * outside the range, ! outside the mended one")
    shown.add_column("")
    for heading in ("fact", "statistic"):
        shown.add_column(heading)
    for heading in (*columns, "range", "mended"):
        shown.add_column(heading, justify="right")
    for number, fact in enumerate(FACTS, 1):
        for place, one in enumerate(fact.statistics):
            first, second = (one.range(profile, mended=mended) for mended in (False, True))
            cells = [_cell([values[key(fact, one)] for values in found], first, second) for found in columns.values()]
            ranges = "" if first == ANY else str(first), _mended(first, second)
            shown.add_row("" if place else str(number), "" if place else fact.label, one.name, *cells, *ranges)
    return shown


def _mended(first: Range, second: Range) -> str:
    if first == second:
        return ""
    return "not asked" if second == ANY else str(second)


def _cell(values: Sequence[float], first: Range, second: Range) -> str:
    middle = float(np.median(values))
    spread = f" ({np.std(values, ddof=1):.2g})" if len(values) > 1 else ""
    return f"{middle:.3g}{spread}{'' if middle in first else '*'}{'' if middle in second else '!'}"
