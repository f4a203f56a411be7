"""What is said to MLflow and asked of it."""

from __future__ import annotations

import dataclasses
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mlflow.artifacts
from mlflow import MlflowClient
from mlflow.entities import LoggedModel, LoggedModelOutput, LoggedModelStatus, Metric, Param, RunTag
from mlflow.entities import Run as MlflowRun
from mlflow.exceptions import MlflowException

from config import UserError
from config.schema import TrackingConfig
from training.tracking.client import brief, connect, may_pass, public, tracking_uri
from training.tracking.files import Files, sign, unpacked
from training.tracking.outbox import Record, Refused

KEY = "run.key"  # tag: our own id of a run or model, by which a repeated creation finds the first one
STARTED_AS = "run.started_as"  # tag: the id of a run which MLflow did not answer at its start
RESULTS = ("final/", "baseline/")  # no curves: what is found later holds
PARENT = "mlflow.parentRunId"
PARAMS_PER_CALL = 100  # MLflow's limits
PARAM_LENGTH = 6000
SHORTEST_ID = 4  # of the beginning of an id

# What the table of runs shows to who opens it by `training.ui`; without it there is not one number in it. The format is
# the one that MLflow's own "share view" writes.
COLUMNS = ["final/reward", "final/pnl", "final/mean_abs_inventory", "final/gap", "train/return", "time/steps_per_s"]
OVERVIEW = {
    "mlflow.sharedViewState.overview": json.dumps(
        {"selectedColumns": [*(f"metrics.`{name}`" for name in COLUMNS), "attributes.`Models`"]}
    )
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunRecord:
    """A run as MLflow knows it; ``id`` is what `Run.id` was at its start, and resumes it."""

    id: str
    name: str
    status: str
    experiment_id: str
    metrics: dict[str, float]  # the last value of each
    params: dict[str, str]
    tags: dict[str, str]


def now_ms() -> int:
    """MLflow's time stamps."""
    return time.time_ns() // 1_000_000


class Store:
    """Sends the records of one run to MLflow. Every method may be repeated after it failed half-way."""

    def __init__(self, tracking: TrackingConfig, key: str) -> None:
        self._tracking = tracking
        self._key = key
        self._source = tracking_uri(tracking)
        self._logged: dict[str, int] = {}  # last step of each metric from before the run was resumed
        self.uri = public(self._source)
        self.is_server = self._source.startswith("http")
        self.run_id = ""
        self.experiment_id = ""
        self.model_uris: dict[str, str] = {}

    def deliver(self, record: Record) -> None:
        """Sends one record.

        Raises:
            Refused: MLflow has understood and does not want it, or it cannot be sent at all.

        """
        kind, content = record["kind"], {name: value for name, value in record.items() if name != "kind"}
        try:
            getattr(self, f"_{kind}")(**content)
        except Exception as error:
            if kind != "open" and not may_pass(error):  # without its run nothing else can be delivered
                raise Refused(str(error)) from error
            raise

    def find(self, run: str) -> list[RunRecord]:
        """The runs with this id or name, or with an id that begins so."""
        with self._asked(f"look up run {run}"):
            self._connect()
            exact = self._lookup(run)
            return [_record(exact)] if exact else [_record(r) for r in self._search() if _answers_to(r, run)]

    def children(self, parent_id: str) -> list[RunRecord]:
        """The runs below this one, oldest first."""
        with self._asked(f"look up the children of run {parent_id}"):
            self._connect()
            parent = self._lookup(parent_id)
            runs = self._search(f"tags.`{PARENT}` = '{parent.info.run_id}'") if parent else []
            return [_record(run) for run in runs]

    def fetch(self, model_uri: str) -> Path:
        """The local folder of a model, downloaded unless it is on this machine."""
        with self._asked(f"give {model_uri}"):
            location = _location(connect(self._source), model_uri)
            return Path(mlflow.artifacts.download_artifacts(location, tracking_uri=self._source))

    @contextmanager
    def _asked(self, what: str) -> Iterator[None]:
        try:
            yield
        except (MlflowException, OSError) as error:
            raise UserError(f"MLflow at {self.uri} cannot {what}: {brief(error)}") from error

    def _connect(self) -> MlflowClient:
        client = connect(self._source)
        name = self._tracking.experiment
        found = client.get_experiment_by_name(name)
        # Without a server MLflow would put artifacts into the working directory.
        folder = None if self.is_server else str(Path(self._tracking.store).resolve() / "artifacts" / name)
        self.experiment_id = found.experiment_id if found else client.create_experiment(name, folder, OVERVIEW)
        return client

    def _search(self, condition: str = "") -> list[MlflowRun]:
        client = connect(self._source)
        runs: list[MlflowRun] = []
        page: str | None = None
        while page != "":
            part = client.search_runs(
                [self.experiment_id], condition, order_by=["attributes.start_time ASC"], page_token=page
            )
            runs += part
            page = part.token or ""
        return runs

    def _lookup(self, run_id: str) -> MlflowRun | None:
        if not re.fullmatch(r"\w+", run_id):
            return None
        if found := self._search(f"tags.`{KEY}` = '{run_id}'"):
            return found[0]
        try:
            return connect(self._source).get_run(run_id)
        except MlflowException as error:
            if may_pass(error):
                raise
            return None

    def _open(self, name: str, parent_id: str | None, started: int) -> None:
        client = self._connect()
        run = self._lookup(self._key)
        if run is None:
            tags = {KEY: self._key}
            if parent_id is not None:
                parent = self._lookup(parent_id)
                if parent is None:  # it may be on its way
                    raise LookupError(f"parent run {parent_id} is not in MLflow")
                tags[PARENT] = parent.info.run_id
            run = client.create_run(self.experiment_id, started, tags, name)
        elif run.info.status != "RUNNING":
            client.update_run(run.info.run_id, status="RUNNING")
        self.run_id = run.info.run_id

    def _resume(self) -> None:
        client = connect(self._source)
        for key in client.get_run(self.run_id).data.metrics:
            history = client.get_metric_history(self.run_id, key)
            self._logged[key] = max(metric.step for metric in history)

    def _metrics(self, values: dict[str, float], step: int, timestamp: int) -> None:
        """MLflow merges a point sent twice; one of a curve that is computed again after a resume is left out."""
        new = [
            Metric(name, value, timestamp, step)
            for name, value in values.items()
            if name.startswith(RESULTS) or step > self._logged.get(name, -1)
        ]
        if new:
            connect(self._source).log_batch(self.run_id, metrics=new)

    def _params(self, values: dict[str, str]) -> None:
        client = connect(self._source)
        known = client.get_run(self.run_id).data.params
        legal = {re.sub(r"[^\w\-. /:]", "_", key): value[:PARAM_LENGTH] for key, value in values.items()}
        params = [Param(key, value) for key, value in legal.items() if key not in known]
        changed = {f"now.{key}": value for key, value in legal.items() if known.get(key, value) != value}
        if changed:
            self._tags(changed)
        for first in range(0, len(params), PARAMS_PER_CALL):
            client.log_batch(self.run_id, params=params[first : first + PARAMS_PER_CALL])

    def _tags(self, values: dict[str, str]) -> None:
        connect(self._source).log_batch(self.run_id, tags=[RunTag(key, value) for key, value in values.items()])

    def _files(self, files: Files) -> None:
        with unpacked(files) as folder:
            connect(self._source).log_artifacts(self.run_id, str(folder))

    def _model(self, key: str, files: Files, step: int, tags: dict[str, str], params: dict[str, str]) -> None:
        client = connect(self._source)
        tags = {KEY: key, **tags}
        found = client.search_logged_models([self.experiment_id], f"tags.`{KEY}` = '{key}'")
        if found:
            model = found[0]
        else:
            model = client.create_logged_model(self.experiment_id, "policy", self.run_id, tags, params)
        self._show_metrics(model.model_id, step)
        with unpacked(files) as folder:
            sign(folder, model, self.run_id)
            client.log_model_artifacts(model.model_id, str(folder))
        client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
        self.model_uris[key] = self._register(model, tags)

    def _show_metrics(self, model_id: str, step: int) -> None:
        """Puts the run's metrics of ``step`` on the model's page; the run still holds them once."""
        client = connect(self._source)
        run = client.get_run(self.run_id)
        names = run.data.metrics
        history = [point for name in names for point in client.get_metric_history(self.run_id, name)]
        points = sorted((p for p in history if p.step == step and p.model_id is None), key=lambda p: p.timestamp)
        latest = {point.key: point for point in points}
        if model_id not in {output.model_id for output in (run.outputs.model_outputs if run.outputs else [])}:
            client.log_outputs(self.run_id, [LoggedModelOutput(model_id, step)])
        client.log_batch(
            self.run_id,
            [
                Metric(point.key, point.value, point.timestamp, step, model_id=model_id, run_id=self.run_id)
                for point in latest.values()
            ],
        )

    def _register(self, model: LoggedModel, tags: dict[str, str]) -> str:
        client, name = connect(self._source), self._tracking.model_name
        if not client.search_registered_models(f"name = '{name}'"):
            client.create_registered_model(name)
        versions = client.search_model_versions(f"name = '{name}' and tags.`{KEY}` = '{tags[KEY]}'")
        if versions:
            return f"models:/{name}/{versions[0].version}"
        version = client.create_model_version(
            name, model.artifact_location, self.run_id, tags, model_id=model.model_id, await_creation_for=0
        )
        return f"models:/{name}/{version.version}"

    def _end(self, status: str, ended: int) -> None:
        connect(self._source).set_terminated(self.run_id, status, ended)


def _location(client: MlflowClient, model_uri: str) -> str:
    """Where the files are. MLflow's own resolution asks the process-wide registry, not the configured one."""
    match = re.fullmatch(r"models:/([^/@]+)(?:/(\d+)|@(.+))", model_uri)
    if match is None:
        raise UserError(f"a model must be models:/name/version or models:/name@alias, but it is {model_uri}")
    name, version, alias = match.groups()
    if alias is not None:
        version = client.get_model_version_by_alias(name, alias).version
    return client.get_model_version_download_uri(name, version)


def _record(run: MlflowRun) -> RunRecord:
    return RunRecord(
        id=run.data.tags.get(STARTED_AS, run.info.run_id),
        name=run.info.run_name,
        status=run.info.status,
        experiment_id=run.info.experiment_id,
        metrics=dict(run.data.metrics),
        params=dict(run.data.params),
        tags=dict(run.data.tags),
    )


def _answers_to(run: MlflowRun, word: str) -> bool:
    ids = (run.info.run_id, run.data.tags.get(STARTED_AS, ""))
    return run.info.run_name == word or (len(word) >= SHORTEST_ID and any(i.startswith(word) for i in ids))
