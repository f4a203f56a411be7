"""Quoting rules to hold a learned policy against, each up to its coefficients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

import engine
from analysis.evaluation import RuleMarkets
from analysis.optimum import Problem, cartea_jaimungal, solve
from analysis.policy import Rule
from config import Config, MarketKind

FAR = 1e9  # from the mid, in the market's own unit: no order reaches it
NEAR_END = 0.1  # share of a range
WIDER = 5.0  # times
Point = NDArray[np.float64]  # of the unit cube: a share of each coefficient's range


@dataclass(frozen=True)
class Coefficient:
    """A free coefficient of a rule and where to look for it first."""

    name: str
    low: float  # of a linear range the end of what makes sense, so that only the other one can move
    high: float
    logarithmic: bool = False

    def at(self, share: float) -> float:
        """The value that lies ``share`` (0 to 1) of the way."""
        if self.logarithmic:
            return float(self.low * (self.high / self.low) ** share)
        return float(self.low + share * (self.high - self.low))

    def end(self, share: float) -> Literal["low", "high"] | None:
        """The end of the range that ``share`` is so near that the best value may lie beyond."""
        if share > 1 - NEAR_END:
            return "high"
        return "low" if self.logarithmic and share < NEAR_END else None

    def widened(self, share: float) -> Coefficient:
        """With a range that goes on beyond the end that ``share`` is near, if it is."""
        match self.end(share):
            case "high":
                return replace(self, high=WIDER * self.high)
            case "low":
                return replace(self, low=self.low / WIDER)
        return self

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

    def rule(self, *values: float, name: str = "", at_end: tuple[str, ...] = ()) -> Rule:
        """The rule at these values of its coefficients; ``at_end``: see `Rule`."""
        named = {coefficient.name: value for coefficient, value in zip(self.coefficients, values, strict=True)}
        return Rule.of(name or self.name, self.build(*values), self.config, named, at_end)

    def at(self, shares: Point) -> Rule:
        """The rule at a point of the unit cube."""
        pairs = list(zip(self.coefficients, shares, strict=True))
        at_end = tuple(coefficient.name for coefficient, share in pairs if coefficient.end(share))
        return self.rule(*(coefficient.at(share) for coefficient, share in pairs), at_end=at_end)

    def widened(self, shares: Point) -> Family:
        """With the ranges that go on beyond the ends that ``shares`` are near; itself if they are near none."""
        pairs = zip(self.coefficients, shares, strict=True)
        wider = tuple(coefficient.widened(share) for coefficient, share in pairs)
        return self if wider == self.coefficients else replace(self, coefficients=wider)


def families(config: Config) -> list[Family]:
    """Every rule that ``config``'s market lets one write down, the plainest first.

    A formula that divides by what the market has not, such as the risk of its price, says nothing there.
    """
    sigma, rate, linear = volatility(config), market_order_rate(config), _linear_skew(config)
    with_alpha = [_with_alpha(linear)] if has_signal(config) else []
    joining = [_joining(config), _joining_with_alpha(config)] if config.market.kind is MarketKind.book else []
    formulae = [_avellaneda_stoikov(config, sigma)] if sigma > 0 else []
    formulae += [_glft(config, sigma)] if sigma > 0 and rate > 0 else []
    formulae += [_cartea_jaimungal(config)] if rate > 0 else []
    return [_nothing(config), _constant_spread(config), linear, *with_alpha, *joining, *formulae]


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


def _nothing(config: Config) -> Family:
    """Quotes so far away that nobody trades with them: what a policy must beat to be worth running."""
    return Family("do nothing", config, (), lambda: engine.Strategy.constant(FAR))


def _constant_spread(config: Config) -> Family:
    """Wider than the half-spread of a rule that skews: alone it must also pay for the inventory."""
    half_spread = Coefficient("half_spread", 0, 10 * _unit(config))
    return Family("constant spread", config, (half_spread,), engine.Strategy.constant)


def _linear_skew(config: Config) -> Family:
    """The market maker's own rule; spread and skew in the market's unit of price, up to a fifth of it for each lot."""
    unit, lots = _unit(config), _limit(config)
    coefficients = (Coefficient("half_spread", 0, 3 * unit), Coefficient("inventory_skew", 0, 0.2 * unit * lots))

    def build(half_spread: float, inventory_skew: float, alpha_skew: float = 0.0) -> engine.Strategy:
        return engine.Strategy.linear_skew(
            half_spread=half_spread, inventory_skew=inventory_skew, alpha_skew=alpha_skew, max_lots=lots
        ).in_steps_of(config.inventory_step)

    return Family("linear skew", config, coefficients, build)


def _with_alpha(linear: Family) -> Family:
    unit = _unit(linear.config)
    coefficients = (*linear.coefficients, Coefficient("alpha_skew", 0, 2 * unit))
    return replace(linear, name="linear skew with alpha", coefficients=coefficients)


def _joining(config: Config) -> Family:
    """Quotes so far behind the others' best prices, and only while these are far enough apart to pay for it."""
    unit, lots = _unit(config), _limit(config)
    coefficients = (
        Coefficient("behind", 0, unit),
        Coefficient("inventory_skew", 0, 0.2 * unit * lots),
        Coefficient("least_spread", 0, 5 * unit),
    )

    def build(
        behind: float, inventory_skew: float, least_spread: float, alpha_skew: float = 0.0, most_against: float = 1.0
    ) -> engine.Strategy:
        skewed = engine.Strategy.linear_skew(
            half_spread=behind, inventory_skew=inventory_skew, alpha_skew=alpha_skew, max_lots=lots
        ).in_steps_of(config.inventory_step)
        return skewed.at_touch(least_spread=least_spread, most_against=most_against)

    return Family("join the best", config, coefficients, build)


