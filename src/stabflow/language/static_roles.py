"""The static rules on who acts: roles that can be filled, supervision that ends somewhere, separations that separate."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import Fault, near_miss
from ..requirements.base import duration_faults
from .lifecycle import FieldType
from .parts import Draft
from .paths import path_text
from .scope import DraftScope


def role_faults(draft: Draft) -> Iterator[Fault]:
    """Every static fault of the roles."""
    scope = DraftScope(draft, None)
    for name, role in draft.roles.items():
        path = path_text("roles", name)
        for key in ("supervises", "appointed_by"):
            for other in getattr(role, key):
                if other not in draft.roles:
                    yield Fault(f"{path}.{key}", f"unknown role {other!r}", near_miss(other, draft.roles))
        if role.holders is not None and role.holders < 1:
            yield Fault(
                f"{path}.holders",
                f"{role.holders} seats cannot be filled",
                "give a whole number from 1, or leave it out",
            )
        if role.vacant_within is not None and role.standing:
            yield Fault(
                f"{path}.vacant_within",
                "nobody in the procedure fills the office, so that nobody answers for its vacancy",
                "say who does: appointed_by; or leave it out",
            )
        for key in ("responds_within", "vacant_within"):
            limit = getattr(role, key)
            if limit is not None:
                yield from duration_faults(scope, f"{path}.{key}", limit)
        if role.body is not None:
            yield from _body_faults(draft, f"{path}.body", role.body)
    yield from _circles(draft)
    yield from _unfillable(draft)


def _body_faults(draft: Draft, path: str, body: str) -> Iterator[Fault]:
    fact = draft.facts.get(body)
    if "." in body:
        yield from entry_faults(draft, path, body)
    elif fact is None:
        yield Fault(path, f"{body!r} is neither a fact nor list.entry", near_miss(body, draft.facts))
    elif fact.type is not FieldType.CHOICE or fact.many:
        yield Fault(path, f"the fact {body!r} is not one choice from a list", "name a fact that is a choice")


def entry_faults(draft: Draft, path: str, reference: str) -> Iterator[Fault]:
    """What is wrong with ``reference`` as the ``list.entry`` it should be."""
    list_name, dot, entry = reference.partition(".")
    if not dot:
        yield Fault(path, f"{reference!r} is no entry of a list", 'write it as "list.entry"')
    elif list_name not in draft.lists:
        yield Fault(path, f"unknown list {list_name!r}", near_miss(list_name, draft.lists))
    elif entry not in draft.lists[list_name]:
        yield Fault(path, f"unknown entry {entry!r} of {list_name}", near_miss(entry, draft.lists[list_name]))


def below(draft: Draft, role: str) -> frozenset[str]:
    """The roles that ``role`` supervises, directly or through others."""
    found: set[str] = set()
    waiting = [role]
    while waiting:
        for lower in draft.roles[waiting.pop()].supervises:
            if lower in draft.roles and lower not in found:
                found.add(lower)
                waiting.append(lower)
    return frozenset(found)


def _circles(draft: Draft) -> Iterator[Fault]:
    lower = {name: below(draft, name) for name in draft.roles}
    accused: set[str] = set()
    for name in draft.roles:
        if name in lower[name] and name not in accused:
            circle = [name, *(other for other in draft.roles if other in lower[name] and name in lower[other])]
            accused.update(circle)
            members = ", ".join(dict.fromkeys(circle))
            yield Fault(
                path_text("roles", name, "supervises"),
                f"supervision runs in a circle: {members}",
                "let escalation end somewhere",
            )


def _unfillable(draft: Draft) -> Iterator[Fault]:
    fillable = {name for name, role in draft.roles.items() if role.standing}
    grew = True
    while grew:
        more = {
            name
            for name, role in draft.roles.items()
            if name not in fillable and any(by in fillable or by not in draft.roles for by in role.appointed_by)
        }
        grew = bool(more)
        fillable |= more
    for name in draft.roles:
        if name not in fillable:
            yield Fault(
                path_text("roles", name, "appointed_by"),
                "the role can never be filled",
                "let a standing office, or a role it fills, appoint",
            )


def separation_faults(draft: Draft) -> Iterator[Fault]:
    """Every static fault of the separations."""
    for index, separation in enumerate(draft.separations):
        path = path_text("separations", index, "roles")
        if len(separation.roles) < 2:
            yield Fault(path, "separates fewer than two roles", "name two or more")
        if len(set(separation.roles)) != len(separation.roles):
            yield Fault(path, "separates a role from itself, which leaves nobody", "name each role once")
        for role in separation.roles:
            if role not in draft.roles:
                yield Fault(path, f"unknown role {role!r}", near_miss(role, draft.roles))
        if separation.across not in ("case", "matter"):
            yield Fault(
                path_text("separations", index, "across"),
                f"unknown word {separation.across!r}",
                near_miss(separation.across, ("case", "matter")),
            )
