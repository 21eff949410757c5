"""A run in which something did not hold: told as a story, printed as a dossier, done again from either."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import attrs

from ...case import kind_of
from ...decision.fields import stated
from ...dossier.values import Verb as DossierVerb
from ...errors import InvalidInput
from ...language import FieldType, Procedure
from ...language.loader import bundled_digests
from ...language.written import inline, quoted
from ...text import Language, say
from ...values import Actor, File, clean_id
from .rules import RULES
from .standing import Broken
from .steps import BASIS, OF_NO_CASE, REASON, Came, Step, Verb

FILE = "procedure.toml"
"""The name under which a dossier looks for a procedure that does not come with stabflow: beside itself."""

_TOLD = frozenset(Verb(one.value) for one in DossierVerb)
_OF_A_ROLE = {one.value for one in DossierVerb if one.is_of_a_role}
_WITH_A_REASON = {Verb.AMEND, Verb.DELEGATE, Verb.RECUSE, Verb.STOP_CLOCK, Verb.RESUME_CLOCK}
_LONG_AGO, _NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_NOT_A_HANDLE = re.compile(r"[^A-Za-z0-9_-]")


class Counterexample(AssertionError):
    """What must hold did not. ``steps`` are all that was done, ``broken`` what came of the last; ``dossier`` prints it."""

    def __init__(self, procedure: Procedure, steps: Sequence[Step], broken: Broken, *, source: str = "") -> None:
        self.procedure = procedure
        self.steps = tuple(steps)
        self.broken = broken
        self.source = source
        super().__init__(broken.text.en)

    def __str__(self) -> str:
        return f"{self.story()}\n\n{self.dossier()}"

    @property
    def case(self) -> str:
        """The case of the last step that was about one."""
        return next((one.case for one in reversed(self.steps) if one.case), "")

    def story(self, language: Language = "en") -> str:
        """What was done, one step a line, and what is wrong with it."""
        head = say(
            "{rule}: {text}",
            "{rule}：{text}",
            rule=RULES[self.broken.rule],
            text=self.broken.text,
        )
        told = [one.told(self.procedure) for one in self.steps if one.verb is not Verb.CONSTITUTE]
        lines = [say("  {n}. {line}", "  {n}. {line}", n=n, line=line) for n, line in enumerate(told, start=1)]
        return "\n".join(one.get(language) for one in (head, *lines))

    def dossier(self) -> str:
        """The run as a dossier in TOML. What `stabflow run` must make of it is what is right: an act that should have been
        refused is marked so. What a dossier cannot tell stands in it as comments."""
        return "\n".join(_Writer(self).lines()) + "\n"


@attrs.frozen
class _Writer:
    """Writes one dossier."""

    of: Counterexample

    def lines(self) -> Iterator[str]:
        steps = [one for one in self.of.steps if one.case in ("", self.of.case)]
        opening = next((one for one in steps if one.verb is Verb.OPEN and one.came is Came.DONE), None)
        name = self.of.source or str(self.of.procedure)
        if not self.of.source and bundled_digests().get(name) != self.of.procedure.digest:
            name = FILE
            yield f"# {FILE}: write it with stabflow.language.written.written(PROCEDURE)"
        told = self.of.broken.text
        yield from ("[dossier]", "format = 1")
        title = {"en": _short(f"Counterexample: {told.en}"), "zh": _short(f"反例：{told.zh}")}
        yield f"title = {inline(title)}"
        yield f"procedure = {quoted(name)}"
        yield from ('unproved = "allow"', "illustrative = true", "")
        matter = None if opening is None else opening.matter
        yield from ("[matter]", f"key = {quoted('matter-1' if matter is None else matter.key)}")
        yield f"title = {quoted('Matter' if matter is None else matter.title)}"
        handles = _handles(self.of.procedure, steps)
        for handle, actor in handles.items():
            yield from ("", f"[actors.{handle}]", f"id = {quoted(actor.id)}", f"body = {quoted(actor.body)}")
        by_actor = {actor: handle for handle, actor in handles.items()}
        opened, keys = False, set[str]()
        for step, last, in_order in _in_order(steps):
            yield ""
            if step.verb is Verb.CONSTITUTE and not opened and step.came is Came.DONE:
                yield from self._office(step, by_actor)
            elif in_order and self._can_be_told(step, keys, last=last):
                opened = opened or step.verb is Verb.OPEN
                if step.key is not None and step.came is Came.DONE:
                    keys.add(step.key)
                yield from self._act(step, by_actor, last=last)
            else:
                yield f"# {_one_line(step.told(self.of.procedure).en)}"

    def _can_be_told(self, step: Step, keys: set[str], *, last: bool) -> bool:
        """Whether a dossier can have the step as an act: what was sent again is no second one, and what was refused must be right
        in form."""
        if step.verb not in _TOLD or step.came is Came.INVALID or step.key in keys:
            return False
        return last if step.came is None else step.came is Came.DONE or self._is_right_in_form(step)

    def _is_right_in_form(self, step: Step) -> bool:
        procedure, kind = self.of.procedure, _kind(step)
        if step.verb in (Verb.FIRE, Verb.ADD):
            creates = step.verb is Verb.ADD
            rows = [row for row in procedure.lifecycle(kind).transitions if row.creates is creates and row.by]
            named = step.trigger if creates else step.what
            fields = procedure.lifecycle(kind).fields
            due = [name for name, field in fields.items() if not field.optional]
            said = [
                stated(procedure, kind, row.set, step.values, [name for name in row.set if name in due])
                for row in rows
                if named in (None, row.trigger)
            ]
            return len(said) > 0 and not any(one.faults or one.missing for one in said)
        if step.verb is Verb.AMEND:
            every = tuple(procedure.lifecycle(kind).fields)
            return bool(step.values) and not stated(procedure, kind, every, step.values, ()).faults
        return step.verb.value not in _OF_A_ROLE or step.what in procedure.roles

    def _office(self, step: Step, handles: Mapping[Actor, str]) -> Iterator[str]:
        assert step.person is not None, "an office is given to somebody"
        yield "[[offices]]"
        yield f"role = {quoted(step.what or '')}"
        yield f"actor = {quoted(handles[step.person])}"
        yield f"basis = {quoted(BASIS)}"
        yield f"at = {_moment(step.at)}"

    def _act(self, step: Step, handles: Mapping[Actor, str], *, last: bool) -> Iterator[str]:
        assert step.by is not None, "somebody acts"
        if last:
            yield f"# {_one_line(self.of.broken.text.en)}"
        yield "[[acts]]"
        yield f"at = {_moment(step.at)}"
        yield f"by = {quoted(handles[step.by])}"
        yield f"basis = {quoted(BASIS)}"
        if step.role is not None:
            yield f"role = {quoted(step.role)}"
        if step.verb is Verb.OPEN:
            yield "open = true"
        else:
            yield f"{step.verb.value} = {quoted(step.what or 'case')}"
        if step.trigger is not None:
            yield f"trigger = {quoted(step.trigger)}"
        if step.item is not None:
            yield f"item = {quoted(step.item)}"
        if step.person is not None:
            yield f"actor = {quoted(handles[step.person])}"
        if step.since is not None:
            yield f"since = {step.since}"
        if step.until is not None:
            yield f"until = {step.until}"
        if step.verb in _WITH_A_REASON:
            yield f"reason = {quoted(REASON)}"
        if step.values:
            yield f"with = {inline(self._values(step, handles))}"
        if step.came is Came.REFUSED or (last and self.of.broken.refusable):
            yield 'expect = "refused"'

    def _values(self, step: Step, handles: Mapping[Actor, str]) -> dict[str, object]:
        known = {actor.id: handle for actor, handle in handles.items()}
        persons = _persons(self.of.procedure, step)
        return {
            name: known.get(persons[name], persons[name]) if name in persons else _plain(value)
            for name, value in step.values.items()
        }


def _in_order(steps: Sequence[Step]) -> Iterator[tuple[Step, bool, bool]]:
    """The steps, each when it is said to have happened, but not before what was done before it, as the engine dates what is done
    while a clock stands behind; whether it is the last; and whether its time is in order with those of the others, which that of
    something refused need not be where clocks went back or something was entered late."""
    dated = list(_dated(steps))
    last = len(dated) - 1
    fixed = [step.verb in _TOLD and (step.came is Came.DONE or number == last) for number, step in enumerate(dated)]
    latest, first = _LONG_AGO, _NEVER
    until: list[datetime] = []
    for step, is_fixed in zip(reversed(dated), reversed(fixed), strict=True):
        until.append(first)
        first = min(first, step.at or first) if is_fixed else first
    for number, (step, bound) in enumerate(zip(dated, reversed(until), strict=True)):
        in_order = fixed[number] or latest <= (step.at or latest) <= bound
        latest = max(latest, step.at or latest) if in_order and step.verb in _TOLD else latest
        yield step, number == last, in_order


def _dated(steps: Sequence[Step]) -> Iterator[Step]:
    opened, latest = False, _LONG_AGO
    for step in steps:
        when = max(latest, step.claimed or latest)
        yield attrs.evolve(step, at=None if step.claimed is None else when, back=None)
        if step.came is Came.DONE and (not opened or step.verb not in OF_NO_CASE):
            latest, opened = when, opened or step.verb is Verb.OPEN


def _kind(step: Step) -> str | None:
    """The kind of item that a step is about; ``None`` where it is the case."""
    if step.verb is Verb.ADD:
        return step.what
    item = step.item if step.verb is Verb.FIRE else step.what if step.verb is Verb.AMEND else None
    return None if item is None else kind_of(item)


def _persons(procedure: Procedure, step: Step) -> dict[str, str]:
    """The ids of those whom the values of a step name, by field."""
    kind = _kind(step)
    fields = procedure.lifecycle(kind).fields if kind is None or kind in procedure.items else {}
    named = {
        name: _person(value)
        for name, value in step.values.items()
        if name in fields and fields[name].type is FieldType.ACTOR
    }
    return {name: who for name, who in named.items() if who is not None}


def _person(value: object) -> str | None:
    """The id of whom a value names; ``None`` where it can name nobody."""
    if isinstance(value, Actor):
        return value.id
    try:
        return clean_id(value, "")
    except InvalidInput:
        return None


def _handles(procedure: Procedure, steps: Sequence[Step]) -> dict[str, Actor]:
    """A handle for everybody whom the steps name."""
    found: dict[str, Actor] = {}
    named = [actor for step in steps for actor in (step.by, step.person) if actor is not None]
    known = {actor.id for actor in named}
    values = [who for step in steps for who in _persons(procedure, step).values()]
    named += [Actor(who, body="office") for who in dict.fromkeys(values) if who not in known]
    for actor in dict.fromkeys(named):
        handle = _NOT_A_HANDLE.sub("_", actor.id)
        while handle in found:
            handle += "_"
        found[handle] = actor
    return found


def _plain(value: Any) -> object:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, File):
        return {"title": value.title, "media_type": value.media_type, "sha256": value.sha256}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def _moment(at: datetime | None) -> str:
    assert at is not None, "every step has its time"
    return at.isoformat().replace("+00:00", "Z")


def _one_line(text: str) -> str:
    return " ".join(text.split()).encode("utf-8", "replace").decode("utf-8")


def _short(text: str) -> str:
    line = _one_line(text)
    return line if len(line) <= 300 else line[:299] + "…"
