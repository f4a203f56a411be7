"""Stylised facts: whether a market, recorded or simulated, is like real ones; one code for both."""

from analysis.facts.events import Events, Session, recorded, simulate
from analysis.facts.table import FACTS, Fact, Profile, Range, Statistic, held, measure, median, table

__all__ = [
    "FACTS",
    "Events",
    "Fact",
    "Profile",
    "Range",
    "Session",
    "Statistic",
    "held",
    "measure",
    "median",
    "recorded",
    "simulate",
    "table",
]
