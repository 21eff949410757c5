"""Which row answers where several could: ``transitions`` takes the first that may, in silence; here nothing is silent."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from ..errors import Fault
from .config_parts import ForeignRow, MachineConfig, Note

_OWN_TRIGGER = "two answers are two triggers: give each its own, or take one out"


def answers(config: MachineConfig) -> tuple[list[ForeignRow], list[Fault]]:
    """The rows of ``config`` that can ever answer, each with the moves in which it can; and the contradictions.

    A row answers only where no earlier one does. One whose conditions are all among those of a later row always answers before
    it: the later one is left out with a note if it leads to the same state, and else contradicts it. Where either may answer,
    both stay, with a note: the loader refuses them until each has a trigger of its own.
    """
    earlier: dict[tuple[str, str], list[ForeignRow]] = {}
    rows: list[ForeignRow] = []
    faults: list[Fault] = []
    for row in config.rows:
        faults += _automatic(config, row)
        kept: dict[str, str | None] = {}
        echoed: dict[str, list[str]] = {}
        unheard: dict[str, list[str]] = {}
        rivals: dict[str, list[str]] = {}
        for source, dest in row.moves.items():
            others = earlier.setdefault((source, row.trigger), [])
            winner = next((other for other in others if _answers_before(other, row)), None)
            if winner is None:
                for other in others:
                    rivals.setdefault(other.place, []).append(source)
                kept[source] = dest
                others.append(row)
            elif winner.moves[source] == dest:
                echoed.setdefault(winner.place, []).append(source)
            else:
                unheard.setdefault(winner.place, []).append(source)
        for place, sources in unheard.items():
            problem = (
                f"{row.trigger!r:.60} from {_some(sources)} leads elsewhere in {place}, which always answers first"
            )
            faults.append(Fault(row.place, problem, _OWN_TRIGGER))
        rows.append(attrs.evolve(row, moves=kept, notes=(*row.notes, *_notes(row, echoed, rivals))))
    return rows, faults


def _notes(row: ForeignRow, echoed: dict[str, list[str]], rivals: dict[str, list[str]]) -> Iterator[Note]:
    for place, sources in echoed.items():
        yield Note(
            row.place, f"is left out from {_some(sources)}, where {place} always answers first, with the same state"
        )
    for place, sources in rivals.items():
        yield Note(
            row.place,
            f"answers {row.trigger!r:.60} from {_some(sources)} where the conditions of {place} fail: two answers are two "
            "triggers, and each needs its own",
        )


def _answers_before(earlier: ForeignRow, later: ForeignRow) -> bool:
    """Whether ``earlier`` answers wherever ``later`` could."""
    return _keys(earlier) <= _keys(later)


def _keys(row: ForeignRow) -> frozenset[tuple[bool, object]]:
    guards = [(True, guard) for guard in row.conditions] + [(False, guard) for guard in row.unless]
    return frozenset((holds, guard.key) for holds, guard in guards)


def _automatic(config: MachineConfig, row: ForeignRow) -> Iterator[Fault]:
    automatic = config.auto_triggers.get(row.trigger)
    if automatic is not None and set(row.moves.values()) != {automatic}:
        yield Fault(
            row.place,
            f"{row.trigger!r:.60} is made by auto_transitions as well, which leads to {automatic!r:.60} and answers first",
            "give it another name, or set auto_transitions to False",
        )


def _some(names: list[str]) -> str:
    return ", ".join(f"{name!r:.60}" for name in names[:3]) + (", …" if len(names) > 3 else "")
