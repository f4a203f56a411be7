"""The rows of the benchmark: what is measured, how, and what it must reach."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

import config
import engine
from analysis.optimum import Problem, solve
from engine.bench.contestants import (
    BARE,
    BOOK,
    LAYERED,
    PROFILES,
    REDUCED_FORM,
    batch,
    envpool,
    hftbacktest,
    micro,
    vector_env,
)
from engine.bench.frame import Facts, Measure, Round, Row, at_least, at_most, ratio
from engine.bench.markets import pairing, realised

BUDGET = {
    "events_1": at_least(55, 45),
    "events_64": at_least(55, 45),
    "events_1024": at_least(55, 45),
    "events_4096": at_least(50, 40),
    "events_16384": at_least(50, 40),
    "cost_4096": at_most(1.15),
    "cost_16384": at_most(1.15),
    "env_steps": at_least(2.0, 1.5),
    "reduced_form_1024": at_least(100, 20),
    "over_envpool": at_least(2.5, 2),
    "over_hftbacktest": at_least(12, 8),
    "latency_p50": at_most(20, 30),
    "latency_p99": at_most(100, 150),
    "latency_p99.9": at_most(250, 350),
    "binding": at_most(1, 2),
    "binding_share": at_most(0.5, 1),
    "memory": at_most(3, 4),
    "allocations": at_most(0, 0),
    "threads_1024": at_least(1.9, 1.6),
    "threads_4096": at_least(1.9, 1.6),
    "richest_flow": at_most(1.6, 2),
    **{f"events_{profile}_{n}": at_least(10, 6) for profile in PROFILES for n in (1, 1024)},
    **{f"layers_{profile}": at_most(2.2, 2.6) for profile in PROFILES},
    **{f"env_steps_{profile}": at_least(1, 0.6) for profile in PROFILES},
    "solve_gt1": at_most(1, 2),
    "solve_gt4": at_most(2, 5),
    "solve_twice_steps": at_most(2, 2.4),
    "solve_twice_inventories": at_most(2, 2.4),
    "solve_twice_levels": at_most(2, 2.4),
}


def _micro(name: str, _: Round) -> Facts:
    return micro().ask(name)


def _micro_of(words: tuple[str, ...], row: str) -> Measure:
    return lambda *_: micro(words).ask(row)


def _steps(words: tuple[str, ...], n: int, threads: int = 1) -> Measure:
    return lambda *_: batch(words, n, threads).round()


def _binding(_: str, rows: Round) -> Facts:
    one, many = rows["reduced_form_1"]["call_us"], rows["reduced_form_1024"]["call_us"]
    return {"value": one - (many - one) / 1023}


def _binding_share(_: str, rows: Round) -> Facts:
    overhead = rows["binding"]["value"] + rows["action_check"]["value"]
    return {"value": 100 * overhead / rows["env_steps"]["call_us"]}


def _solving(market: str, **changes: Any) -> Measure:
    """CPU time of the exact optimum of a market, with fields of the problem changed."""

    def measure(_: str, __: Round) -> Facts:
        problem = Problem.of(config.load([f"market={market}"]), **changes)
        start = time.process_time()
        value = solve(problem).at_start
        seconds = time.process_time() - start
        shape = {"steps": problem.steps, "inventories": 2 * problem.limit + 1, "levels": len(problem.drift)}
        return {"value": seconds, "optimum": value, **shape}

    return measure


def _levels(n: int) -> dict[str, Any]:
    """A drift of n levels that are left as gt4's are."""
    drift = np.linspace(-0.1, 0.1, n)
    return {"drift": drift, "transition": engine.drift_transition(drift.tolist(), 0.05, 1.0)}


