"""The closed list of requirements: one file a kind, and nothing else needs to know the kind."""

from .base import PluginRequirement, Reads, Requirement, Scope, View
from .case import CaseIs
from .combined import AllOf, AnyOf
from .elapsed import TimeElapsed
from .filled import RolesFilled
from .independent_of import IndependentOf
from .items import ItemsAre
from .plugin import PluginAnswers
from .shortfall import Shortfall
from .value import ValueIs

KINDS: dict[str, type[Requirement]] = {
    kind.kind: kind
    for kind in (ValueIs, ItemsAre, CaseIs, RolesFilled, IndependentOf, TimeElapsed, AnyOf, AllOf, PluginAnswers)
}
"""Every kind of requirement, by the key that marks it."""

__all__ = [
    "KINDS",
    "AllOf",
    "AnyOf",
    "CaseIs",
    "IndependentOf",
    "ItemsAre",
    "PluginAnswers",
    "PluginRequirement",
    "Reads",
    "Requirement",
    "RolesFilled",
    "Scope",
    "Shortfall",
    "TimeElapsed",
    "ValueIs",
    "View",
]
