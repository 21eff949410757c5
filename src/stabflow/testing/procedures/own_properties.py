"""The user's own properties, judged on real cases: those of the file, those the checker takes, and such as look at an act."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import attrs

from ...case import Case
from ...decision.view import CaseView, Context
from ...errors import Fault, InvalidInput
from ...history.record import Record
from ...language import Procedure, Property, Transition
from ...reasoning.predicates import StateProperty, examine_form
from ...reasoning.properties import AnyProperty, examine
from ...requirements import Requirement
from ...text import Text, say
from .standing import Broken

_ASKING = Transition(trigger="ask")


@attrs.frozen(kw_only=True)
class ShownAct:
    """An act as a property is shown it: its record, and the case before it (``None``: it opened it) and after."""

    record: Record
    before: Case | None
    after: Case


ActPredicate = Callable[[ShownAct], bool]
"""Must depend on nothing but what it is shown."""


@attrs.frozen(kw_only=True)
class ActProperty:
    """A property of single acts, such as who may do what: ``never`` or ``always`` so. No search can follow it; the machine asks
    it of every record of a case, also of those that time makes."""

    title: Text
    never: ActPredicate | None = None
    always: ActPredicate | None = None

    def __attrs_post_init__(self) -> None:
        examine_form(self.title, never=self.never, always=self.always)

    def is_violated(self, shown: ShownAct) -> bool:
        """Whether the act is as none may be."""
        return self.never(shown) if self.never is not None else self.always is not None and not self.always(shown)


OwnProperty = AnyProperty | ActProperty


class OwnProperties:
    """The properties of a procedure's file and ``extra`` ones. `InvalidInput` where those name what it does not know."""

    def __init__(self, procedure: Procedure, extra: object = ()) -> None:
        self.procedure = procedure
        if not isinstance(extra, Sequence) or isinstance(extra, str | bytes):
            raise InvalidInput.at("extra", f"{type(extra).__name__} is no list of properties", "write [PROPERTY]")
        wrong = [
            Fault(
                f"extra[{n}]", f"a {type(one).__name__} is no property", "give a Property, StateProperty or ActProperty"
            )
            for n, one in enumerate(extra)
            if not isinstance(one, Property | StateProperty | ActProperty)
        ]
        if wrong:
            raise InvalidInput(wrong, what="the properties")
        self.for_checker: tuple[AnyProperty, ...] = tuple(
            one for one in extra if isinstance(one, Property | StateProperty)
        )
        examine(procedure, self.for_checker)
        self.of_states = (*procedure.properties, *self.for_checker)
        self.of_acts = tuple(one for one in extra if isinstance(one, ActProperty))

    def watch(self) -> Watch:
        """What judges one case from its beginning."""
        return Watch(self)


class NotJudged(Exception):
    """The author's own function, for the property of this ``title``, has raised its cause."""

    def __init__(self, title: Text) -> None:
        self.title = title
        super().__init__(title.en)


class Watch:
    """Judges one case, act by act; it remembers what has held before."""

    def __init__(self, properties: OwnProperties) -> None:
        self._properties = properties
        self._held: set[int] = set()

    def broken(self, record: Record, before: Case | None, after: Case, context: Context) -> Iterator[Broken]:
        """The properties that the act, or the case after it, breaks. `NotJudged` where one of them raises."""
        shown = ShownAct(record=record, before=before, after=after)
        for act in self._properties.of_acts:
            with _judging(act.title):
                violated = act.is_violated(shown)
            if violated:
                yield _broken(act.title, refusable=True)
        if not self._properties.of_states:
            return
        view = CaseView(
            procedure=self._properties.procedure,
            case=after,
            kind=None,
            item=None,
            row=_ASKING,
            values={},
            actor="",
            context=context,
        )

        def holds(asked: Sequence[Requirement]) -> bool:
            return all(one.holds(view) for one in asked)

        for number, one in enumerate(self._properties.of_states):
            with _judging(one.title):
                violated = self._is_violated(number, one, after, holds)
            if violated:
                yield _broken(one.title)

    def _is_violated(
        self, number: int, one: AnyProperty, case: Case, holds: Callable[[Sequence[Requirement]], bool]
    ) -> bool:
        if isinstance(one, StateProperty):
            return one.is_violated(self._properties.procedure, case, holds)
        if one.never:
            return holds(one.never)
        if one.always:
            return not holds(one.always)
        if (
            one.leads_to
        ):  # which says that the second can still be reached: a run shows it broken only where all is over
            first, second = one.leads_to
            is_over = self._properties.procedure.states[case.state].final
            return is_over and holds(first) and not holds(second)
        if number in self._held:
            return False
        first, second = one.before
        if holds(first):
            self._held.add(number)
            return False
        return holds(second)


@contextmanager
def _judging(title: Text) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise NotJudged(title) from error


def _broken(title: Text, *, refusable: bool = False) -> Broken:
    text = say("“{title}” does not hold", "“{title}”不成立", title=title)
    return Broken("own", text, refusable)
