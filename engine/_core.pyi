"""The C++ engine. Prices are ticks and sizes lots unless a name says otherwise; arrays are C-contiguous.

Every function raises ValueError with a sentence that names the argument, the rule and the value, before anything has
changed; RuntimeError where the call comes at the wrong time, not with the wrong arguments.
"""

import enum
import os
from typing import Any, ClassVar, dataclass_transform

import numpy as np
from numpy.typing import NDArray

INTERFACE: int
STATISTICS: tuple[str, ...]
"""Columns of a step's statistics in every market; positions in lots.

Money is in tick x lot (book) or price x lot (reduced form).
"""

WIDEST_VECTORS: int
"""Bits of the widest vector instructions that this machine has and the engine is compiled for."""

MESSAGE: np.dtype[np.void]
"""One LOBSTER message: time_ns i8, type i1, order_id i8, size i4 (shares), price i8 (x 10^4), direction i1."""

class Side(enum.Enum):
    """Which side of the book an order stands on."""

    bid = 0
    ask = 1

class Party(enum.Enum):
    """Whose order it is."""

    background = 0
    agent = 1

class TimeInForce(enum.Enum):
    """What becomes of the part of a limit order that finds no counterparty at once.

    gtc (good till cancelled): it rests; ioc (immediate or cancel): it is gone; fok (fill or kill): there is none, or
    the order is refused; post_only: it is the whole order, or the order is refused.
    """

    gtc = 0
    ioc = 1
    fok = 2
    post_only = 3

class Submission:
    """What became of one command to an order book."""

    @property
    def rejection(self) -> str | None:
        """Why the book refused it, and changed nothing; None when it did not."""
    @property
    def order(self) -> int | None:
        """Id of what rests; None when nothing does."""
    @property
    def filled(self) -> int:
        """Lots traded."""
    @property
    def prevented(self) -> int:
        """Lots of the agent's own orders that were removed because an order of the agent would have met them."""
    @property
    def fills(self) -> list[tuple[int, int, int]]:
        """Each match in order of priority: the resting order's id, its price in ticks, lots."""

class _Book:
    """A limit order book with price-time priority.

    Prices are ticks, sizes lots. An order's id is opaque; a dead order's may come back once its slot has been used
    32,768 times in the compact and medium books, 2^31 times in `OrderBook`. A refusal is a returned sentence and has
    changed nothing.
    """

    capacity: ClassVar[int]
    """Most orders that may rest."""

    def __init__(self, centre: int) -> None:
        """An empty book whose window of prices lies around ``centre``, within [-2^30, 2^30)."""
    def limit(
        self, side: Side, price: int, lots: int, party: Party = ..., time_in_force: TimeInForce = ...
    ) -> Submission:
        """Trades against the opposite side up to ``price``; what is left rests or not, see `TimeInForce`.

        An order of the agent never trades with another: the resting one is removed when the taker reaches it.
        """
    def market(self, side: Side, lots: int, party: Party = ...) -> Submission:
        """Trades at any price; what finds no counterparty is gone."""
    def cancel(self, order: int) -> str | None:
        """Removes an order; the sentence of the refusal, or None."""
    def reduce(self, order: int, lots: int) -> str | None:
        """Takes ``lots`` off an order, which keeps its place; all of them remove it. As `cancel` otherwise."""
    def replace(self, order: int, price: int, lots: int, time_in_force: TimeInForce = ...) -> Submission:
        """Cancel-replace: no more lots at the same price keep their place and id.

        Anything else goes to the back of its queue under a new id, and may trade on the way.
        """
    def recentre(self, centre: int) -> None:
        """Moves the window; orders that fall outside are dropped and counted."""
    def depth(self, side: Side, n: int) -> list[tuple[int, int]]:
        """The best ``n`` levels that somebody stands at: (price, lots), from the touch outward."""
    def queue(self, price: int) -> list[int]:
        """Ids of the orders at a price, the first to trade first."""
    def validate(self) -> None:
        """Checks every invariant.

        Raises:
            RuntimeError: names the one that fails.
        """
    @property
    def best_bid(self) -> int | None:
        """Highest bid; None when there is none."""
    @property
    def best_ask(self) -> int | None:
        """Lowest ask; None when there is none."""
    @property
    def window(self) -> tuple[int, int]:
        """First price of the window and the first one behind it."""
    @property
    def live(self) -> int:
        """Orders in the book."""
    @property
    def dropped(self) -> int:
        """Orders lost to moves of the window."""

