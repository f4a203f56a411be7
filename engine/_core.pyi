"""The C++ engine. Prices are ticks and sizes lots unless a name says otherwise; arrays are C-contiguous.

Every function raises ValueError with a sentence that names the argument, the rule and the value, before anything has
changed.
"""

import enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

INTERFACE: int
STATISTICS: tuple[str, ...]
"""Columns of a step's statistics; money in tick x lot (book) or price x lot (reduced form), positions in lots."""

MESSAGE: np.dtype[np.void]
"""One LOBSTER message: time_ns i8, type i1, order_id i8, size i4 (shares), price i8 (x 10^4), direction i1."""

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

class Account:
    """Position, cash and profit in exact integers (lots, tick x lot); fees apart, in thousandths.

    realised + unrealised = total holds exactly: 2 realised + unrealised2(mid2) == total2(mid2).
    """

    def __init__(self) -> None: ...
    def fill(self, side: Side, price: int, lots: int, fee_milli: int = 0) -> None:
        """Books a fill of ours; ``side`` is bid when we bought. ``fee_milli`` is 10^-3 tick per lot."""
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
    def fees_milli(self) -> int: ...
    @property
    def turnover(self) -> int: ...
    @property
    def average_cost(self) -> float: ...

class QuoteParams:
    """Parameters of `MarketMaker`: spreads, skews, impact as fractions of the mid; sizes in shares, tick in price."""

    def __init__(
        self,
        *,
        base_spread: float = ...,
        inventory_skew: float = ...,
        alpha_skew: float = ...,
        market_impact: float = ...,
        volatility_adjustment: float = ...,
        risk_aversion: float = ...,
        max_position: int = ...,
        quote_size: int = ...,
        lot: int = ...,
        tick: float = ...,
    ) -> None: ...
    @property
    def max_position(self) -> int: ...
    @property
    def lot(self) -> int: ...

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
    def calculate_quotes(self, market_state: dict[str, float], inventory: float, alpha: float = 0.0) -> Quote:
        """Quotes for mid_price, spread (price) and volatility (fraction per sqrt(s)); ``inventory`` in shares.

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
    def liquidation_cost(self, market_state: dict[str, float]) -> float:
        """Cost of closing the position at once, price x shares."""
    @property
    def position(self) -> int: ...

def skew_shape(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The odd, continuous, monotone shape of the inventory skew by x = inventory / max_position; see `MarketMaker`."""

class Sizes:
    """P(size = lots[i]) = probability[i]."""

    def __init__(self, *, lots: list[int], probability: list[float]) -> None: ...
    @property
    def lots(self) -> list[int]: ...
    @property
    def probability(self) -> list[float]: ...

class PoissonParams:
    """Flow by distance from the opposite best (Cont, Stoikov & Talreja 2010); see `config.FlowConfig` for units."""

    def __init__(
        self,
        *,
        distance: list[int],
        limit_rate: list[float],
        cancel_hazard: list[float],
        market_rate: float,
        limit_sizes: Sizes,
        market_sizes: Sizes,
    ) -> None: ...

class BookParams:
    """A limit order book: initial mid and spread in ticks, fees in ticks per lot."""

    def __init__(
        self,
        *,
        initial_mid: int,
        initial_spread: int,
        warmup_s: float,
        latency_ms: float,
        maker_fee: float,
        taker_fee: float,
        flow: PoissonParams,
    ) -> None: ...

class ReducedFormParams:
    """Exogenous mid and exponential fill probabilities; see `config.ReducedFormConfig` for units."""

    def __init__(
        self,
        *,
        initial_mid: float,
        rate: float,
        decay: float,
        volatility: float,
        impact: float,
        fill_mode: FillMode,
        drift: list[float],
        drift_leaving_rate: float,
        drift_rate_sensitivity: float,
    ) -> None: ...

class AgentParams:
    """The action's reference and box (price units) and the penalties (per lot^2, the first also per s)."""

    def __init__(
        self,
        *,
        action: ActionReference,
        action_low: float,
        action_high: float,
        inventory_penalty: float,
        terminal_penalty: float,
    ) -> None: ...

class Scenario:
    """Everything a market is built from."""

    def __init__(
        self,
        *,
        market: BookParams | ReducedFormParams,
        maker: QuoteParams,
        agent: AgentParams,
        price_unit: float,
        decision_interval_s: float,
        episode_steps: int,
    ) -> None: ...

class Batch:
    """``size`` independent markets; market i plays the streams of (seed, first_market + i, episode).

    Results depend neither on ``threads`` nor on how markets are split into batches. The GIL is released while the
    markets run. Every array is the caller's: n markets, k = len(columns).
    """

    def __init__(
        self,
        scenario: Scenario,
        size: int,
        *,
        first_market: int = 0,
        threads: int = 1,
        autoreset: Autoreset = ...,
    ) -> None: ...
    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the observation columns."""
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
        """Plays one decision interval; action [n, 2] finite, clipped to the agent's box.

        Writes observation [n, k], reward [n], terminated [n], statistics [n, len(STATISTICS)], and under same_step the
        rows of final_observation [n, k] whose market ended.
        """

def drift_transition(drift: list[float], leaving_rate: float, dt: float) -> NDArray[np.float64]:
    """P(to | from) over ``dt`` s of the chain that leaves a level at ``leaving_rate`` (1/s), [levels, levels].

    The matrix exponential of the generator; each neighbour is entered with equal chance.
    """

def grid_observation(states: NDArray[np.float64]) -> NDArray[np.float32]:
    """The common observation columns of states [m, 3] = (tau/T, q/Q, alpha), [m, 4]; for policies on a grid."""

def simulate_messages(
    params: BookParams, *, lot: int, tick: int, seed: int, seconds: float
) -> NDArray[np.void]:
    """Background flow as LOBSTER messages (`MESSAGE`), from the opening through the warm-up and ``seconds`` more.

    ``lot`` in shares, ``tick`` as price x 10^4. Seeded orders are submissions at time 0.
    """
