"""What somebody asks for. A command names who, in which role, on what basis, and what."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import attrs

from ..errors import InvalidInput
from ..language import Procedure
from ..personal import refuse_personal
from ..values import Actor, Basis, Matter

ASKING = Basis("asking")
"""The basis of a command that nobody gives: somebody asks what stands against it."""


def _is_actor(_instance: object, attribute: attrs.Attribute[Actor], value: object) -> None:
    if not isinstance(value, Actor):
        raise InvalidInput.at(
            attribute.name, f"{value!r:.60} is not an Actor", 'give one, such as Actor("o-1", body="county")'
        )


def _word(value: Any) -> Any:
    """Text as exactly text: a subclass, such as a member of an enum, could say another thing where it is written down."""
    return str.__str__(value) if isinstance(value, str) else value


def _names(values: Mapping[Any, object]) -> Mapping[Any, object]:
    """``values`` by names that are exactly text."""
    for name in values:
        if type(name) is not str:
            return {_word(name): value for name, value in values.items()}
    return values


def _renamed(names: Mapping[Any, Any]) -> Mapping[Any, Any]:
    return {_word(name): _word(new) for name, new in names.items()}


def _is_word(_instance: object, attribute: attrs.Attribute[str], value: object) -> None:
    if not isinstance(value, str):
        raise InvalidInput.at(attribute.name, "is not a name", "give it as text")


def _is_word_or_none(_instance: object, attribute: attrs.Attribute[str | None], value: object) -> None:
    if value is not None and not isinstance(value, str):
        raise InvalidInput.at(attribute.name, "is not a name", "give it as text, or leave it out")


def _is_version(_instance: object, attribute: attrs.Attribute[int], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidInput.at(
            attribute.name, f"{value!r:.60} is no version", "give the version of its record, as a number"
        )


@attrs.frozen(kw_only=True)
class Command:
    """Something asked for by ``actor`` on ``basis``; ``role`` may be left out where the row leaves no doubt."""

    actor: Actor = attrs.field(validator=_is_actor)
    basis: Basis
    role: str | None = attrs.field(default=None, converter=_word, validator=_is_word_or_none)


@attrs.frozen(kw_only=True)
class Open(Command):
    """Open a case on ``matter``, by the creating row ``trigger`` (needed only where there are several); ``unproved``: although
    nobody has proved the procedure."""

    case_id: str
    matter: Matter
    values: Mapping[str, object] = attrs.field(factory=dict, converter=_names)
    unproved: bool = False
    trigger: str | None = attrs.field(default=None, converter=_word, validator=_is_word_or_none)


@attrs.frozen(kw_only=True)
class Fire(Command):
    """Fire a row of the case, or of the item ``item``."""

    trigger: str = attrs.field(converter=_word, validator=_is_word)
    item: str | None = attrs.field(default=None, converter=_word, validator=_is_word_or_none)
    values: Mapping[str, object] = attrs.field(factory=dict, converter=_names)


@attrs.frozen(kw_only=True)
class Add(Command):
    """Add an item of ``kind``, by its creating row ``trigger`` (needed only where there are several)."""

    kind: str = attrs.field(converter=_word, validator=_is_word)
    values: Mapping[str, object] = attrs.field(factory=dict, converter=_names)
    trigger: str | None = attrs.field(default=None, converter=_word, validator=_is_word_or_none)
    owed_by: tuple[Actor, ...] = ()
    """Where time adds it for a breach: who held the duty."""


@attrs.frozen(kw_only=True)
class Amend(Command):
    """Correct what was stated of ``item`` (``None``: of the case); the earlier record stays."""

    item: str | None = attrs.field(default=None, converter=_word, validator=_is_word_or_none)
    values: Mapping[str, object] = attrs.field(factory=dict, converter=_names)
    reason: str


@attrs.frozen(kw_only=True)
class StopClock(Command):
    """Let the clock of the present state of ``item`` (``None``: of the case) stand."""

    item: str | None = attrs.field(default=None, converter=_word, validator=_is_word_or_none)
    reason: str


@attrs.frozen(kw_only=True)
class ResumeClock(Command):
    """Let the clock of the present state of ``item`` (``None``: of the case) run on."""

    item: str | None = attrs.field(default=None, converter=_word, validator=_is_word_or_none)
    reason: str


@attrs.frozen(kw_only=True)
class Appoint(Command):
    """Appoint ``appointee`` to ``office``, a role of the case."""

    office: str = attrs.field(converter=_word, validator=_is_word)
    appointee: Actor = attrs.field(validator=_is_actor)


@attrs.frozen(kw_only=True)
class Migrate(Command):
    """Let the case go on under ``to``, another version of its procedure; ``renamed``: what is called otherwise there, by path."""

    to: Procedure
    renamed: Mapping[str, str] = attrs.field(factory=dict, converter=_renamed)


@attrs.frozen(kw_only=True)
class FindBreach(Command):
    """Put on record that ``duty`` was not done in time, at ``level``; ``holders`` held it when it fell due, ``doubts`` are what
    makes it only possible. Time alone asks for it."""

    duty: str = attrs.field(converter=_word, validator=_is_word)
    level: int
    holders: tuple[Actor, ...] = ()
    doubts: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class ConfirmBreach(Command):
    """Confirm that the possible breach found by version ``breach`` of the case is one."""

    breach: int = attrs.field(validator=_is_version)


@attrs.frozen(kw_only=True)
class VoidBreach(Command):
    """Declare that what version ``breach`` of the case found is no breach."""

    breach: int = attrs.field(validator=_is_version)
    reason: str


@attrs.frozen(kw_only=True)
class Relieve(Command):
    """End the appointment of ``appointee`` to ``office``."""

    office: str = attrs.field(converter=_word, validator=_is_word)
    appointee: Actor = attrs.field(validator=_is_actor)


@attrs.frozen(kw_only=True)
class Recuse(Command):
    """Let ``who``, in ``office``, take no further part in the case."""

    office: str = attrs.field(converter=_word, validator=_is_word)
    who: Actor = attrs.field(validator=_is_actor)
    reason: str


@attrs.frozen(kw_only=True)
class Delegate(Command):
    """Let ``to`` act as ``office`` for its holder, who asks it,
    from ``since`` (``None``: from now) until ``until``: a date lasts to 24:00 of that day."""

    office: str = attrs.field(converter=_word, validator=_is_word)
    to: Actor = attrs.field(validator=_is_actor)
    until: date | datetime
    since: date | datetime | None = None
    reason: str


@attrs.frozen(kw_only=True)
class EndDelegation(Command):
    """End the delegation by which ``delegate`` acts as ``office``."""

    office: str = attrs.field(converter=_word, validator=_is_word)
    delegate: Actor = attrs.field(validator=_is_actor)


_TEXTS = ("case_id", "matter", "reason", "appointee", "who", "to")


def check_nobody_named(command: Command) -> None:
    """`InvalidInput` where a text of ``command`` has the number of an identity card or of a mobile phone. Whoever bears one as an
    id can still be relieved."""
    said: dict[str, object] = {"actor": command.actor, "basis": command.basis}
    if isinstance(command, (Fire, Add)):
        refuse_personal(said, command.values)
        return
    if not isinstance(command, Relieve):
        said |= {name: getattr(command, name) for name in _TEXTS if hasattr(command, name)}
    refuse_personal(said, getattr(command, "values", {}))
