"""Who owes what by when: the open duties of every case, as the index and the standing offices have them now."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator

import attrs

from ..errors import InvalidInput
from ..ports.store import MAX_PAGE, SOME_RECUSED, DutyQuery, DutyRow
from ..values import Actor, moment_text, utc
from . import pages
from .offices import Offices
from .shell import Shell

FIRST_PAGE = 50
"""Most who ask want the first few; the pages after it are larger."""


def owed(
    shell: Shell,
    *,
    role: str | None,
    body: str | None,
    actor: Actor | str | None,
    overdue: bool,
    before: object,
) -> Iterator[DutyRow]:
    """See `Engine.duties`."""
    query = DutyQuery(role=pages.wanted(role, "role"), due_before=_before(shell, overdue, before), limit=FIRST_PAGE)
    body = pages.wanted(body, "body")
    if isinstance(actor, Actor):
        if body not in (None, actor.body):
            raise InvalidInput.at("body", f"{body!r} is not the body of {actor}", "give the actor alone")
        body = actor.body
    who = pages.wanted(actor.id if isinstance(actor, Actor) else actor, "actor")
    offices = shell.offices.current()
    if who is None and body is None:
        return _with_holders(shell, offices, _rows(shell, query))
    found = [_rows(shell, attrs.evolve(query, actor=who, body=body))]
    for procedure, office in _standing(offices, who, body):
        if query.role in (None, office):
            rows = _with_holders(shell, offices, _rows(shell, attrs.evolve(query, procedure=procedure, role=office)))
            found.append(row for row in rows if who in (None, row.actor) and body in (None, row.body))
    return _merged(found)


def _merged(found: list[Iterator[DutyRow]]) -> Iterator[DutyRow]:
    """The rows of all, each once, the first due first."""
    last = None
    for row in heapq.merge(*found, key=_order):
        if row != last:
            yield row
        last = row


def _order(row: DutyRow) -> tuple[bool, str, str, str, str, str, str]:
    return (not row.due_at, row.due_at, row.case_id, row.duty, row.role, row.body, row.actor)


def _rows(shell: Shell, query: DutyQuery) -> Iterator[DutyRow]:
    page = shell.store.find_duties(query)
    yield from page.rows
    if page.next is not None:
        yield from pages.duties(shell.store, attrs.evolve(query, after=page.next, limit=MAX_PAGE))


def _with_holders(shell: Shell, offices: Offices, rows: Iterator[DutyRow]) -> Iterator[DutyRow]:
    """``rows``, those of a standing office once for each who holds it: the index knows only who is appointed in the case. Who was
    recused from the case does not hold it there."""
    for row in rows:
        if row.actor:
            yield row
            continue
        recused: Collection[str] = ()
        if row.body == SOME_RECUSED:
            recused = shell.load(row.case_id, looking=True)[1].recused
        holders = offices.holders.get(row.procedure, ())
        filled = sorted((one.body, one.actor) for one in holders if one.role == row.role and one.actor not in recused)
        for body, actor in filled or (("", ""),):
            yield attrs.evolve(row, actor=actor, body=body)


def _standing(offices: Offices, actor: str | None, body: str | None) -> list[tuple[str, str]]:
    """The standing offices, by procedure, that ``actor`` holds, or somebody who acts for ``body``."""
    found = {
        (procedure, one.role): None
        for procedure, held in offices.holders.items()
        for one in held
        if actor in (None, one.actor) and body in (None, one.body)
    }
    return list(found)


def _before(shell: Shell, overdue: bool, before: object) -> str | None:
    if before is None:
        return moment_text(shell.now()) if overdue else None
    moment = utc(before, "before")
    return moment_text(min(moment, shell.now()) if overdue else moment)
