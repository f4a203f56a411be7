"""What is said to MLflow and asked of it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlflow.artifacts
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.entities import Run as MlflowRun
from mlflow.exceptions import MlflowException

from analysis.measures import HELD_OUT, TUNING
from config import UserError
from config.schema import TrackingConfig
from training.tracking import models, views
from training.tracking.client import brief, connect, may_pass, public, tracking_uri
from training.tracking.files import Files, unpacked
from training.tracking.models import KEY
from training.tracking.outbox import Record, Refused
from training.tracking.scores import Scores

STARTED_AS = "run.started_as"  # tag: the id of a run which MLflow did not answer at its start
RESULTS = (HELD_OUT, TUNING)  # no curves: what is found later holds
PARENT = "mlflow.parentRunId"
PARAMS_PER_CALL = 100  # MLflow's limits
PARAM_LENGTH = 6000
SHORTEST_ID = 4  # of the beginning of an id


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
            location = models.location(connect(self._source), model_uri)
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
        self.experiment_id = found.experiment_id if found else client.create_experiment(name, folder)
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
        known = client.get_experiment(self.experiment_id).tags
        for tag, value in views.overview().items():
            if known.get(tag) != value:
                client.set_experiment_tag(self.experiment_id, tag, value)
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
        client, legal = connect(self._source), _legal(values)
        known = client.get_run(self.run_id).data.params
        changed = {f"now.{key}": value for key, value in legal.items() if known.get(key, value) != value}
        if changed:
            self._tags(changed)
        _log_params(client, self.run_id, legal)

    def _tags(self, values: dict[str, str]) -> None:
        connect(self._source).log_batch(self.run_id, tags=[RunTag(key, value) for key, value in values.items()])

    def _sweep(self, group: str, searched: list[str], description: str) -> None:
        client = connect(self._source)
        for tag, value in views.of_sweep(group, searched).items():
            client.set_experiment_tag(self.experiment_id, tag, value)
        page = views.address(group, self.experiment_id)
        self._tags({models.DESCRIPTION: f"{description}\n\n[Trials and what was searched, as charts]({page})"})

    def _files(self, files: Files) -> None:
        with unpacked(files) as folder:
            connect(self._source).log_artifacts(self.run_id, str(folder))

    def _scores(self, scores: dict[str, Any], step: int) -> None:
        found, client = Scores(**scores), connect(self._source)
        client.log_inputs(self.run_id, datasets=[found.dataset()])
        client.log_batch(self.run_id, metrics=found.metrics(step, self.run_id))

    def _model(
        self,
        key: str,
        name: str,
        files: Files,
        step: int,
        tags: dict[str, str],
        params: dict[str, str],
        scores: dict[str, Any] | None,
        description: str,
    ) -> None:
        client, tags = connect(self._source), {KEY: key, **tags}
        model = models.log(
            client,
            experiment_id=self.experiment_id,
            run_id=self.run_id,
            name=name,
            files=files,
            step=step,
            tags=tags,
            params=params,
            scores=Scores(**scores) if scores else None,
        )
        self.model_uris[key] = models.register(
            client, model, run_id=self.run_id, name=self._tracking.model_name, tags=tags, description=description
        )

    def _beside(
        self, key: str, name: str, tags: dict[str, str], params: dict[str, str], scores: dict[str, Any]
    ) -> None:
        """A run of its own, over as soon as it stands there; the same one whoever finds the same again."""
        client, found = connect(self._source), Scores(**scores)
        known = self._search(f"tags.`{KEY}` = '{key}'")
        if known and known[0].info.status == "FINISHED":
            return
        run = known[0] if known else client.create_run(self.experiment_id, found.timestamp, {KEY: key, **tags}, name)
        ident = run.info.run_id
        client.log_inputs(ident, datasets=[found.dataset()])
        client.log_batch(ident, metrics=found.metrics(0, ident))
        _log_params(client, ident, _legal(params))
        client.set_terminated(ident, "FINISHED", found.timestamp)

    def _end(self, status: str, ended: int) -> None:
        connect(self._source).set_terminated(self.run_id, status, ended)


def _legal(params: Mapping[str, str]) -> dict[str, str]:
    return {re.sub(r"[^\w\-. /:]", "_", key): value[:PARAM_LENGTH] for key, value in params.items()}


def _log_params(client: MlflowClient, run_id: str, params: Mapping[str, str]) -> None:
    """Logs those that the run has not."""
    known = client.get_run(run_id).data.params
    new = [Param(key, value) for key, value in params.items() if key not in known]
    for first in range(0, len(new), PARAMS_PER_CALL):
        client.log_batch(run_id, params=new[first : first + PARAMS_PER_CALL])


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
