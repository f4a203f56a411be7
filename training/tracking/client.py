"""The connection to MLflow: where it is, how long a request may take, which errors pass."""

from __future__ import annotations

import functools
import logging
import os
import re
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote, unquote

from filelock import FileLock

from config import UserError
from config.schema import TrackingConfig
from training.tracking import moves

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")  # the outbox repeats
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")  # s

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import OperationalError

SQLITE = "sqlite:///"
TRY_AGAIN = {408, 429}  # HTTP statuses below 500 that pass

for noisy in ("mlflow.store.db.utils", "alembic"):  # every step of creating a database
    logging.getLogger(noisy).setLevel(logging.WARNING)


def tracking_uri(tracking: TrackingConfig) -> str:
    """``tracking.uri``, else the environment's MLFLOW_TRACKING_URI, else a database in ``tracking.store``."""
    database = quote(str(Path(tracking.store).resolve() / "mlflow.db"))
    return tracking.uri or os.environ.get("MLFLOW_TRACKING_URI", "") or f"{SQLITE}{database}"


def database(uri: str) -> Path | None:
    """The file behind ``uri``, None if it is no SQLite database."""
    return Path(unquote(uri.removeprefix(SQLITE))) if uri.startswith(SQLITE) else None


@functools.cache
def connect(uri: str) -> MlflowClient:
    """The client for ``uri``; creates the database if it is missing."""
    with ExitStack() as stack:
        if (file := database(uri)) is not None:  # processes that create the same database at once break it
            file.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(FileLock(f"{file}.lock"))
            moves.follow(file)
        return MlflowClient(uri, uri)


def check(tracking: TrackingConfig) -> None:
    """Asks MLflow for something, once: what it refuses now it would refuse after hours of training.

    A server that does not answer is no reason to wait; see `outbox`.

    Raises:
        UserError: MLflow cannot use the tracking URI.

    """
    uri = tracking_uri(tracking)
    try:
        connect(uri).get_experiment_by_name(tracking.experiment)
    except Exception as error:
        if not may_pass(error):
            raise UserError(
                f"tracking.uri must be one that MLflow takes, but of {public(uri)} it says: {brief(error)}"
            ) from None


def public(uri: str) -> str:
    """``uri`` without a password."""
    return re.sub(r"//[^/@]*@", "//", uri)


def may_pass(error: Exception) -> bool:
    """Whether the same request can succeed later."""
    if isinstance(error, MlflowException):
        status: int = error.get_http_status_code()  # type: ignore[no-untyped-call]
        return status >= 500 or status in TRY_AGAIN
    return isinstance(error, OSError | OperationalError)


def brief(error: Exception) -> str:
    """The reason in one line; MLflow's own messages can hold whole pages."""
    return " ".join(str(error).split())[:200]
