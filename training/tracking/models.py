"""A policy in MLflow: the logged model of a run, and the version that is registered under the configured name."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from mlflow import MlflowClient
from mlflow.entities import LoggedModel, LoggedModelOutput, LoggedModelStatus
from mlflow.entities.model_registry import ModelVersion

from config import UserError
from training.tracking.files import Files, sign, unpacked
from training.tracking.scores import Scores

KEY = "run.key"  # tag: our own id of a run or model, by which a repeated creation finds the first one
VERSIONS = "mlflow.modelVersions"  # tag by which a model's page knows its versions
DESCRIPTION = "mlflow.note.content"  # tag of a run or model: Markdown, which its page shows
ADDRESS = "{uri}"  # in a description: where models:/name/version goes
ABOUT = "Policies that set two quotes for a market maker: observations float32 [n, k] to actions float32 [n, 2]."


def log(
    client: MlflowClient,
    *,
    experiment_id: str,
    run_id: str,
    name: str,
    files: Files,
    step: int,
    tags: dict[str, str],
    params: dict[str, str],
    scores: Scores | None,
) -> LoggedModel:
    """The logged model with these files and scores; repeated, the one with this `KEY` among its ``tags``."""
    found = client.search_logged_models([experiment_id], f"tags.`{KEY}` = '{tags[KEY]}'")
    model = found[0] if found else client.create_logged_model(experiment_id, name, run_id, tags, params)
    outputs = client.get_run(run_id).outputs
    if model.model_id not in {output.model_id for output in (outputs.model_outputs if outputs else [])}:
        client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step)])
    if scores is not None:
        client.log_batch(run_id, metrics=scores.metrics(step, run_id, model.model_id))
    with unpacked(files) as folder:
        sign(folder, model, run_id)
        client.log_model_artifacts(model.model_id, str(folder))
    client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    return model


def register(
    client: MlflowClient, model: LoggedModel, *, run_id: str, name: str, tags: Mapping[str, str], description: str
) -> str:
    """The address of the model's version; repeated, of the one with this `KEY` among its ``tags``."""
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name, description=ABOUT)
    found = client.search_model_versions(f"name = '{name}' and tags.`{KEY}` = '{tags[KEY]}'")
    version: ModelVersion = (
        found[0]
        if found
        else client.create_model_version(
            name, model.artifact_location, run_id, dict(tags), model_id=model.model_id, await_creation_for=0
        )
    )
    uri = f"models:/{name}/{version.version}"
    said = description.replace(ADDRESS, uri)
    client.update_model_version(name, version.version, said)
    known = json.dumps([{"name": name, "version": int(version.version)}])
    client.set_logged_model_tags(model.model_id, {VERSIONS: known, DESCRIPTION: said})
    return uri


def location(client: MlflowClient, uri: str) -> str:
    """Where the files are. MLflow's own resolution asks the process-wide registry, not the configured one."""
    match = re.fullmatch(r"models:/([^/@]+)(?:/(\d+)|@(.+))", uri)
    if match is None:
        raise UserError(f"a model must be models:/name/version or models:/name@alias, but it is {uri}")
    name, version, alias = match.groups()
    if alias is not None:
        version = client.get_model_version_by_alias(name, alias).version
    return client.get_model_version_download_uri(name, version)