EVENTS = "order events that changed a full-FIFO book, per CPU second in C++, RNG and sampling included"
STEPS = "env steps per CPU second through engine.Batch: a book, 2 quotes, 22 float32 columns, autoreset"
REDUCED = "env steps per CPU second through engine.Batch: reduced form (gt1), no book, autoreset"
LATENCY = (
    "of the time from the end of one event to the end of the next in one market, waiting times and thinned cancels "
    "included: rdtscp after each, less the median gap of stamps back to back"
)
CARTPOLE = "EnvPool's CartPole-v1 (no book), sync, n = 1024, num_threads = 1, gymnasium face: env steps per CPU second"
L3 = (
    "hftbacktest (ROIVectorMarketDepth, L3FIFOQueueModel, NoPartialFillExchange): steps of one market per CPU second "
    "in a numba loop over messages recorded from our book; a step elapses the same interval, cancels what rests and "
    "submits two post-only orders up to 4 ticks from the mid, with the same order latency; nothing observed, no impact"
)
CALL = "a step call's intercept at n = 0 between reduced_form_1 and reduced_form_1024"
ONCE = "600 steps, 81 inventories, 16 levels"
SOLVE = "CPU time of the exact optimum by backward induction (analysis.optimum.solve)"
MARKETS = ("book", "layered")
PAIRING = (
    "correlation of the rewards of two skews a little apart on the same 1024 episodes; paired over unpaired variance"
)
REALISED = "realised over effective half-spread of our fills 1 s later, and 0.1 and 5 s later"
HEAP = "heap that a Batch of books holds once reset, per market (1 kB = 1000 bytes): from 1024 to 2048 markets"


def _profile_rows() -> dict[str, Row]:
    rows = {}
    for profile in PROFILES:
        words = (f"market={profile}",)
        for n in (1, 1024):
            what = f"{EVENTS}; {n} markets in turn, realistic flow"
            rows[f"events_{profile}_{n}"] = Row("M/s", what, _micro_of(words, f"events_{n}"))
        what = f"{EVENTS}; 1 market, the profile without its layers"
        rows[f"events_{profile}_bare"] = Row("M/s", what, _micro_of((*words, *BARE), "events_1"))
        rows[f"layers_{profile}"] = Row(
            "x",
            "time of an event with all layers of the profile over that without",
            ratio(f"events_{profile}_bare", f"events_{profile}_1"),
        )
        rows[f"env_steps_{profile}"] = Row("M/s", f"{STEPS}; n = 1024, 1 thread", _steps(words, 1024))
    return rows


