"""The best coefficients of a rule in a market: by exact value where there is one, by simulation elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy import optimize
from scipy.stats import qmc

from analysis.evaluation import RuleMarkets, exact_value
from analysis.measures import REWARD
from analysis.policy import Rule
from analysis.rules.families import Family, Point
from config import MarketKind


def tune(family: Family, budget: int | None = None) -> Rule:
    """The rule's best coefficients after about ``budget`` trials for each (`evaluation.tuning_candidates` by default).

    In the reduced-form market by exact value, which is smooth: the better ones of a Sobol sequence are polished by
    Nelder & Mead (1965). In a book by simulation on common random numbers (`evaluation.tuning_seed`), which is rough,
    because quotes round to ticks: differential evolution (Storn & Price 1997), whose last generation then plays ever
    more episodes until one is left or the others cannot be told from the best.

    A range whose end the best is near is widened and searched again; `Rule.at_end` says where that did not help.
    """
    if not family.coefficients:
        return family.rule()
    search = _search_simulated if family.config.market.kind is MarketKind.book else _search_exact
    budget = (budget or family.config.evaluation.tuning_candidates) * len(family.coefficients)
    for _ in range(_SEARCHES):
        shares = search(family, budget)
        wider = family.widened(shares)
        if wider is family:
            break
        searched, family = family, wider
    else:
        family = searched
    return family.at(shares)


_SEARCHES = 5  # at most, each in a wider range
_STARTS = 2  # points of the sequence that are polished


def _search_exact(family: Family, budget: int) -> Point:
    dimensions = len(family.coefficients)

    def loss(shares: Point) -> float:
        return -exact_value(family.at(np.clip(shares, 0, 1)), family.config)

    tried = qmc.Sobol(dimensions, rng=np.random.default_rng(0)).random_base2((budget // 4).bit_length() - 1)
    starts = sorted(tried, key=loss)[:_STARTS]
    if family.derived is not None:
        pairs = zip(family.coefficients, family.derived, strict=True)
        starts.append(np.clip([coefficient.share(value) for coefficient, value in pairs], 0, 1))
    polished = [
        optimize.minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10, "maxfev": budget})
        for start in starts
    ]
    best: Point = np.clip(min(polished, key=lambda result: float(result.fun)).x, 0, 1)
    return best


_POPULATION = 16  # of a generation
_SCREENING = 8  # a candidate plays one episode in so many of `evaluation.tuning_episodes`
_MOST = 8  # times `evaluation.tuning_episodes` that the last ones play
_ERRORS = 2.0  # standard errors of the paired difference that tell a candidate from the best


def _search_simulated(family: Family, budget: int) -> Point:
    dimensions = len(family.coefficients)
    screening = max(2, family.config.evaluation.tuning_episodes // _SCREENING)
    found = optimize.differential_evolution(
        _losses(family, screening),
        optimize.Bounds(np.zeros(dimensions), np.ones(dimensions)),
        popsize=max(1, _POPULATION // dimensions),
        maxiter=max(1, budget // _POPULATION - 1),
        init="sobol",
        tol=0,
        polish=False,
        rng=np.random.default_rng(0),
    )
    return _best(family, list(found.population), screening)


def _losses(family: Family, episodes: int) -> Callable[[Point], float]:
    markets = RuleMarkets(family.config, episodes=episodes, seed=family.config.evaluation.tuning_seed)
    return lambda shares: -float(markets.play(family.at(shares))[REWARD].mean())


def _best(family: Family, points: Sequence[Point], screened: int) -> Point:
    """The best of ``points`` by sequential elimination: who is surely behind is out before the others play on."""
    held_in = family.config.evaluation
    episodes = 2 * screened
    while True:
        markets = RuleMarkets(family.config, episodes=episodes, seed=held_in.tuning_seed)
        rewards = np.stack([markets.play(family.at(shares))[REWARD] for shares in points])
        best = int(rewards.mean(axis=1).argmax())
        behind = rewards[best] - rewards
        errors = behind.std(axis=1, ddof=1) / np.sqrt(episodes)
        left = np.flatnonzero(behind.mean(axis=1) <= _ERRORS * errors)
        if len(left) == 1 or episodes >= _MOST * held_in.tuning_episodes:
            return points[best]
        points = [points[int(i)] for i in left]
        episodes *= 2
