"""Quoting rules to hold a learned policy against, each up to its coefficients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

import engine
from analysis.evaluation import RuleMarkets
from analysis.optimum import Problem, cartea_jaimungal, solve
from analysis.policy import Rule
from config import Config, MarketKind
from envs import STATISTICS

Point = NDArray[np.float64]  # of the unit cube: a share of each coefficient's range


@dataclass(frozen=True)
class Coefficient:
    """A free coefficient of a rule and where to look for it."""

    name: str
    low: float
    high: float
    logarithmic: bool = False

    def at(self, share: float) -> float:
        """The value that lies ``share`` (0 to 1) of the way."""
        if self.logarithmic:
            return float(self.low * (self.high / self.low) ** share)
        return float(self.low + share * (self.high - self.low))

    def share(self, value: float) -> float:
        """The inverse of `at`."""
        if self.logarithmic:
            return float(np.log(value / self.low) / np.log(self.high / self.low))
        return (value - self.low) / (self.high - self.low)


@dataclass(frozen=True)
class Family:
    """A rule in one market, up to its coefficients."""

    name: str
    config: Config
    coefficients: tuple[Coefficient, ...]
    build: Callable[..., engine.Strategy]
    derived: tuple[float, ...] | None = None  # what the rule's theory says, where the market's parameters are known

    def rule(self, *values: float, name: str = "") -> Rule:
        """The rule at these values of its coefficients."""
        named = {coefficient.name: value for coefficient, value in zip(self.coefficients, values, strict=True)}
        return Rule.of(name or self.name, self.build(*values), self.config, **named)

    def at(self, shares: Point) -> Rule:
        """The rule at a point of the unit cube."""
        pairs = zip(self.coefficients, shares, strict=True)
        return self.rule(*(coefficient.at(share) for coefficient, share in pairs))


def families(config: Config) -> list[Family]:
    """Every rule that ``config``'s market lets one write down, the plainest first."""
    sigma, linear = volatility(config), _linear_skew(config)
    with_alpha = [_with_alpha(linear)] if has_signal(config) else []
    formulae = [_avellaneda_stoikov(config, sigma), _glft(config, sigma), _cartea_jaimungal(config)]
    return [_constant_spread(config), linear, *with_alpha, *formulae]


def has_signal(config: Config) -> bool:
    """Whether the observation's alpha ever moves."""
    params = config.market.reduced_form
    return config.market.kind is MarketKind.book or (params is not None and len(params.drift) > 1)


def exact_optimum(config: Config) -> Rule:
    """The optimum of a reduced-form market as a rule."""
    return _table("exact optimum", Problem.of(config), config)