ROWS = {
    "events_1": Row("M/s", f"{EVENTS}; 1 market", _micro),
    "events_64": Row("M/s", f"{EVENTS}; 64 markets in turn", _micro),
    "events_1024": Row("M/s", f"{EVENTS}; 1024 markets in turn", _micro),
    "events_4096": Row("M/s", f"{EVENTS}; 4096 markets in turn", _micro),
    "events_16384": Row("M/s", f"{EVENTS}; 16384 markets in turn", _micro),
    "events_layered": Row("M/s", f"{EVENTS}; 64 markets in turn, every layer of flow", _micro_of(LAYERED, "events_64")),
    "events_book": Row("M/s", f"{EVENTS}; 64 markets in turn, an efficient price", _micro_of(BOOK, "events_64")),
    **_profile_rows(),
    "cost_4096": Row("x", "time of an event at 4096 markets over that at 64", ratio("events_64", "events_4096")),
    "cost_16384": Row("x", "time of an event at 16384 markets over that at 64", ratio("events_64", "events_16384")),
    "latency_p50": Row("ns", f"median {LATENCY}", _micro),
    "latency_p99": Row("ns", f"99 % quantile {LATENCY}", _micro),
    "latency_p99.9": Row("ns", f"99.9 % quantile {LATENCY}", _micro),
    "richest_flow": Row(
        "x", "time of an event under every layer over that of plain Poisson", ratio("events_64", "events_layered")
    ),
    "memory": Row("kB", HEAP, _micro),
    "allocations": Row("", "calls of operator new inside Batch::step with autoreset, by 1 and by 2 threads", _micro),
    "hftbacktest": Row("M/s", L3, lambda *_: hftbacktest().ask()),
    "env_steps": Row("M/s", f"{STEPS}; n = 1024, 1 thread", _steps(BOOK, 1024)),
    "env_steps_2t": Row("M/s", "the same with 2 threads, per wall second", _steps(BOOK, 1024, 2)),
    "env_steps_gym": Row(
        "M/s", "env_steps through envs.MarketMakingVectorEnv", lambda *_: vector_env(BOOK, 1024).round()
    ),
    "envpool": Row("M/s", CARTPOLE, lambda *_: envpool().ask()),
    "env_steps_4096": Row("M/s", f"{STEPS}; n = 4096, 1 thread", _steps(BOOK, 4096)),
    "env_steps_4096_2t": Row("M/s", "the same with 2 threads, per wall second", _steps(BOOK, 4096, 2)),
    "over_hftbacktest": Row("x", "env_steps over hftbacktest", ratio("env_steps", "hftbacktest")),
    "over_envpool": Row("x", "env_steps_gym, with a book, over envpool, without", ratio("env_steps_gym", "envpool")),
    "threads_1024": Row("x", "2 threads over 1, wall, n = 1024", ratio("env_steps_2t", "env_steps", "per_wall_s")),
    "threads_4096": Row(
        "x", "2 threads over 1, wall, n = 4096", ratio("env_steps_4096_2t", "env_steps_4096", "per_wall_s")
    ),
    "reduced_form_1": Row("M/s", f"{REDUCED}; n = 1, 1 thread", _steps(REDUCED_FORM, 1)),
    "reduced_form_256": Row("M/s", f"{REDUCED}; n = 256, 1 thread", _steps(REDUCED_FORM, 256)),
    "reduced_form_1024": Row("M/s", f"{REDUCED}; n = 1024, 1 thread", _steps(REDUCED_FORM, 1024)),
    "reduced_form_4096": Row("M/s", f"{REDUCED}; n = 4096, 1 thread", _steps(REDUCED_FORM, 4096)),
    "reduced_form_16384": Row("M/s", f"{REDUCED}; n = 16384, 1 thread", _steps(REDUCED_FORM, 16384)),
    "solve_gt1": Row("s", f"{SOLVE}: gt1", _solving("gt1")),
    "solve_gt4": Row("s", f"{SOLVE}: gt4", _solving("gt4")),
    "solve_once": Row("s", f"{SOLVE}: gt4 with {ONCE}", _solving("gt4", limit=40, **_levels(16))),
    "solve_steps": Row("s", "solve_once with 1200 steps", _solving("gt4", limit=40, steps=1200, **_levels(16))),
    "solve_inventories": Row("s", "solve_once with 161 inventories", _solving("gt4", limit=80, **_levels(16))),
    "solve_levels": Row("s", "solve_once with 32 levels", _solving("gt4", limit=40, **_levels(32))),
    "solve_twice_steps": Row("x", "solve_steps over solve_once", ratio("solve_steps", "solve_once")),
    "solve_twice_inventories": Row("x", "solve_inventories over solve_once", ratio("solve_inventories", "solve_once")),
    "solve_twice_levels": Row("x", "solve_levels over solve_once", ratio("solve_levels", "solve_once")),
    "binding": Row("us", CALL, _binding),
    "action_check": Row(
        "us", "the binding's scan of 1024 actions for NaN", lambda *_: batch(BOOK, 1024).action_check()
    ),
    "binding_share": Row("%", "binding and action_check in a call of env_steps", _binding_share),
    **{f"pairing_{market}": Row("", PAIRING, pairing(market), once=True) for market in MARKETS},
    **{
        f"{rule}_{market}": Row("", f"{REALISED}; {rule} rule", realised(market, skew), once=True)
        for market in MARKETS
        for rule, skew in (("constant", 0.0), ("skewed", 1.0))
    },
}
