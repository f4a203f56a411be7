"""Types and ranges of every configuration value; the values themselves stand in the YAML files beside this."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from config.section import Section, number


class MarketKind(Enum):
    """Which simulator answers: the limit order book or the problem with a known optimum."""

    book = "book"
    reduced_form = "reduced_form"


class FillMode(Enum):
    """Fill probability of a step dt at depth d, with u = rate exp(-decay d) dt."""

    exponential = "exponential"  # 1 - exp(-u)
    linear = "linear"  # min(1, u)
    mbt = "mbt"  # rate dt min(1, exp(-decay d)), as mbt_gym


class ActionReference(Enum):
    """What an action of zero means; see `AgentConfig`."""

    offsets = "offsets"
    residual = "residual"


class AlgoName(Enum):
    """The learning algorithm."""

    ppo = "ppo"
    sac = "sac"


class Network(Enum):
    """How actor and critic are made of the hidden layers."""

    separate = "separate"  # each has its own
    specification = "specification"  # PPO's share them; a head for each quote and one for the value


class Activation(Enum):
    """Non-linearity of the hidden layers."""

    relu = "relu"
    silu = "silu"
    tanh = "tanh"


@dataclass(frozen=True, kw_only=True)
class SizesConfig(Section):
    """Distribution of order sizes: P(size = lots[i]) = probability[i]."""

    key = "market.book.flow.*_sizes"
    lots: list[int] = number(least=1)
    probability: list[float] = number(least=0)

    def check(self) -> None:
        if len(self.lots) != len(self.probability):
            raise self.refuse("probability", f"have one entry for each of the {len(self.lots)} lots")
        if abs(sum(self.probability) - 1) > 1e-6:
            raise self.refuse("probability", "sum to 1")


@dataclass(frozen=True, kw_only=True)
class QueueReactiveConfig(Section):
    """Thinning by the queue an event meets (Huang, Lehalle & Rosenbaum 2015): probabilities that it is carried out.

    Entry i holds for a queue of i lots, the last one beyond; an empty list lets everything through.
    """

    key = "market.book.flow.queue_reactive"
    limit: list[float] = number(least=0, most=1)  # limit orders at their side's best, by the queue they join
    cancel: list[float] = number(least=0, most=1)  # cancels at the best, by the queue they leave
    market: list[float] = number(least=0, most=1)  # market orders, by the queue they hit
    imbalance_sensitivity: float = number(least=0, most=1)  # s: 1 - s (1 - e I) / 2 of market orders for side e pass


@dataclass(frozen=True, kw_only=True)
class HawkesConfig(Section):
    """Self-excitation (Hawkes 1971): an event of kind j has branching[i][j] children of kind i in the mean.

    Kinds: limit, market, cancel. Rates are multiplied by factors whose mean is one.
    """

    key = "market.book.flow.hawkes"
    decay: list[float] = number(above=0)  # 1/s, one for each kernel
    weight: list[float] = number(least=0)  # of each kernel, sums to 1
    branching: list[list[float]]

    def check(self) -> None:
        if not 1 <= len(self.decay) <= 4:
            raise self.refuse("decay", "have 1 to 4 kernels")
        if len(self.weight) != len(self.decay):
            raise self.refuse("weight", f"have one entry for each of the {len(self.decay)} decays")
        if abs(sum(self.weight) - 1) > 1e-6:
            raise self.refuse("weight", "sum to 1")
        if [len(row) for row in self.branching] != [3, 3, 3] or min(map(min, self.branching)) < 0:
            raise self.refuse("branching", "be 3 x 3 numbers >= 0: children by row, parents by column")


@dataclass(frozen=True, kw_only=True)
class FlowConfig(Section):
    """Poisson flow by distance from the opposite best (Cont, Stoikov & Talreja 2010, section 2).

    Bin i holds the distances distance[i] <= d < distance[i + 1] ticks; the last entry of ``distance`` is the first
    distance at which nothing is placed.
    """

    key = "market.book.flow"
    distance: list[int] = number(least=1)  # bins + 1 edges, ticks
    limit_rate: list[float] = number(least=0)  # arrivals/s per side in the whole bin
    cancel_hazard: list[float] = number(least=0)  # 1/s per live order in the bin; the last holds beyond it
    market_rate: float = number(least=0)  # market orders/s per side
    limit_sizes: SizesConfig
    market_sizes: SizesConfig
    queue_reactive: QueueReactiveConfig | None = None
    hawkes: HawkesConfig | None = None

    def check(self) -> None:
        if any(b <= a for a, b in zip(self.distance, self.distance[1:], strict=False)):
            raise self.refuse("distance", "increase")
        for name in ("limit_rate", "cancel_hazard"):
            if len(getattr(self, name)) != len(self.distance) - 1:
                raise self.refuse(name, f"have one entry for each of the {len(self.distance) - 1} bins of distance")
        if sum(self.limit_rate) <= 0:
            raise self.refuse("limit_rate", "have a positive sum")


@dataclass(frozen=True, kw_only=True)
class BookConfig(Section):
    """A limit order book with price-time priority, fed by background flow."""

    key = "market.book"
    initial_mid_ticks: int = number(least=1000)
    initial_spread_ticks: int = number(least=1)
    warmup_s: float = number(least=0)
    latency_ms: float = number(least=0)
    maker_fee: float  # ticks per lot on our resting fills; negative is a rebate
    taker_fee: float  # ticks per lot when we take, as in the liquidation at the end
    flow: FlowConfig


@dataclass(frozen=True, kw_only=True)
class ReducedFormConfig(Section):
    """Exogenous mid, exponential fill probabilities: the exact discrete problem of `analysis.optimum`."""

    key = "market.reduced_form"
    initial_mid: float = number(above=0)  # price
    rate: float = number(least=0)  # lambda: market orders/s per side
    decay: float = number(above=0)  # kappa: 1/price
    volatility: float = number(least=0)  # sigma: price/sqrt(s)
    impact: float = number(least=0)  # xi: price per fill
    fill_mode: FillMode
    drift: list[float] = number()  # levels of the signal a, price/s; [0] is no signal
    drift_leaving_rate: float = number(least=0)  # 1/s, split equally over the neighbouring levels
    drift_rate_sensitivity: float = number(least=0, most=1)  # s: rates lambda (1 -+ s a/max a)

    def check(self) -> None:
        if not self.drift or len(self.drift) > 64:
            raise self.refuse("drift", "have 1 to 64 levels")
        if any(b <= a for a, b in zip(self.drift, self.drift[1:], strict=False)):
            raise self.refuse("drift", "increase")


@dataclass(frozen=True, kw_only=True)
class MarketConfig(Section):
    """One market: its kind, its units and the parameters of that kind."""

    key = "market"
    name: str
    kind: MarketKind
    origin: str  # where the numbers come from
    tick: float = number(above=0)  # price
    lot: int = number(least=1)  # shares
    price_unit: float = number(above=0)  # natural depth (1/kappa), in ticks (book) or price (reduced form)
    book: BookConfig | None = None
    reduced_form: ReducedFormConfig | None = None
    calibration: dict[str, Any] | None = None  # counts and standard errors, as `analysis calibrate` writes them

    def check(self) -> None:
        if getattr(self, self.kind.value) is None:
            raise self.refuse(self.kind.value, f"be given when market.kind is {self.kind.value}")


@dataclass(frozen=True, kw_only=True)
class MarketMakerConfig(Section):
    """The quoting rule `engine.MarketMaker`; spreads, skews and impact are fractions of the mid."""

    key = "market_maker"
    base_spread: float = number(least=0)
    inventory_skew: float = number(least=0)
    alpha_skew: float = number(least=0)
    market_impact: float = number(least=0)
    volatility_adjustment: float = number(least=0)
    max_position: int = number(least=1)  # shares
    quote_size: int = number(least=1)  # shares
    risk_aversion: float = number(least=0)


@dataclass(frozen=True, kw_only=True)
class AgentConfig(Section):
    """What the policy sets and what it is paid for.

    An action (u_bid, u_ask) puts each quote at its reference plus u price units away from the mid. The reference is
    one price unit from the mid (``offsets``) or the market maker's own skewed quote (``residual``).
    """

    key = "agent"
    action: ActionReference
    action_low: float = number()
    action_high: float = number()
    inventory_penalty: float = number(least=0)  # ticks (or price) x lots per lot^2 and s
    terminal_penalty: float = number(least=0)  # ticks (or price) x lots per lot^2

    def check(self) -> None:
        if self.action_low >= self.action_high:
            raise self.refuse("action_low", f"be < agent.action_high = {self.action_high}")


@dataclass(frozen=True, kw_only=True)
class SimulationConfig(Section):
    """The clock of an episode."""

    key = "simulation"
    decision_interval_ms: float = number(above=0)
    episode_steps: int = number(least=1)

    @property
    def decision_interval_s(self) -> float:
        """The interval in the engine's unit."""
        return 1e-3 * self.decision_interval_ms

    @property
    def episode_s(self) -> float:
        """Length of an episode."""
        return self.episode_steps * self.decision_interval_s


