"""Every YAML loads; every mistake is one sentence."""

import dataclasses
import math
import re

import pytest

import config
import engine
from config.loading import FOLDER
from config.section import EngineSection, Section


@pytest.mark.parametrize("market", config.names("market"))
@pytest.mark.parametrize("algo", config.names("algo"))
@pytest.mark.parametrize("recipe", [[], *([f"config={path}"] for path in sorted((FOLDER / "gaps").glob("*.yaml")))])
def test_every_shipped_file_loads_and_survives_a_round_trip(market, algo, recipe):
    if recipe and algo not in recipe[0]:
        return
    loaded = config.load([f"market={market}", f"algo={algo}", *recipe])
    assert config.from_dict(config.to_dict(loaded)) == loaded


@pytest.mark.parametrize("network", config.names("network"))
def test_every_network_loads_over_ppo(network):
    loaded = config.load([f"network={network}", "algo.hidden=[8]"])
    assert loaded.algo.network.value == network
    assert loaded.algo.hidden == [8]


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("algo.lrr=3", "algo.lrr: .* Did you mean: 'lr'"),
        ("algo.lr=-1", "algo.lr must be > 0, but it is -1.0"),
        ("algo.lr=nan", "algo.lr must be finite"),
        ("training.iterations=0", "training.iterations must be >= 1, but it is 0"),
        ("training.iterations=many", "training.iterations: .*many"),
        ("algo.ppo.gae_lambda=2", "algo.ppo.gae_lambda must be <= 1, but it is 2.0"),
        ("agent.action=foo", "agent.action: .*foo.*offsets, residual"),
        ("agent.action_low=9", "agent.action_low must be <= 0, the reference, but it is 9"),
        ("agent.action_high=-1", "agent.action_high must be >= 0, the reference, but it is -1"),
        ("market_maker.quote_size=1100", "market_maker.quote_size must be <= max_position = 1000, but it is 1100"),
        ("training.gpus_per_learner=1", "training.gpus_per_learner must be 0 when training.learners is 0"),
        ("seed=4294967296", "seed must be <= 4294967295, but it is 4294967296"),
        ("seed=1000003", "seed must differ from evaluation.seed, but it is 1000003"),
        ("seed=2000003", "seed must differ from evaluation.tuning_seed, but it is 2000003"),
        (
            "training.checkpoint_root=s3://bucket/x",
            "checkpoint_root must be a folder, .* is s3://bucket",
        ),
        (
            "tracking.store=gs://bucket",
            "tracking.store must be a folder, on a cluster one that all machines have",
        ),
        (
            "tracking.model_name=team/maker",
            "tracking.model_name must be a name without / : and quotes, but it is team/m",
        ),
        ("tracking.experiment=it's", "tracking.experiment must be a name without / : and quotes"),
        ("tracking.model_name=' '", "tracking.model_name must be a name"),
        ("sweep.root=''", "sweep.root must be a folder"),
        ("market=nowhere", "market must be one of as2008, book, calm, gt1, gt3, gt4"),
        ("market=nowhere.yaml", "nowhere.yaml cannot be read: No such file"),
        ("algo=td3", "algo must be one of ppo, sac"),
        ("network=lstm", "network must be one of specification"),
        ("algo.network=lstm", "algo.network: .*lstm.*separate, specification"),
        ("config=nowhere.yaml", "nowhere.yaml cannot be read"),
        (
            "market_maker.max_position=150",
            "market_maker.max_position must be a multiple of the lot = 100, but it is 150",
        ),
        ("market_maker.quote_size=150", "market_maker.quote_size must be a multiple of the lot = 100, but it is 150"),
        ("market.lot=0", "market.lot must be >= 1, but it is 0"),
        ("market.tick=0", "market.tick must be finite and > 0, but it is 0"),
        ("market.price_unit=0", "market.price_unit must be finite and > 0, but it is 0"),
        ("simulation.episode_steps=0", "simulation.episode_steps must be >= 1, but it is 0"),
        ("simulation.episode_steps=-1", r"simulation.episode_steps must be a whole number in \[0, 4294967295\]"),
        ("market.book.initial_mid_ticks=9999999999", r"market.book.initial_mid_ticks must be a whole number in \["),
        ("market.book.latency_ms=60001", r"market.book.latency_ms must lie in \[0, 60000\], but it is 60001"),
        (
            "market.book.flow.limit_rate=[1,2]",
            "market.book.flow.limit_rate must have one entry for each of the 15",
        ),
        (
            "market.book.flow.limit_rate=[1,2,-3,4,5]",
            "market.book.flow.limit_rate must be finite and .*, but it is -3$",
        ),
        ("market.book.flow.distance=[1,2,2,3,4,5]", "market.book.flow.distance must increase, but it is 2"),
        ("market.book.flow.limit_sizes.probability=[0.5]", "probability must sum to 1"),
        ("market.kind=reduced_form", "market.reduced_form must be given when market.kind is reduced_form"),
        ("evaluation.seed=2000003", "evaluation.tuning_seed must differ from evaluation.seed"),
        ("sweep.alpha_skew=[1,0]", r"sweep.alpha_skew must be \[low, high\]"),
        ("seed", "'seed' is not key=value"),
    ],
)
def test_a_mistake_is_a_sentence_that_names_it(word, sentence):
    with pytest.raises(config.UserError, match=sentence):
        config.load(["market=book", word])


