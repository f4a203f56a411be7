"""Problems whose optimum is known: exact on a grid in discrete time, by formula in continuous time."""

from analysis.optimum.assets import Assets, AssetsOptimum, solve_assets
from analysis.optimum.continuous import (
    avellaneda_stoikov,
    cartea_jaimungal,
    glft,
    glft_asymptotic,
    glft_stationary,
)
from analysis.optimum.discrete import Optimum, at_start, gap, score, solve, value, values
from analysis.optimum.problem import Problem

__all__ = [
    "Assets",
    "AssetsOptimum",
    "Optimum",
    "Problem",
    "at_start",
    "avellaneda_stoikov",
    "cartea_jaimungal",
    "gap",
    "glft",
    "glft_asymptotic",
    "glft_stationary",
    "score",
    "solve",
    "solve_assets",
    "value",
    "values",
]
