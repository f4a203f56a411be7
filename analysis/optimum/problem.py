"""One discrete market-making problem: what the reduced-form market of the engine plays, as numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

import engine
from config import Config, FillMode, MarketKind, UserError

Floats = NDArray[np.float64]

_SUM = 1e-9  # how far from 1 the sum of a row of probabilities may be


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A step of ``dt``: quotes of one lot at depths d, fills, then the mid moves.

    Fills on the two sides are independent, with the probability that ``fill_mode`` gives for u = reach exp(-decay d),
    reach = rate (1 -+ rate_sensitivity signal) dt for bid and ask. Then q' = q + bought - sold, the mid moves by
    a dt + impact (sold - bought) and noise of mean 0, and the reward is the change of wealth marked to the mid, less
    running_penalty q'^2 dt. At the end terminal_penalty q^2 is paid. Nothing is bid at q = limit or offered at -limit.

    Grids run over inventory q = -limit..limit (axis 0) and the levels of the drift a (axis 1).

    Raises:
        UserError: a field breaks its rule; the sentence names it.
    """

    rate: float  # lambda: market orders per side and time
    decay: float  # kappa: 1/price
    dt: float
    steps: int  # N
    limit: int  # Q, lots
    running_penalty: float  # phi: price per lot^2 and time
    terminal_penalty: float  # alpha: price per lot^2
    impact: float = 0.0  # xi: price per fill
    fill_mode: FillMode = FillMode.exponential
    drift: Floats = field(default_factory=lambda: np.zeros(1))  # a: price/time, observed; increasing, [levels]
    transition: Floats = field(default_factory=lambda: np.ones((1, 1)))  # P(to | from) over dt, [levels, levels]
    rate_sensitivity: float = 0.0  # by signal = a / max |a|
    bounds: tuple[float, float] = (-math.inf, math.inf)  # lowest and highest depth, price

    def __post_init__(self) -> None:
        for name in ("rate", "decay", "dt"):
            self._check(name, getattr(self, name) > 0, "be > 0")
        for name in ("steps", "limit"):
            self._check(name, getattr(self, name) >= 1, "be >= 1")
        for name in ("running_penalty", "terminal_penalty", "impact"):
            self._check(name, getattr(self, name) >= 0, "be >= 0")
        self._check("rate_sensitivity", 0 <= self.rate_sensitivity < 1, "lie in [0, 1)")
        self._check("drift", self.drift.ndim == 1 and bool(np.all(np.diff(self.drift) > 0)), "be an increasing list")
        rows = self.transition
        self._check("transition", rows.shape == 2 * self.drift.shape, "have a row and a column for each drift")
        self._check("transition", bool(np.all(rows >= 0)), "hold no negative probability")
        self._check("transition", bool(np.all(np.abs(rows.sum(axis=1) - 1) < _SUM)), "have rows that sum to 1")
        self._check("bounds", self.bounds[0] < self.bounds[1], "be a lower and a higher depth")

    def _check(self, name: str, holds: bool, rule: str) -> None:
        value = getattr(self, name)
        finite = name == "bounds" or not np.issubdtype(type(value), np.number) or math.isfinite(value)
        if not holds or not finite:
            said = value.tolist() if isinstance(value, np.ndarray) else value
            raise UserError(f"{name} must {rule if finite else 'be finite'}, but it is {said}")

    @classmethod
    def of(cls, config: Config, **changes: Any) -> Problem:
        """The problem that a reduced-form market is; ``changes`` are fields to have otherwise.

        Its running penalty is the one that policies are compared by. Depths are unbounded: the agent's box is a matter
        of the learner's, not of the market's.
        """
        params, name = config.market.reduced_form, config.market.name
        if config.market.kind is not MarketKind.reduced_form or params is None:
            raise UserError(
                f"market must be one of a known optimum (market.kind reduced_form), but {name} is of kind "
                f"{config.market.kind.value}"
            )
        dt = config.simulation.decision_interval_s
        fields: dict[str, Any] = {
            "rate": params.rate,
            "decay": params.decay,
            "dt": dt,
            "steps": config.simulation.episode_steps,
            "limit": config.max_lots,
            "running_penalty": config.evaluation.inventory_penalty,
            "terminal_penalty": config.agent.terminal_penalty,
            "impact": params.impact,
            "fill_mode": params.fill_mode,
            "drift": np.asarray(params.drift, float),
            "transition": engine.drift_transition(params.drift, params.drift_leaving_rate, dt),
            "rate_sensitivity": params.drift_rate_sensitivity,
        }
        return cls(**{**fields, **changes})

    @property
    def time(self) -> float:
        """T, of the whole episode."""
        return self.steps * self.dt

    @cached_property
    def inventory(self) -> Floats:
        """q, lots: [2 Q + 1, 1]."""
        return np.arange(-self.limit, self.limit + 1, dtype=float)[:, None]

    @cached_property
    def signal(self) -> Floats:
        """A / max |a|, from -1 to 1: [levels]."""
        largest = np.abs(self.drift).max()
        return self.drift / largest if largest > 0 else np.zeros_like(self.drift)

    @cached_property
    def reach(self) -> tuple[Floats, Floats]:
        """Market orders of a step that would reach a bid and an ask of depth 0, in the mean: [1, levels] each."""
        tilt = self.rate_sensitivity * self.signal[None, :]
        return self.rate * (1 - tilt) * self.dt, self.rate * (1 + tilt) * self.dt

    @cached_property
    def quotes(self) -> tuple[Floats, Floats]:
        """1 where a side may quote, else 0: [2 Q + 1, 1] each."""
        return (self.inventory < self.limit).astype(float), (self.inventory > -self.limit).astype(float)

    @cached_property
    def running(self) -> Floats:
        """What a step pays for the inventory it ends with, drift less penalty: [2 Q + 1, levels]."""
        q = self.inventory
        return (q * self.drift[None, :] - self.running_penalty * q**2) * self.dt

    @cached_property
    def terminal(self) -> Floats:
        """What the end pays: [2 Q + 1, levels]."""
        return np.repeat(-self.terminal_penalty * self.inventory**2, len(self.drift), axis=1)

    def fills(self, depths: Floats) -> tuple[Floats, Floats]:
        """Probabilities that the bid and the ask are filled: depths [..., 2 Q + 1, levels, 2] price to [...] each."""
        bid = self.fill_probability(depths[..., 0], self.reach[0])
        ask = self.fill_probability(depths[..., 1], self.reach[1])
        return self.quotes[0] * bid, self.quotes[1] * ask

    def fill_probability(self, depth: Floats, reach: Floats) -> Floats:
        """Probability of a fill at ``depth`` where ``reach`` market orders would reach depth 0."""
        with np.errstate(over="ignore"):  # a quote far on the other side is filled for certain
            decayed = np.exp(-self.decay * depth)
        match self.fill_mode:
            case FillMode.exponential:
                return -np.expm1(-reach * decayed)
            case FillMode.linear:
                return np.minimum(1.0, reach * decayed)
            case FillMode.mbt:
                return np.minimum(1.0, reach * np.minimum(1.0, decayed))
