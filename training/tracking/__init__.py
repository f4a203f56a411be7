"""Runs and models in MLflow, which only this package imports: `start` a run, `find` it, load what it learned.

Training only fills an outbox, which one thread empties: MLflow that is slow or down does not hold it up.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path

import yaml

from analysis import policy
from analysis.policy import TrainedPolicy
from config import Config, UserError, load, to_dict
from config.schema import TrackingConfig
from training.tracking import provenance
from training.tracking.client import check, tracking_uri
from training.tracking.models import DESCRIPTION
from training.tracking.run import Run, Status
from training.tracking.scores import Scores
from training.tracking.store import RunRecord, Store

__all__ = [
    "DESCRIPTION",
    "Run",
    "RunRecord",
    "Scores",
    "Status",
    "check",
    "children",
    "fetch_model",
    "find",
    "knows",
    "load_policy",
    "start",
    "tracking_uri",
]


def start(
    config: Config,
    *,
    name: str,
    run_id: str | None = None,
    parent_id: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> Run:
    """Starts a run, or goes on with ``run_id``, and logs what it depends on: configuration and code version.

    Waits about a second for a server that does not answer, then goes on without it.
    """
    key = run_id or uuid.uuid4().hex
    store = Store(config.tracking, key)
    run = Run(config, store, key=key, name=name, parent_id=parent_id, resume=run_id is not None)
    run.set_tags({"stage": "train", **provenance.labels(config), **provenance.code_version(), **(tags or {})})
    run.log_params(provenance.flatten(to_dict(config)))
    run.log_text(yaml.safe_dump(to_dict(config), sort_keys=False), "config.yaml")
    return run


def find(config: Config, run: str) -> RunRecord:
    """The run with this id, this unique beginning of an id (at least 4 characters) or this unique name.

    Raises:
        UserError: there is no such run, or more than one, or MLflow does not answer.

    """
    found = Store(config.tracking, run).find(run)
    if len(found) != 1:
        raise UserError(
            f"run {run} must be the id or name of one run, but {len(found)} runs of experiment"
            f" {config.tracking.experiment} have it"
        )
    return found[0]


def knows(config: Config, run_id: str) -> bool:
    """Whether MLflow answers and has the run with this id."""
    try:
        return find(config, run_id).id == run_id
    except UserError:
        return False


def children(config: Config, parent_id: str) -> list[RunRecord]:
    """The runs started with this ``parent_id``, oldest first."""
    return Store(config.tracking, parent_id).children(parent_id)


def fetch_model(uri: str, tracking: TrackingConfig | None = None) -> Path:
    """The folder of a model such as ``models:/market-maker/3``, downloaded unless it is on this machine.

    Raises:
        UserError: there is no such model, or MLflow does not answer.

    """
    return Store(tracking or load().tracking, "").fetch(uri)


def load_policy(uri: str, tracking: TrackingConfig | None = None) -> TrainedPolicy:
    """The policy in `fetch_model`'s folder, ready to be called; Ray is not imported."""
    return policy.load(fetch_model(uri, tracking), uri)
