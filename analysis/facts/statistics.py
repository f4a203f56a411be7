"""The statistics by which a market is told from a toy: one code for recorded and for simulated events.

Names and definitions follow Cont (2001, "Empirical properties of asset returns: stylized facts and statistical issues")
and Bouchaud, Bonart, Donier & Gould (2018, "Trades, Quotes and Prices"). What is counted on a grid in time is the mean
over `PHASES` grids that start at other moments: with one grid, a correlation in an hour moves by .03 with its start.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.facts.events import Events
from analysis.tape import DELETION, EXECUTION, PARTIAL_CANCEL, SUBMISSION, Floats

PHASES = 10
TAIL = 0.05  # share of the returns whose tail exponent is estimated
TAIL_OF_LIVES = 0.2
SIGN_LAGS = np.unique(np.round(np.geomspace(1, 200, 20)).astype(int))
HURST_LAGS = 2 ** np.arange(2, 8)
IMBALANCE_BINS = 5
IMPACT_BINS = 8
QUEUE_PARTS = 4
SESSION_PARTS = 13
HALF_HOUR_S = 1800.0


def on_grids(events: Events, interval_s: float, of: Callable[[Floats, Floats], float]) -> float:
    """The mean over some grids of a statistic of the times of a grid and of the mid's moves between them; else NaN."""
    found = []
    for phase in range(PHASES):
        grid = np.arange(phase / PHASES * interval_s, events.seconds, interval_s)
        if len(grid) < 2:
            return float("nan")
        found.append(of(grid, np.diff(events.mid_at(grid))))
    return float(np.mean(found))


def mean(values: Floats | NDArray[np.bool_], weights: Floats | None = None) -> float:
    """Of those that are known; NaN of none."""
    known = np.isfinite(values) if weights is None else np.isfinite(values) & (weights > 0)
    if not known.any():
        return float("nan")
    return float(np.average(values[known], weights=None if weights is None else weights[known]))


def ratio(above: float, below: float) -> float:
    """NaN over nothing."""
    return above / below if below else float("nan")


def autocorrelation(values: Floats, lag: int) -> float:
    """NaN where nothing varies, and of too few values."""
    if lag >= len(values):
        return float("nan")
    centred = values - values.mean()
    variance = float(centred @ centred)
    return float(centred[:-lag] @ centred[lag:]) / variance if variance > 0 else float("nan")


def excess_kurtosis(values: Floats) -> float:
    """Fourth moment over the squared second, less 3; NaN where nothing varies."""
    if len(values) == 0 or np.ptp(values) == 0:
        return float("nan")
    centred = values - values.mean()
    return float(np.mean(centred**4) / np.mean(centred**2) ** 2 - 3)


def hill(values: Floats, share: float) -> float:
    """Hill's (1975) estimator of the tail exponent of ``values``, of which the largest ``share`` is the tail."""
    ranked = np.sort(values[values > 0])
    count = max(int(share * len(ranked)), 10)
    if len(ranked) <= count:
        return float("nan")
    return ratio(1.0, float(np.mean(np.log(ranked[-count:] / ranked[-count - 1]))))  # of a tail of one value


def correlation(first: Floats, second: Floats) -> float:
    """NaN where one of them does not vary."""
    varies = len(first) > 1 and np.ptp(first) > 0 and np.ptp(second) > 0
    return float(np.corrcoef(first, second)[0, 1]) if varies else float("nan")


def slope(x: Floats, y: Floats) -> float:
    """Of log y on log x by least squares, where both are above 0."""
    valid = (x > 0) & (y > 0)
    if valid.sum() < 2:
        return float("nan")
    log_x, log_y = np.log(x[valid]), np.log(y[valid])
    centred = log_x - log_x.mean()
    return ratio(float(centred @ log_y), float(centred @ centred))


# Returns of the mid.


def return_autocorrelation(events: Events, interval_s: float) -> float:
    """At lag 1."""
    return on_grids(events, interval_s, lambda _, moves: autocorrelation(moves, 1))


def return_kurtosis(events: Events, interval_s: float) -> float:
    """In excess of a normal's."""
    return on_grids(events, interval_s, lambda _, moves: excess_kurtosis(moves))


def return_tail(events: Events, interval_s: float) -> float:
    """Exponent of the tail of absolute returns."""
    return on_grids(events, interval_s, lambda _, moves: hill(np.abs(moves), TAIL))


def aggregation(events: Events) -> float:
    """Excess kurtosis at 60 s over that at 1 s; NaN where there is none at 1 s that could become less."""
    first = return_kurtosis(events, 1)
    return return_kurtosis(events, 60) / first if first > 0 else float("nan")


