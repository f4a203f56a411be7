"""A section checks itself when it is built: by ranges of its own, or by the engine whose struct it is."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar

import engine
from config.errors import UserError


def number(
    *,
    above: float | None = None,
    least: float | None = None,
    below: float | None = None,
    most: float | None = None,
) -> Any:
    """A required number (or list of numbers) inside an interval; ``above`` and ``below`` are open ends."""
    bounds = {">": above, ">=": least, "<": below, "<=": most}
    return dataclasses.field(metadata={"bounds": {sign: b for sign, b in bounds.items() if b is not None}})


def folder() -> Any:
    """A required folder, made where it is missing; ``~`` is the user's home."""
    return dataclasses.field(metadata={"folder": True})


def random_seed() -> Any:
    """A required seed; numpy, torch and RLlib take no larger one."""
    return number(least=0, most=2**32 - 1)


@contextmanager
def refusals(keys: Mapping[str, str]) -> Iterator[None]:
    """Turns what the engine refuses into a `UserError`.

    The engine's sentence begins with the name of its field; ``keys`` says what stands in the YAML for which beginning.
    """
    try:
        yield
    except (TypeError, ValueError) as error:
        sentence = str(error)
        for name, key in keys.items():
            if sentence.startswith(name):
                raise UserError(key + sentence.removeprefix(name)) from None
        raise


_HOLDS = {
    ">": lambda value, bound: value > bound,
    ">=": lambda value, bound: value >= bound,
    "<": lambda value, bound: value < bound,
    "<=": lambda value, bound: value <= bound,
}


class Section:
    """Base of every configuration section: ``key`` is its place in the YAML, `check` its rules across fields."""

    key: ClassVar[str] = ""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            if field.metadata.get("folder"):
                self._expand(field.name)
            value = getattr(self, field.name)
            for element in value if isinstance(value, list) else [value]:
                self._check_number(field, element)
        self.check()

    def check(self) -> None:
        """Rules that involve more than one field; raises through `refuse`."""

    def refuse(self, field: str, rule: str) -> UserError:
        """The sentence for ``field`` breaking ``rule``, with the value it has."""
        name = f"{self.key}.{field}" if self.key else field
        return UserError(f"{name} must {rule}, but it is {getattr(self, field)}")

    def _expand(self, field: str) -> None:
        path = getattr(self, field)
        if not path or "://" in path:  # Path would make a folder named "s3:" of it
            raise self.refuse(field, "be a folder, on a cluster one that all machines have mounted")
        object.__setattr__(self, field, str(Path(path).expanduser()))

    def _check_number(self, field: dataclasses.Field[Any], value: Any) -> None:
        if not isinstance(value, int | float) or isinstance(value, bool):
            return
        if not math.isfinite(value):
            raise self.refuse(field.name, "be finite")
        for sign, bound in field.metadata.get("bounds", {}).items():
            if not _HOLDS[sign](value, bound):
                raise self.refuse(field.name, f"be {sign} {bound}")


class EngineSection(Section):
    """A section that is a struct of the engine, whose ranges, units and rules stand there: see its ``describe()``."""

    def __post_init__(self) -> None:
        with refusals({"": f"{self.key}."}):
            self.params()

    def params(self) -> Any:
        """The engine's struct."""
        raise NotImplementedError

    def values(self) -> dict[str, Any]:
        """The fields as the engine takes them: structs for sections, its own enums for ours."""
        return {field.name: _for_engine(getattr(self, field.name)) for field in dataclasses.fields(self)}  # type: ignore[arg-type]


def _for_engine(value: Any) -> Any:
    if isinstance(value, EngineSection):
        return value.params()
    if isinstance(value, Enum):
        return getattr(engine, type(value).__name__)[value.name]
    return value