@dataclass(frozen=True, kw_only=True)
class PPOConfig(Section):
    """Proximal policy optimisation (Schulman et al. 2017) with scheduled exploration."""

    key = "algo.ppo"
    gae_lambda: float = number(least=0, most=1)
    clip: float = number(above=0)
    epochs: int = number(least=1)
    minibatch_size: int = number(least=1)
    value_loss_coefficient: float = number(above=0)
    entropy_coefficient: float = number(least=0)
    initial_std: float = number(above=0)  # of u, in price units
    final_std: float = number(above=0)


@dataclass(frozen=True, kw_only=True)
class SACConfig(Section):
    """Soft actor-critic (Haarnoja et al. 2018) with experience replay."""

    key = "algo.sac"
    tau: float = number(above=0, most=1)
    initial_alpha: float = number(above=0)
    target_entropy: float
    buffer_capacity: int = number(least=1)
    warmup_steps: int = number(least=0)
    batch_size: int = number(least=1)
    training_intensity: float = number(above=0)


@dataclass(frozen=True, kw_only=True)
class AlgoConfig(Section):
    """What PPO and SAC share, and the section of the one that is chosen."""

    key = "algo"
    name: AlgoName
    network: Network
    hidden: list[int] = number(least=1)
    activation: Activation
    lr: float = number(above=0)
    final_lr: float = number(least=0)
    grad_clip: float = number(above=0)
    reward_scale: float = number(above=0)  # of rewards in price units, before they are learned from
    centre_reward: bool
    ppo: PPOConfig | None = None
    sac: SACConfig | None = None

    def check(self) -> None:
        if getattr(self, self.name.value) is None:
            raise self.refuse(self.name.value, f"be given when algo.name is {self.name.value}")
        if self.network is Network.specification and self.name is not AlgoName.ppo:
            raise self.refuse("network", f"be separate when algo.name is {self.name.value}")


