"""What a policy is, whatever made it: observation columns in, two quotes out; and the file a trained one comes in."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

import engine
from config import ActionReference, Config, UserError

Floats = NDArray[np.float32]

PROGRAM_FILE = "model.pt2"  # the name MLflow's torch flavour gives it, too
CARD_FILE = "policy.json"


class Policy(Protocol):
    """A deterministic policy; a rule and a trained network meet it alike."""

    @property
    def name(self) -> str:
        """What stands in tables."""

    @property
    def reference(self) -> ActionReference:
        """What action 0 quotes; see `config.AgentConfig`."""

    @property
    def box(self) -> tuple[float, float]:
        """Bounds of both actions, price units."""

    def __call__(self, observation: Floats) -> Floats:
        """Actions [n, 2] in price units for observations [n, k]."""


@dataclass(frozen=True)
class Rule:
    """A quoting rule as a table of the engine, which can play it by itself, many times faster than step by step."""

    name: str
    strategy: engine.Strategy  # depths in the market's own unit
    price_unit: float
    steps: int  # of an episode
    max_lots: int
    coefficients: Mapping[str, float] = field(default_factory=dict)  # what the strategy was made from
    at_end: tuple[str, ...] = ()  # coefficients that the search has left at an end of their range
    reference: ActionReference = field(default=ActionReference.offsets, init=False)
    box: tuple[float, float] = field(default=(-1e3, 1e3), init=False)  # a rule has none

    @classmethod
    def of(
        cls,
        name: str,
        strategy: engine.Strategy,
        config: Config,
        coefficients: Mapping[str, float] | None = None,
        at_end: tuple[str, ...] = (),
    ) -> Rule:
        """The rule in the market of ``config``."""
        steps = config.simulation.episode_steps
        return cls(name, strategy, config.market.price_unit, steps, config.max_lots, coefficients or {}, at_end)

    def __call__(self, observation: Floats) -> Floats:
        """Actions [n, 2]; reads the columns every market has: 2 tau/T - 1, 2 q/Q and the signal."""
        to_go, inventory, alpha = observation[:, :3].astype(float).T
        step = np.rint((0.5 - 0.5 * to_go) * self.steps)
        depths = self.strategy(step, np.rint(0.5 * inventory * self.max_lots), alpha)
        return (depths / self.price_unit - 1).astype(np.float32)  # an action counts from one price unit


@dataclass(frozen=True, kw_only=True)
class PolicyCard:
    """What one must know to use a policy: what it reads and what its action means."""

    observation: list[str]  # names of the columns, in order
    action: str  # config.ActionReference: what an action of zero means
    low: float  # bounds of both actions, price units
    high: float
    market: str  # name of the market it was trained on

    def write(self, folder: Path) -> Path:
        """Writes ``policy.json`` into ``folder``; its path."""
        path = folder / CARD_FILE
        path.write_text(json.dumps(dataclasses.asdict(self), indent=2) + "\n", encoding="utf-8")
        return path


@dataclass(frozen=True)
class TrainedPolicy:
    """A network as a function of numpy arrays: [n, k] to [n, 2], float32."""

    program: Any  # torch.nn.Module
    card: PolicyCard
    name: str = "policy"

    @property
    def reference(self) -> ActionReference:
        """What action 0 quotes."""
        return ActionReference(self.card.action)

    @property
    def box(self) -> tuple[float, float]:
        """Bounds of both actions, price units."""
        return self.card.low, self.card.high

    def __call__(self, observation: Floats) -> Floats:
        """Actions [n, 2] for observations [n, k]; any n >= 1."""
        import torch

        with torch.inference_mode():
            action: Floats = self.program(torch.as_tensor(observation, dtype=torch.float32)).numpy()
        return action


def load(source: Path, name: str = "policy") -> TrainedPolicy:
    """The policy in ``source``, a ``model.pt2`` or a folder with one such as an MLflow model; needs torch, not Ray."""
    import torch  # here: rules need no torch, whose import takes seconds

    folder = source.parent if source.is_file() else source
    program = torch.export.load(_only(folder, PROGRAM_FILE, source)).module()
    card = json.loads(_only(folder, CARD_FILE, source).read_text(encoding="utf-8"))
    return TrainedPolicy(program, PolicyCard(**card), name)


def _only(folder: Path, name: str, source: Path) -> Path:
    found = sorted(folder.rglob(name))  # MLflow puts the program below data/, the card below extra_files/
    if len(found) != 1:
        raise UserError(f"{source} must hold one {name}, but it holds {len(found)}")
    return found[0]
