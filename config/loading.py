"""From YAML files and ``key=value`` words to one frozen `Config`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from config.errors import UserError
from config.schema import Config
from config.section import Section

Kind = TypeVar("Kind", bound=Section)

FOLDER = Path(__file__).parent
GROUPS = {"algo": "ppo", "market": "small_tick", "network": ""}  # in order, and the overlay when none is named


def names(group: str) -> list[str]:
    """The overlays shipped for ``group`` (``market``, ``algo`` or ``network``)."""
    return sorted(path.stem for path in (FOLDER / group).glob("*.yaml"))


def load(words: Sequence[str] = (), under: Mapping[str, Any] | None = None) -> Config:
    """Builds the configuration that ``words`` describe, by default in the setting ``under``.

    ``market=NAME|PATH``, ``algo=NAME|PATH``, ``network=NAME|PATH`` and ``config=PATH`` name overlays; every other word
    is ``key=value``. Later layers win: default.yaml, algo, market, network, config, words. A market's file may name
    another market in ``market.base``, by its name or path: it is a variant of that one, all sections of which hold
    where it gives nothing else.

    ``under`` holds sections as `to_dict` gives them. They stand where the shipped market stands by default; a market
    that ``words`` name replaces the one in it.

    Raises:
        UserError: unknown key, wrong type, value out of range, missing file; the sentence names it.
    """
    groups, overlays, values = _sort(words)
    named = dict(GROUPS) | groups
    layers: list[tuple[str, Any]] = [_file(FOLDER / "default.yaml"), _file(_overlay("algo", named["algo"]))]
    if under is not None:
        kept = {name: values for name, values in under.items() if name != "market" or "market" not in groups}
        layers.append(("the setting of the policy", kept))
    if under is None or "market" in groups:
        layers += _market(_overlay("market", named["market"]))
    if named["network"]:
        layers.append(_file(_overlay("network", named["network"])))
    layers += [_file(Path(path).expanduser()) for path in overlays]
    try:
        tree = OmegaConf.structured(Config)
        for source, layer in layers:
            tree = _merge(tree, layer, source)
        tree = _merge(tree, OmegaConf.from_dotlist(values), "the command line")
        config = OmegaConf.to_object(tree)
    except OmegaConfBaseException as error:
        raise UserError(_sentence(error)) from None
    assert isinstance(config, Config)
    return config


def to_dict(config: Any) -> dict[str, Any]:
    """The resolved configuration as plain numbers, strings, lists and dicts."""
    return OmegaConf.to_container(OmegaConf.structured(config), enum_to_str=True)  # type: ignore[return-value]


def from_dict(values: dict[str, Any]) -> Config:
    """The inverse of `to_dict`."""
    return section(Config, values)


def section(kind: type[Kind], values: dict[str, Any]) -> Kind:
    """One section of a configuration, or all of it, from plain values."""
    try:
        return OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(kind), values))  # type: ignore[return-value]
    except OmegaConfBaseException as error:
        raise UserError(_sentence(error)) from None


def replace(config: Config, **sections: dict[str, Any]) -> Config:
    """``config`` with fields of its sections replaced: ``replace(c, agent={"action": ActionReference.residual})``."""
    return dataclasses.replace(
        config,
        **{name: dataclasses.replace(getattr(config, name), **fields) for name, fields in sections.items()},
    )


def _sort(words: Sequence[str]) -> tuple[dict[str, str], list[str], list[str]]:
    groups: dict[str, str] = {}
    overlays: list[str] = []
    values: list[str] = []
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise UserError(f"'{word}' is not key=value; write for example algo=sac or training.iterations=20")
        if key in GROUPS:
            groups[key] = value
        elif key == "config":
            overlays.append(value)
        else:
            values.append(word)
    return groups, overlays, values


def _overlay(group: str, name: str) -> Path:
    if name in names(group):
        return FOLDER / group / f"{name}.yaml"
    path = Path(name).expanduser()
    if path.suffix in {".yaml", ".yml"}:
        return path
    known = ", ".join(names(group))
    raise UserError(f"{group} must be one of {known}, or the path of a YAML file, but it is {name}")


def _market(path: Path, variants: tuple[Path, ...] = ()) -> list[tuple[str, DictConfig]]:
    """The layers of a market's file: those of what it is a variant of, then its own. ``variants`` have led to it."""
    variants = (*variants, path.resolve())
    source, tree = _file(path)
    own = tree.get("market")
    if not isinstance(own, DictConfig) or "base" not in own:
        return [(source, tree)]
    base = _base(str(own.pop("base")), path)
    if base.resolve() in variants:
        raise UserError(f"market.base must not lead back to a file that leads to it, but it is {base} (in {path})")
    return [*_market(base, variants), (source, tree)]


def _base(name: str, path: Path) -> Path:
    """What ``market.base`` names in the file ``path``: a path counts from there, or from here."""
    try:
        given = _overlay("market", name)
    except UserError as error:
        raise UserError(str(error).replace("market", "market.base", 1) + f" (in {path})") from None
    found = next((choice for choice in (path.parent / given, given) if choice.is_file()), None)
    if found is None:
        raise UserError(f"market.base must be a market or a file that is there, but it is {name} (in {path})")
    return found


def _file(path: Path) -> tuple[str, DictConfig]:
    return str(path), _read(path)


def _read(path: Path) -> DictConfig:
    try:
        tree = OmegaConf.load(path)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(tree, DictConfig):
        raise UserError(f"{path} must hold a mapping of sections, such as 'market:'")
    return tree


def _merge(tree: DictConfig, layer: Any, source: str) -> DictConfig:
    try:
        return OmegaConf.merge(tree, layer)  # type: ignore[return-value]
    except OmegaConfBaseException as error:
        raise UserError(f"{_sentence(error)} (in {source})") from None


def _sentence(error: OmegaConfBaseException) -> str:
    if isinstance(error, MissingMandatoryValue):
        return f"{error.full_key} must be given, but it is missing"
    message = (error.msg or str(error)).splitlines()[0]
    return f"{error.full_key}: {message}" if error.full_key else message
