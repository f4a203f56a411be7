"""Backward induction: the exact optimum of a `Problem`, and the exact value of any deterministic policy in it.

With V_n the value of what is left at step n (Cartea & Jaimungal 2015, sections 8 and 10, in discrete time),

    W(q, a) = -phi q^2 dt + q a dt + E V_{n+1}(q, a'),          C = 2 W(q) - W(q+1) - W(q-1) + 2 xi,
    M_b = W(q+1) - (q+1) xi - W(q),                             M_a = W(q-1) + (q-1) xi - W(q),

    V_n(q, a) = W(q, a) + max { p_b (d_b + M_b) + p_a (d_a + M_a) + p_b p_a C },    V_N = -alpha q^2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.optimum.problem import Floats, Problem
from config import FillMode

_ROUNDING = 1e-9  # of V*
_ITERATIONS = 200  # of the two sides in turn; a dozen is usual
_CLOSE = 1e-12  # 1 / decay: when depths move no more


@dataclass(frozen=True)
class Optimum:
    """Value at t = 0 [2 Q + 1, levels] and the optimal depths [N, 2 Q + 1, levels, 2] (bid, ask; price).

    A side that may not quote (bid at +Q, ask at -Q) has depth nan.
    """

    value: Floats
    depths: Floats

    @property
    def at_start(self) -> float:
        """V* of an episode: no inventory, middle level of the drift."""
        return at_start(self.value)


def at_start(grid: Floats) -> float:
    """The entry of a grid where episodes start: no inventory, middle level of the drift."""
    return float(grid[grid.shape[0] // 2, grid.shape[1] // 2])


def gap(optimum: float, value: float) -> float:
    """What a policy leaves of V*: (V* - V) / V*; nan where nothing can be earned."""
    return (optimum - value) / optimum if optimum > 0 else math.nan


def score(optimum: float, constant: float, value: float) -> float:
    """G: 0 as the best constant spread, 1 as the optimum; nan where the constant spread is the optimum."""
    room = optimum - constant
    return (value - constant) / room if room > _ROUNDING * optimum else math.nan


def solve(problem: Problem) -> Optimum:
    """The optimum by backward induction; its cost is linear in steps, inventories and levels."""
    maximiser = _Maximiser(problem)
    grid = problem.terminal
    depths = np.empty((problem.steps, *grid.shape, 2))
    for n in reversed(range(problem.steps)):
        grid, depths[n] = maximiser.step(grid)
    for side in (0, 1):
        depths[..., side][:, problem.quotes[side][:, 0] == 0] = np.nan
    return Optimum(grid, depths)


def value(problem: Problem, depths: Floats) -> float:
    """Exact value at t = 0, no inventory, middle level, of quoting ``depths``; see `values`."""
    return at_start(values(problem, depths))


def values(problem: Problem, depths: Floats) -> Floats:
    """Exact value at t = 0, [2 Q + 1, levels], of quoting ``depths`` [N or 1, 2 Q + 1, levels or 1, 2] (price).

    The recursion without the maximum is a random walk over inventories: up, down or stay, with a mean reward.
    """
    shape = (problem.steps, *problem.terminal.shape, 2)
    depths = np.nan_to_num(depths)  # where a side may not quote it does not matter
    bid, ask = problem.fills(depths)
    both, q, xi = bid * ask, problem.inventory, problem.impact
    earned = bid * (depths[..., 0] - (q + 1) * xi) + ask * (depths[..., 1] + (q - 1) * xi) + 2 * xi * both
    up, down = bid - both, ask - both
    walk = [np.broadcast_to(part, shape[:-1]) for part in (1 - up - down, up, down, earned)]
    grid, transition = problem.terminal, problem.transition.T
    for stay, rise, fall, reward in zip(*(part[::-1] for part in walk), strict=True):
        w = problem.running + grid @ transition
        grid = reward + stay * w
        grid[:-1] += rise[:-1] * w[1:]
        grid[1:] += fall[1:] * w[:-1]
    return grid


class _Maximiser:
    """One step of the induction; remembers its last depths, near which the next ones are."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._shape = problem.terminal.shape
        self._depths = [np.full(self._shape, 1 / problem.decay), np.full(self._shape, 1 / problem.decay)]

    def step(self, after: Floats) -> tuple[Floats, Floats]:
        """Value and depths [..., 2] of a step, given the value after it."""
        problem, q, xi = self._problem, self._problem.inventory, self._problem.impact
        w = problem.running + after @ problem.transition.T
        up, down = np.roll(w, -1, axis=0), np.roll(w, 1, axis=0)  # the wrapped ends are never quoted
        gain = (up - (q + 1) * xi - w, down + (q - 1) * xi - w)
        both = 2 * w - up - down + 2 * xi
        depths = self._best(gain, both)
        bid, ask = problem.fills(depths)
        earned = bid * (depths[..., 0] + gain[0]) + ask * (depths[..., 1] + gain[1]) + bid * ask * both
        return w + earned, depths

    def _best(self, gain: tuple[Floats, Floats], both: Floats) -> Floats:
        """Each side's best depth given the other's fill probability, in turn until neither moves."""
        problem, depths = self._problem, self._depths
        for _ in range(_ITERATIONS):
            moved = 0.0
            for side in (0, 1):
                other = problem.fill_probability(depths[1 - side], problem.reach[1 - side])
                margin = gain[side] + problem.quotes[1 - side] * other * both
                depth = np.clip(self._best_depth(margin, side), *problem.bounds)
                change = np.abs(depth - depths[side])[problem.quotes[side][:, 0] > 0]
                moved = max(moved, float(change.max()))
                depths[side] = depth
            if moved * problem.decay < _CLOSE:
                break
        return np.stack(depths, axis=-1)

    def _best_depth(self, margin: Floats, side: int) -> Floats:
        """Argmax over d of p(d) (d + margin), which rises before its one maximum and falls behind it."""
        kappa, reach = self._problem.decay, self._problem.reach[side]
        certain = np.log(reach) / kappa  # nearer than this, a fill of probability min(1, ...) is certain
        match self._problem.fill_mode:
            case FillMode.exponential:
                return _solve_exponential(margin, reach, kappa)
            case FillMode.linear:
                return np.maximum(1 / kappa - margin, certain)
            case FillMode.mbt:
                return np.maximum(1 / kappa - margin, np.maximum(certain, 0.0))


def _solve_exponential(margin: Floats, reach: Floats, kappa: float) -> Floats:
    """Solves kappa (d + margin) = (e^u - 1) / u, u = reach e^{-kappa d}, by Newton's method in y = ln u.

    f(y) = (e^u - 1) / u + y - level, level = kappa margin + ln reach, increases and is convex, so that Newton's steps
    from above the root never leave it. f >= 0 at both starts: (e^u - 1) / u is >= 1, and >= level at the second.
    """
    level = kappa * margin + np.log(reach)
    y = np.minimum(level - 1.0, np.log1p(2.0 * np.log1p(np.maximum(level, 0.0))))
    for _ in range(100):
        u = np.exp(y)
        ratio = np.expm1(u) / u
        step = (ratio + y - level) / (1.0 + np.exp(u) - ratio)
        y = y - step
        if np.abs(step).max() < 1e-13:
            break
    depth: NDArray[np.float64] = (np.log(reach) - y) / kappa
    return depth
