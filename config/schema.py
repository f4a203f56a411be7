"""Types and ranges of every configuration value; the values themselves stand in the YAML files beside this.

The ranges and units of an `EngineSection` stand in the engine, beside the struct: `describe` lists them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import engine
from config.flow import FlowConfig, RealisticConfig
from config.section import EngineSection, Section, folder, number, random_seed, refusals


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


class FeeUnit(Enum):
    """What a venue's rates are of."""

    ticks_per_lot = "ticks_per_lot"
    basis_points = "basis_points"  # of the value traded


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
class SignalConfig(EngineSection):
    """Alpha: value - mid as it was ``lag_ms`` ago, with noise on it that is forgotten within ``noise_s``.

    ``deviation`` is that of value - mid, the noise's is deviation / signal_to_noise; alpha's own is a half.
    """

    key = "market.book.signal"
    lag_ms: float
    deviation: float
    signal_to_noise: float
    noise_s: float

    def params(self) -> engine.SignalParams:
        return engine.SignalParams(**self.values())


@dataclass(frozen=True, kw_only=True)
class FeesConfig(EngineSection):
    """What a venue charges: tier i holds from ``volume[i]`` lots traded in the episode; a negative rate is a rebate."""

    key = "market.book.fees"
    unit: FeeUnit
    volume: list[int]
    maker: list[float]  # on our resting fills
    taker: list[float]  # when we take, as in the liquidation at the end

    def params(self) -> engine.FeeParams:
        return engine.FeeParams(**self.values())


@dataclass(frozen=True, kw_only=True)
class BookConfig(EngineSection):
    """A limit order book with price-time priority, fed by background flow."""

    key = "market.book"
    initial_mid_ticks: int
    initial_spread_ticks: int
    warmup_s: float
    latency_ms: float  # from our decision to the venue: orders, cancels and replacements alike
    latency_jitter_ms: float  # mean of an exponential time on top
    data_delay_ms: float  # from the venue to us: market data and our own fills
    fees: FeesConfig
    market_impact: float  # what each lot of a liquidation moves the price against the next
    flow: FlowConfig | None = None  # one of both
    realistic: RealisticConfig | None = None
    signal: SignalConfig | None = None  # the imbalance of the best queues is it where it is not given
    variation: float = 0.0  # of the logarithm of what each magnitude of `realistic` is times in an episode; 0 is one

    def params(self) -> engine.BookParams:
        return engine.BookParams(**self.values())


@dataclass(frozen=True, kw_only=True)
class ReducedFormConfig(EngineSection):
    """Exogenous mid, exponential fill probabilities: the exact discrete problem of `analysis.optimum`."""

    key = "market.reduced_form"
    initial_mid: float
    rate: float  # lambda: market orders
    decay: float  # kappa
    volatility: float  # sigma
    impact: float  # xi
    fill_mode: FillMode
    drift: list[float]  # levels of the signal a; [0] is no signal
    drift_leaving_rate: float  # split equally over the neighbouring levels
    drift_rate_sensitivity: float  # s: rates lambda (1 -+ s a/max a)

    def params(self) -> engine.ReducedFormParams:
        return engine.ReducedFormParams(**self.values())


@dataclass(frozen=True, kw_only=True)
class MarketConfig(Section):
    """One market: its kind, its units and the parameters of that kind."""

    key = "market"
    name: str
    kind: MarketKind
    origin: str  # where the numbers come from
    tick: float  # price
    lot: int  # shares
    price_unit: float  # natural depth (1/kappa), in ticks (book) or price (reduced form)
    book: BookConfig | None = None
    reduced_form: ReducedFormConfig | None = None
    calibration: dict[str, Any] | None = None  # counts and standard errors, as `analysis calibrate` writes them

    def check(self) -> None:
        if getattr(self, self.kind.value) is None:
            raise self.refuse(self.kind.value, f"be given when market.kind is {self.kind.value}")

    def params(self) -> engine.BookParams | engine.ReducedFormParams:
        """The engine's struct of the chosen kind."""
        chosen: BookConfig | ReducedFormConfig = getattr(self, self.kind.value)
        return chosen.params()


@dataclass(frozen=True, kw_only=True)
class MarketMakerConfig(EngineSection):
    """The quoting rule `engine.MarketMaker`; its lot and tick are the market's."""

    key = "market_maker"
    base_spread: float
    inventory_skew: float
    alpha_skew: float
    volatility_adjustment: float
    max_position: int
    quote_size: int

    def params(self, *, lot: int = 1, tick: float = 1.0) -> engine.QuoteParams:
        return engine.QuoteParams(**self.values(), lot=lot, tick=tick)


@dataclass(frozen=True, kw_only=True)
class AgentConfig(EngineSection):
    """What the policy sets and what it is paid for.

    An action (u_bid, u_ask) puts each quote at its reference plus u price units away from the mid. The reference is
    one price unit from the mid (``offsets``) or the market maker's own skewed quote (``residual``).
    """

    key = "agent"
    action: ActionReference
    action_low: float
    action_high: float
    inventory_penalty: float
    terminal_penalty: float
    sizes: bool  # whether an action sets, besides, how much of its size each quote shows: 0 all, -1 none (book)

    def params(self) -> engine.AgentParams:
        return engine.AgentParams(**self.values())


