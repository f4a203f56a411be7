"""From a recording to a market with the realistic flow: direct estimates, then simulated moments, then how like it is.

The day's course of activity cannot be seen in a part of a day: markets are simulated without it, so that rates are the
means of the span, and what is written has the profile's, scaled so that its mean over the span is 1.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import yaml

import config
from analysis import facts
from analysis.calibration import direct, parameters, patience, report, search
from analysis.calibration.direct import Flow
from analysis.calibration.distances import Distance, distances, distributions
from analysis.calibration.estimate import Estimate
from analysis.calibration.files import write
from analysis.calibration.knobs import LEVELS, SHAPES
from analysis.calibration.losses import Losses
from analysis.calibration.options import Options
from analysis.calibration.progress import ProgressLine
from analysis.calibration.rates import digits
from analysis.calibration.recording import Recording, read, simulated, touching, with_flow
from analysis.facts import Profile
from analysis.facts.table import Values
from config import MarketConfig, UserError

LARGE_TICK = 2.0  # ticks: a market whose spread is no wider is one of a large tick
SIGNIFICANT = 12  # digits that are written
UNSEEN = ("placement behind the best", "patience", "hawkes, but for MM")  # of the best prices alone
LONGEST_S = 14_400.0  # that facts are measured in
LEAST_MID = 1000  # ticks: levels do not matter to a flow by distances, and prices stay above zero


class Refit(Enum):
    """What is estimated."""

    all = "all"
    levels = "levels"  # rates, spread and volatility; the shapes are those of the market to start from


@dataclass(frozen=True, kw_only=True)
class Result:
    """All that a calibration found."""

    recording: Recording
    profile: Profile
    start: str
    estimates: dict[str, Estimate]
    not_identified: dict[str, str]
    before: search.Comparison  # on seeds that nothing else has seen, as ``after``
    after: search.Comparison
    recorded: dict[str, float]  # moments
    facts_held: list[str]
    facts_recorded: list[str]
    rest: dict[str, Distance] | None

    @property
    def facts_lost(self) -> list[str]:
        """Of the recording's."""
        return [name for name in self.facts_recorded if name not in self.facts_held]


def calibrate_file(data: Path, book: str, out: Path, options: Options) -> None:
    """Calibrates on the recording, writes the market to ``out`` and prints what was found.

    Raises:
        UserError: one sentence; nothing is written then.

    """
    recording = read(data, book, options.from_s, options.to_s)
    target = search.Target.of(recording)
    profile = _profile(recording)
    refit = Refit(options.refit)
    start = options.start or profile.value
    overlay = _overlay(start)
    market = config.load([f"market={start}"]).market
    if market.book is None or market.book.realistic is None:
        raise UserError(f"start must be a market with the realistic flow (market.book.realistic), but '{start}' is not")
    flow = config.to_dict(market)["book"]["realistic"]
    classes = len(flow["patience"]["hazard"])
    if refit is Refit.all and classes != len(patience.START):
        raise UserError(f"start must have {len(patience.START)} classes of patience, but '{start}' has {classes}")
    course, flow["intraday"] = flow["intraday"], None
    losses = Losses(
        out.with_name(out.name + ".state"),
        {"data": recording.digest, "start": flow, "refit": refit.value, "seed": options.seed}
        | {"from_s": options.from_s, "to_s": options.to_s},
    )
    estimates: dict[str, Estimate] = {}
    begun = flow
    if refit is Refit.all:
        print("direct estimates ...", flush=True)
        begun, estimates = direct.estimate(market, flow, recording)
    knobs = (*LEVELS, *SHAPES) if refit is Refit.all else LEVELS
    with ProgressLine(options.evaluations) as line:
        searching = search.Search(market, begun, knobs, target, losses)
        found = searching.run(options.evaluations, options.seed, line.show)
    result = Result(
        recording=recording,
        profile=profile,
        start=start,
        estimates=parameters.found(flow, begun, found, estimates),
        not_identified=_not_identified(recording, profile) if refit is Refit.all else {},
        before=target.compare(with_flow(market, flow), search.FRESH_SEEDS),
        after=target.compare(with_flow(market, found), search.FRESH_SEEDS),
        recorded=target.moments,
        facts_held=_facts(with_flow(market, found), recording, profile),
        facts_recorded=_held(facts.measure(recording.events), profile),
        rest=_rest(recording, target),
    )
    _fill(overlay, market, found | {"intraday": _scaled(course, recording)}, result, options)
    write(overlay, out)
    losses.done()
    report.show(result)


def _profile(recording: Recording) -> Profile:
    wide = facts.statistics.spread(recording.events) > LARGE_TICK
    return Profile.small_tick if wide else Profile.large_tick


def _overlay(start: str) -> dict[str, Any]:
    """The file of the market to start from, as it is: what is not the flow's is taken over."""
    path = Path(start)
    if start in config.names("market"):
        path = Path(config.__file__).parent / "market" / f"{start}.yaml"
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise UserError(
            f"start must be a market or the path of one's YAML file, but '{start}' is not: {error}"
        ) from None
    if not isinstance(values, dict) or not isinstance(values.get("market"), dict):
        raise UserError(f"start must be a market or the path of one's YAML file, but '{start}' has no market")
    return values