def signal_blind_optimum(config: Config) -> Rule:
    """The rule that is optimal where the drift is always that of the middle level, so that the signal says nothing."""
    problem = Problem.of(config)
    middle = problem.drift[len(problem.drift) // 2 :][:1]
    blind = Problem.of(config, drift=middle, transition=np.ones((1, 1)))
    return _table("signal-blind optimum", blind, config)


def _table(name: str, problem: Problem, config: Config) -> Rule:
    depths = np.nan_to_num(solve(problem).depths)  # where a side may not quote it does not matter
    return Rule.of(name, engine.Strategy.table(depths, levels=problem.signal.tolist()), config)


def _constant_spread(config: Config) -> Family:
    unit = config.market.price_unit
    return Family("constant spread", config, (Coefficient("half_spread", 0, 3 * unit),), engine.Strategy.constant)


def _linear_skew(config: Config) -> Family:
    """The market maker's own rule; spread and skew in the market's unit of price, up to a fifth of it for each lot."""
    unit, lots = config.market.price_unit, config.max_lots
    coefficients = (Coefficient("half_spread", 0, 3 * unit), Coefficient("inventory_skew", 0, 0.2 * unit * lots))

    def build(half_spread: float, inventory_skew: float, alpha_skew: float = 0.0) -> engine.Strategy:
        return engine.Strategy.linear_skew(
            half_spread=half_spread, inventory_skew=inventory_skew, alpha_skew=alpha_skew, max_lots=lots
        )

    return Family("linear skew", config, coefficients, build)


def _with_alpha(linear: Family) -> Family:
    unit = linear.config.market.price_unit
    coefficients = (*linear.coefficients, Coefficient("alpha_skew", 0, 2 * unit))
    return replace(linear, name="linear skew with alpha", coefficients=coefficients)


def _avellaneda_stoikov(config: Config, sigma: float) -> Family:
    """Risk aversions that shift both quotes by a thousandth to thrice the price unit per lot at the start."""
    simulation = config.simulation
    per_shift = config.market.price_unit / (sigma**2 * simulation.episode_s)
    coefficients = (Coefficient("risk_aversion", 1e-3 * per_shift, 3 * per_shift, logarithmic=True), _decay(config))

    def build(risk_aversion: float, decay: float) -> engine.Strategy:
        return engine.Strategy.avellaneda_stoikov(
            risk_aversion=risk_aversion,
            volatility=sigma,
            decay=decay,
            dt=simulation.decision_interval_s,
            steps=simulation.episode_steps,
            max_lots=config.max_lots,
        )

    return Family("Avellaneda-Stoikov", config, coefficients, build, _derived(config, _risk_aversion, _kappa))


def _glft(config: Config, sigma: float) -> Family:
    """Risk aversions that shift both quotes by a thousandth to twice the price unit per lot."""
    unit, rate = config.market.price_unit, market_order_rate(config)
    per_square = 2 * rate / (unit * np.e * sigma**2)  # gamma is about this times the shift squared
    low, high = (float(per_square * (share * unit) ** 2) for share in (1e-3, 2))
    coefficients = (Coefficient("risk_aversion", low, high, logarithmic=True), _decay(config))

    def build(risk_aversion: float, decay: float) -> engine.Strategy:
        return engine.Strategy.glft(
            risk_aversion=risk_aversion, volatility=sigma, decay=decay, rate=rate, max_lots=config.max_lots
        )

    return Family("GLFT", config, coefficients, build, _derived(config, _risk_aversion, _kappa))


def _cartea_jaimungal(config: Config) -> Family:
    """The optimum in continuous time under the penalties of the evaluation, for rates that may be unknown."""
    rate = market_order_rate(config)
    coefficients = (Coefficient("rate", 0.1 * rate, 10 * rate, logarithmic=True), _decay(config))
    simulation, params = config.simulation, config.market.reduced_form
    tau = simulation.decision_interval_s * np.arange(simulation.episode_steps, 0, -1)

    def build(rate: float, decay: float) -> engine.Strategy:
        _, depths = cartea_jaimungal(
            rate=rate,
            decay=decay,
            running_penalty=config.evaluation.inventory_penalty,
            terminal_penalty=config.agent.terminal_penalty,
            impact=params.impact if params is not None else 0.0,
            limit=config.max_lots,
            tau=tau,
        )
        return engine.Strategy.table(np.nan_to_num(depths)[:, :, None])

    return Family("Cartea-Jaimungal", config, coefficients, build, _derived(config, market_order_rate, _kappa))


def _decay(config: Config) -> Coefficient:
    """1 / decay from a tenth of the price unit to thrice it."""
    unit = config.market.price_unit
    return Coefficient("decay", 1 / (3 * unit), 10 / unit, logarithmic=True)


def _derived(config: Config, *formulas: Callable[[Config], float]) -> tuple[float, ...] | None:
    if config.market.kind is MarketKind.book:
        return None
    return tuple(formula(config) for formula in formulas)


def _kappa(config: Config) -> float:
    assert config.market.reduced_form is not None
    return config.market.reduced_form.decay


def _risk_aversion(config: Config) -> float:
    """Gamma = 2 phi / sigma^2: to second order exponential utility then fears inventory as the running penalty does."""
    return 2 * config.evaluation.inventory_penalty / volatility(config) ** 2


def market_order_rate(config: Config) -> float:
    """Market orders per side, 1/s."""
    if config.market.reduced_form is not None and config.market.kind is MarketKind.reduced_form:
        return config.market.reduced_form.rate
    assert config.market.book is not None
    return config.market.book.flow.market_rate


def volatility(config: Config) -> float:
    """Of the mid over an episode, price unit of the market per sqrt(s); in a book measured while nobody quotes near."""
    if config.market.reduced_form is not None and config.market.kind is MarketKind.reduced_form:
        return config.market.reduced_form.volatility
    assert config.market.book is not None
    held_in = config.evaluation
    markets = RuleMarkets(config, episodes=held_in.tuning_episodes, seed=held_in.tuning_seed)
    mids = markets.sums(engine.Strategy.constant(20 * config.market.price_unit)).statistics[:, STATISTICS.index("mid")]
    return float(np.std(mids) / np.sqrt(config.simulation.episode_s))
