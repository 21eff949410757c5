"""The procedure language: what a procedure can say, in TOML or in Python."""

from ..calendar import Duration
from .definition import Procedure
from .lifecycle import (
    Breach,
    Field,
    FieldType,
    Lifecycle,
    Outcome,
    Preset,
    Recurrence,
    State,
    Step,
    Transition,
)
from .loader import bundled, bundled_names, from_canonical, load, loads, procedure
from .notice_rules import ACCOUNTABLE, NoticeRule, Occasion
from .parts import Clause, Gate, ItemKind, ListEntry, Parameter, Property, Role, Separation
from .skeleton import Skeleton, from_transitions

__all__ = [
    "ACCOUNTABLE",
    "Breach",
    "Clause",
    "Duration",
    "Field",
    "FieldType",
    "Gate",
    "ItemKind",
    "Lifecycle",
    "ListEntry",
    "NoticeRule",
    "Occasion",
    "Outcome",
    "Parameter",
    "Preset",
    "Procedure",
    "Property",
    "Recurrence",
    "Role",
    "Separation",
    "Skeleton",
    "State",
    "Step",
    "Transition",
    "bundled",
    "bundled_names",
    "from_canonical",
    "from_transitions",
    "load",
    "loads",
    "procedure",
]
