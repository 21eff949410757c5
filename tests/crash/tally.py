"""What an experiment of the crash laboratory counted, and the table that shows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import attrs

COLUMNS = ("fault", "where", "points tried", "acts looked for", "lost", "halved", "misreported")
UNTRIED = "not tried here"


class Expectation(Protocol):
    """What must be found after so many acknowledged steps."""

    def allowed(self, acknowledged: int, *, certain: bool = False) -> Sequence[object]: ...

    def index(self, found: object) -> int | None: ...


@attrs.define
class Tally:
    """The figures of one experiment.

    A *point* is one place at which something failed, together with one way in which it may have ended. At each point the
    *acts* are those that had been acknowledged. ``lost`` counts points at which one of them was gone, ``halved`` those at which
    something other than whole acts was found (also: nothing that can be opened), ``misreported`` those at which what the
    store had answered was not so. ``examples`` tells the first of each in words.
    """

    points: int = 0
    acts: int = 0
    lost: int = 0
    halved: int = 0
    misreported: int = 0
    examples: list[str] = attrs.field(factory=list)

    @property
    def clean(self) -> bool:
        return not (self.lost or self.halved or self.misreported)

    def look(
        self, expected: Expectation, acknowledged: int, found: object, place: str, *, certain: bool = False
    ) -> bool:
        """Whether what was found is what must be there. If it is ``certain`` that the step that was not acknowledged did not take
        place, finding it done is to have been misreported."""
        self.acts += acknowledged
        allowed = expected.allowed(acknowledged, certain=certain)
        if found in allowed:
            return True
        there = expected.index(found)
        if there is not None and there < acknowledged:
            self.lost += 1
        elif there is not None and there > acknowledged:
            self.misreported += 1
        else:
            self.halved += 1
        told = different(found, allowed[0]) if there is None or there == acknowledged else f"{there} are there"
        self.tell(f"{place}: {acknowledged} were acknowledged, {told}")
        return False

    def misreport(self, what: str) -> None:
        """Count an answer of the store that was not so."""
        self.misreported += 1
        self.tell(what)

    def tell(self, what: str) -> None:
        if len(self.examples) < 12:
            self.examples.append(what)

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.points + other.points,
            self.acts + other.acts,
            self.lost + other.lost,
            self.halved + other.halved,
            self.misreported + other.misreported,
            [*self.examples, *other.examples][:12],
        )


@attrs.frozen
class NotTried:
    """Why an experiment could not be made here."""

    reason: str
    broken: bool = False


def different(found: object, wanted: object) -> str:
    """What of ``found`` is not as wanted, in few words."""
    if not isinstance(found, Mapping) or not isinstance(wanted, Mapping):
        return f"found {found}"
    parts = [name for name in wanted if found.get(name) != wanted[name]]
    return "; ".join(f"{name}: found {str(found.get(name))[:300]}, not {str(wanted[name])[:300]}" for name in parts)


def table(rows: Iterable[tuple[str, str, Tally | NotTried]]) -> str:
    """The rows (fault, where, figures) as a table in Markdown."""
    lines = [COLUMNS, ("---", "---", *["---:"] * 5)]
    for fault, where, result in rows:
        if isinstance(result, NotTried):
            figures = (f"{UNTRIED}: {result.reason}", "", "", "", "")
        else:
            numbers = (result.points, result.acts, result.lost, result.halved, result.misreported)
            figures = tuple(f"{number:,}" for number in numbers)  # type: ignore[assignment]
        lines.append((fault, where, *figures))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