def test_half_a_section_is_a_sentence():
    with pytest.raises(config.UserError, match=r"market.book.flow.distance must be given, but it is missing"):
        config.load(["market=small_tick", "market.book.flow.limit_rate=[1,2]"])


def test_a_reduced_form_quotes_single_lots():
    with pytest.raises(config.UserError, match="quote_size must be the lot = 1 in the reduced form"):
        config.load(["market=gt1", "market_maker.quote_size=2"])


def test_home_is_expanded_in_every_path(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.yaml").write_text("seed: 5\n")
    keys = [
        f"{name}.{field.name}"
        for name, section in vars(config.load()).items()
        if isinstance(section, Section)
        for field in dataclasses.fields(section)
        if field.metadata.get("folder")
    ]
    assert set(keys) == {"training.checkpoint_root", "tracking.store", "sweep.root"}
    loaded = config.load(["config=~/mine.yaml", *(f"{key}=~/here" for key in keys)])
    assert loaded.seed == 5
    for key in keys:
        name, field = key.split(".")
        assert getattr(getattr(loaded, name), field) == f"{tmp_path}/here"


def test_a_market_s_file_wins_over_the_algorithm_s(tmp_path):
    """sac.yaml sets the box of SAC's actions, for markets whose file does not."""
    mine = tmp_path / "mine.yaml"
    mine.write_text((FOLDER / "market" / "gt1.yaml").read_text().replace("agent:", "agent:\n  action_high: 5.0"))
    assert config.load([f"market={mine}", "algo=sac"]).agent.action_high == 5
    assert config.load(["market=gt1", "algo=sac"]).agent.action_high == 1.4


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("hawkes.branching=[[0.1,0.2],[0.1,0.2]]", "hawkes.branching must be 3 x 3 numbers, but it is"),
        ("hawkes.branching=[[0,0,0],[0,-1,0],[0,0,0]]", "hawkes.branching must be finite and >= 0, but it is -1"),
        ("hawkes.branching=[[1.1,0,0],[0,0,0],[0,0,0]]", "hawkes.branching must have a spectral radius < 1, or"),
        ("hawkes.decay=[]", "hawkes.decay must hold 1 to 4 kernels"),
        ("hawkes.decay=[1,2]", "hawkes.weight must have one entry for each of the 2 decays"),
        ("hawkes.decay=[1000,300,0]", "hawkes.decay must be finite and > 0, but it is 0"),
        ("hawkes.weight=[0.5,0.3,0.1]", "hawkes.weight must sum to 1"),
        ("hawkes.speed=1", "hawkes.speed: .*not in"),
        ("queue_reactive.limit=[1.2]", r"queue_reactive.limit must lie in \[0, 1\], but it is 1.2"),
        ("queue_reactive.market=[-0.1]", r"queue_reactive.market must lie in \[0, 1\], but it is -0.1"),
        ("queue_reactive.imbalance_sensitivity=2", r"queue_reactive.imbalance_sensitivity must lie .*, but it is 2"),
    ],
)
def test_a_mistake_in_a_layer_of_the_flow_is_named(word, sentence):
    with pytest.raises(config.UserError, match=f"market.book.(flow|\\*).{sentence}"):
        config.load(["market=layered", f"market.book.flow.{word}"])


def sections(section):
    """The section and all below it."""
    yield section
    for field in dataclasses.fields(section):
        value = getattr(section, field.name)
        if isinstance(value, Section):
            yield from sections(value)