@dataclass(frozen=True, kw_only=True)
class TrainingConfig(Section):
    """How much is sampled, by how many, and what is kept."""

    key = "training"
    iterations: int = number(least=1)
    steps_per_iteration: int = number(least=1)  # env steps, over all runners
    env_runners: int = number(least=0)
    markets_per_runner: int = number(least=1)
    engine_threads: int = number(least=1)  # of one runner
    staggered: bool
    learners: int = number(least=0)
    gpus_per_learner: float = number(least=0)
    checkpoint_every: int = number(least=1)  # iterations
    checkpoint_root: str
    progress: bool


@dataclass(frozen=True, kw_only=True)
class EvaluationConfig(Section):
    """The held-out evaluation: same episodes for every policy (common random numbers)."""

    key = "evaluation"
    episodes: int = number(least=2)
    seed: int = number(least=0)
    tuning_episodes: int = number(least=2)
    tuning_candidates: int = number(least=32)
    tuning_seed: int = number(least=0)
    confidence: float = number(above=0, below=1)

    def check(self) -> None:
        if self.seed == self.tuning_seed:
            raise self.refuse("tuning_seed", "differ from evaluation.seed")


@dataclass(frozen=True, kw_only=True)
class TrackingConfig(Section):
    """Where MLflow keeps runs and models."""

    key = "tracking"
    uri: str  # empty: MLFLOW_TRACKING_URI if set, else sqlite in `store`
    store: str  # folder of mlflow.db and artifacts/
    experiment: str
    model_name: str


@dataclass(frozen=True, kw_only=True)
class SweepConfig(Section):
    """The Tune sweep: ranges [low, high] of what is searched; the objective never sees the trial's own penalty."""

    key = "sweep"
    trials: int = number(least=1)
    concurrent: int = number(least=1)
    inventory_skew: list[float] = number(least=0)
    alpha_skew: list[float] = number(least=0)
    inventory_penalty: list[float] = number(above=0)
    objective_penalty: float = number(least=0)  # of the fixed evaluation; same units as agent.inventory_penalty
    root: str

    def check(self) -> None:
        for name in ("inventory_skew", "alpha_skew", "inventory_penalty"):
            value = getattr(self, name)
            if len(value) != 2 or value[0] > value[1]:
                raise self.refuse(name, "be [low, high] with low <= high")


@dataclass(frozen=True, kw_only=True)
class Config(Section):
    """Everything a run depends on; the only configuration object that travels beyond `config.load`."""

    seed: int = number(least=0)
    market: MarketConfig
    market_maker: MarketMakerConfig
    agent: AgentConfig
    simulation: SimulationConfig
    algo: AlgoConfig
    training: TrainingConfig
    evaluation: EvaluationConfig
    tracking: TrackingConfig
    sweep: SweepConfig

    @property
    def max_lots(self) -> int:
        """Most lots that may be held, long or short."""
        return self.market_maker.max_position // self.market.lot

    def check(self) -> None:
        for name in ("max_position", "quote_size"):
            shares = getattr(self.market_maker, name)
            if shares % self.market.lot:
                raise self.market_maker.refuse(name, f"be a multiple of market.lot = {self.market.lot} shares")
        book, interval_ms = self.market.book, self.simulation.decision_interval_ms
        if book is not None and book.latency_ms >= interval_ms:
            raise book.refuse("latency_ms", f"be < simulation.decision_interval_ms = {interval_ms}")
