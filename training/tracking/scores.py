"""Numbers of a policy with the episodes they were measured on, which MLflow shows as a dataset."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict, dataclass
from typing import Any

from mlflow.entities import Dataset, DatasetInput, InputTag, Metric

from analysis import setting
from config import Config

DIGEST_LENGTH = 8
CONTEXT = InputTag("mlflow.data.context", "evaluation")


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Flat and JSON, to wait in an outbox; equal ``digest``: the same episodes, scored alike."""

    values: dict[str, float]
    name: str  # of the dataset
    digest: str
    source: str  # JSON: all the episodes follow from
    profile: str  # JSON: how many there are
    timestamp: int

    @classmethod
    def held_out(cls, values: dict[str, float], config: Config) -> Scores:
        """``values`` of a policy on the held-out episodes of ``config``."""
        source = json.dumps(setting.episodes(config), sort_keys=True)
        return cls(
            values=values,
            name=f"{config.market.name} held out",
            digest=hashlib.sha256(source.encode()).hexdigest()[:DIGEST_LENGTH],
            source=source,
            profile=json.dumps({"episodes": config.evaluation.episodes, "steps": config.simulation.episode_steps}),
            timestamp=now_ms(),
        )

    def record(self) -> dict[str, Any]:
        """What `Scores(**record)` brings back."""
        return asdict(self)

    def key(self, what: str) -> str:
        """An id of ``what`` with these values on these episodes, the same whenever they are found again."""
        content = json.dumps([what, self.digest, self.values], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:32]

    def dataset(self) -> DatasetInput:
        """The episodes as MLflow's entity."""
        return DatasetInput(Dataset(self.name, self.digest, "code", self.source, profile=self.profile), [CONTEXT])

    def metrics(self, step: int, run_id: str, model_id: str | None = None) -> list[Metric]:
        """The values as MLflow's entities, of a run or of a model that it made."""
        return [
            Metric(
                name,
                value,
                self.timestamp,
                step,
                model_id=model_id,
                dataset_name=self.name,
                dataset_digest=self.digest,
                run_id=run_id,
            )
            for name, value in self.values.items()
        ]


def now_ms() -> int:
    """MLflow's time stamps."""
    return time.time_ns() // 1_000_000
