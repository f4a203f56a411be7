"""hftbacktest's L3 book on recorded messages, played one round for each line on stdin; answers in lines of JSON.

Arguments: a .npy file of LOBSTER messages about orders of one lot; decision interval and latency of orders, ns.
"""
# The peers live in an environment of their own.
# mypy: disable-error-code="import-not-found, untyped-decorator"

import json
import sys
import time
from typing import Any

import numpy as np
from hftbacktest import (
    ADD_ORDER_EVENT,
    BUY_EVENT,
    CANCEL_ORDER_EVENT,
    EXCH_EVENT,
    FILL_EVENT,
    GTX,
    LIMIT,
    LOCAL_EVENT,
    SELL_EVENT,
    BacktestAsset,
    ROIVectorMarketDepthBacktest,
)
from hftbacktest.types import event_dtype
from numba import njit
from numpy.typing import NDArray

SUBMISSION, EXECUTION = 1, 4


def feed_of(messages: NDArray[np.void]) -> NDArray[np.void]:
    """Orders as hftbacktest's L3 events; an execution is a fill and then the cancel that takes the order away."""
    rows = np.repeat(messages, 1 + (messages["type"] == EXECUTION))
    is_fill = np.r_[rows["order_id"][1:] == rows["order_id"][:-1], False] & (rows["type"] == EXECUTION)
    kind = np.where(rows["type"] == SUBMISSION, ADD_ORDER_EVENT, np.where(is_fill, FILL_EVENT, CANCEL_ORDER_EVENT))
    side = np.where(rows["direction"] > 0, BUY_EVENT, SELL_EVENT)
    feed = np.zeros(len(rows), event_dtype)
    feed["ev"] = kind | side | EXCH_EVENT | LOCAL_EVENT
    feed["exch_ts"] = feed["local_ts"] = rows["time_ns"] + 1  # 0 is no time to hftbacktest
    feed["px"], feed["qty"], feed["order_id"] = rows["price"], rows["size"], rows["order_id"]
    return feed


def backtest_of(feed: NDArray[np.void], latency: int) -> Any:
    """The fastest of its books that keeps orders one by one: an array of prices, first in first out."""
    asset = BacktestAsset().data(feed).linear_asset(1.0).tick_size(1.0).lot_size(1.0).parallel_load(False)
    asset.constant_order_latency(latency, 0).l3_fifo_queue_model().no_partial_fill_exchange()
    asset.trading_qty_fee_model(0, 0).roi_lb(feed["px"].min() - 100).roi_ub(feed["px"].max() + 100)
    return ROIVectorMarketDepthBacktest([asset])


@njit
def play(backtest: Any, interval: int, depths: NDArray[np.float64]) -> tuple[int, int, float]:
    """Until the feed ends, each interval: cancel what rests, submit a bid and an ask; steps, cancels, summed spread."""
    steps, cancels, spread = 0, 0, 0.0
    bid, ask = 0.0, 0.0
    while backtest.elapse(interval) == 0:
        backtest.clear_inactive_orders(0)
        orders = backtest.orders(0).values()
        while orders.has_next():
            order = orders.get()
            if order.cancellable:
                backtest.cancel(0, order.order_id, False)
                cancels += 1
        depth = backtest.depth(0)
        if depth.best_bid < depth.best_ask:  # nan while a side is empty: the last prices hold
            bid, ask = depth.best_bid, depth.best_ask
        mid = 0.5 * (bid + ask)
        order_id = (1 << 40) + 2 * steps  # above the feed's own
        behind = depths[steps % len(depths)]
        backtest.submit_buy_order(0, order_id, np.floor(mid - behind[0]), 1.0, GTX, LIMIT, False)
        backtest.submit_sell_order(0, order_id + 1, np.ceil(mid + behind[1]), 1.0, GTX, LIMIT, False)
        steps += 1
        spread += ask - bid
    return steps, cancels, spread


def main() -> None:
    """One thread, no feed latency; all of the loop is compiled by numba."""
    messages, interval, latency = np.load(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    feed = feed_of(messages)
    live = np.cumsum(np.where(messages["type"] == SUBMISSION, 1, -1))
    depths = np.random.default_rng(0).uniform(0, 4, (1024, 2))
    for _ in sys.stdin:
        backtest = backtest_of(feed, latency)
        wall, cpu = time.perf_counter(), time.process_time()
        steps, cancels, spread = play(backtest, interval, depths)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        facts = {
            "value": 1e-6 * steps / cpu,
            "events_per_step": len(messages) / steps,
            "feed_rows_per_step": len(feed) / steps,
            "cancels_per_step": cancels / steps,
            "trades_per_step": backtest.state_values(0).num_trades / steps,
            "live_orders": live.mean(),
            "spread_ticks": spread / steps,
            "wall_s": wall,
            "cpu_s": cpu,
        }
        backtest.close()
        print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    main()