def volatility_autocorrelation(events: Events, lag: int) -> float:
    """Of absolute returns at 1 s."""
    return on_grids(events, 1, lambda _, moves: autocorrelation(np.abs(moves), lag))


def signature(events: Events, interval_s: float) -> float:
    """Realised variance per second at ``interval_s`` over that at 300 s."""
    variance = [on_grids(events, s, lambda _, moves: mean(moves**2)) / s for s in (interval_s, 300.0)]
    return ratio(*variance)


# Signs of market orders.


def sign_autocorrelation(events: Events) -> float:
    """From one market order to the next."""
    return autocorrelation(events.market_orders.sign, 1)


def sign_decay(events: Events) -> float:
    """Exponent with which the autocorrelation of signs decays, lags 1 to 200."""
    found = np.array([autocorrelation(events.market_orders.sign, int(lag)) for lag in SIGN_LAGS])
    return -slope(SIGN_LAGS.astype(float), found)


def sign_hurst(events: Events) -> float:
    """Hurst exponent of the sum of signs, over lags 4 to 128."""
    total = np.concatenate(([0.0], np.cumsum(events.market_orders.sign)))
    variance = np.array([np.var(total[lag:] - total[:-lag]) if lag < len(total) else 0.0 for lag in HURST_LAGS])
    return slope(HURST_LAGS.astype(float), variance) / 2


# Times of events.


def gap_variation(events: Events) -> float:
    """Coefficient of variation of the time between events; what one message causes at once is one event."""
    gaps = np.diff(np.unique(events.time))
    return float(gaps.std() / gaps.mean()) if len(gaps) else float("nan")


def quick_gaps(events: Events) -> float:
    """Share of gaps below 1 ms."""
    return mean(np.diff(events.time) < 1e-3)


def dispersion(events: Events, window_s: float) -> float:
    """Variance over mean of the number of events in a window (Fano)."""
    windows = max(round(events.seconds / window_s), 1)  # nearly as long, so that the end of the session is in one
    counts = _counts(events, np.linspace(0, events.seconds, windows + 1))
    return ratio(float(counts.var()), float(counts.mean()))


def dispersion_within(events: Events, window_s: float) -> float:
    """The median of `dispersion` within half hours, so that the day's course is no part of it."""
    parts = max(round(events.seconds / HALF_HOUR_S), 1)
    windows = max(round(events.seconds / parts / window_s), 1)
    counts = _counts(events, np.linspace(0, events.seconds, parts * windows + 1)).reshape(parts, windows)
    return float(np.median([ratio(part.var(), part.mean()) for part in counts]))


def memory_of_gaps(events: Events, window_s: float) -> float:
    """`dispersion_within` over what the same gaps give in random order: their variance over their squared mean.

    So it is in long windows of a renewal process (Cox 1962, "Renewal Theory", 4.2).
    """
    gaps = np.diff(events.time)
    if len(gaps) == 0:
        return float("nan")
    return ratio(dispersion_within(events, window_s), float(ratio(gaps.var(), gaps.mean() ** 2)))


def course(events: Events) -> Floats:
    """Events in each thirteenth of the session over their mean."""
    counts = _counts(events, np.linspace(0, events.seconds, SESSION_PARTS + 1))
    shares: Floats = counts / counts.mean()
    return shares


def _counts(events: Events, edges: Floats) -> Floats:
    return np.histogram(events.time, edges)[0].astype(float)


# Orders.


def cancels(events: Events) -> float:
    """Cancels, partial ones too, per limit order."""
    placed = np.sum(events.kind == SUBMISSION)
    return float(np.isin(events.kind, (PARTIAL_CANCEL, DELETION)).sum() / placed) if placed else float("nan")


def filled(events: Events) -> float:
    """Share of limit orders with any fill."""
    return mean(np.isin(events.order[events.kind == SUBMISSION], events.order[events.kind == EXECUTION]))


def market_order_share(events: Events) -> float:
    """Market orders among limit orders, cancels and market orders."""
    taken = len(events.market_orders.sign)
    others = np.isin(events.kind, (SUBMISSION, PARTIAL_CANCEL, DELETION)).sum()
    return ratio(float(taken), float(taken + others))


