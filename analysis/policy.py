"""What a policy is, whatever made it: observation columns in, two quotes out; and the file a trained one comes in."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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

    def reading(self, columns: Sequence[str]) -> Policy:
        """The same policy for observations with these columns."""

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
    spread_at: int | None = None  # column of the others' spread, where the rule looks at it
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

    def reading(self, columns: Sequence[str]) -> Rule:
        """Itself; where it quotes at the touch, it finds the spread among the market's columns."""
        return replace(self, spread_at=columns.index("spread")) if self.strategy.touching else self

    def __call__(self, observation: Floats) -> Floats:
        """Actions [n, 2]; reads the columns every market has first: 2 tau/T - 1, 2 q/Q and the signal."""
        to_go, inventory, alpha = observation[:, :3].astype(float).T
        step = np.rint((0.5 - 0.5 * to_go) * self.steps)
        lots = np.rint(0.5 * inventory * self.max_lots)
        spread = None if self.spread_at is None else np.rint(self.price_unit * observation[:, self.spread_at])
        depths = self.strategy(step, lots, alpha, spread)
        return (depths / self.price_unit - 1).astype(np.float32)  # an action counts from one price unit


@dataclass(frozen=True, kw_only=True)
class PolicyCard:
    """What one must know to use a policy: what it reads, and the setting that gives its action a meaning."""

    observation: list[str]  # names of the columns, in order
    setting: dict[str, Any]  # sections of the configuration it was trained under; see `analysis.setting`

    @property
    def reference(self) -> ActionReference:
        """What action 0 quotes."""
        return ActionReference(self.setting["agent"]["action"])

    @property
    def low(self) -> float:
        """The lowest action, price units."""
        return float(self.setting["agent"]["action_low"])

    @property
    def high(self) -> float:
        """The highest action, price units."""
        return float(self.setting["agent"]["action_high"])

    @classmethod
    def read(cls, path: Path) -> PolicyCard:
        """What `write` wrote.

        Raises:
            UserError: it is damaged, or of another version.

        """
        try:
            card = cls(**json.loads(path.read_text(encoding="utf-8")))
            card.reference, card.low, card.high  # noqa: B018 - complains of what is missing
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise UserError(f"{path} is no card of a policy that this version can use: {error!r}") from None
        return card

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
    places: list[int] | None = None  # of its columns among those of the market; None: they are the market's

    @property
    def reference(self) -> ActionReference:
        """What action 0 quotes."""
        return self.card.reference

    @property
    def box(self) -> tuple[float, float]:
        """Bounds of both actions, price units."""
        return self.card.low, self.card.high

    def reading(self, columns: Sequence[str]) -> TrainedPolicy:
        """The policy for observations of ``columns``, among which it finds its own by name.

        Raises:
            UserError: one is missing.

        """
        if list(columns) == self.card.observation:
            return dataclasses.replace(self, places=None)
        if missing := [name for name in self.card.observation if name not in columns]:
            raise UserError(f"{self.name} reads the columns {', '.join(missing)}, which this market does not have")
        return dataclasses.replace(self, places=[list(columns).index(name) for name in self.card.observation])

    def __call__(self, observation: Floats) -> Floats:
        """Actions [n, 2] for observations [n, k]; any n >= 1."""
        import torch

        if self.places is not None:
            observation = observation[:, self.places]
        with torch.inference_mode():
            action: Floats = self.program(torch.as_tensor(observation, dtype=torch.float32)).numpy()
        return action


def load(source: Path, name: str = "policy") -> TrainedPolicy:
    """The policy in ``source``, a ``model.pt2`` or a folder with one such as an MLflow model; needs torch, not Ray."""
    import torch  # here: rules need no torch, whose import takes seconds

    folder = source.parent if source.is_file() else source
    program = torch.export.load(_only(folder, PROGRAM_FILE, source)).module()
    return TrainedPolicy(program, PolicyCard.read(_only(folder, CARD_FILE, source)), name)


def _only(folder: Path, name: str, source: Path) -> Path:
    found = sorted(folder.rglob(name))  # MLflow puts the program below data/, the card below extra_files/
    if len(found) != 1:
        raise UserError(f"{source} must hold one {name}, but it holds {len(found)}")
    return found[0]
