"""Frozen values made in a quarter of the time, of parts that are right as they are.

What makes the constructor of a frozen class slow is that each field has to be set past the very guard that freezes it. So the
value is made as a draft: an object of a class with the same slots and without a guard. Then it becomes one of the frozen class,
and no reference to the draft is left. Converters and validators are not asked, because the parts come from another value of the
class, or from who has just computed them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import attrs

A = TypeVar("A", bound=attrs.AttrsInstance)


@cache
def _maker(type_: type[Any]) -> Callable[..., Any]:
    names = [field.name for field in attrs.fields(type_)]
    draft: Callable[..., Any] = attrs.make_class("Draft", names, slots=True, eq=False, repr=False, weakref_slot=False)

    def make(*parts: object) -> Any:
        made = draft(*parts)
        made.__class__ = type_
        return made

    return make


def maker(type_: type[A]) -> Callable[..., A]:
    """What makes a value of ``type_``, a frozen class with slots (``weakref_slot=False``) that inherits none, of all its parts in
    their order. `TypeError` at the first one for any other class."""
    return _maker(type_)
