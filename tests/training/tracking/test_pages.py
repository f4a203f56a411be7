"""MLflow's pages as a person sees them, in Chromium: names, numbers and links of a training and a sweep."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Page, expect, sync_playwright
from torch import nn

import config
from analysis import report
from analysis.policy import TrainedPolicy
from config import Config
from training import policies, session, tracking
from training.loop import TrainResult
from training.policies import PolicyNetwork

ROOT = Path(config.__file__).parents[1]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PATIENCE_MS = 20_000
ASSISTANT = "localStorage.setItem('mlflow.assistant.fab.autoOpenedOnFirstLoad_v1', 'true')"  # it has opened itself

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine"),
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType:UserWarning"),
]


@dataclass(frozen=True)
class Shown:
    """What the pages must agree with."""

    server: str
    experiment_id: str
    run_id: str
    model_id: str
    sweep_id: str
    reward: str  # of the policy, as the tables of the pages begin it
    description: str  # first words


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    store = tmp_path_factory.mktemp("pages") / "store"
    settings = config.load(
        ["market=gt1", "seed=7", "evaluation.episodes=50", "training.progress=false", f"tracking.store={store}"]
    )
    run, comparison = train(settings)
    sweep = search(settings)
    client = tracking.client.connect(tracking.tracking_uri(settings.tracking))
    (model,) = client.search_logged_models([run.experiment_id])
    words = [sys.executable, "-m", "training", "ui", f"port={free_port()}", f"tracking.store={store}"]
    server = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        line = next(line for line in server.stdout if line.startswith("runs:"))
        yield Shown(
            server=re.findall(r"http://[^/]+", line)[0],
            experiment_id=run.experiment_id,
            run_id=run.id,
            model_id=model.model_id,
            sweep_id=sweep.id,
            reward=f"{comparison.summaries['ppo']['reward'].mean:.4f}",
            description=f"ppo: reward {comparison.summaries['ppo']['reward']}",
        )
    finally:
        server.terminate()
        server.wait(30)
        server.stdout.close()


def train(settings: Config) -> tuple[tracking.Run, report.Comparison]:
    """A policy that nobody has trained, compared and tracked as one that somebody has."""
    card = policies.card_of(settings)
    torch.manual_seed(0)
    network = PolicyNetwork(nn.Sequential(nn.Linear(len(card.observation), 2)), squash=False, card=card)
    comparison = report.compare(TrainedPolicy(network, card, name="ppo"), settings)
    curve = [(1000 * i, float(i)) for i in range(5)]
    with tracking.start(settings, name="ppo-gt1-s7") as run:
        for step, value in curve:
            run.log_metrics({"train/return": value, "time/steps_per_s": 1.0}, step)
        result = TrainResult(None, 5, 5000, 0, {}, curve, {})
        assert session.track(settings, run, result, network, comparison) == "models:/market-maker/1"
    return run, comparison


def search(settings: Config) -> tracking.Run:
    sweep = tracking.start(settings, name="sweep-ppo-gt1", tags={"stage": "sweep"})
    sweep.describe_sweep("two trials", ["market_maker.inventory_skew"])
    for i, skew in enumerate((0.1, 0.2)):
        point = config.replace(settings, market_maker={"inventory_skew": skew})
        with tracking.start(point, name=f"trial-{i}", parent_id=sweep.id, tags={"group": sweep.id}) as trial:
            trial.log_metrics({"tuning/reward": float(i)}, 1)
    sweep.finish()
    return sweep


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def browser_page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 2400, "height": 1600})
        page.add_init_script(ASSISTANT)
        page.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        yield page
        browser.close()


@pytest.fixture
def go(browser_page: Page, shown: Shown, request: pytest.FixtureRequest) -> Iterator[object]:
    """Opens a page by what stands behind ``#/`` in its address; with PAGES=FOLDER every test leaves a picture there."""

    def to(address: str) -> Page:
        browser_page.goto("about:blank")  # else a change behind # alone would not load anything
        browser_page.goto(f"{shown.server}/#/{address}")
        return browser_page

    yield to
    if folder := os.environ.get("PAGES"):
        browser_page.screenshot(path=f"{folder}/{request.node.name}.png")


def runs_page(shown: Shown, view: str = "overview") -> str:
    return f"experiments/{shown.experiment_id}/runs?workflowType=machine_learning&viewStateShareKey={view}"


def test_the_table_of_runs_has_policies_and_rules_side_by_side(go, shown):
    page = go(runs_page(shown))
    for name in ("ppo-gt1-s7", "linear-skew-gt1", "do-nothing-gt1", "sweep-ppo-gt1"):
        expect(page.get_by_role("link", name=name, exact=True).first).to_be_visible()
    expect(page.get_by_text("final/reward", exact=True).first).to_be_visible()
    expect(page.get_by_text(shown.reward).first).to_be_visible()
    expect(page.get_by_role("link", name="market-maker").first).to_be_visible()
    page.get_by_test_id("datasets-select-dropdown").click()
    expect(page.get_by_text("gt1 held out").first).to_be_visible()  # numbers of one dataset compare


