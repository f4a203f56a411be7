"""A policy as the files of an MLflow model, and files as text, so that they can wait in an outbox."""

from __future__ import annotations

import base64
import dataclasses
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow.pytorch
import numpy as np
import torch
from mlflow.entities import LoggedModel
from mlflow.models import Model, ModelSignature
from mlflow.types import Schema, TensorSpec

from training.policies import PolicyNetwork, example

Files = dict[str, str]  # base64 by path


def encode(content: bytes) -> str:
    """One file's content, as in `Files`."""
    return base64.b64encode(content).decode("ascii")


@contextmanager
def unpacked(files: Files) -> Iterator[Path]:
    """A folder with the files, for a while."""
    with TemporaryDirectory() as folder:
        for name, content in files.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(base64.b64decode(content))
        yield Path(folder)


def pack(policy: PolicyNetwork) -> Files:
    """``policy`` as the files of an MLflow model."""
    inputs = Schema([TensorSpec(np.dtype(np.float32), (-1, len(policy.card.observation)))])
    outputs = Schema([TensorSpec(np.dtype(np.float32), (-1, 2))])
    torch_version = torch.__version__.partition("+")[0]  # an index has no 2.13.0+cpu
    with TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*Any type hint is inferred", UserWarning)  # of MLflow's own types
        folder = Path(scratch) / "model"
        mlflow.pytorch.save_model(
            policy,
            folder,
            signature=ModelSignature(inputs, outputs),
            input_example=example(policy.card),
            pip_requirements=[f"torch=={torch_version}", f"numpy=={np.__version__}"],
            extra_files=[str(policy.card.write(Path(scratch)))],
            metadata=dataclasses.asdict(policy.card),
            serialization_format="pt2",
        )
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): encode(path.read_bytes()) for path in files}


def sign(folder: Path, model: LoggedModel, run_id: str) -> None:
    """Writes into a model's files which model of which run they are."""
    card = Model.load(folder)
    card.model_id = card.model_uuid = model.model_id
    card.artifact_path = model.artifact_location
    card.run_id = run_id
    card.save(folder / "MLmodel")
