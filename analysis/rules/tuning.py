"""The best coefficients of a rule in a market: by exact value where there is one, by simulation elsewhere."""

from __future__ import annotations

from collections.abc import Callable

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
    because quotes round to ticks: differential evolution (Storn & Price 1997), whose last generation plays all of
    `evaluation.tuning_episodes`.
    """
    budget = budget or family.config.evaluation.tuning_candidates
    search = _search_simulated if family.config.market.kind is MarketKind.book else _search_exact
    return search(family, budget * len(family.coefficients))


_STARTS = 2  # points of the sequence that are polished


def _search_exact(family: Family, budget: int) -> Rule:
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
    return family.at(np.clip(min(polished, key=lambda result: result.fun).x, 0, 1))


_POPULATION = 16  # of a generation
_SCREENING = 8  # a candidate plays one episode in so many of those that the last generation plays
_FINALISTS = 8


def _search_simulated(family: Family, budget: int) -> Rule:
    held_in, dimensions = family.config.evaluation, len(family.coefficients)

    def losses(episodes: int) -> Callable[[Point], float]:
        markets = RuleMarkets(family.config, episodes=max(2, episodes), seed=held_in.tuning_seed)
        return lambda shares: -float(markets.play(family.at(shares))[REWARD].mean())

    found = optimize.differential_evolution(
        losses(held_in.tuning_episodes // _SCREENING),
        optimize.Bounds(np.zeros(dimensions), np.ones(dimensions)),
        popsize=max(1, _POPULATION // dimensions),
        maxiter=max(1, budget // _POPULATION - 1),
        init="sobol",
        tol=0,
        polish=False,
        rng=np.random.default_rng(0),
    )
    order = np.argsort(found.population_energies)[:_FINALISTS]
    return family.at(min(found.population[order], key=losses(held_in.tuning_episodes)))
