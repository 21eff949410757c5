"""For which body the holders of a role must act."""

from __future__ import annotations

from collections.abc import Mapping

from ..language import Procedure, Role
from ..language.parts import ANY
from ..values import Value


def required_body(procedure: Procedure, facts: Mapping[str, Value | None], role: Role) -> str | None:
    """The ``list.entry`` of the body that a holder must act for; ``None`` where any may, "" where it is not known yet."""
    if role.body is None or "." in role.body:
        return role.body
    value = facts.get(role.body)
    fact = procedure.facts[role.body]
    if not isinstance(value, str) or fact.of is None:
        return ""
    parent = procedure.lists[fact.of][value].of
    if parent == ANY:
        return None
    return f"{fact.of}.{value}" if parent is None else parent
