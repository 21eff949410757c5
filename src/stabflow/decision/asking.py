"""What of a row's requirements is unmet, also while some of the values that the act must state are still to be given."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import attrs

from ..language import Field, FieldType, Procedure
from ..requirements import ItemsAre, PluginAnswers, Requirement, Shortfall
from ..values import Value
from .view import CaseView

MAX_CHOICES = 256
"""So many combinations of choices are tried to tell whether a row can be fired at all."""


def unmet(view: CaseView) -> list[Shortfall]:
    """What of the row's requirements is unmet; if values are still to be given, what is unmet whatever they are."""
    found = []
    for requirement in view.row.requires:
        lacking = requirement.shortfall(view)
        if lacking is not None and not (view.partial and (lacking.pending or _may_turn(view, requirement))):
            found.append(lacking)
    return found


def _may_turn(view: CaseView, requirement: Requirement) -> bool:
    """Whether values not given yet may still turn a requirement that does not wait for them by name: one that counts the
    item itself by them, or a plugin's."""
    pending = [name for name in view.row.set if view.is_pending(name)]
    if not pending:
        return False
    if isinstance(requirement, PluginAnswers):
        return True
    if isinstance(requirement, ItemsAre) and view.item is not None and requirement.items == view.kind:
        return not requirement.where.keys().isdisjoint(pending)
    return any(_may_turn(view, part) for part in (*requirement.when, *requirement.parts()))


def _choices(procedure: Procedure, field: Field) -> tuple[Value, ...]:
    if field.type is FieldType.BOOL:
        return (True, False)
    return tuple(procedure.lists[field.of]) if field.of is not None and not field.many else ()


def against_every_choice(view: CaseView) -> Sequence[Shortfall]:
    """What stands against the row whatever is chosen: each requirement alone can be met, but no choice meets them together.
    Of the choices not made yet, the one with the least against it speaks for all."""
    fields = view.procedure.lifecycle(view.kind).fields
    read = frozenset[str]().union(*(requirement.reads().names for requirement in view.row.requires))
    open_ = [name for name in view.row.set if name in read and view.is_pending(name)]
    choices = {name: _choices(view.procedure, fields[name]) for name in open_}
    choices = {name: entries for name, entries in choices.items() if entries}
    least: Sequence[Shortfall] = ()
    if choices and math.prod(map(len, choices.values())) <= MAX_CHOICES:
        for chosen in itertools.product(*choices.values()):
            with_these = attrs.evolve(view, values={**view.values, **dict(zip(choices, chosen, strict=True))})
            against = unmet(with_these)
            if not against:
                return ()
            least = least if least and len(least) <= len(against) else against
    return least
