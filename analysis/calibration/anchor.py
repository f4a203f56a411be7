"""Whether a calibrated market's price moves like the recorded one, and the efficient price that brings it near.

Rates alone are no model of the price: `anchor` gives the market an efficient price besides, with the volatility of the
mid over half minutes, and orders keep such a distance from it that the simulated spread comes nearest to the recorded
one. How the simulated price compares with the recorded one is kept.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

import config
import engine
from analysis import moves
from analysis.calibration.options import Options, tape_for
from analysis.calibration.rates import digits
from analysis.tape import tape_of

VOLATILITY_S = 30.0  # moves of the mid that the efficient price's volatility is taken from
EDGE_SHARES = (0.0, 0.1, 0.2, 0.3, 0.4)  # of the mean spread: how far orders may keep from the efficient price
SIMULATED_S = 900.0  # of market time that an edge is judged by
SIMULATION_SEED = 1
STALE_HAZARD = 10.0  # 1/s: not estimated; quotes that the price has passed are gone within a tenth of a second


def anchor(market: dict[str, Any], messages: NDArray[np.void], options: Options | None = None) -> None:
    """Gives a calibrated market its efficient price, and the facts of its price beside those of ``messages``.

    Raises:
        UserError: the price is known for too short a time, or nothing can be simulated at these rates.

    """
    options = options or Options()
    tape = tape_for(messages, options)
    recorded, volatility = moves.moves_of(tape), digits(moves.volatility(tape, VOLATILITY_S), 3)
    tried = []
    for share in EDGE_SHARES:
        edge = share * recorded.spread
        market["book"]["flow"]["efficient_price"] = {
            "volatility": volatility,
            "step": digits(max(volatility / 2, 0.5), 2),  # four moves a second
            "edge": digits(edge, 3),
            "stale_distance": digits(edge / 2, 3),
            "stale_hazard": STALE_HAZARD,
        }
        simulated = _simulated_facts(market)
        tried.append((abs(simulated.spread - recorded.spread), market["book"]["flow"]["efficient_price"], simulated))
    _, market["book"]["flow"]["efficient_price"], simulated = min(tried, key=lambda one: one[0])
    market["calibration"]["facts"] = {
        "recorded": {name: digits(value) for name, value in dataclasses.asdict(recorded).items()},
        "simulated": {name: digits(value) for name, value in dataclasses.asdict(simulated).items()},
    }


def _simulated_facts(market: dict[str, Any]) -> moves.Moves:
    book = config.section(config.MarketConfig, market).book
    assert book is not None
    try:
        messages = engine.simulate_messages(book.params(), lot=1, tick=1, seed=SIMULATION_SEED, seconds=SIMULATED_S)
        return moves.moves_of(tape_of(messages, burn_in_s=book.warmup_s, block_s=SIMULATED_S))
    except (ValueError, config.UserError) as error:
        raise config.UserError(f"the rates found must make a market that can be simulated: {error}") from None