class OrderBook(_Book):
    """A limit order book for inspection, tests and replay: room for 65,536 orders and prices."""

class MediumOrderBook(_Book):
    """As `OrderBook`, with room for 1,024 orders and 512 prices; for simulated markets that are deep."""

class CompactOrderBook(_Book):
    """As `OrderBook`, with room for 96 orders and 64 prices; for simulated markets that are tight."""

def read_messages(path: str | os.PathLike[str], tick: int = 1) -> NDArray[np.void]:
    """A LOBSTER message file as an array of `MESSAGE`; times are rounded to whole ns.

    ``tick`` (x 10^4) is what prices of types 1 to 4 must be multiples of.

    Raises:
        ValueError: FILE:LINE, the rule and the value.
    """

def read_book(path: str | os.PathLike[str]) -> NDArray[np.int64]:
    """A LOBSTER book file: (rows, 4 x levels), each row ask price, ask size, bid price, bid size, ask price 2, ...

    Prices are x 10^4, sizes shares; a level at which nobody stands has the price +-9999999999. Errors as in
    `read_messages`.
    """

class Replay:
    """Recorded messages applied to a wide order book. Sizes are shares, prices x 10^4.

    The GIL is released while messages are applied; a call from a second thread meanwhile is a RuntimeError.
    """

    def __init__(self, row: NDArray[np.int64], tick: int = 100, centre: int = 0) -> None:
        """A book seeded from one row of a book file, possibly empty; each level is one anonymous order.

        The book keeps 65,536 ticks around ``centre``, or around the first price it sees when that is 0.

        Raises:
            ValueError: the row is not a book or not of integers, or a price is not a multiple of ``tick``.
        """
    def apply(self, messages: NDArray[np.void]) -> None:
        """Applies one message or many, of dtype `MESSAGE`.

        Raises:
            ValueError: another dtype; or an unknown type, size or direction, or a price off the tick, in which case the
                messages before it are applied.
        """
    def apply_and_record(self, messages: NDArray[np.void], n_levels: int) -> NDArray[np.int64]:
        """Applies each message and records the book after it: (messages, 4 x n_levels), laid out as `read_book`."""
    def levels(self, n_levels: int) -> NDArray[np.int64]:
        """The best levels as one row of a book file: (4 x n_levels,)."""
    def validate(self) -> None:
        """As `OrderBook.validate`."""
    @property
    def live(self) -> int:
        """Orders in the book."""
    @property
    def counters(self) -> dict[str, int]:
        """What was met besides the ordinary; nothing is left out silently.

        ``hidden`` executions and auction trades, ``halts``; ``anonymous``: reductions of an unknown id, taken from the
        order seeded at that price; ``unknown``: reductions that found no order; ``excess``: by more than it held;
        ``short_deletion``: deletions of fewer shares than the order held, which are carried out in full;
        ``out_of_turn``: executions of an order not at the front of its queue; ``traded_through``: executions behind
        the best price; ``stale``: orders removed because a submission came to rest through them; ``duplicate``:
        submissions under a live id; ``outside_window``: prices outside the window; ``rejected``: refused otherwise.
        """

class FillMode(enum.Enum):
    """Fill probability in a step dt at depth d, u = rate exp(-decay d) dt: 1 - exp(-u); min(1, u); as mbt_gym."""

    exponential = 0
    linear = 1
    mbt = 2

class ActionReference(enum.Enum):
    """What action 0 quotes: one price unit from the mid, or the market maker's own skewed quotes."""

    offsets = 0
    residual = 1

class Autoreset(enum.Enum):
    """Whether a market that ended starts anew within the same step or at the next call."""

    same_step = 0
    next_step = 1

