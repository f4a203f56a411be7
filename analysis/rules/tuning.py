"""The best coefficients of a rule in a market: by exact value where there is one, by simulation elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import optimize
from scipy.stats import qmc

from analysis.evaluation import RuleMarkets, exact_value
from analysis.measures import skill
from analysis.policy import Rule
from analysis.rules.families import Family, Point
from config import MarketKind


def tune(family: Family, budget: int | None = None) -> Rule:
    """The rule's best coefficients after about ``budget`` trials for each (`evaluation.tuning_candidates` by default).

    In the reduced-form market by exact value, which is smooth: the better ones of a Sobol sequence are polished by
    Nelder & Mead (1965). In a book by simulation on common random numbers (`evaluation.tuning_seed`), which is rough,
    because quotes round to ticks: differential evolution (Storn & Price 1997), whose last generation then plays on as
    in sequential halving (Karnin, Koren & Somekh 2013).

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
_ROUGH = 8  # first generations play one episode in so many of `evaluation.tuning_episodes`, the last ones one in
_FINE = 4
_MOST = 4  # times `evaluation.tuning_episodes` that the last two play
_ERRORS = 2.0  # standard errors of the paired difference that tell a candidate from the best
_INDIFFERENT = 0.25  # standard errors of the held-out mean: a difference that no evaluation would show


def _search_simulated(family: Family, budget: int) -> Point:
    """Half of the generations on few episodes, for the region; then fewer on more, or the region is that of chance."""
    dimensions, generations = len(family.coefficients), budget // _POPULATION
    episodes = family.config.evaluation.tuning_episodes
    population = qmc.Sobol(dimensions, rng=np.random.default_rng(0)).random(_POPULATION)
    for share, length in ((_ROUGH, generations // 2), (_FINE, generations // 8)):
        population = _evolved(family, population, max(2, episodes // share), max(1, length))
    return _best(family, list(population), max(2, episodes // _FINE))


def _evolved(family: Family, population: NDArray[np.float64], episodes: int, generations: int) -> NDArray[np.float64]:
    """The points after so many generations, each of which plays the same ``episodes``."""
    markets = RuleMarkets(family.config, episodes=episodes, seed=family.config.evaluation.tuning_seed)

    def loss(shares: Point) -> float:
        return -float(skill(markets.play(family.at(shares))).mean())

    found: NDArray[np.float64] = optimize.differential_evolution(
        loss,
        optimize.Bounds(np.zeros(population.shape[1]), np.ones(population.shape[1])),
        maxiter=generations,
        init=population,
        tol=0,
        polish=False,
        rng=np.random.default_rng(0),
    ).population
    return found


def _best(family: Family, points: Sequence[Point], episodes: int) -> Point:
    """The best of ``points``: the better half plays on on twice the episodes, less whoever is surely behind.

    That ends early where none of those left can be better by a difference that matters.
    """
    held_in = family.config.evaluation
    while True:
        markets = RuleMarkets(family.config, episodes=episodes, seed=held_in.tuning_seed)
        rewards = np.stack([skill(markets.play(family.at(shares))) for shares in points])
        order = np.argsort(-rewards.mean(axis=1))
        behind = rewards[order[0]] - rewards
        errors = _ERRORS * behind.std(axis=1, ddof=1) / np.sqrt(episodes)
        ahead = errors - behind.mean(axis=1)  # at most, as far as one can tell
        matters = _INDIFFERENT * rewards[order[0]].std(ddof=1) / np.sqrt(held_in.episodes)
        if ahead.max() <= matters or len(points) <= 2 or 2 * episodes > _MOST * held_in.tuning_episodes:
            return points[int(order[0])]
        points = [points[int(i)] for i in order[: (len(points) + 1) // 2] if ahead[i] >= 0]
        episodes *= 2
