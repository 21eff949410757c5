"""One mechanism for everything that moves: fields, states and rows.

The case has one lifecycle, every kind of item has one. A row without ``source`` creates; a row without ``dest`` stays.
These are frozen values. What is wrong with one of them alone is refused when it is made; what is wrong between them is
refused by `stabflow.language.static` when the procedure is made.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from ..calendar import Duration
from ..case import frozen
from ..requirements import Requirement
from ..requirements.base import duration_or_name, names, requirements
from ..text import Text

__all__ = [
    "FIVE_STEPS",
    "HOLIDAY_TITLES",
    "MAX_TEXT",
    "OUTCOME_TITLES",
    "STEP_TITLES",
    "Breach",
    "Field",
    "FieldType",
    "Lifecycle",
    "Outcome",
    "Preset",
    "Recurrence",
    "State",
    "Step",
    "Transition",
    "duration_or_name",
    "in_order",
]

MAX_TEXT = 100_000


class FieldType(enum.Enum):
    """What a field can hold. There is none for a member of the public."""

    __hash__ = object.__hash__  # a member is only ever the same as itself, and tables are asked by it all the time

    BOOL = "bool"
    INT = "int"
    DECIMAL = "decimal"
    TEXT = "text"
    CHOICE = "choice"
    DATE = "date"
    ACTOR = "actor"
    FILE = "file"


class Step(enum.Enum):
    """Where in an assessment a state of the case belongs. Investigate to review are the five steps."""

    __hash__ = object.__hash__  # as for a `FieldType`

    SCOPE = "scope"
    INVESTIGATE = "investigate"
    ANALYZE = "analyze"
    PLAN = "plan"
    REPORT = "report"
    REVIEW = "review"
    DECIDED = "decided"
    CONTROL = "control"
    CLOSED = "closed"


FIVE_STEPS = (Step.INVESTIGATE, Step.ANALYZE, Step.PLAN, Step.REPORT, Step.REVIEW)
STEP_TITLES = {
    Step.SCOPE: Text("scope", "界定"),
    Step.INVESTIGATE: Text("investigate", "调查"),
    Step.ANALYZE: Text("analyze", "分析"),
    Step.PLAN: Text("plan", "预案"),
    Step.REPORT: Text("report", "报告"),
    Step.REVIEW: Text("review", "审查"),
    Step.DECIDED: Text("decided", "决定"),
    Step.CONTROL: Text("control", "管控"),
    Step.CLOSED: Text("closed", "办结"),
}


class Outcome(enum.Enum):
    """What a decision can be. None is a default."""

    __hash__ = object.__hash__  # as for a `FieldType`

    IMPLEMENT = "implement"
    DEFER = "defer"
    PROHIBIT = "prohibit"


OUTCOME_TITLES = {
    Outcome.IMPLEMENT: Text("implement", "实施"),
    Outcome.DEFER: Text("defer", "暂缓实施"),
    Outcome.PROHIBIT: Text("prohibit", "不得实施"),
}


_STEP_WORDS: Mapping[Step | None, str] = {None: "", **{step: step.value for step in Step}}
_OUTCOME_WORDS: Mapping[Outcome | None, str] = {None: "", **{outcome: outcome.value for outcome in Outcome}}


class Recurrence(enum.Enum):
    """How often the calendar creates something."""

    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    NEW_YEAR = "new_year"
    SPRING_FESTIVAL = "spring_festival"
    TOMB_SWEEPING = "tomb_sweeping"
    LABOUR_DAY = "labour_day"
    DRAGON_BOAT = "dragon_boat"
    MID_AUTUMN = "mid_autumn"
    NATIONAL_DAY = "national_day"


HOLIDAY_TITLES = {
    Recurrence.NEW_YEAR: Text("New Year", "元旦"),
    Recurrence.SPRING_FESTIVAL: Text("Spring Festival", "春节"),
    Recurrence.TOMB_SWEEPING: Text("Tomb-Sweeping Day", "清明节"),
    Recurrence.LABOUR_DAY: Text("Labour Day", "劳动节"),
    Recurrence.DRAGON_BOAT: Text("Dragon Boat Festival", "端午节"),
    Recurrence.MID_AUTUMN: Text("Mid-Autumn Festival", "中秋节"),
    Recurrence.NATIONAL_DAY: Text("National Day", "国庆节"),
}


class Breach(enum.Enum):
    """What may create an item without anybody acting."""

    OVERDUE = "overdue"
    VACANT = "vacant"


def in_order(value: Iterable[Any]) -> tuple[Any, ...]:
    """A list as a tuple."""
    return tuple(value)


def _recurrences(value: Recurrence | str | Iterable[Recurrence | str]) -> tuple[Recurrence, ...]:
    return tuple(Recurrence(one) for one in ((value,) if isinstance(value, str | Recurrence) else value))


def _breaches(value: Breach | str | Iterable[Breach | str]) -> tuple[Breach, ...]:
    return tuple(Breach(one) for one in ((value,) if isinstance(value, str | Breach) else value))


@attrs.frozen(kw_only=True)
class Field:
    """What can be stated: of the case (a fact) or of an item. A field has a value only through a row that lists it in ``set``.

    ``of`` names the code list of a choice, ``many`` lets several be chosen; ``min``, ``max`` bound a number and ``max_length``
    a text; ``optional``: the row may leave it out; ``material`` (facts): stating it after the decision forces a return;
    ``suppress_below``: smaller counts of people are not for the public, nor what gives them away.
    """

    type: FieldType = attrs.field(converter=FieldType)
    title: Text | None = None
    clause: tuple[str, ...] = attrs.field(default=(), converter=names)
    of: str | None = None
    many: bool = False
    min: int | None = None
    max: int | None = None
    max_length: int | None = None
    optional: bool = False
    material: bool = False
    suppress_below: int | None = None


@attrs.frozen(kw_only=True)
class State:
    """Where a case or an item can stand, who is accountable there, and for how long.

    Exactly one of ``within`` (a duration or parameter, from entering), ``until`` (a ``date`` field) and ``open_ended`` unless
    ``final``. ``accountable`` is a role or an ``actor`` field of the same lifecycle. ``clock_stopped_by``: roles that may stop
    and resume the clock.
    """

    title: Text | None = None
    clause: tuple[str, ...] = attrs.field(default=(), converter=names)
    step: Step | None = attrs.field(default=None, converter=attrs.converters.optional(Step))
    outcome: Outcome | None = attrs.field(default=None, converter=attrs.converters.optional(Outcome))
    accountable: str | None = None
    within: Duration | str | None = attrs.field(default=None, converter=duration_or_name)
    until: str | None = None
    open_ended: bool = False
    clock_stopped_by: tuple[str, ...] = attrs.field(default=(), converter=names)
    final: bool = False

    @property
    def step_word(self) -> str:
        """Its step; "" where it belongs to none."""
        return _STEP_WORDS[self.step]

    @property
    def outcome_word(self) -> str:
        """Its outcome; "" where it is none."""
        return _OUTCOME_WORDS[self.outcome]


@attrs.frozen(kw_only=True)
class Transition:
    """A row: what may be done, from where to where, by whom, stating what, under which requirements and clause.

    ``source`` lists states (``"*"``: every one that is not final; none: the row creates); ``dest`` is absent where the row
    stays. Exactly one of ``by`` (roles or actor fields), ``every`` (the calendar) and ``on`` (a breach).
    """

    trigger: str
    source: tuple[str, ...] = attrs.field(default=(), converter=names)
    dest: str | None = None
    by: tuple[str, ...] = attrs.field(default=(), converter=names)
    every: tuple[Recurrence, ...] = attrs.field(default=(), converter=_recurrences)
    on: tuple[Breach, ...] = attrs.field(default=(), converter=_breaches)
    lead: Duration | str | None = attrs.field(default=None, converter=duration_or_name)
    set: tuple[str, ...] = attrs.field(default=(), converter=names)
    requires: tuple[Requirement, ...] = attrs.field(default=(), converter=requirements)
    title: Text | None = None
    clause: tuple[str, ...] = attrs.field(default=(), converter=names)

    @property
    def creates(self) -> bool:
        """Whether the row opens a case or adds an item."""
        return not self.source

    @property
    def by_time(self) -> bool:
        """Whether the calendar or a breach fires the row, not a person."""
        return bool(self.every or self.on)


@attrs.frozen(kw_only=True)
class Preset:
    """Each time the case enters a state in ``at``, one item for each entry of the list ``from_`` is laid out in ``dest``, its
    ``field`` holding the entry."""

    field: str
    from_: str
    dest: str
    at: tuple[str, ...] = attrs.field(converter=names)


@attrs.frozen(kw_only=True)
class Lifecycle:
    """One state machine: what can be stated, where it can stand, what may be done."""

    fields: Mapping[str, Field] = attrs.field(factory=dict, converter=frozen, hash=False)
    states: Mapping[str, State] = attrs.field(factory=dict, converter=frozen, hash=False)
    transitions: tuple[Transition, ...] = attrs.field(default=(), converter=in_order)

    def sources(self, row: Transition) -> tuple[str, ...]:
        """The states a row leads from, ``"*"`` written out."""
        if row.source == ("*",):
            return tuple(name for name, state in self.states.items() if not state.final)
        return row.source

    def creating(self) -> tuple[Transition, ...]:
        """The rows that create."""
        return tuple(row for row in self.transitions if row.creates)

    def rows_setting(self, field: str) -> tuple[Transition, ...]:
        """The rows that state ``field``."""
        return tuple(row for row in self.transitions if field in row.set)
