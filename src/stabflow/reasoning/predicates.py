"""Properties whose judge is a function in Python: what it is shown of each state that the search comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import attrs

from ..case import Case, frozen
from ..errors import Fault, InvalidInput, near_miss
from ..language import Procedure, Step
from ..requirements import ItemsAre, Requirement, ValueIs
from ..requirements.base import Literal, names
from ..text import Text
from ..values import Value
from .relaxation import is_followed
from .statements import entries_of

Holds = Callable[[Sequence[Requirement]], bool]
"""Whether requirements hold of one case, nobody acting."""


@attrs.frozen(kw_only=True)
class Count:
    """How many items of kind ``items`` stand in one of the states ``in_``, have these values and were added ``since`` the case
    last entered a state; counted ``up_to`` so many, as a search knows no difference beyond."""

    items: str
    in_: tuple[str, ...] = attrs.field(default=(), converter=names)
    where: Mapping[str, Literal | tuple[Literal, ...]] = attrs.field(factory=dict)
    since: str | None = None
    up_to: int = attrs.field(default=1, validator=attrs.validators.ge(1))

    def asked(self) -> ItemsAre:
        """The requirement that tells the search how far to count."""
        return ItemsAre(items=self.items, in_=self.in_, where=self.where, since=self.since, at_least=self.up_to)

    def of(self, holds: Holds) -> int:
        """How many there are in the case of which ``holds`` tells."""
        asked = self.asked()
        return sum(1 for number in range(1, self.up_to + 1) if holds([attrs.evolve(asked, at_least=number)]))


@attrs.frozen(kw_only=True)
class SearchedState:
    """What a predicate is shown: the ``state`` of the case and the ``step`` it belongs to; of the ``facts`` it asked for, the
    value, ``None`` where nobody has stated it; and the ``counts`` it asked for, under its own names."""

    state: str
    step: Step | None
    facts: Mapping[str, Value | None] = attrs.field(converter=frozen)
    counts: Mapping[str, int] = attrs.field(converter=frozen)


Predicate = Callable[[SearchedState], bool]
"""Must depend on nothing but what it is shown: each state is shown once, for all cases that look like it."""


def examine_form(title: object, *, never: object, always: object) -> None:
    """`InvalidInput` unless the title is a `Text`, and exactly one of the predicates is given, as a function."""
    found = []
    if not isinstance(title, Text):
        found.append(Fault("title", f"{type(title).__name__} is no title", 'write Text("English", "中文")'))
    if (never is None) == (always is None):
        found.append(Fault("never", "stands beside `always`, or neither is given", "give exactly one of them"))
    for name, one in (("never", never), ("always", always)):
        if one is not None and not callable(one):
            cure = "give a function of what it is shown, such as lambda shown: True"
            found.append(Fault(name, f"{type(one).__name__} is no function", cure))
    if found:
        raise InvalidInput(found, what="the property")


@attrs.frozen(kw_only=True)
class StateProperty:
    """A property of single states: ``never`` or ``always`` so. ``facts`` (yes or no, choices) and ``counts`` are what the
    predicate wants to be shown; the search tells cases apart by them in every state, so ask for few."""

    title: Text
    never: Predicate | None = None
    always: Predicate | None = None
    facts: tuple[str, ...] = attrs.field(default=(), converter=names)
    counts: Mapping[str, Count] = attrs.field(factory=dict, converter=frozen)

    def __attrs_post_init__(self) -> None:
        examine_form(self.title, never=self.never, always=self.always)

    def is_violated(self, procedure: Procedure, case: Case, holds: Holds) -> bool:
        """Whether a case, of which ``holds`` tells, is as it never, or not as it always, is to be."""
        shown = SearchedState(
            state=case.state,
            step=procedure.states[case.state].step,
            facts={name: case.facts.get(name) for name in self.facts},
            counts={name: count.of(holds) for name, count in self.counts.items()},
        )
        return self.never(shown) if self.never is not None else self.always is not None and not self.always(shown)

    def asked(self, procedure: Procedure) -> Iterator[Requirement]:
        """The requirements by which the search must tell cases apart."""
        for name in self.facts:
            for entry in entries_of(procedure, attrs.evolve(procedure.facts[name], many=False)):
                yield ValueIs(value=name, is_=(entry,))  # type: ignore[arg-type]
        for count in self.counts.values():
            yield count.asked()

    def faults(self, procedure: Procedure) -> Iterator[Fault]:
        """What it asks for and a search cannot show."""
        for name, count in self.counts.items():
            if not isinstance(count, Count):
                cure = 'give Count(items="KIND")'
                yield Fault(f"counts[{name!r}]", f"{type(count).__name__} is no count", cure)
        for name in self.facts:
            if name not in procedure.facts:
                yield Fault("facts", f"unknown fact {name!r}", near_miss(name, procedure.facts))
            elif not is_followed(procedure, name, None):
                yield Fault(
                    "facts", f"a search does not follow the values of {name!r}", "ask for yes or no, or a choice"
                )
