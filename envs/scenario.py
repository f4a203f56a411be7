"""From a configuration to what the engine is built from: the one place where units change hands."""

from __future__ import annotations

import dataclasses

import engine
from config import AgentConfig, BookConfig, Config, FlowConfig, ReducedFormConfig, SizesConfig


def scenario(config: Config) -> engine.Scenario:
    """The engine's scenario of a configuration."""
    maker, simulation = config.market_maker, config.simulation
    return engine.Scenario(
        market=market(config),
        maker=engine.QuoteParams(**dataclasses.asdict(maker), lot=config.market.lot, tick=config.market.tick),
        agent=agent(config.agent),
        price_unit=config.market.price_unit,
        decision_interval_s=simulation.decision_interval_s,
        episode_steps=simulation.episode_steps,
    )


def agent(config: AgentConfig) -> engine.AgentParams:
    """What the agent sets and what it is paid for."""
    return engine.AgentParams(
        action=engine.ActionReference[config.action.value],
        action_low=config.action_low,
        action_high=config.action_high,
        inventory_penalty=config.inventory_penalty,
        terminal_penalty=config.terminal_penalty,
    )


def market(config: Config) -> engine.BookParams | engine.ReducedFormParams:
    """The parameters of the configured kind of market."""
    chosen = getattr(config.market, config.market.kind.value)
    return book(chosen) if isinstance(chosen, BookConfig) else _reduced_form(chosen)


def book(config: BookConfig) -> engine.BookParams:
    """The parameters of a book market."""
    return engine.BookParams(
        initial_mid=config.initial_mid_ticks,
        initial_spread=config.initial_spread_ticks,
        warmup_s=config.warmup_s,
        latency_ms=config.latency_ms,
        maker_fee=config.maker_fee,
        taker_fee=config.taker_fee,
        flow=_flow(config.flow),
    )


def _flow(flow: FlowConfig) -> engine.FlowParams:
    poisson = engine.PoissonParams(
        distance=flow.distance,
        limit_rate=flow.limit_rate,
        cancel_hazard=flow.cancel_hazard,
        market_rate=flow.market_rate,
        limit_sizes=_sizes(flow.limit_sizes),
        market_sizes=_sizes(flow.market_sizes),
    )
    reactive, hawkes = flow.queue_reactive, flow.hawkes
    return engine.FlowParams(
        poisson=poisson,
        queue_reactive=engine.QueueReactiveParams(**dataclasses.asdict(reactive)) if reactive else None,
        hawkes=engine.HawkesParams(**dataclasses.asdict(hawkes)) if hawkes else None,
    )


def _sizes(sizes: SizesConfig) -> engine.Sizes:
    return engine.Sizes(lots=sizes.lots, probability=sizes.probability)


def _reduced_form(config: ReducedFormConfig) -> engine.ReducedFormParams:
    values = dataclasses.asdict(config)
    return engine.ReducedFormParams(**{**values, "fill_mode": engine.FillMode[config.fill_mode.value]})