def test_the_chart_page_opens_with_the_held_out_episodes(go, shown):
    page = go(f"{runs_page(shown)}&compareRunsMode=CHART")
    headings = page.get_by_test_id("experiment-view-compare-runs-section-header")
    expect(headings.nth(0)).to_contain_text("Held-out episodes")
    expect(headings.nth(1)).to_contain_text("Learning curves")
    bars = page.get_by_test_id("experiment-view-compare-runs-card").filter(has_text="final/reward").first
    expect(bars.locator(".bars .point")).to_have_count(7)  # the policy and six rules


def test_the_compare_page_begins_with_the_reward(go, shown):
    rule = rule_id(shown)
    page = go(f"compare-runs?runs={json.dumps([shown.run_id, rule])}&experiments={json.dumps([shown.experiment_id])}")
    expect(page.get_by_text("Comparing 2 Runs from 1 Experiment")).to_be_visible()
    expect(page.get_by_text("Metrics:").locator("..")).to_contain_text("final/reward")
    for name in ("ppo-gt1-s7", "linear-skew-gt1"):
        expect(page.get_by_text(name, exact=True).first).to_be_visible()


def rule_id(shown: Shown) -> str:
    query = {"experiment_ids": [shown.experiment_id], "filter": "tags.algo = 'linear skew'"}
    request = urllib.request.Request(
        f"{shown.server}/api/2.0/mlflow/runs/search",
        json.dumps(query).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(json.load(answer)["runs"][0]["info"]["run_id"])


def test_the_table_of_models_has_names_versions_and_metrics(go, shown):
    page = go(f"experiments/{shown.experiment_id}/models?workflowType=machine_learning")
    expect(page.get_by_role("link", name="ppo-gt1-s7").first).to_be_visible()
    expect(page.get_by_role("link", name="market-maker").first).to_be_visible()
    expect(page.get_by_text("gt1 held out").first).to_be_visible()
    expect(page.get_by_text("final/reward", exact=True).first).to_be_visible()
    expect(page.get_by_text(shown.reward).first).to_be_visible()


def test_the_page_of_a_model_leads_to_its_version(go, shown):
    page = go(f"experiments/{shown.experiment_id}/models/{shown.model_id}")
    expect(page.get_by_role("heading", name="ppo-gt1-s7")).to_be_visible()
    expect(page.get_by_text(shown.description)).to_be_visible()
    expect(page.get_by_text("gt1 held out").first).to_be_visible()
    expect(page.get_by_text(shown.reward).first).to_be_visible()
    page.get_by_role("link", name="market-maker").first.click()
    expect(page).to_have_url(re.compile(r"models/market-maker/versions/1"))


def test_the_registered_version_says_what_it_is_and_how_to_load_it(go, shown):
    page = go("models/market-maker/versions/1")
    expect(page.get_by_text(shown.description)).to_be_visible()
    expect(page.get_by_role("cell", name="Cartea-Jaimungal")).to_be_visible()
    expect(page.get_by_text('load_policy("models:/market-maker/1")')).to_be_visible()
    page.get_by_role("link", name="ppo-gt1-s7").first.click()
    expect(page).to_have_url(re.compile(shown.run_id))


@pytest.mark.parametrize("picture", ["quotes", "inventory_and_pnl", "learning_curve"])
def test_the_pictures_of_a_run_are_shown(go, shown, picture):
    page = go(f"experiments/{shown.experiment_id}/runs/{shown.run_id}/artifacts/pictures/{picture}.png")
    image = page.get_by_alt_text(f"pictures/{picture}.png")
    page.wait_for_function("image => image.naturalWidth > 500", arg=image.element_handle())


def test_a_sweep_leads_to_a_page_of_its_trials(go, shown):
    page = go(f"experiments/{shown.experiment_id}/runs/{shown.sweep_id}")
    link = page.get_by_role("link", name="Trials and what was searched")
    page.goto(f"{shown.server}/{link.get_attribute('href')}")
    for name in ("trial-0", "trial-1"):
        expect(page.get_by_role("link", name=name)).to_be_visible()
    expect(page.get_by_test_id("experiment-view-compare-runs-section-header").first).to_contain_text(
        "What was searched"
    )
    expect(page.get_by_role("heading", name="Parallel Coordinates")).to_be_visible()
    expect(page.get_by_text(re.compile("y_skew$")).first).to_be_visible()  # the end of what was searched