class Liquidity(enum.Enum):
    """Whether the order of a fill rested in the book or came to it."""

    maker = 0
    taker = 1

class FeeUnit(enum.Enum):
    """What a fee is charged by: lots, at so many ticks each, or the value traded."""

    ticks_per_lot = 0
    basis_points = 1

class FeeSchedule:
    """What a venue charges for a fill.

    Rates are rounded once, to billionths of a tick (per lot, or per lot and tick of price); fees are exact then.
    """

    def __init__(self, params: FeeParams) -> None: ...
    def fee(self, liquidity: Liquidity, price: int, lots: int, traded_before: int = 0) -> int:
        """Of a whole fill, 10^-9 tick x lot, at the tier that ``traded_before`` lots have reached."""

class Account:
    """Position, cash and profit in exact integers (lots, tick x lot); fees apart, in billionths.

    realised + unrealised = total holds exactly: 2 realised + unrealised2(mid2) == total2(mid2).
    """

    def __init__(self) -> None: ...
    def fill(self, side: Side, price: int, lots: int, fee_nano: int = 0) -> None:
        """Books a fill of ours; ``side`` is bid when we bought. ``fee_nano``: of the whole fill, 10^-9 tick x lot."""
    def unrealised2(self, mid2: int) -> int:
        """Twice the open position's profit at the mid mid2 / 2."""
    def total2(self, mid2: int) -> int:
        """Twice the total profit before fees at the mid mid2 / 2."""
    def pnl(self, mid2: int) -> float:
        """Total profit after fees at the mid mid2 / 2, tick x lot."""
    @property
    def position(self) -> int: ...
    @property
    def cash(self) -> int: ...
    @property
    def cost(self) -> int: ...
    @property
    def realised(self) -> int: ...
    @property
    def fees_nano(self) -> int: ...
    @property
    def fees(self) -> float:
        """Tick x lot."""
    @property
    def turnover(self) -> int: ...
    @property
    def average_cost(self) -> float: ...

@dataclass_transform(kw_only_default=True, frozen_default=True)
class _Params:
    """Read-only fields, all of them keywords of the constructor.

    Raises:
        TypeError: a field that is missing, unknown or of the wrong type; the sentence names it.
        ValueError: a value out of range; the sentence begins with the field's name.
    """

    @staticmethod
    def describe() -> list[tuple[str, str, str]]:
        """Of each field its name, the rule that follows "must" (each element's, in a list), and its unit."""

class FeeParams(_Params):
    """A venue's rates: tier i holds from ``volume[i]`` lots traded on, and a negative rate is a rebate."""

    unit: FeeUnit
    volume: list[int]
    maker: list[float]
    taker: list[float]

class QuoteParams(_Params):
    """Parameters of `MarketMaker`: spreads, skews, impact as fractions of the mid; sizes in shares, tick in price.

    ``max_position`` and ``quote_size`` are multiples of ``lot``.
    """

    base_spread: float = ...
    inventory_skew: float = ...
    alpha_skew: float = ...
    market_impact: float = ...
    volatility_adjustment: float = ...
    risk_aversion: float = ...
    max_position: int = ...
    quote_size: int = ...
    lot: int = ...
    tick: float = ...

class MarketState:
    """What quotes are made from: mid and spread in price, volatility as a fraction of the mid per sqrt(s)."""

    def __init__(self, mid_price: float, spread: float = ..., volatility: float = ...) -> None: ...
    @property
    def mid_price(self) -> float: ...
    @property
    def spread(self) -> float: ...
    @property
    def volatility(self) -> float: ...

class InventoryState:
    """A position and its limit, shares; long is positive."""

    def __init__(self, position: float, max_position: float) -> None: ...
    @property
    def position(self) -> float: ...
    @property
    def max_position(self) -> float: ...
    @property
    def ratio(self) -> float:
        """Share of the limit that is used, with the sign of the position."""

class Quote:
    """Two prices (multiples of the tick) and two sizes (shares; 0 is no quote); ``quote['bid_price']`` works too."""

    @property
    def bid_price(self) -> float: ...
    @property
    def ask_price(self) -> float: ...
    @property
    def bid_size(self) -> int: ...
    @property
    def ask_size(self) -> int: ...
    def __getitem__(self, name: str) -> float: ...