def lives(events: Events) -> Floats:
    """Of orders that were cancelled, s."""
    placed, gone = events.kind == SUBMISSION, events.kind == DELETION
    if not placed.any():
        return np.empty(0)
    ids, at = np.unique(events.order[placed], return_index=True)
    born = events.time[placed][at]
    place = np.minimum(np.searchsorted(ids, events.order[gone]), len(ids) - 1)
    known = ids[place] == events.order[gone]
    found: Floats = events.time[gone][known] - born[place[known]]
    return found


def median_life(events: Events) -> float:
    """Of `lives`."""
    found = lives(events)
    return float(np.median(found)) if len(found) else float("nan")


def one_lot(events: Events) -> float:
    """Share of limit orders of exactly one lot."""
    return mean(events.size[events.kind == SUBMISSION] == events.lot)


def deep(events: Events) -> float:
    """Share of limit orders more than 5 ticks behind the best of their side."""
    at = np.flatnonzero(events.kind == SUBMISSION)
    before = np.maximum(at - 1, 0)
    side, price = events.side[at], events.price[at]
    behind = np.where(side > 0, events.bid[before] - price, price - events.ask[before])
    return mean(behind[np.isfinite(behind)] > 5)


def sweeps(events: Events) -> float:
    """Share of market orders that take at least the best queue."""
    return mean(events.market_orders.size >= events.market_orders.queue)


# The book.


def shape(events: Events) -> Floats:
    """Mean depth over time at 0, 1, ... ticks behind the best, over that at the best."""
    best = float(events.behind[0])
    return events.behind / best if best > 0 else np.full(len(events.behind), np.nan)


def depth_behind(events: Events) -> float:
    """Mean of `shape` from 1 to 5 ticks behind; NaN where that many are not known."""
    return float(np.mean(shape(events)[1:6]))


@dataclass(frozen=True)
class QueueMarkouts:
    """Of fills of resting orders: those that found nobody before them, then the others in parts of equal number."""

    ahead: Floats  # mean of what stood in the queue when the order was placed, lots
    markout: Floats  # mean move of the mid from the fill's price to the order's favour, ticks
    error: Floats  # its standard error, as if fills were independent


def queue_markouts(events: Events, horizon_s: float) -> QueueMarkouts:
    """By what an order found before it when it was placed; the fills of the last ``horizon_s`` are left out."""
    placed = np.flatnonzero(np.isfinite(events.ahead))
    ids, first = np.unique(events.order[placed], return_index=True)
    fills = np.flatnonzero((events.kind == EXECUTION) & (events.time + horizon_s <= events.seconds))
    fills = fills[np.isin(events.order[fills], ids)]
    ahead = events.ahead[placed[first[np.searchsorted(ids, events.order[fills])]]] / events.lot
    later = events.mid_at(events.time[fills] + horizon_s)
    markout = events.side[fills] * (later - events.price[fills])
    ranked = np.argsort(ahead, kind="stable")
    nobody = np.searchsorted(ahead[ranked], 0, side="right")
    bins = [one for one in (ranked[:nobody], *np.array_split(ranked[nobody:], QUEUE_PARTS)) if len(one)]
    return QueueMarkouts(
        ahead=np.array([ahead[one].mean() for one in bins]),
        markout=np.array([markout[one].mean() for one in bins]),
        error=np.array([markout[one].std() / np.sqrt(len(one)) for one in bins]),
    )


# The touch.


def spread(events: Events) -> float:
    """Mean over time, ticks."""
    return mean(events.ask - events.bid, events.dwell)


def depth_variation(events: Events) -> float:
    """Coefficient of variation, over time, of what stands at the touch of both sides."""
    depth = events.bid_size + events.ask_size
    middle = mean(depth, events.dwell)
    return ratio(float(np.sqrt(mean((depth - middle) ** 2, events.dwell))), middle)


def imbalance_steps(events: Events) -> Floats:
    """P(the mid's next move is up) in each bin of the touch's imbalance."""
    imbalance = _imbalance(events)
    ups = _next_moves(events)
    known = np.isfinite(imbalance) & np.isfinite(ups)
    bins = np.minimum((0.5 * (imbalance[known] + 1) * IMBALANCE_BINS).astype(int), IMBALANCE_BINS - 1)
    counts = np.bincount(bins, minlength=IMBALANCE_BINS)
    with np.errstate(invalid="ignore"):
        shares: Floats = np.bincount(bins, ups[known] > 0, IMBALANCE_BINS) / counts
    return shares


def imbalance_and_move(events: Events) -> float:
    """Correlation of the touch's imbalance with the mid's move in the next second."""
    imbalance = _imbalance(events)

    def of(grid: Floats, moves: Floats) -> float:
        before = imbalance[np.maximum(np.searchsorted(events.time, grid[:-1], side="right") - 1, 0)]
        known = np.isfinite(before)
        return correlation(before[known], moves[known])

    return on_grids(events, 1, of)