SECTIONS = [
    section for words in (["market=layered"], ["market=gt4", "algo=sac"]) for section in sections(config.load(words))
]
RULES = [
    pytest.param(section, field, sign, bound, id=f"{section.key}.{field.name}{sign}{bound}")
    for section in SECTIONS
    for field in dataclasses.fields(section)
    for sign, bound in field.metadata.get("bounds", {}).items()
]


@pytest.mark.parametrize(("section", "field", "sign", "bound"), RULES)
def test_every_range_is_kept(section, field, sign, bound):
    """A value beyond each bound of each field gives a sentence with the key, the rule and the value."""
    bad = bound if sign in "<>" else bound - 1 if sign == ">=" else bound + 1
    given = [bad] if isinstance(getattr(section, field.name), list) else bad
    key = f"{section.key}.{field.name}" if section.key else field.name
    with pytest.raises(config.UserError, match=f"^{re.escape(f'{key} must be {sign} {bound}, but it is {given}')}$"):
        dataclasses.replace(section, **{field.name: given})


def rules(section):
    """What the engine says of a section's fields."""
    params = section.params()
    structs = [params, params.poisson] if isinstance(section, config.FlowConfig) else [params]
    return {name: rule for struct in structs for name, rule, _ in struct.describe()}


def bad_numbers(rule, whole):
    """A number beyond each end of a rule, and what is no number."""
    low = re.search(r">=? (\S+)$|\[(\S+),", rule)
    high = re.search(r"<=? (\S+)$|, (\S+)\]", rule)
    ends = [
        *([float(low[1] or low[2]) - (0 if "> " in rule else 1)] if low else []),
        *([float(high[1] or high[2]) + (0 if "< " in rule else 1)] if high else []),
    ]
    return [int(end) for end in ends] if whole else [*ends, math.nan, math.inf, -math.inf]


def first_of(value):
    """The first number of ``value``, however deep the lists; a float where there is none."""
    while isinstance(value, list):
        value = value[0] if value else 0.0
    return value


def with_first(value, number):
    """``value`` with its first number replaced, however deep the lists."""
    return [with_first(value[0], number), *value[1:]] if isinstance(value, list) and value else number


ENGINE_RULES = [
    pytest.param(section, name, rule, bad, id=f"{section.key}.{name}={bad}")
    for section in SECTIONS
    if isinstance(section, EngineSection)
    for name, rule in rules(section).items()
    if rule and hasattr(section, name)
    for bad in bad_numbers(rule, whole=isinstance(first_of(getattr(section, name)), int))
]


@pytest.mark.parametrize(("section", "name", "rule", "bad"), ENGINE_RULES)
def test_every_range_of_the_engine_is_kept(section, name, rule, bad):
    """As above, where the engine has the ranges; of a list or matrix the sentence has the number that is wrong."""
    value = getattr(section, name)
    given = with_first(value, bad) if value != [] else [bad]
    shown = bad if isinstance(bad, int) else f"{bad:g}"
    sentence = f"{section.key}.{name} must {rule}, but it is {shown}"
    with pytest.raises(config.UserError, match=f"^{re.escape(sentence)}$"):
        dataclasses.replace(section, **{name: given})


def test_the_engine_has_ranges_to_keep():
    kept = {f"{rule.values[0].key}.{rule.values[1]}" for rule in ENGINE_RULES}
    assert len(kept) > 36
    assert {"market.book.latency_ms", "market.book.*.hawkes.branching", "market.book.*.*_sizes.lots"} <= kept


@pytest.mark.parametrize("section", [section for section in SECTIONS if isinstance(section, EngineSection)])
def test_a_section_has_the_fields_of_its_struct(section):
    """Of the market maker's, two belong to the market and two act in the maker alone."""
    fields = {field.name for field in dataclasses.fields(section)}
    others = {"poisson"}
    if isinstance(section, config.MarketMakerConfig):
        others = {"lot", "tick", "market_impact", "risk_aversion"}
    assert fields == rules(section).keys() - others


@pytest.mark.parametrize("ours", [config.FillMode, config.FeeUnit, config.ActionReference])
def test_enums_have_the_names_of_the_engine(ours):
    assert [each.name for each in ours] == [each.name for each in getattr(engine, ours.__name__)]


def test_sac_has_no_shared_network():
    with pytest.raises(config.UserError, match=r"algo\.network must be separate when algo\.name is sac"):
        config.load(["algo=sac", "network=specification"])