class MarketMaker:
    """The quoting rule: bid, ask = mid -+ base / 2 + skew, base = base_spread (1 + volatility_adjustment volatility).

    skew = -inventory_skew x f(|x|) + alpha_skew alpha with x = inventory / max_position; f is 1 up to |x| = 0.7 and
    grows linearly to 1.5 at |x| = 1, so that the skew is odd, continuous and monotone. Takes `QuoteParams` or its
    fields as keywords.
    """

    def __init__(self, params: QuoteParams = ..., **fields: Any) -> None: ...
    def calculate_quotes(
        self, market_state: MarketState | dict[str, float], inventory: InventoryState | float, alpha: float = 0.0
    ) -> Quote:
        """Quotes for a `MarketState` or a dict of its fields; ``inventory`` in shares.

        Prices are rounded outward to ticks. A size shrinks with the inventory on the side that would add to it and
        is 0 on a side at its limit.
        """
    def calculate_inventory_skew(self, inventory: float) -> float:
        """Shift of both quotes as a fraction of the mid."""
    def calculate_inventory_penalty(self, inventory: float) -> float:
        """risk_aversion (inventory / max_position)^2."""
    def update_position(self, side: Side, price: float, size: int, fee: float = 0.0) -> None:
        """Books a fill of ours: ``price`` and ``fee`` (a share) in price, ``size`` in shares."""
    def get_pnl(self, mid_price: float) -> dict[str, float]:
        """``realised``, ``unrealised``, ``fees`` and ``total``, in price x shares."""
    def liquidation_cost(self, market_state: MarketState | dict[str, float]) -> float:
        """Cost of closing the position at once, price x shares."""
    @property
    def position(self) -> int: ...