def _joining_with_alpha(config: Config) -> Family:
    """It also moves its quotes by the signal, and withdraws the side that the signal is against."""
    joining = _joining(config)
    coefficients = (
        *joining.coefficients,
        Coefficient("alpha_skew", 0, 2 * _unit(config)),
        Coefficient("most_against", 0, 1),
    )
    return replace(joining, name="join the best with alpha", coefficients=coefficients)


def _avellaneda_stoikov(config: Config, sigma: float) -> Family:
    """Risk aversions that shift both quotes by a thousandth to thrice the price unit per lot at the start."""
    simulation = config.simulation
    per_shift = _unit(config) / (sigma**2 * simulation.episode_s)
    coefficients = (Coefficient("risk_aversion", 1e-3 * per_shift, 3 * per_shift, logarithmic=True), _decay(config))

    def build(risk_aversion: float, decay: float) -> engine.Strategy:
        return engine.Strategy.avellaneda_stoikov(
            risk_aversion=risk_aversion,
            volatility=sigma,
            decay=decay,
            dt=simulation.decision_interval_s,
            steps=simulation.episode_steps,
            max_lots=_limit(config),
        ).in_steps_of(config.inventory_step)

    return Family("Avellaneda-Stoikov", config, coefficients, build, _derived(config, _risk_aversion, _kappa))


def _glft(config: Config, sigma: float) -> Family:
    """Risk aversions that shift both quotes by a thousandth to twice the price unit per lot."""
    unit, rate = _unit(config), market_order_rate(config)
    per_square = 2 * rate / (unit * np.e * sigma**2)  # gamma is about this times the shift squared
    low, high = (float(per_square * (share * unit) ** 2) for share in (1e-3, 2))
    coefficients = (Coefficient("risk_aversion", low, high, logarithmic=True), _decay(config))

    def build(risk_aversion: float, decay: float) -> engine.Strategy:
        return engine.Strategy.glft(
            risk_aversion=risk_aversion, volatility=sigma, decay=decay, rate=rate, max_lots=_limit(config)
        ).in_steps_of(config.inventory_step)

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
            running_penalty=config.evaluation.inventory_penalty * config.inventory_step,  # per step of inventory
            terminal_penalty=config.agent.terminal_penalty * config.inventory_step,
            impact=params.impact if params is not None else 0.0,
            limit=_limit(config),
            tau=tau,
        )
        return engine.Strategy.table(np.nan_to_num(depths)[:, :, None]).in_steps_of(config.inventory_step)

    return Family("Cartea-Jaimungal", config, coefficients, build, _derived(config, market_order_rate, _kappa))


def _limit(config: Config) -> int:
    """The largest position, in steps of inventory."""
    return config.max_lots // config.inventory_step


def _unit(config: Config) -> float:
    """The natural depth, by which ranges are measured: 1 / kappa where it is known, else the market's price unit."""
    known = config.market.kind is MarketKind.reduced_form
    return 1 / _kappa(config) if known else config.market.price_unit


def _decay(config: Config) -> Coefficient:
    """1 / decay from a tenth of the price unit to thrice it."""
    unit = _unit(config)
    return Coefficient("decay", 1 / (3 * unit), 10 / unit, logarithmic=True)


def _derived(config: Config, *formulas: Callable[[Config], float]) -> tuple[float, ...] | None:
    """What theory says; nothing in a book, or where it says 0, at which the rule is not defined."""
    if config.market.kind is MarketKind.book:
        return None
    values = tuple(formula(config) for formula in formulas)
    return values if all(value > 0 for value in values) else None


def _kappa(config: Config) -> float:
    assert config.market.reduced_form is not None
    return config.market.reduced_form.decay


def _risk_aversion(config: Config) -> float:
    """Gamma = 2 phi / sigma^2: to second order exponential utility then fears inventory as the running penalty does."""
    return 2 * config.evaluation.inventory_penalty / volatility(config) ** 2


def market_order_rate(config: Config) -> float:
    """Market orders per side, 1/s; in a book those that nothing prompts."""
    if config.market.reduced_form is not None and config.market.kind is MarketKind.reduced_form:
        return config.market.reduced_form.rate
    book = config.market.book
    assert book is not None
    if book.flow is not None:
        return book.flow.market_rate
    assert book.realistic is not None
    return book.realistic.takers.rate


def volatility(config: Config) -> float:
    """Of the mid over an episode, price unit of the market per sqrt(s); in a book measured while we do nothing."""
    if config.market.reduced_form is not None and config.market.kind is MarketKind.reduced_form:
        return config.market.reduced_form.volatility
    assert config.market.book is not None
    held_in = config.evaluation
    markets = RuleMarkets(config, episodes=held_in.tuning_episodes, seed=held_in.tuning_seed)
    mids = markets.sums(engine.Strategy.constant(FAR))["mid"]
    return float(np.std(mids) / np.sqrt(config.simulation.episode_s))