def _imbalance(events: Events) -> Floats:
    """From -1, nobody bids, to 1."""
    with np.errstate(invalid="ignore"):
        return (events.bid_size - events.ask_size) / (events.bid_size + events.ask_size)


def reversal(events: Events) -> float:
    """Autocorrelation of the signs of successive moves of the mid."""
    moves = np.diff(events.mid[np.isfinite(events.mid)])
    return autocorrelation(np.sign(moves[moves != 0]), 1)


def _next_moves(events: Events) -> Floats:
    """The sign of the next change of the mid after each event, NaN where there is none."""
    moves = np.diff(events.mid)
    changed = np.flatnonzero(moves != 0)
    place = np.searchsorted(changed, np.arange(len(events.mid)))
    found = np.full(len(events.mid), np.nan)
    found[place < len(changed)] = np.sign(moves[changed[place[place < len(changed)]]])
    return found


# What market orders do to the price.


def response(events: Events, lag: int) -> float:
    """Move of the mid from before a market order to before the one that comes ``lag`` later, to its side, ticks."""
    orders = events.market_orders
    if lag >= len(orders.sign):
        return float("nan")
    return mean(orders.sign[:-lag] * (orders.mid[lag:] - orders.mid[:-lag]))


def response_growth(events: Events) -> float:
    """`response` ten market orders later over that one later."""
    return ratio(response(events, 10), response(events, 1))


def effective_half_spread(events: Events) -> float:
    """Mean over volume of what a taker pays beyond the mid, ticks."""
    orders = events.market_orders
    return mean(orders.sign * (orders.price - orders.mid), orders.size)


def realised_share(events: Events, horizon_s: float) -> float:
    """Realised half-spread after ``horizon_s`` over the effective one, by volume; what ends later is left out."""
    orders = events.market_orders
    kept = orders.sign * (orders.price - events.mid_at(orders.time + horizon_s))
    kept[orders.time + horizon_s > events.seconds] = np.nan
    return ratio(mean(kept, orders.size), effective_half_spread(events))


def flow_imbalance(events: Events) -> float:
    """R2 of the mid's move in 10 s on the order flow imbalance of Cont, Kukanov & Stoikov (2014)."""
    bid, ask = events.bid, events.ask
    with np.errstate(invalid="ignore"):
        rise, fall = np.diff(bid), np.diff(ask)
        flow = np.where(rise >= 0, events.bid_size[1:], 0) - np.where(rise <= 0, events.bid_size[:-1], 0)
        flow -= np.where(fall <= 0, events.ask_size[1:], 0) - np.where(fall >= 0, events.ask_size[:-1], 0)
    flow[~(np.isfinite(rise) & np.isfinite(fall))] = 0

    def r2(grid: Floats, moves: Floats) -> float:
        return correlation(_binned(events.time[1:], flow, grid), moves) ** 2

    return on_grids(events, 10, r2)


def volume_and_volatility(events: Events) -> float:
    """Correlation of the absolute move in 10 s with what is traded in it."""
    orders = events.market_orders
    return on_grids(events, 10, lambda grid, moves: correlation(np.abs(moves), _binned(orders.time, orders.size, grid)))


def impact_exponent(events: Events) -> float:
    """With which the move in 10 s grows with the volume bought less sold in it: means of eight bins of equal number."""
    orders = events.market_orders

    def exponent(grid: Floats, moves: Floats) -> float:
        volume = _binned(orders.time, orders.sign * orders.size, grid)
        traded = volume != 0
        if traded.sum() < IMPACT_BINS:
            return float("nan")
        size, move = np.abs(volume[traded]), np.sign(volume[traded]) * moves[traded]
        parts = np.array_split(np.argsort(size, kind="stable"), IMPACT_BINS)
        return slope(*(np.array([values[part].mean() for part in parts]) for values in (size, move)))

    return on_grids(events, 10, exponent)


def _binned(time: Floats, values: Floats, grid: Floats) -> Floats:
    """Sums of ``values`` between the times of a grid."""
    place = np.searchsorted(grid, time, side="right") - 1
    inside = (place >= 0) & (place < len(grid) - 1)
    return np.bincount(place[inside], values[inside], len(grid) - 1).astype(float)


def tail_of_lives(events: Events) -> float:
    """Exponent of the tail of `lives`."""
    return hill(lives(events), TAIL_OF_LIVES)