@dataclass(frozen=True, kw_only=True)
class SimulationConfig(Section):
    """The clock of an episode."""

    key = "simulation"
    decision_interval_ms: float = number(above=0)
    episode_steps: int

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
    gae_lambda: float = number(least=0, most=1)  # of the actor's advantages
    value_lambda: float = number(least=0, most=1)  # of the critic's targets
    clip: float = number(above=0)
    epochs: int = number(least=1)
    minibatch_size: int = number(least=1)
    value_loss_coefficient: float = number(above=0)
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
    holding_s: float = number(least=0)  # of inventory penalty that a fill pays in advance, in the rewards learned from
    without_luck: bool  # learn from fills at their worth by the efficient price, where a simulated market has one
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
    checkpoint_root: str = folder()
    patience_s: float = number(above=0)
    progress: bool

    def check(self) -> None:
        if self.gpus_per_learner and not self.learners:
            raise self.refuse("gpus_per_learner", "be 0 when training.learners is 0: the driver learns on the CPU")


@dataclass(frozen=True, kw_only=True)
class EvaluationConfig(Section):
    """The held-out evaluation: same episodes for every policy (common random numbers)."""

    key = "evaluation"
    episodes: int = number(least=2)
    seed: int = random_seed()
    tuning_episodes: int = number(least=2)
    tuning_candidates: int = number(least=32)
    tuning_seed: int = random_seed()
    confidence: float = number(above=0, below=1)
    inventory_penalty: float = number(least=0)  # by which policies are compared; agent.inventory_penalty trains them

    def check(self) -> None:
        if self.seed == self.tuning_seed:
            raise self.refuse("tuning_seed", "differ from evaluation.seed")


@dataclass(frozen=True, kw_only=True)
class TrackingConfig(Section):
    """Where MLflow keeps runs and models."""

    key = "tracking"
    uri: str  # empty: MLFLOW_TRACKING_URI if set, else sqlite in `store`
    store: str = folder()  # of mlflow.db and artifacts/
    experiment: str
    model_name: str

    def check(self) -> None:
        for name in ("experiment", "model_name"):
            if not getattr(self, name).strip() or set(getattr(self, name)) & set("/:'\""):
                raise self.refuse(name, "be a name without / : and quotes")


@dataclass(frozen=True, kw_only=True)
class SweepConfig(Section):
    """The Tune sweep: ranges [low, high] of what is searched. What trials are compared by is the evaluation's."""

    key = "sweep"
    trials: int = number(least=1)
    concurrent: int = number(least=1)
    inventory_skew: list[float] = number(least=0)
    alpha_skew: list[float] = number(least=0)
    inventory_penalty: list[float] = number(above=0)
    root: str = folder()

    def check(self) -> None:
        for name in ("inventory_skew", "alpha_skew", "inventory_penalty"):
            value = getattr(self, name)
            if len(value) != 2 or value[0] > value[1]:
                raise self.refuse(name, "be [low, high] with low <= high")


@dataclass(frozen=True, kw_only=True)
class Config(Section):
    """Everything a run depends on; the only configuration object that travels beyond `config.load`."""

    seed: int = random_seed()
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

    @property
    def inventory_step(self) -> int:
        """Lots between two inventories that a rule's table knows: one, but where they are shares."""
        fine = self.max_lots <= 100 or self.max_lots % self.quote_lots != 0
        return 1 if fine else self.quote_lots

    @property
    def quote_lots(self) -> int:
        """Lots of a whole quote."""
        return self.market_maker.quote_size // self.market.lot

    def check(self) -> None:
        self._check_seeds()
        self._check_scenario()

    def _check_seeds(self) -> None:
        """A policy must not be judged on the episodes that it was trained on."""
        for name in ("seed", "tuning_seed"):
            if self.seed == getattr(self.evaluation, name):
                raise self.refuse("seed", f"differ from evaluation.{name}")

    def _check_scenario(self) -> None:
        keys = {
            "market.": f"market.{self.market.kind.value}.",
            "max_position": "market_maker.max_position",
            "quote_size": "market_maker.quote_size",
            "agent.": "agent.",
            "lot": "market.lot",
            "tick": "market.tick",
            "price_unit": "market.price_unit",
            "episode_steps": "simulation.episode_steps",
        }
        with refusals(keys):
            self.scenario()

    def scenario(self) -> engine.Scenario:
        """Everything the engine builds a market from."""
        return engine.Scenario(
            market=self.market.params(),
            maker=self.market_maker.params(lot=self.market.lot, tick=self.market.tick),
            agent=self.agent.params(),
            price_unit=self.market.price_unit,
            decision_interval_s=self.simulation.decision_interval_s,
            episode_steps=self.simulation.episode_steps,
        )
