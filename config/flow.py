"""The background flow of a book: types of its sources and layers; ranges and units stand in the engine."""

from __future__ import annotations

from dataclasses import dataclass

import engine
from config.section import EngineSection


@dataclass(frozen=True, kw_only=True)
class LognormalSizesConfig(EngineSection):
    """Sizes of which ``share`` is lognormal, rounded to the nearest multiple of ``unit`` that is not 0."""

    key = "market.book.*.*_sizes.lognormal"
    share: float
    median: float
    deviation: float  # of the logarithm
    unit: int

    def params(self) -> engine.LognormalSizes:
        return engine.LognormalSizes(**self.values())


@dataclass(frozen=True, kw_only=True)
class SizesConfig(EngineSection):
    """Distribution of order sizes: P(size = lots[i]) = probability[i], of those that are not lognormal."""

    key = "market.book.*.*_sizes"
    lots: list[int]
    probability: list[float]
    lognormal: LognormalSizesConfig | None = None

    def params(self) -> engine.Sizes:
        return engine.Sizes(**self.values())


@dataclass(frozen=True, kw_only=True)
class EfficientPriceConfig(EngineSection):
    """The value that the background's quotes follow: a pure-jump process on a grid of ``step``.

    Nobody places an order closer to it than ``edge`` on its own side; the best queue loses its first order at
    ``stale_hazard`` while it stands closer than ``stale_distance``. Nobody of ours sees it.
    """

    key = "market.book.flow.efficient_price"
    volatility: float
    step: float
    edge: float
    stale_distance: float
    stale_hazard: float

    def params(self) -> engine.EfficientPriceParams:
        return engine.EfficientPriceParams(**self.values())


@dataclass(frozen=True, kw_only=True)
class QueueReactiveConfig(EngineSection):
    """Thinning by the queue an event meets (Huang, Lehalle & Rosenbaum 2015): probabilities that it is carried out.

    Entry i holds for a queue of i lots, the last one beyond; an empty list lets everything through.
    """

    key = "market.book.flow.queue_reactive"
    limit: list[float]  # limit orders at their side's best, by the queue they join
    cancel: list[float]  # cancels at the best, by the queue they leave
    market: list[float]  # market orders, by the queue they hit
    imbalance_sensitivity: float  # s: 1 - s (1 - e I) / 2 of market orders for side e pass

    def params(self) -> engine.QueueReactiveParams:
        return engine.QueueReactiveParams(**self.values())


@dataclass(frozen=True, kw_only=True)
class HawkesConfig(EngineSection):
    """Self-excitation (Hawkes 1971): an event of kind j has branching[i][j] children of kind i in the mean.

    Kinds: limit, market, cancel. So much less comes unprompted that the frequencies in the long run stay as they are.
    """

    key = "market.book.*.hawkes"
    decay: list[float]  # of each kernel
    weight: list[float]  # of each kernel
    branching: list[list[float]]  # children by row, parents by column

    def params(self) -> engine.HawkesParams:
        return engine.HawkesParams(**self.values())


@dataclass(frozen=True, kw_only=True)
class FlowConfig(EngineSection):
    """Poisson flow by distance from the opposite best (Cont, Stoikov & Talreja 2010, section 2), and its layers.

    Bin i holds the distances distance[i] <= d < distance[i + 1] ticks; the last entry of ``distance`` is the first
    distance at which nothing is placed.
    """

    key = "market.book.flow"
    distance: list[int]  # bins + 1 edges
    limit_rate: list[float]  # arrivals in the whole bin
    cancel_hazard: list[float]  # of a live order in the bin; the last holds beyond it
    market_rate: float
    collar: int  # how far beyond the best price of the background a market order pays
    limit_sizes: SizesConfig
    market_sizes: SizesConfig
    efficient_price: EfficientPriceConfig | None = None
    queue_reactive: QueueReactiveConfig | None = None
    hawkes: HawkesConfig | None = None

    def params(self) -> engine.FlowParams:
        poisson = self.values()
        layers = {name: poisson.pop(name) for name in ("efficient_price", "queue_reactive", "hawkes")}
        return engine.FlowParams(poisson=engine.PoissonParams(**poisson), **layers)


@dataclass(frozen=True, kw_only=True)
class PlacementConfig(EngineSection):
    """Where limit orders go: inside the spread, to their side's best price, or behind it with a power-law tail.

    With g the gap between the value and the own best price, an order goes inside with probability
    min(most_inside, inside (2 g / inside_gap)^inside_power), by 1 + floor(E inside_reach 2 g) ticks, E exponential.
    """

    key = "market.book.realistic.placement"
    rate: float
    inside: float
    inside_gap: float
    inside_power: float
    most_inside: float
    inside_reach: float
    at_best: float  # share of those that do not go inside
    behind_power: float  # P(i ticks behind) ~ (i + behind_offset)^-behind_power
    behind_offset: float
    farthest: int
    edge: float  # that an order keeps to the value
    random_edge: bool  # whether it is that times an exponential number
    imbalance: float  # share by which the weak side, per unit of imbalance, is not improved

    def params(self) -> engine.PlacementParams:
        return engine.PlacementParams(**self.values())