def test_what_is_not_yaml_is_named(tmp_path):
    broken = tmp_path / "market.yaml"
    broken.write_text("market: [1, 2")
    with pytest.raises(config.UserError, match=r"market\.yaml is not YAML"):
        config.load([f"market={broken}"])


def test_later_layers_win(tmp_path):
    overlay = tmp_path / "mine.yaml"
    overlay.write_text("seed: 5\ntraining: {iterations: 7}\n")
    loaded = config.load([f"config={overlay}", "training.iterations=9"])
    assert (loaded.seed, loaded.training.iterations) == (5, 9)


def test_the_configuration_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.load().seed = 1


@pytest.fixture
def variant(tmp_path):
    """Writes a market's file and says where it is."""

    def write(text, name="mine.yaml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return write


def test_a_market_may_be_a_variant_of_another(variant):
    mine = variant("market: {base: small_tick, name: mine, origin: me, book: {realistic: {impact: {size: 10.0}}}}")
    base, loaded = config.load(["market=small_tick"]), config.load([f"market={mine}"])
    values = config.to_dict(base)
    values["market"] |= {"name": "mine", "origin": "me"}
    values["market"]["book"]["realistic"]["impact"]["size"] = 10.0
    assert config.to_dict(loaded) == values  # the market maker's, the agent's and the sweep's too
    assert config.from_dict(config.to_dict(loaded)) == loaded


def test_a_variant_may_have_variants_wherever_they_lie(variant, monkeypatch, tmp_path):
    variant("market: {base: small_tick, name: mine}\nseed: 5")
    below = variant("market: {base: ../mine.yaml, name: below, price_unit: 3.0}\nagent: {sizes: true}", "more/b.yaml")
    lowest = variant(f"market: {{base: {below}, name: lowest}}", "lowest.yaml")
    monkeypatch.chdir(tmp_path)
    for path in (lowest, "lowest.yaml", "more/../lowest.yaml"):
        loaded = config.load([f"market={path}", "market.tick=0.02"])
        market = loaded.market
        assert (market.name, market.price_unit, market.lot, market.tick) == ("lowest", 3.0, 1, 0.02)
        assert (loaded.seed, loaded.agent.sizes) == (5, True)
    variant("market: {base: lowest.yaml, name: far}", "more/far.yaml")  # from here, where none lies beside it
    assert config.load(["market=more/far.yaml"]).market.price_unit == 3.0


def test_a_variant_replaces_the_market_of_a_setting(variant):
    mine = variant("market: {base: small_tick, name: mine}")
    under = config.to_dict(config.load(["market=gt1"]))
    loaded = config.load([f"market={mine}"], {"market": under["market"]})
    assert loaded.market == dataclasses.replace(config.load(["market=small_tick"]).market, name="mine")


@pytest.mark.parametrize(
    ("base", "sentence"),
    [
        ("nowhere", "market.base must be one of as2008, book, calm, .*, but it is nowhere"),
        ("nowhere.yaml", "market.base must be a market or a file that is there, but it is nowhere.yaml"),
        ("mine.yaml", "market.base must not lead back to a file that leads to it, but it is .*mine.yaml"),
        ("other.yaml", "market.base must not lead back to a file that leads to it, but it is .*mine.yaml"),
        ("[]", r"market.base must be one of .*, but it is \[\]"),
    ],
)
def test_a_base_that_leads_nowhere_is_named_with_its_file(variant, base, sentence):
    mine = variant(f"market: {{base: {base}, name: mine}}")
    other = variant("market: {base: mine.yaml, name: other}", "other.yaml")
    with pytest.raises(config.UserError, match=sentence) as refused:
        config.load([f"market={mine}"])
    assert str(refused.value).endswith(f"(in {other if base == 'other.yaml' else mine})")


def test_a_base_stands_in_a_market_s_file_alone():
    with pytest.raises(config.UserError, match=r"market.base: .*not in 'MarketConfig'"):
        config.load(["market.base=small_tick"])


@pytest.mark.parametrize(
    ("market", "variation", "sentence"),
    [
        ("small_tick", 0.6, r"market.book.variation must lie in \[0, 0.5\], but it is 0.6"),
        ("book", 0.1, "market.book.variation must be 0 where realistic is not given, but it is 0.1"),
    ],
)
def test_a_market_varies_where_it_can(market, variation, sentence):
    with pytest.raises(config.UserError, match=sentence):
        config.load([f"market={market}", f"market.book.variation={variation}"])