def skew_shape(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The odd, continuous, monotone shape of the inventory skew by x = inventory / max_position; see `MarketMaker`."""

class LognormalSizes(_Params):
    """A share of the sizes that is lognormal; see `config.LognormalSizesConfig`."""

    share: float
    median: float
    deviation: float
    unit: int

class Sizes(_Params):
    """P(size = lots[i]) = probability[i], of what is not lognormal."""

    lots: list[int]
    probability: list[float]
    lognormal: LognormalSizes | None = ...

class PoissonParams(_Params):
    """Flow by distance from the opposite best (Cont, Stoikov & Talreja 2010); see `config.FlowConfig`."""

    distance: list[int]
    limit_rate: list[float]
    cancel_hazard: list[float]
    market_rate: float
    collar: int
    limit_sizes: Sizes
    market_sizes: Sizes

class EfficientPriceParams(_Params):
    """The value that the background's quotes follow; see `config.EfficientPriceConfig`."""

    volatility: float
    step: float
    edge: float
    stale_distance: float
    stale_hazard: float

class QueueReactiveParams(_Params):
    """Thinning by the queue an event meets (Huang, Lehalle & Rosenbaum 2015); see `config.QueueReactiveConfig`."""

    limit: list[float]
    cancel: list[float]
    market: list[float]
    imbalance_sensitivity: float

class HawkesParams(_Params):
    """Self-excitation of the background (Hawkes 1971); see `config.HawkesConfig`.

    Raises:
        ValueError: a spectral radius of ``branching`` >= 1, among others.
    """

    decay: list[float]
    weight: list[float]
    branching: list[list[float]]

class FlowParams(_Params):
    """The background flow: Poisson streams, and the sources and layers beside them."""

    poisson: PoissonParams
    efficient_price: EfficientPriceParams | None = ...
    queue_reactive: QueueReactiveParams | None = ...
    hawkes: HawkesParams | None = ...

class PlacementParams(_Params):
    """Where limit orders go; see `config.PlacementConfig`."""

    rate: float
    inside: float
    inside_gap: float
    inside_power: float
    most_inside: float
    inside_reach: float
    at_best: float
    behind_power: float
    behind_offset: float
    farthest: int
    edge: float
    random_edge: bool
    imbalance: float

class PatienceParams(_Params):
    """Classes of orders by the hazard at which they are cancelled; see `config.PatienceConfig`."""

    hazard: list[float]
    inside: list[float]
    at_best: list[float]
    near: list[float]
    deep: list[float]
    near_ticks: int

class TakersParams(_Params):
    """Market orders of uninformed traders; see `config.TakersConfig`."""

    rate: float
    usual_spread: float
    spread_power: float
    most: float
    imbalance: float
    whole_queue: float
    trimmed: float
    collar: int
    sizes: Sizes

class MetaordersParams(_Params):
    """Large orders in pieces (Lillo, Mike & Farmer 2005); see `config.MetaordersConfig`."""

    tail: float
    longest: int

class OrnsteinUhlenbeck(_Params):
    """A slow factor whose logarithm reverts to its mean; see `config.OrnsteinUhlenbeckConfig`."""

    reversion: float
    deviation: float

class ValueParams(_Params):
    """The efficient price of those who know it; see `config.ValueConfig`."""

    volatility: float
    step: float
    activity_share: float
    log_volatility: OrnsteinUhlenbeck
    jump_rate: float
    jump_size: float

class ImpactParams(_Params):
    """What market orders tell about the value; see `config.ImpactConfig`."""

    size: float
    power: float
    unit: int
    forecast_weight: float

class StaleParams(_Params):
    """Haste of the orders that the value has come close to; see `config.StaleConfig`."""

    hazard: float
    distance: float
    width: float

class InformedParams(_Params):
    """Traders who know the value; see `config.InformedConfig`."""

    rate: float
    cost: float
    whole_queue: float

class ReactionsParams(_Params):
    """Limit orders that follow at once; see `config.ReactionsConfig`."""

    follow: float
    follow_decay: float
    renew: float
    refill: float
    refill_decay: float

class IntradayParams(_Params):
    """The course of a day; see `config.IntradayConfig`."""

    session_s: float
    base: float
    opening: float
    opening_scale: float
    closing: float
    closing_scale: float

class RealisticParams(_Params):
    """Flow with the stylised facts of real books; see `config.RealisticConfig`.

    Raises:
        ValueError: activity that explodes, among others; the sentence names the matrix.
    """

    placement: PlacementParams
    limit_sizes: Sizes
    patience: PatienceParams
    takers: TakersParams
    metaorders: MetaordersParams | None = ...
    value: ValueParams | None = ...
    impact: ImpactParams | None = ...
    stale: StaleParams | None = ...
    informed: InformedParams | None = ...
    hawkes: HawkesParams | None = ...
    reactions: ReactionsParams | None = ...
    log_activity: OrnsteinUhlenbeck | None = ...
    intraday: IntradayParams | None = ...

class SignalParams(_Params):
    """A late and noisy view of the value; see `config.SignalConfig`."""

    lag_ms: float
    deviation: float
    signal_to_noise: float
    noise_s: float

class BookParams(_Params):
    """A limit order book; see `config.BookConfig`."""

    initial_mid_ticks: int
    initial_spread_ticks: int
    warmup_s: float
    latency_ms: float
    latency_jitter_ms: float
    data_delay_ms: float
    fees: FeeParams
    market_impact: float
    flow: FlowParams | None = ...
    realistic: RealisticParams | None = ...
    signal: SignalParams | None = ...
    variation: float

class ReducedFormParams(_Params):
    """Exogenous mid and exponential fill probabilities; see `config.ReducedFormConfig`."""

    initial_mid: float
    rate: float
    decay: float
    volatility: float
    impact: float
    fill_mode: FillMode
    drift: list[float]
    drift_leaving_rate: float
    drift_rate_sensitivity: float

class AgentParams(_Params):
    """The action's reference and box (price units) and the penalties (per lot^2, the first also per s)."""

    action: ActionReference
    action_low: float
    action_high: float
    inventory_penalty: float
    terminal_penalty: float
    sizes: bool

    def penalty(self, lots: float, seconds: float) -> float:
        """inventory_penalty lots^2 seconds: what holding so many for so long costs."""

class Scenario(_Params):
    """Everything a market is built from."""

    market: BookParams | ReducedFormParams
    maker: QuoteParams
    agent: AgentParams
    price_unit: float
    decision_interval_s: float
    episode_steps: int

class Strategy:
    """Depths of both quotes by step, inventory and signal, all in the market's own unit: ticks (book) or price.

    A table [steps or 1, 2 max_lots + 1, levels, 2] (bid, ask), q = -max_lots..max_lots, where one row holds for all
    steps, and of the levels, which are values of the signal, the nearest. Besides, the signal moves both quotes up by
    ``alpha_skew`` times it. ``max_lots`` is the market's, max_position / lot.
    """

    @staticmethod
    def table(depths: NDArray[np.float64], *, alpha_skew: float = 0.0, levels: list[float] = ...) -> Strategy:
        """Any depths [steps or 1, 2 max_lots + 1, levels, 2], finite; ``levels`` increase, one of 0 unless given."""
    @staticmethod
    def constant(half_spread: float) -> Strategy:
        """The same depth on both sides, whatever the inventory."""
    @staticmethod
    def linear_skew(*, half_spread: float, inventory_skew: float, alpha_skew: float = 0.0, max_lots: int) -> Strategy:
        """half_spread +- (inventory_skew f(q / max_lots) - alpha_skew alpha), f the market maker's `skew_shape`."""
    @staticmethod
    def avellaneda_stoikov(
        *, risk_aversion: float, volatility: float, decay: float, dt: float, steps: int, max_lots: int
    ) -> Strategy:
        """Quotes around the reservation price s - q gamma sigma^2 tau, tau = (steps - n) dt at step n.

        Their spread is gamma sigma^2 tau + (2 / gamma) ln(1 + gamma / k): Avellaneda & Stoikov (2008), equations (29)
        and (30). gamma is the risk aversion, k the decay.
        """
    @staticmethod
    def glft(*, risk_aversion: float, volatility: float, decay: float, rate: float, max_lots: int) -> Strategy:
        """Gueant, Lehalle & Fernandez-Tapia (2013), the limit far from the end.

        (1 / gamma) ln(1 + gamma / k) + (1 +- 2 q) / 2 sqrt(sigma^2 gamma / (2 k A) (1 + gamma / k)^(1 + k / gamma)),
        + for the bid; gamma is the risk aversion, k the decay, A the rate.
        """
    def in_steps_of(self, lots: int) -> Strategy:
        """The same table for inventories that lie ``lots`` apart, with straight lines between them."""
    def at_touch(self, *, least_spread: float = 0.0, most_against: float = 1.0) -> Strategy:
        """The same table counted outwards from the others' best prices instead of the mid (book).

        Nothing is quoted while they are less than ``least_spread`` ticks apart, nor on a side that the signal is
        against by more than ``most_against``: a bid while it is below -most_against, an ask while it is above it.
        """
    def __call__(
        self,
        step: NDArray[np.float64],
        inventory: NDArray[np.float64],
        alpha: NDArray[np.float64],
        spread: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """What it quotes in n states, from the mid: [n] each, to depths [n, 2] (bid, ask).

        Step from 0, inventory in lots, the spread of the others in ticks, without which no strategy at the touch can
        quote.
        """
    @property
    def touching(self) -> bool:
        """Whether it counts from the others' best prices."""
    @property
    def depths(self) -> NDArray[np.float64]:
        """The table, [steps or 1, 2 max_lots + 1, levels, 2]."""
    @property
    def levels(self) -> list[float]:
        """The signals that the table tells apart."""
    @property
    def alpha_skew(self) -> float: ...

class Batch:
    """``size`` independent markets; market i plays the streams of (seed, first_market + i, episode).

    Results depend neither on ``threads`` nor on how markets are split into batches, nor on ``vector_bits``, the width
    of the vector instructions (128, 256, 512, or 0 for the widest). The GIL is released while the markets run; a call
    from a second thread meanwhile is a RuntimeError. Every array is the caller's: n markets, k = len(columns),
    m = len(statistics), a = len(actions).
    """

    def __init__(
        self,
        scenario: Scenario,
        size: int,
        *,
        first_market: int = 0,
        threads: int = 1,
        autoreset: Autoreset = ...,
        vector_bits: int = 0,
    ) -> None:
        """Starts ``threads`` - 1 threads; the calling one works too.

        Raises:
            RuntimeError: the system gave fewer threads than that.
        """
    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the observation columns."""
    @property
    def statistics(self) -> tuple[str, ...]:
        """Names of the columns of ``statistics``: `STATISTICS`, and in a book the markouts of our fills and ``luck``.

        ``bid_markout_1s``: sum over what we bought and was settled in the step of lots x (mid one second after the
        fill - price), tick x lot, at the mid of the background; ``bid_marked_1s``: the lots in it; ``ask_...``: of what
        we sold, price - mid. ``0s`` is the mid just before the fill. ``luck``: what of the reward the efficient price
        did by chance to what was held, tick x lot; 0 where no such price is or where it could be foreseen.
        """
    @property
    def actions(self) -> tuple[str, ...]:
        """What an action sets, by column."""
    @property
    def counters(self) -> dict[str, float]:
        """What the batch counts besides what it returns.

        Since construction: ``events`` (orders that came and cancels), ``rejected`` (orders that found no place),
        ``dropped`` (orders the window moved away from), ``markouts_lost`` (fills of ours not all of whose markouts
        could be kept); ``resets``: episodes that ended since the last seed;
        ``live_orders`` and ``spread_ticks``: means over the present books; ``memory_per_market``: bytes. The
        reduced-form market has no book.
        """
    def __len__(self) -> int: ...
    def reset(self, seed: int | None, observation: NDArray[np.float32], *, staggered: bool = False) -> None:
        """Starts episode 0 under ``seed``, or every market's next one for None; writes observation [n, k]."""
    def step(
        self,
        action: NDArray[np.float32],
        observation: NDArray[np.float32],
        reward: NDArray[np.float64],
        terminated: NDArray[np.bool_],
        final_observation: NDArray[np.float32],
        statistics: NDArray[np.float64],
    ) -> None:
        """Plays one decision interval; action [n, a] finite, clipped to the agent's box.

        Writes observation [n, k], reward [n], terminated [n], statistics [n, m], and under same_step the
        rows of final_observation [n, k] whose market ended.

        Raises:
            RuntimeError: the batch has not been reset yet.
        """
    def play(
        self,
        strategy: Strategy,
        steps: int,
        reward: NDArray[np.float64],
        statistics: NDArray[np.float64],
        abs_inventory: NDArray[np.float64],
    ) -> None:
        """Lets ``strategy`` play ``steps`` decision intervals; a market that ends starts anew before the next one.

        Writes each market's sums over the intervals: reward [n], statistics [n, m], whose inventory and
        mid are those after the last one, and abs_inventory [n], lots. Errors as in `step`.
        """

def exp(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The engine's own e^x, within 2 ulp from -708 to 709 and the same bits everywhere; 0 below, as at 709 above."""

def log(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The engine's own ln x, within 2 ulp for normal x > 0."""

def cos_turns(u: NDArray[np.float64]) -> NDArray[np.float64]:
    """The engine's own cos(2 pi u), within 2 ulp for u in [0, 1)."""

def drift_transition(drift: list[float], leaving_rate: float, dt: float) -> NDArray[np.float64]:
    """P(to | from) over ``dt`` s of the chain that leaves a level at ``leaving_rate`` (1/s), [levels, levels].

    The matrix exponential of the generator; each neighbour is entered with equal chance.
    """

def grid_observation(states: NDArray[np.float64]) -> NDArray[np.float32]:
    """The common observation columns of states [m, 3] = (tau/T, q/Q, alpha), [m, 4]; for policies on a grid."""

def simulate_messages(params: BookParams, *, lot: int, tick: int, seed: int, seconds: float) -> NDArray[np.void]:
    """Background flow as LOBSTER messages (`MESSAGE`), from the opening through the warm-up and ``seconds`` more.

    ``lot`` in shares, ``tick`` as price x 10^4. Seeded orders are submissions at time 0.
    """
