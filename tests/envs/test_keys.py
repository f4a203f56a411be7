"""Every key of a market and of its agent does something; one that a file could hold in vain would mislead."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

import config
from config import Config, UserError
from envs import MarketMakingVectorEnv

MARKETS, STEPS = 16, 60
Path = tuple[str, ...]
NOT_PLAYED = {  # what a market does not follow from: names, and what is whose business
    "market.name",
    "market.origin",
    "market.kind",  # chooses the section, see the names of the markets
    "market.calibration",
    "market.tick",  # the price of a tick outside the simulation, which counts in ticks
    "market.lot",  # must go with market_maker's, whose shares it divides
    "agent.action",  # what a policy's numbers mean; tests/envs/test_envs.py
    "agent.action_low",  # the box of a policy, which the environment's space says and its actions keep
    "agent.action_high",
}
NOT_REDUCED = {  # in the reduced form: its actions do not count from the maker's quotes, which are of one lot
    "market_maker.base_spread",
    "market_maker.inventory_skew",
    "market_maker.alpha_skew",
    "market_maker.volatility_adjustment",
    "market_maker.quote_size",
    "agent.sizes",
}
NOT_POISSON = {"market.book.variation"}  # where the flow is not realistic it is refused
FULL = [  # what the shipped files leave out, or in which the reverse of a list would be the list
    "market.book.fees.volume=[0,5]",
    "market.book.fees.maker=[0.5,0.1]",
    "market.book.fees.taker=[0.6,0.2]",
    "market.book.flow.limit_sizes={lots: [1, 2], probability: [0.2, 0.8]}",
    "market.book.flow.market_sizes={lots: [1, 2], probability: [0.2, 0.8]}",
]
WORDS = {
    "book": FULL,
    "layered": [
        *FULL,
        "market.book.flow.queue_reactive.market=[1.0,0.5]",
        "market.book.flow.hawkes.weight=[0.2,0.4,0.4]",
    ],
    "small_tick": [
        *FULL[:3],
        "market.book.latency_jitter_ms=20",
        "market.book.realistic.limit_sizes.lots=[100,300]",
        "market.book.realistic.limit_sizes.probability=[0.8,0.2]",
        "market.book.realistic.takers.sizes={lots: [50, 100], probability: [0.3, 0.7], lognormal: {share: 0.5}}",
        "market.book.realistic.metaorders.longest=3",
    ],
    "gt4": [],
}
OTHER = {
    "market.book.flow.collar": 1,
    "market.book.fees.unit": "basis_points",
    "market.book.realistic.hawkes.weight": [0.7, 0.1, 0.14, 0.06],
    "market.reduced_form.fill_mode": "mbt",
}


def leaves(tree: dict[str, Any], path: Path = ()) -> Iterator[tuple[Path, Any]]:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, (*path, name))
        elif value is not None:
            yield (*path, name), value


def changed(settings: Config, path: Path, value: Any) -> Config:
    tree = copy.deepcopy(config.to_dict(settings))
    place = tree
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return config.from_dict(tree)


def others(key: str, value: Any) -> list[Any]:
    """Other values, some of which may be refused."""
    if key in OTHER:
        return [OTHER[key]]
    match value:
        case bool():
            return [not value]
        case int():
            return [value + 1, max(value - 1, 0), 2 * value, 10 * value]
        case float():
            return [1.5 * value, 0.5 * value, value + 0.1, value + 1e-3]
        case [float() | int(), *_]:
            return [[1.5 * x for x in value], [0.9 * x for x in value], [2 * x for x in value], value[::-1]]
        case [[*_], *_]:
            return [[[0.5 * x for x in row] for row in value]]
    return []


def played(settings: Config) -> list[np.ndarray]:
    """Everything that the markets say under actions drawn at random."""
    book = settings.market.book
    count = 256 if book is not None and book.realistic is not None else MARKETS  # quiet ones, in which little happens
    markets = MarketMakingVectorEnv(settings, count, seed=1)
    random = np.random.default_rng(0)
    found: list[np.ndarray] = [markets.reset()[0]]
    shape = markets.action_space.shape
    for _ in range(STEPS):
        actions = random.uniform(-0.3, 1.0, shape).astype(np.float32)
        actions[:, 2:] = -random.random((count, shape[1] - 2))
        observation, reward, _, _, info = markets.step(actions)
        found += [observation, reward, info["statistics"]]
    return found


def differ(first: list[np.ndarray], second: list[np.ndarray]) -> bool:
    pairs = zip(first, second, strict=True)
    return any(a.shape != b.shape or not np.array_equal(a, b, equal_nan=True) for a, b in pairs)


def acts(settings: Config, before: list[np.ndarray], path: Path, value: Any) -> bool:
    """Whether some other value of the key, of those that are not refused, changes anything."""
    for other in others(".".join(path), value):
        with suppress(UserError):
            if differ(before, played(changed(settings, path, other))):
                return True
    return False


LONG = [pytest.param(name, marks=pytest.mark.long) if name == "small_tick" else name for name in WORDS]


@pytest.mark.parametrize("market", LONG)
def test_every_key_changes_what_a_market_does(market):
    settings = config.load([f"market={market}", f"simulation.episode_steps={STEPS // 2}", *WORDS[market]])
    sections = {name: config.to_dict(settings)[name] for name in ("market", "market_maker", "agent", "simulation")}
    realistic = settings.market.book is not None and settings.market.book.realistic is not None
    idle = NOT_PLAYED | (NOT_REDUCED if market == "gt4" else set()) | (set() if realistic else NOT_POISSON)
    before = played(settings)
    keys = {".".join(path): (path, value) for path, value in leaves(sections)}
    assert [
        key for key, (path, value) in keys.items() if key not in idle and not acts(settings, before, path, value)
    ] == []
