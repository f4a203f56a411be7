"""Configuration: YAML holds every value once, frozen dataclasses hold types and ranges."""

from config.errors import UserError, run
from config.loading import GROUPS, from_dict, load, names, replace, to_dict
from config.schema import (
    ActionReference,
    Activation,
    AgentConfig,
    AlgoName,
    BookConfig,
    Config,
    FillMode,
    FlowConfig,
    MarketConfig,
    MarketKind,
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
    "FillMode",
    "FlowConfig",
    "MarketConfig",
    "MarketKind",
    "Network",
    "ReducedFormConfig",
    "SizesConfig",
    "UserError",
    "from_dict",
    "load",
    "names",
    "replace",
    "run",
    "to_dict",
]