@dataclass(frozen=True, kw_only=True)
class PatienceConfig(EngineSection):
    """Classes of orders by the hazard at which they are cancelled, and their shares by where an order is placed."""

    key = "market.book.realistic.patience"
    hazard: list[float]
    inside: list[float]
    at_best: list[float]
    near: list[float]
    deep: list[float]
    near_ticks: int  # behind the best that still are near

    def params(self) -> engine.PatienceParams:
        return engine.PatienceParams(**self.values())


@dataclass(frozen=True, kw_only=True)
class TakersConfig(EngineSection):
    """Market orders of uninformed traders, at 2 rate min(most, (spread / usual_spread)^-spread_power)."""

    key = "market.book.realistic.takers"
    rate: float
    usual_spread: float
    spread_power: float
    most: float
    imbalance: float  # share of those against the heavier queue, per unit of imbalance, that are put off
    whole_queue: float  # share that takes just the best queue
    trimmed: float  # share of the larger ones that takes no more than that
    collar: int  # how far from the mid of the background a market order pays
    sizes: SizesConfig

    def params(self) -> engine.TakersParams:
        return engine.TakersParams(**self.values())


@dataclass(frozen=True, kw_only=True)
class MetaordersConfig(EngineSection):
    """Large orders in pieces: P(at least n pieces) = n^-tail (Lillo, Mike & Farmer 2005)."""

    key = "market.book.realistic.metaorders"
    tail: float
    longest: int

    def params(self) -> engine.MetaordersParams:
        return engine.MetaordersParams(**self.values())


@dataclass(frozen=True, kw_only=True)
class OrnsteinUhlenbeckConfig(EngineSection):
    """A slow factor: its logarithm reverts to its mean."""

    key = "market.book.realistic.log_*"
    reversion: float
    deviation: float

    def params(self) -> engine.OrnsteinUhlenbeck:
        return engine.OrnsteinUhlenbeck(**self.values())


@dataclass(frozen=True, kw_only=True)
class ValueConfig(EngineSection):
    """The efficient price that informed traders know and nobody of ours sees.

    Of its variance ``activity_share`` comes with limit orders, the rest by steps; its volatility is slow and random.
    """

    key = "market.book.realistic.value"
    volatility: float
    step: float
    activity_share: float
    log_volatility: OrnsteinUhlenbeckConfig
    jump_rate: float
    jump_size: float  # mean of its absolute value

    def params(self) -> engine.ValueParams:
        return engine.ValueParams(**self.values())


@dataclass(frozen=True, kw_only=True)
class ImpactConfig(EngineSection):
    """A market order of n lots, sign e, moves the value by size (e - forecast_weight E[e | past]) (n / unit)^power."""

    key = "market.book.realistic.impact"
    size: float
    power: float
    unit: int
    forecast_weight: float  # below 1 trades have momentum, above they are followed by a reversal

    def params(self) -> engine.ImpactParams:
        return engine.ImpactParams(**self.values())


@dataclass(frozen=True, kw_only=True)
class StaleConfig(EngineSection):
    """Orders at the best go at hazard x min(1, (distance - gap) / width) while the value is so near."""

    key = "market.book.realistic.stale"
    hazard: float
    distance: float
    width: float

    def params(self) -> engine.StaleParams:
        return engine.StaleParams(**self.values())


@dataclass(frozen=True, kw_only=True)
class InformedConfig(EngineSection):
    """Traders who know the value and take a quote that stands beyond it by more than ``cost``."""

    key = "market.book.realistic.informed"
    rate: float
    cost: float
    whole_queue: float  # share that takes the best queue, all of it

    def params(self) -> engine.InformedParams:
        return engine.InformedParams(**self.values())


@dataclass(frozen=True, kw_only=True)
class ReactionsConfig(EngineSection):
    """Limit orders that follow at once: on a trade, on a best price that is gone, on a cancel."""

    key = "market.book.realistic.reactions"
    follow: float
    follow_decay: float  # of its delay
    renew: float
    refill: float
    refill_decay: float  # of the delay of both

    def params(self) -> engine.ReactionsParams:
        return engine.ReactionsParams(**self.values())


@dataclass(frozen=True, kw_only=True)
class IntradayConfig(EngineSection):
    """U(x) = base + opening e^(-x / opening_scale) + closing e^(-(1 - x) / closing_scale), x the share of the day."""

    key = "market.book.realistic.intraday"
    session_s: float
    base: float
    opening: float
    opening_scale: float
    closing: float
    closing_scale: float

    def params(self) -> engine.IntradayParams:
        return engine.IntradayParams(**self.values())


@dataclass(frozen=True, kw_only=True)
class RealisticConfig(EngineSection):
    """Flow with the stylised facts of real books; a layer that is not given is off.

    Rates are those of orders that nothing prompts, in a market of average activity. Of ``hawkes`` the children are
    added to them; those of kind cancel make all orders older.
    """

    key = "market.book.realistic"
    placement: PlacementConfig
    limit_sizes: SizesConfig
    patience: PatienceConfig
    takers: TakersConfig
    metaorders: MetaordersConfig | None = None
    value: ValueConfig | None = None  # the mid is it where it is not given
    impact: ImpactConfig | None = None
    stale: StaleConfig | None = None
    informed: InformedConfig | None = None
    hawkes: HawkesConfig | None = None
    reactions: ReactionsConfig | None = None
    log_activity: OrnsteinUhlenbeckConfig | None = None
    intraday: IntradayConfig | None = None

    def params(self) -> engine.RealisticParams:
        return engine.RealisticParams(**self.values())
