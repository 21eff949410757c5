"""The values that an act states, checked against the fields of its row and brought into their types."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Context, Decimal, InvalidOperation
from types import MappingProxyType

import attrs

from ..errors import Fault, FaultyInput, InvalidInput, near_miss
from ..language import Field, FieldType, Procedure
from ..values import MAX_INT, Actor, File, Value, clean_id, clean_text

MAX_DIGITS = 30
A_DATE = "give a day without a time: date(2027, 3, 1)"
A_DECIMAL = 'give a Decimal, or text such as "3.5"'
STATES_NOTHING = "this act states nothing: leave it out"
_EXACT = Context(prec=MAX_DIGITS)  # whatever precision the host computes in


@attrs.frozen
class Stated:
    """Values in their types, what is wrong with others, and the names of those that are due and were not given."""

    values: Mapping[str, Value]
    faults: tuple[Fault, ...]
    missing: tuple[str, ...]


_NOTHING = Stated(MappingProxyType({}), (), ())


def stated(
    procedure: Procedure,
    kind: str | None,
    expected: Sequence[str],
    given: Mapping[str, object],
    due: Iterable[str],
) -> Stated:
    """``given`` as values of the fields ``expected`` of ``kind`` (``None``: facts of the case), those ``due`` among them."""
    if not given and not due:
        return _NOTHING
    fields = procedure.lifecycle(kind).fields
    values: dict[str, Value] = {}
    faults: list[Fault] = []
    for name, value in given.items():
        if name not in expected:
            known = f"{name!r} is not stated by this act" if name in fields else f"unknown field {name!r}"
            faults.append(Fault(name, known, near_miss(name, expected) if expected else STATES_NOTHING))
            continue
        try:
            values[name] = coerce(procedure, fields[name], value)
        except FaultyInput as error:
            faults += [fault.under(name) for fault in error.faults]
    return Stated(values, tuple(faults), tuple([name for name in due if name not in given]))


def coerce(procedure: Procedure, field: Field, value: object) -> Value:
    """``value`` in the type of ``field``, or `InvalidInput`."""
    return _COERCE[field.type](procedure, field, value)


def _bad(value: object, problem: str, cure: str) -> InvalidInput:
    return InvalidInput.at("", f"{_shown(value)} is {problem}", cure)


def _shown(value: object) -> str:
    try:
        return repr(value)[:60]
    except (ValueError, RecursionError):  # a number without end, a list within itself
        return "the value"


def _within(field: Field, number: int | Decimal) -> None:
    if field.min is not None and number < field.min:
        raise InvalidInput.at("", f"{number} is below {field.min}", f"give at least {field.min}")
    if field.max is not None and number > field.max:
        raise InvalidInput.at("", f"{number} is above {field.max}", f"give at most {field.max}")


def _bool(_procedure: Procedure, _field: Field, value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise _bad(value, "not true or false", "give true or false")


def _int(_procedure: Procedure, field: Field, value: object) -> int:
    if type(value) is not int and (isinstance(value, bool) or not isinstance(value, int)):
        raise _bad(value, "not a whole number", "give a whole number")
    if not -MAX_INT <= value <= MAX_INT:
        raise _bad(value, "too large", "whole numbers lie within ±2⁵³")
    if field.min is not None or field.max is not None:
        _within(field, value)
    return int(value)


def _decimal(_procedure: Procedure, field: Field, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise _bad(value, "not a decimal number", A_DECIMAL)
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise _bad(value, "not a decimal number", 'write it as "3.5"') from None
    digits = number.as_tuple()
    if not number.is_finite() or len(digits.digits) > MAX_DIGITS or abs(number.adjusted()) > MAX_DIGITS:
        raise _bad(value, f"not a decimal number of at most {MAX_DIGITS} digits", "round it")
    _within(field, number)
    number = number.normalize(_EXACT) if number else Decimal(0)
    return Decimal(f"{number:f}")


def _text(_procedure: Procedure, field: Field, value: object) -> str:
    return clean_text(value, "", max_length=field.max_length or 0)


def _date(_procedure: Procedure, _field: Field, value: object) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise _bad(value, "not a date", A_DATE)
    if value == date.max:
        raise _bad(value, "the last of all days, and never over", "give an earlier one")
    return value


def _actor(_procedure: Procedure, _field: Field, value: object) -> str:
    return value.id if isinstance(value, Actor) else clean_id(value, "")


def _choice(procedure: Procedure, field: Field, value: object) -> str | tuple[str, ...]:
    entries = procedure.lists[field.of or ""]
    if type(value) is str and value in entries:
        return (value,) if field.many else value
    given = value if field.many and not isinstance(value, str) else (value,)
    if not isinstance(given, list | tuple) or not given:
        raise _bad(value, "not a list of choices", "give at least one of: " + ", ".join(entries))
    chosen = []
    for one in given:
        word = str.__str__(one) if isinstance(one, str) else ""  # never a subclass, whose text may say something else
        if word not in entries:
            raise InvalidInput.at("", f"unknown choice {_shown(one)}", near_miss(word, entries))
        chosen.append(word)
    if len(set(chosen)) != len(chosen):
        raise _bad(value, "a list that names a choice twice", "name each once")
    # in the order of the list, so that the same choice is always the same value
    return tuple(entry for entry in entries if entry in chosen) if field.many else chosen[0]


def _file(_procedure: Procedure, _field: Field, value: object) -> File:
    if isinstance(value, File):
        return value
    if not isinstance(value, Mapping):
        raise _bad(value, "not a file", "give its title, media_type and sha256")
    keys = ("title", "media_type", "sha256")
    for key in value:
        if key not in keys:
            raise InvalidInput.at("", f"unknown key {key!r} of a file", near_miss(str(key), keys))
    for key in keys:
        if key not in value:
            raise InvalidInput.at("", f"a file without {key}", f"give {', '.join(keys)}")
    return File(value["title"], value["media_type"], value["sha256"])


_COERCE: Mapping[FieldType, Callable[[Procedure, Field, object], Value]] = {
    FieldType.BOOL: _bool,
    FieldType.INT: _int,
    FieldType.DECIMAL: _decimal,
    FieldType.TEXT: _text,
    FieldType.CHOICE: _choice,
    FieldType.DATE: _date,
    FieldType.ACTOR: _actor,
    FieldType.FILE: _file,
}
