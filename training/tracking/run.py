"""The training side of a run: what is said about it goes into an outbox, so nothing waits for MLflow."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from config import Config, to_dict
from training.policies import PolicyNetwork
from training.tracking import provenance
from training.tracking.client import brief
from training.tracking.files import encode, pack
from training.tracking.models import DESCRIPTION
from training.tracking.outbox import Outbox, Refused, keep, kept
from training.tracking.scores import Scores, now_ms
from training.tracking.store import STARTED_AS, Store

Status = Literal["FINISHED", "FAILED", "KILLED"]

SERVER_START_PATIENCE_S = 1.0
DATABASE_START_PATIENCE_S = 60.0  # the first use of a database creates its tables
MODEL_PATIENCE_S = 60.0
FINISH_PATIENCE_S = 10.0  # without any progress

log = logging.getLogger(__name__)


class Run:
    """One run. Only `log_model` and `finish` wait, for a bounded time; nothing raises because MLflow is down.

    Attributes:
        name: what it is called in MLflow.
        id: MLflow's id or, if MLflow did not answer at the start, one of our own by which it is found, too.

    """

    def __init__(
        self, config: Config, store: Store, *, key: str, name: str, parent_id: str | None, resume: bool
    ) -> None:
        self.name = name
        self._config = config
        self._store = store
        self._outbox = Outbox(store.deliver, self._complain)
        self._ended = False
        self._closed = False
        self._refusal = ""
        self._outbox.put({"kind": "open", "name": name, "parent_id": parent_id, "started": now_ms()})
        patience_s = SERVER_START_PATIENCE_S if store.is_server else DATABASE_START_PATIENCE_S
        opened = self._outbox.wait(patience_s, through_failures=False)
        self.id = key if resume or not opened else store.run_id
        self._unsent = Path(config.tracking.store).resolve() / "unsent" / f"{self.id}.jsonl"
        if resume:
            unsent = [record for record in kept(self._unsent) if record["kind"] not in ("open", "resume", "end")]
            self._outbox.put(*unsent, {"kind": "resume"})
        elif not opened:
            self.set_tags({STARTED_AS: key})
        try:
            self._outbox.journal(self._unsent)
        except OSError as error:
            self._complain(error)

    @property
    def uri(self) -> str:
        """The tracking URI."""
        return self._store.uri

    @property
    def experiment_id(self) -> str:
        """The experiment's id; empty as long as MLflow has not answered."""
        return self._store.experiment_id

    def log_metrics(self, metrics: Mapping[str, float], step: int) -> None:
        """Logs the finite ``metrics`` in one call; RLlib reports NaN for what has not happened yet."""
        values = {key: float(value) for key, value in metrics.items() if math.isfinite(value)}
        if values:
            self._outbox.put({"kind": "metrics", "values": values, "step": int(step), "timestamp": now_ms()})

    def log_params(self, params: Mapping[str, str]) -> None:
        """Logs parameters. MLflow changes none: one that a resumed run has otherwise becomes a tag ``now.NAME``."""
        self._outbox.put({"kind": "params", "values": dict(params)})

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Sets or replaces tags."""
        self._outbox.put({"kind": "tags", "values": dict(tags)})

    def describe(self, description: str) -> None:
        """What the run's page says above its numbers, in Markdown."""
        self.set_tags({DESCRIPTION: description})

    def describe_sweep(self, description: str, searched: Sequence[str]) -> None:
        """The same for a run whose children, tagged with its id as ``group``, are trials; links to a page of them.

        ``searched`` are the parameters in which they differ.
        """
        self._outbox.put({"kind": "sweep", "group": self.id, "searched": list(searched), "description": description})

    def log_text(self, text: str, artifact_path: str) -> None:
        """Keeps ``text`` as the run's file ``artifact_path``."""
        self.log_bytes(text.encode(), artifact_path)

    def log_file(self, path: Path, artifact_path: str | None = None) -> None:
        """Keeps ``path``, as it is now, as the run's file ``artifact_path`` (its own name by default)."""
        self.log_bytes(path.read_bytes(), artifact_path or path.name)

    def log_bytes(self, content: bytes, artifact_path: str) -> None:
        """Keeps ``content`` as the run's file ``artifact_path``."""
        self._outbox.put({"kind": "files", "files": {artifact_path: encode(content)}})

    def log_scores(self, scores: Scores, step: int) -> None:
        """Logs what was measured when training was over, and on which episodes."""
        self._outbox.put({"kind": "scores", "scores": scores.record(), "step": int(step)})

    def log_beside(self, name: str, scores: Scores, *, tags: Mapping[str, str], params: Mapping[str, str]) -> None:
        """Logs a run of its own for what was scored beside this one; once, whichever run finds the same again."""
        self._outbox.put(
            {
                "kind": "beside",
                "key": scores.key(name),
                "name": name,
                "tags": dict(tags),
                "params": dict(params),
                "scores": scores.record(),
            }
        )

    def log_model(
        self, policy: PolicyNetwork, *, step: int, scores: Scores | None = None, description: str = ""
    ) -> str | None:
        """Logs ``policy`` as an MLflow model of the run's name and registers it as a new version.

        Args:
            policy: MLflow loads and serves it without this code.
            step: env steps it was trained for.
            scores: shown as the model's metrics and as tags of the version.
            description: of the version, in Markdown; ``{uri}`` in it becomes its address.

        Returns:
            ``models:/name/version``; None if MLflow does not answer, and the model waits with the rest.

        """
        key = f"{self.id}-{step}"  # again after a resume without a step: the same model, no second version
        numbers = scores.values if scores else {}
        self._outbox.put(
            {
                "kind": "model",
                "key": key,
                "name": self.name,
                "files": pack(policy),
                "step": int(step),
                "tags": provenance.labels(self._config) | {name: f"{value:.6g}" for name, value in numbers.items()},
                "params": provenance.flatten(to_dict(self._config)),
                "scores": scores.record() if scores else None,
                "description": description,
            }
        )
        self._outbox.wait(MODEL_PATIENCE_S, through_failures=False)
        return self._store.model_uris.get(key)

    @property
    def waits(self) -> str:
        """Why `log_model` has returned None."""
        return f"refused: {self._refusal}" if self._refusal else "waits for the server with the rest of the run"

    @property
    def settled(self) -> bool:
        """Whether nothing waits for MLflow."""
        return self._outbox.wait(0.0, through_failures=False)

    def end(self, status: Status) -> None:
        """Ends the run and does not wait for MLflow; `finish` it later."""
        if not self._ended:
            self._ended = True
            self._outbox.put({"kind": "end", "status": status, "ended": now_ms()})

    def finish(self, status: Status = "FINISHED", patience_s: float | None = None) -> bool:
        """Ends the run; what MLflow does not take within a bounded time stays in a file that the log names.

        Args:
            status: unless it has ended before.
            patience_s: without any progress; by default some seconds.

        Returns:
            Whether MLflow has answered to everything, if only to refuse it.

        """
        self.end(status)
        if self._closed:
            return True
        self._closed = True
        answered = self._outbox.wait(FINISH_PATIENCE_S if patience_s is None else patience_s, through_failures=True)
        unsent = self._outbox.close()
        try:
            if unsent:
                keep(unsent, self._unsent)
                count = len(unsent)
                log.warning(
                    "%d records of run %s are kept in %s; resuming the run sends them again",
                    count,
                    self.id,
                    self._unsent,
                )
            else:
                self._unsent.unlink(missing_ok=True)
        except OSError as error:
            log.error("%d records of run %s are lost: %s", len(unsent), self.id, error)
        return answered

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.finish("FINISHED")
        else:
            self.finish("FAILED" if issubclass(kind, Exception) else "KILLED")

    def _complain(self, error: Exception) -> None:
        if isinstance(error, OSError) and error.filename:
            log.warning("%s; until MLflow has taken them, the records are in memory only", error)
            return
        if isinstance(error, Refused):
            self._refusal = brief(error)
        what = "refuses a record" if isinstance(error, Refused) else "does not answer"
        log.warning("MLflow at %s %s (%s); training goes on, the records are kept", self.uri, what, brief(error))
