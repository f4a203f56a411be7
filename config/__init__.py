"""Configuration: YAML holds every value once, frozen dataclasses hold types and ranges."""

from config.errors import UserError, run
from config.loading import GROUPS, from_dict, load, names, replace, section, to_dict
from config.schema import (
    ActionReference,
    Activation,
    AgentConfig,
    AlgoName,
    BookConfig,
    Config,
    FeeUnit,
    FillMode,
    FlowConfig,
    MarketConfig,
    MarketKind,
    MarketMakerConfig,
    Network,
    ReducedFormConfig,
    SizesConfig,
)

__all__ = [
    "GROUPS",
    "ActionReference",
    "Activation",
    "AgentConfig",
    "AlgoName",
    "BookConfig",
    "Config",
    "FeeUnit",
    "FillMode",
    "FlowConfig",
    "MarketConfig",
    "MarketKind",
    "MarketMakerConfig",
    "Network",
    "ReducedFormConfig",
    "SizesConfig",
    "UserError",
    "from_dict",
    "load",
    "names",
    "replace",
    "run",
    "section",
    "to_dict",
]
