"""Stage 1: what can be read off a recording, each with its standard error.

Most estimators are biased: a market order that is put off has no children, a value that has come close moves orders
away from the best, prompted cancels hurry the others. So each is applied to the starting profile's own simulated
stream as well, and the profile's parameter is moved by what the recording shows over what the profile does: indirect
inference (Gourieroux, Monfort & Renault 1993) by one step. Near the profile this leaves no bias; far from it the first
order of it remains.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from analysis.calibration import hawkes, metaorders, patience, placement, sizes
from analysis.calibration.estimate import Estimate
from analysis.calibration.orders import Orders
from analysis.calibration.recording import Recording, simulated, with_flow
from analysis.facts import Events
from analysis.tape import Floats
from config import MarketConfig, UserError

REFERENCE_SEEDS = (9_001, 9_002, 9_003)  # of the profile's own streams
REFERENCE_S = 7200.0  # of each
LARGEST_RADIUS = 0.85  # of the children of limit orders: a market near 1 is one of rare, enormous bursts
LIMIT, MARKET, CANCEL = range(3)
# What the best prices alone tell: of orders placed behind them, and of what those prompt, they show too few.
OF_THE_BEST = ("metaorders.tail", "hawkes.MM")
LEAST_SHARE = 1e-4
LIVES_SEEN = 3.0  # of the slowest class, in the mean: of longer ones a recording says nothing
ROOM_STEP, MOST_STEPS = 1.15, 50
MOST_POWER = 8.0  # the engine's range

Flow = dict[str, Any]  # plain values of `market.book.realistic`

# What is used as found, where it starts the second stage, but not recovered from a simulated stream: by parameter, why.
NOT_IDENTIFIED = {
    "patience.hazard.0": "the fastest kernel's cancels swallow it",
    "patience.hazard.1": "prompted cancels take such an order at once",
    "patience.hazard.2": "beyond three errors on one of twenty streams",
    "patience.near.0": "the two hastiest classes change places, beyond three errors on two of twenty streams",
    "patience.near.1": "the two hastiest classes change places, beyond three errors on one of twenty streams",
    "patience.inside": "a value that has passed them withdraws such orders",
    "patience.at_best": "a value that has passed them withdraws such orders",
    "hawkes.CL": "cannot be told from what prompts all orders to age",
    "hawkes.CM": "cannot be told from what prompts all orders to age",
    "hawkes.CC": "cannot be told from what prompts all orders to age",
    "takers.whole_queue": "informed traders take whole queues too",
    "takers.trimmed": "informed traders take whole queues too",
    "takers.spread_power": "children of market orders do not look at the spread",
    "takers.imbalance": "only simulated moments could tell",
    "placement.inside_power": "acts on the unseen value's distance, not on the spread",
    "value.jump_rate": "only simulated moments could tell, and few jumps are seen",
}


def auxiliaries(events: Events, flow: Flow, *, whole_book: bool, errors: bool) -> dict[str, Estimate]:
    """What is measured of a stream, by the parameter that it stands for."""
    few: dict[str, Any] = {} if errors else {"draws": 0}
    found: dict[str, Estimate] = {}
    if flow["metaorders"]:
        found |= _under("metaorders", metaorders.estimate(events, flow["metaorders"]["longest"], **few))
    if flow["hawkes"]:
        decay: Floats = np.array(flow["hawkes"]["decay"])
        found |= _under("hawkes", hawkes.estimate(events, decay, **few))
    if whole_book:
        orders = Orders.of(events)
        found |= _under("placement", placement.estimate(events, orders, flow["placement"]["farthest"], **few))
        found |= _under("patience", patience.estimate(events, orders, flow["patience"]["near_ticks"], **few))
    return found


def _under(section: str, found: dict[str, Estimate]) -> dict[str, Estimate]:
    return {f"{section}.{name}": value for name, value in found.items()}


def reference(market: MarketConfig, flow: Flow, recording: Recording) -> dict[str, float]:
    """Means of `auxiliaries` over the streams of the market with this flow."""
    found = [
        auxiliaries(events, flow, whole_book=recording.whole_book, errors=False)
        for events in simulated(with_flow(market, flow), recording, seeds=REFERENCE_SEEDS, seconds=REFERENCE_S)
    ]
    return {name: float(np.mean([one[name].value for one in found])) for name in found[0]}


def estimate(
    market: MarketConfig, flow: Flow, recording: Recording, known: dict[str, float] | None = None
) -> tuple[Flow, dict[str, Estimate]]:
    """The flow with everything that a recording tells at once, and what was found, by parameter.

    Args:
        market: the starting profile.
        flow: its flow, without the day's course.
        recording: the data.
        known: `reference` of the two, where it has been computed before.

    """
    known = known or reference(market, flow, recording)
    found = auxiliaries(recording.events, flow, whole_book=recording.whole_book, errors=True)
    more = math.sqrt(1 + recording.events.seconds / (len(REFERENCE_SEEDS) * REFERENCE_S))  # the reference's own error
    result = copy.deepcopy(flow)
    table: dict[str, Estimate] = {}
    for name, holder, key in places(result):
        seen = recording.whole_book or name in OF_THE_BEST
        if not seen or name not in found or known[name] <= 0 or holder[key] == 0:
            continue
        old, reacting = holder[key], _reacting(flow, name)
        unit = (old + reacting) / known[name]  # of the parameter by that of what stands for it
        holder[key] = max(unit * found[name].value - reacting, 0.0)
        if name not in NOT_IDENTIFIED and name.rpartition(".")[0] not in NOT_IDENTIFIED:
            error = found[name].error
            table[name] = Estimate(holder[key], None if error is None else unit * error * more)
    _tidy(result)
    slowest = LIVES_SEEN / recording.events.seconds
    result["patience"]["hazard"] = [max(hazard, slowest) for hazard in result["patience"]["hazard"]]
    table |= _sizes(market.lot, result, recording)
    make_room(market, result, recording)
    return result, table


def _reacting(flow: Flow, name: str) -> float:
    """Children that are reactions: a recording cannot tell them from others."""
    reactions = flow["reactions"] or {"follow": 0.0, "refill": 0.0}
    return float({"hawkes.LM": reactions["follow"], "hawkes.LC": reactions["refill"]}.get(name, 0.0))


def places(flow: Flow) -> Iterator[tuple[str, Any, Any]]:
    """Name of every parameter that `auxiliaries` may stand for, what holds it, and under which key."""
    for key in ("behind_power", "behind_offset", "at_best"):
        yield f"placement.{key}", flow["placement"], key
    for name in ("hazard", *patience.ZONES):
        for k in range(len(flow["patience"][name])):
            yield f"patience.{name}.{k}", flow["patience"][name], k
    if flow["metaorders"]:
        yield "metaorders.tail", flow["metaorders"], "tail"
    if flow["hawkes"]:
        for i, child in enumerate(hawkes.KINDS[:CANCEL]):
            for j, parent in enumerate(hawkes.KINDS):
                yield f"hawkes.{child}{parent}", flow["hawkes"]["branching"][i], j
        for k in range(len(flow["hawkes"]["weight"])):
            yield f"hawkes.weight.{k}", flow["hawkes"]["weight"], k


def _tidy(flow: Flow) -> None:
    """Shares add up to one, probabilities are below one, and activity does not explode."""
    for zone in patience.ZONES:
        flow["patience"][zone] = _shares(flow["patience"][zone])
    flow["placement"]["at_best"] = min(flow["placement"]["at_best"], 1.0)
    flow["placement"]["behind_power"] = min(flow["placement"]["behind_power"], MOST_POWER)
    if flow["hawkes"]:
        flow["hawkes"]["weight"] = _shares(flow["hawkes"]["weight"])
        calm(flow)


def calm(flow: Flow) -> None:
    """Takes so many children away that the market stays as far from explosion as `LARGEST_RADIUS` says."""
    branching, reactions = flow["hawkes"]["branching"], flow["reactions"] or {"refill": 0.0}
    limits, room = branching[LIMIT][LIMIT] + branching[LIMIT][CANCEL], LARGEST_RADIUS - reactions["refill"]
    if limits > room:
        for kind in (LIMIT, CANCEL):
            branching[LIMIT][kind] *= max(room, 0.0) / limits
    branching[MARKET][MARKET] = min(branching[MARKET][MARKET], LARGEST_RADIUS)


def make_room(market: MarketConfig, flow: Flow, recording: Recording) -> None:
    """Makes children come earlier until the market can count them, then orders go until its book can hold them."""
    hazard, excitation = flow["patience"]["hazard"], flow["hawkes"]
    for _ in range(MOST_STEPS):
        try:
            built = with_flow(market, flow)
        except UserError:
            if not excitation:
                raise
            excitation["weight"][int(np.argmin(excitation["decay"]))] /= ROOM_STEP
            excitation["weight"] = _shares(excitation["weight"])
            continue
        try:
            list(simulated(built, recording, seeds=REFERENCE_SEEDS[:1], seconds=1.0))
        except UserError:
            hazard[int(np.argmin(hazard))] *= ROOM_STEP
        else:
            return


def _shares(values: list[float]) -> list[float]:
    kept = [max(value, LEAST_SHARE) for value in values]
    return [value / math.fsum(kept) for value in kept]


def _sizes(lot: int, flow: Flow, recording: Recording) -> dict[str, Estimate]:
    """Both distributions as they are; what says how sure they are."""
    limits, of_limits = sizes.limit_orders(recording.events, lot)
    markets, of_markets = sizes.market_orders(recording.events, lot)
    flow["limit_sizes"] = limits | {"lognormal": None}
    flow["takers"]["sizes"] = markets | {"lognormal": None}
    del of_markets["whole"]
    return _under("limit_sizes", of_limits) | _under("takers.sizes", of_markets)