def _facts(market: MarketConfig, recording: Recording, profile: Profile) -> list[str]:
    """Those that hold in the median of sessions as long as the recording: some depend on how long one looks."""
    span = min(recording.events.seconds, LONGEST_S)
    sessions = simulated(market, recording, seeds=search.FRESH_SEEDS, seconds=span)
    return _held(facts.median([facts.measure(events) for events in sessions]), profile)


def _held(values: Values, profile: Profile) -> list[str]:
    return facts.held(values, profile, mended=True)


def _rest(recording: Recording, target: search.Target) -> dict[str, Distance] | None:
    if recording.rest is None:
        return None
    rest = recording.rest if recording.whole_book else touching(recording.rest)
    return distances(distributions(rest), target.distributions)


def _not_identified(recording: Recording, profile: Profile) -> dict[str, str]:
    """Parameters that were kept, or are but a start for what simulated moments say, and why."""
    found = dict(direct.NOT_IDENTIFIED)
    if not recording.whole_book:
        found |= dict.fromkeys(UNSEEN, "only the best prices were recorded")
    if profile is Profile.large_tick:
        found["placement.inside"] = "at a spread of one tick nothing can go inside"
    return found


def _scaled(course: dict[str, Any] | None, recording: Recording) -> dict[str, Any] | None:
    """Of mean 1 over the span of the recording."""
    if course is None:
        return None
    first = recording.since_open_s / course["session_s"]
    x = np.clip(np.linspace(first, first + recording.events.seconds / course["session_s"], 1001), 0, 1)
    factor = (
        course["base"]
        + course["opening"] * np.exp(-x / course["opening_scale"])
        + course["closing"] * np.exp(-(1 - x) / course["closing_scale"])
    )
    return course | {name: course[name] / float(factor.mean()) for name in ("base", "opening", "closing")}


def _fill(overlay: dict[str, Any], market: MarketConfig, flow: Flow, result: Result, options: Options) -> None:
    """Puts what was found into the overlay; prices that go with the spread are scaled with it."""
    recording, spread = result.recording, result.recorded["mean spread, ticks"]
    assert market.book is not None
    mid = max(LEAST_MID, round(float(recording.events.mid_at(np.zeros(1))[0])))
    wider = spread / market.book.initial_spread_ticks
    own = overlay["market"]
    own |= {
        "name": f"calibrated-{recording.name}",
        "origin": f"python -m analysis calibrate, from {recording.name}; what was found stands below under calibration",
        "tick": recording.tick,
        "price_unit": digits(market.price_unit * wider, 3),
    }
    own["book"] |= {
        "initial_mid_ticks": mid,
        "initial_spread_ticks": max(1, round(spread)),
        "realistic": _rounded(flow),
    }
    if market.book.signal is not None:
        own["book"]["signal"] = copy.deepcopy(own["book"]["signal"])
        own["book"]["signal"]["deviation"] = digits(market.book.signal.deviation * wider, 3)
    maker = overlay.setdefault("market_maker", {})
    for name in ("base_spread", "inventory_skew", "alpha_skew"):
        if name in maker:
            maker[name] = digits(maker[name] * wider * market.book.initial_mid_ticks / mid, 3)
    own["calibration"] = _record(result, options)


def _rounded(values: Any) -> Any:
    if isinstance(values, dict):
        return {name: _rounded(value) for name, value in values.items() if value is not None}
    if isinstance(values, list):
        return [_rounded(value) for value in values]
    return digits(values, SIGNIFICANT) if isinstance(values, float) else values


def _record(result: Result, options: Options) -> dict[str, Any]:
    events = result.recording.events
    return {
        "source": result.recording.name,
        "digest": result.recording.digest,
        "start": result.start,
        "options": {"refit": options.refit, "from_s": options.from_s, "to_s": options.to_s}
        | {"evaluations": options.evaluations, "seed": options.seed},
        "events": len(events.time),
        "market_orders": len(events.market_orders.time),
        "seconds": digits(events.seconds),
        "estimates": {
            name: {"value": digits(one.value, 4), "standard_error": one.error and digits(one.error, 2), "how": one.how}
            for name, one in result.estimates.items()
        },
        "not_identified": result.not_identified,
        "distances": {
            name: {side: digits(found[name].wasserstein, 3) for side, found in _sides(result).items()}
            for name in result.after.distances
        },
        "moments": {
            name: {
                "recorded": digits(result.recorded[name], 4),
                "simulated": digits(result.after.moments[name], 4),
            }
            for name in result.after.moments
        },
        "facts_lost": result.facts_lost,
    }


def _sides(result: Result) -> dict[str, dict[str, Distance]]:
    sides = {"before": result.before.distances, "after": result.after.distances}
    return sides if result.rest is None else sides | {"rest_of_recording": result.rest}
