"""Configuration: YAML holds every value once, frozen dataclasses hold types and ranges."""

from config.errors import RunError, UserError
from config.flow import FlowConfig, SizesConfig
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
    MarketConfig,
    MarketKind,
    MarketMakerConfig,
    Network,
    ReducedFormConfig,
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
    "RunError",
    "SizesConfig",
    "UserError",
    "from_dict",
    "load",
    "names",
    "replace",
    "section",
    "to_dict",
]
