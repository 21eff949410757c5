"""Gaps: what an author leaves open on purpose, marked ``TODO``. A procedure with a gap is refused: nothing half-known runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from ..errors import Fault
from .canonical_form import IDENTITY
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
    for where in dict.fromkeys(where for where, text in _texts(draft, ()) if is_gap(text)):
        path = path_text(*where)
        cure = _CURES.get(path) or _CURES.get(str(where[-1]), "say what belongs here, or leave it out")
        yield Fault(path, f"is a gap, marked {GAP}", cure)


def _texts(value: object, where: tuple[Key, ...]) -> Iterator[tuple[tuple[Key, ...], str]]:
    """Every text in ``value``, keys left aside, with its place; texts in one list share one."""
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _texts(one, (*where, key))
    elif isinstance(value, tuple):
        for index, one in enumerate(value):
            yield from _texts(one, where if isinstance(one, str) else (*where, index))
    else:
        type_: type = type(value)
        for field in attrs.fields(type_) if attrs.has(type_) else ():
            if field.init:
                outer = (*where, "procedure") if isinstance(value, Draft) and field.name in IDENTITY else where
                yield from _texts(getattr(value, field.name), (*outer, field.name.rstrip("_")))
