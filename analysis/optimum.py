"""The exact optimum of the reduced-form market, and the exact value of any deterministic policy in it.

The problem (Cartea & Jaimungal 2015, sections 8 and 10, in discrete time): with

    W(q', a) = -phi q'^2 dt + q' a dt + E V_{n+1}(q', a'),      C = 2 W(q) - W(q+1) - W(q-1) + 2 xi,
    M_b = W(q+1) - (q+1) xi - W(q),                             M_a = W(q-1) + (q-1) xi - W(q),

    V_n(q, a) = W(q, a) + max { p_b (d_b + M_b) + p_a (d_a + M_a) + p_b p_a C },    V_N = -alpha q^2.

Arrays run over inventory q = -Q..Q (axis 0) and the levels of the drift signal (axis 1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import engine
from config import Config, FillMode, ReducedFormConfig

Grid = NDArray[np.float64]  # [2 Q + 1, levels]


@dataclass(frozen=True)
class Optimum:
    """Value at t = 0 and optimal depths (price): value [2 Q + 1, levels], bid and ask [N, 2 Q + 1, levels].

    A side that may not quote (bid at +Q, ask at -Q) has depth nan.
    """

    value: Grid
    bid: NDArray[np.float64]
    ask: NDArray[np.float64]

    @property
    def at_start(self) -> float:
        """V* of an episode: no inventory, middle drift level."""
        return float(self.value[self.value.shape[0] // 2, self.value.shape[1] // 2])


def solve(config: Config) -> Optimum:
    """Backward induction over all steps, inventories and drift levels; linear in each."""
    problem = _Problem(config)
    bids, asks = [], []
    grid = problem.terminal()
    for _ in range(problem.steps):
        side = problem.one_step(grid)
        bid, ask = problem.best_depths(side)
        grid = problem.step_value(side, bid, ask)
        bids.append(np.where(problem.quotes_bid, bid, np.nan))
        asks.append(np.where(problem.quotes_ask, ask, np.nan))
    return Optimum(grid, np.stack(bids[::-1]), np.stack(asks[::-1]))


def value(config: Config, policy: Callable[[NDArray[np.float32]], NDArray[np.float32]]) -> float:
    """Exact value of a deterministic policy at t = 0, no inventory, middle drift level.

    ``policy`` maps the market's observation columns [m, 4] to actions [m, 2] counted from one price unit, and is
    asked at every (step, inventory, level).
    """
    problem = _Problem(config)
    depth = problem.depths_of(policy, config.market.price_unit)
    grid = problem.terminal()
    for n in reversed(range(problem.steps)):
        grid = problem.step_value(problem.one_step(grid), depth[n, ..., 0], depth[n, ..., 1])
    return float(grid[problem.limit, grid.shape[1] // 2])


@dataclass(frozen=True)
class _OneStep:
    """What one step sees of the future, each [2 Q + 1, levels]."""

    w: Grid
    m_bid: Grid
    m_ask: Grid
    both: Grid  # C: what both sides filling adds


class _Problem:
    """One parameter set, and the operations of the recursion on its grid."""

    def __init__(self, config: Config) -> None:
        params = config.market.reduced_form
        assert params is not None
        self.params: ReducedFormConfig = params
        self.dt = 1e-3 * config.simulation.decision_interval_ms
        self.steps = config.simulation.episode_steps
        self.limit = config.market_maker.max_position // config.market.lot  # Q
        self.phi, self.alpha = config.agent.inventory_penalty, config.agent.terminal_penalty
        self.q = np.arange(-self.limit, self.limit + 1, dtype=float)[:, None]
        self.drift = np.asarray(params.drift)[None, :]
        largest = np.abs(self.drift).max()
        self.signal = self.drift / largest if largest > 0 else np.zeros_like(self.drift)
        tilt = params.drift_rate_sensitivity * self.signal
        shape = (len(self.q), self.drift.shape[1])
        # Expected market orders of a step that could reach each quote at depth 0; none where we may not quote.
        self.quotes_bid = np.broadcast_to(self.q < self.limit, shape)
        self.quotes_ask = np.broadcast_to(self.q > -self.limit, shape)
        self.reach_bid = np.broadcast_to(params.rate * (1 - tilt) * self.dt, shape)
        self.reach_ask = np.broadcast_to(params.rate * (1 + tilt) * self.dt, shape)
        self.transition = engine.drift_transition(params.drift, params.drift_leaving_rate, self.dt)

    def terminal(self) -> Grid:
        return np.broadcast_to(-self.alpha * self.q**2, self.quotes_bid.shape).copy()

    def one_step(self, after: Grid) -> _OneStep:
        xi = self.params.impact
        w = -self.phi * self.q**2 * self.dt + self.q * self.drift * self.dt + after @ self.transition.T
        up, down = np.roll(w, -1, axis=0), np.roll(w, 1, axis=0)  # the wrapped ends are never quoted
        return _OneStep(w, up - (self.q + 1) * xi - w, down + (self.q - 1) * xi - w, 2 * w - up - down + 2 * xi)

    def step_value(self, side: _OneStep, bid: Grid, ask: Grid) -> Grid:
        p_bid = np.where(self.quotes_bid, self.fill_probability(bid, self.reach_bid), 0.0)
        p_ask = np.where(self.quotes_ask, self.fill_probability(ask, self.reach_ask), 0.0)
        return side.w + p_bid * (bid + side.m_bid) + p_ask * (ask + side.m_ask) + p_bid * p_ask * side.both

    def fill_probability(self, depth: Grid, reach: Grid) -> Grid:
        decayed = np.exp(-self.params.decay * depth)
        match self.params.fill_mode:
            case FillMode.exponential:
                return -np.expm1(-reach * decayed)
            case FillMode.linear:
                return np.minimum(1.0, reach * decayed)
            case FillMode.mbt:
                return np.minimum(1.0, reach * np.minimum(1.0, decayed))

    def best_depths(self, side: _OneStep) -> tuple[Grid, Grid]:
        """Each side's best depth given the other's fill probability, alternated to a fixed point."""
        bid = ask = np.full_like(side.w, 1 / self.params.decay)
        for _ in range(100):
            p_ask = np.where(self.quotes_ask, self.fill_probability(ask, self.reach_ask), 0.0)
            new_bid = self.best_depth(side.m_bid + p_ask * side.both, self.reach_bid)
            p_bid = np.where(self.quotes_bid, self.fill_probability(new_bid, self.reach_bid), 0.0)
            new_ask = self.best_depth(side.m_ask + p_bid * side.both, self.reach_ask)
            moved = max(np.abs(new_bid - bid).max(), np.abs(new_ask - ask).max())
            bid, ask = new_bid, new_ask
            if moved < 1e-12:
                break
        return bid, ask

    def best_depth(self, m: Grid, reach: Grid) -> Grid:
        """Argmax over d of p(d) (d + m)."""
        kappa = self.params.decay
        match self.params.fill_mode:
            case FillMode.exponential:
                return _newton(kappa * m + np.log(reach), reach, kappa)
            case FillMode.linear:  # never deeper into the market than where the fill is certain
                return np.maximum(1 / kappa - m, np.log(reach) / kappa)
            case FillMode.mbt:
                return np.maximum(1 / kappa - m, 0.0)

    def depths_of(self, policy: Callable[[NDArray[np.float32]], NDArray[np.float32]], unit: float) -> NDArray[Any]:
        """Depths [N, 2 Q + 1, levels, 2] of a policy at every state."""
        to_go = 1 - np.arange(self.steps) / self.steps
        states = np.meshgrid(to_go, self.q[:, 0] / self.limit, self.signal[0], indexing="ij")
        actions = policy(engine.grid_observation(np.stack([s.ravel() for s in states], axis=1)))
        return unit * (1.0 + actions.astype(float)).reshape(*states[0].shape, 2)


def _newton(level: Grid, reach: Grid, kappa: float) -> Grid:
    """Solves kappa (d + m) = (e^u - 1) / u with u = reach e^{-kappa d}, in y = ln u; ``level`` = kappa m + ln reach."""
    y = np.log(reach) - 1.0
    for _ in range(100):
        u = np.exp(y)
        ratio = np.expm1(u) / u
        slope = -1.0 - (np.exp(u) - ratio)  # d ratio / dy = e^u - ratio
        # Far out the root is at large negative y, where the function is linear: Newton needs no safeguard but a
        # bound on how far e^u may grow.
        step = np.clip((level - y - ratio) / slope, -2.0, 2.0)
        y = np.minimum(y - step, 4.0)
        if np.abs(step).max() < 1e-13:
            break
    return (np.log(reach) - y) / kappa
