"""Gaps: what an author leaves open on purpose, marked ``TODO``. A procedure with a gap is refused: nothing half-known runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from ..errors import Fault
from .canonical_form import IDENTITY, said_fields
from .parts import Draft
from .paths import Key, path_text

GAP = "TODO"

_CURES = {
    "accountable": "name the role that must act here",
    "by": "name the roles that may do this",
    "en": "say it in English",
    "id": "use small letters, digits and hyphens, such as five-step",
    "is": "write the value that is asked for",
    "procedure.source": "name the document that is carried out",
    "timezone": 'name one, such as "Asia/Shanghai"; where nothing has a limit, leave it out',
    "value": "say as data what must hold: name a fact, or put another requirement in its place",
    "version": "use digits, letters and dots, such as 1.2",
    "within": 'say how long, such as "10 days"; or give until or open_ended in its place',
    "zh": "say it in Chinese",
}


def gap(hint: str) -> str:
    """A gap that says what it is about."""
    return f"{GAP}: {hint}"


def is_gap(text: str) -> bool:
    """Whether ``text`` only marks what is still to be said: ``TODO``, or ``TODO:`` and a hint."""
    return text == GAP or text.startswith(f"{GAP}:")


def gap_faults(draft: Draft) -> Iterator[Fault]:
    """A fault for every gap in ``draft``, each place once."""
    for where in dict.fromkeys(_gaps(draft, ())):
        path = path_text(*where)
        cure = _CURES.get(path) or _CURES.get(str(where[-1]), "say what belongs here, or leave it out")
        yield Fault(path, f"is a gap, marked {GAP}", cure)


def _gaps(value: object, where: tuple[Key, ...]) -> Iterator[tuple[Key, ...]]:
    """The place of every gap in ``value``, keys left aside; texts in one list share one."""
    if isinstance(value, str):
        if is_gap(value):
            yield where
    elif value is None or isinstance(value, int):
        return
    elif isinstance(value, tuple):
        for index, one in enumerate(value):
            yield from _gaps(one, where if isinstance(one, str) else (*where, index))
    elif attrs.has(type(value)):
        type_: type = type(value)
        for name, key, _ in said_fields(type_):
            outer = (*where, "procedure") if isinstance(value, Draft) and name in IDENTITY else where
            yield from _gaps(getattr(value, name), (*outer, key))
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _gaps(one, (*where, key))
