"""The parameter structs from Python: built from keywords alone, read-only, able to say what their fields are."""

import pytest

import engine

SIZES = engine.Sizes(lots=[1], probability=[1.0])
POISSON = {
    "distance": [1, 2, 3],
    "limit_rate": [10.0, 5.0],
    "cancel_hazard": [1.0, 1.0],
    "market_rate": 1.0,
    "collar": 5,
    "limit_sizes": SIZES,
    "market_sizes": SIZES,
}
FEES = {"unit": engine.FeeUnit.ticks_per_lot, "volume": [0], "maker": [0.0], "taker": [0.0]}
BOOK = {
    "initial_mid_ticks": 1000,
    "initial_spread_ticks": 2,
    "warmup_s": 0.0,
    "latency_ms": 1.0,
    "latency_jitter_ms": 0.0,
    "data_delay_ms": 0.0,
    "fees": engine.FeeParams(**FEES),
    "market_impact": 0.0,
    "variation": 0.0,
    "flow": engine.FlowParams(poisson=engine.PoissonParams(**POISSON)),
}
AGENT = {
    "action": engine.ActionReference.residual,
    "action_low": -1.0,
    "action_high": 3.0,
    "inventory_penalty": 0.1,
    "terminal_penalty": 0.0,
    "sizes": False,
}
REDUCED_FORM = {
    "initial_mid": 100.0,
    "rate": 1.0,
    "decay": 1.0,
    "volatility": 1.0,
    "impact": 0.0,
    "fill_mode": engine.FillMode.exponential,
    "drift": [0.0],
    "drift_leaving_rate": 0.0,
    "drift_rate_sensitivity": 0.0,
}
SCENARIO = {
    "market": engine.BookParams(**BOOK),
    "maker": engine.QuoteParams(),
    "agent": engine.AgentParams(**AGENT),
    "price_unit": 1.0,
    "decision_interval_s": 0.1,
    "episode_steps": 10,
}


@pytest.mark.parametrize(
    ("params", "fields"),
    [
        (engine.PoissonParams, POISSON),
        (engine.FeeParams, FEES),
        (engine.BookParams, BOOK),
        (engine.AgentParams, AGENT),
        (engine.Scenario, SCENARIO),
    ],
)
def test_a_field_left_out_or_unknown_is_named(params, fields):
    for left_out in fields.keys() - {"flow"}:  # a book may have one of another kind
        with pytest.raises(TypeError, match=f"^{params.__name__} needs {left_out}$"):
            params(**{name: value for name, value in fields.items() if name != left_out})
    with pytest.raises(TypeError, match=f"^{params.__name__} takes no speed$"):
        params(**fields, speed=1)
    with pytest.raises(TypeError):
        params(*fields.values())


@pytest.mark.parametrize(
    ("params", "fields", "sentence"),
    [
        (engine.PoissonParams, POISSON | {"market_rate": "fast"}, "market_rate must be a number, but it is 'fast'"),
        (engine.PoissonParams, POISSON | {"limit_rate": 3}, "limit_rate must be a list of numbers, but it is 3"),
        (
            engine.PoissonParams,
            POISSON | {"distance": [1, 2.5]},
            r"distance must be a list of whole numbers in \[-2147483648, 2147483647\], but it is \[1, 2.5\]",
        ),
        (engine.PoissonParams, POISSON | {"limit_sizes": None}, "limit_sizes must be Sizes, but it is None"),
        (engine.FlowParams, {"poisson": BOOK["flow"].poisson, "hawkes": 3}, "hawkes must be HawkesParams or None"),
        (
            engine.HawkesParams,
            {"decay": [1.0], "weight": [1.0], "branching": [[0, 0], [0, 0]]},
            r"branching must be 3 x 3 numbers, but it is \[\[0, 0\], \[0, 0\]\]",
        ),
        (
            engine.BookParams,
            BOOK | {"initial_mid_ticks": 2**31},
            r"initial_mid_ticks must be a whole number in \[-2147483648, 2147483647\], but it is 2147483648",
        ),
        (engine.AgentParams, AGENT | {"action": "offsets"}, "action must be ActionReference, but it is 'offsets'"),
        (engine.Scenario, SCENARIO | {"market": 3}, "market must be BookParams or ReducedFormParams, but it is 3"),
        (engine.QuoteParams, {"tick": "x"}, "tick must be a number, but it is 'x'"),
    ],
)
def test_a_value_of_the_wrong_type_is_named(params, fields, sentence):
    with pytest.raises(TypeError, match=f"^{sentence}"):
        params(**fields)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            {
                "market": engine.ReducedFormParams(**REDUCED_FORM),
                "agent": engine.AgentParams(**AGENT | {"sizes": True}),
            },
            "agent.sizes must be false in the reduced form, but it is true",
        ),
        ({"episode_steps": 0}, "episode_steps must be >= 1, but it is 0"),
    ],
)
def test_what_does_not_go_together_is_named(fields, sentence):
    engine.Scenario(**SCENARIO)
    with pytest.raises(ValueError, match=f"^{sentence}"):
        engine.Scenario(**SCENARIO | fields)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"max_position": 150}, "max_position must be a multiple of the lot = 100, but it is 150"),
        ({"quote_size": 50}, "quote_size must be a multiple of the lot = 100, but it is 50"),
    ],
)
def test_broken_lots_are_refused(fields, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}"):
        engine.QuoteParams(**fields)


@pytest.mark.parametrize("name", ["latency_ms", "latency_jitter_ms", "data_delay_ms"])
def test_times_on_the_way_may_exceed_the_decision_interval_but_not_a_minute(name):
    engine.Scenario(**SCENARIO | {"market": engine.BookParams(**BOOK | {name: 60_000.0})})
    with pytest.raises(ValueError, match=rf"^{name} must lie in \[0, 60000\], but it is 60001"):
        engine.BookParams(**BOOK | {name: 60_001.0})


def test_fields_can_be_read_and_not_written():
    scenario = engine.Scenario(**SCENARIO)
    assert scenario.market.flow.poisson.limit_rate == POISSON["limit_rate"]
    assert scenario.market.flow.hawkes is None
    assert scenario.agent.action is engine.ActionReference.residual
    with pytest.raises(AttributeError):
        scenario.price_unit = 2.0


def test_a_struct_lists_its_fields_with_rules_and_units():
    assert engine.PoissonParams.describe()[:3] == [
        ("distance", "be >= 1", "ticks"),
        ("limit_rate", "be finite and >= 0", "1/s per side"),
        ("cancel_hazard", "be finite and >= 0", "1/s per order"),
    ]
    assert dict.fromkeys(name for name, _, _ in engine.Scenario.describe()) == dict.fromkeys(SCENARIO)
    assert engine.QueueReactiveParams.describe()[3] == ("imbalance_sensitivity", "lie in [0, 1]", "")
