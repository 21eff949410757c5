"""Coverage of a procedure: which of its states, rows, requirements and refusals a run, or many, have come to."""

from __future__ import annotations

import threading
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import attrs

from ..decision.events import Added, ItemMoved, LaidOut, Moved, Opened
from ..errors import Blocker, InvalidInput, near_miss
from ..history.record import Record
from ..language import Procedure, Transition
from ..language.requirement_text import requirement_text
from ..text import Language, Text, quoted, same, say
from .procedures.standing import Standing, kind_of_event

StateKey = tuple[str | None, str]
RowKey = tuple[str | None, str, tuple[str, ...]]
"""A row by its kind, its trigger and its sources."""

RequirementKey = tuple[RowKey, int]
SEVERAL = 2


class TooLittleCovered(AssertionError):
    """Less of a procedure was come to than was asked for; ``coverage`` has what."""

    def __init__(self, coverage: Coverage, least: float) -> None:
        self.coverage = coverage
        words = say(
            "{share:.0%} of {procedure} were come to, and at least {least:.0%} are asked for",
            "{procedure}已覆盖{share:.0%}，要求至少{least:.0%}",
            share=coverage.share,
            procedure=coverage.procedure,
            least=least,
        )
        super().__init__(f"{words.en}\n{coverage.table()}")


@attrs.frozen
class Part:
    """One thing that can be come to: of what ``sort``, called so, and how often it was."""

    sort: str
    name: Text
    times: int


SORTS: Mapping[str, Text] = {
    "state": Text("states", "状态"),
    "row": Text("rows", "流转规则"),
    "requirement": Text("requirements, unmet", "前置要求（未满足）"),
    "refusal": Text("refusals to a wrong actor", "对无权办理人的拒绝"),
}


class Coverage:
    """What was come to of one procedure. It may be filled by several runs, one after the other or at once.

    A requirement counts where somebody was refused because of it; a row also counts among the refusals, where somebody without
    its role was.
    """

    def __init__(self, procedure: Procedure) -> None:
        self.procedure = procedure
        self._lock = threading.Lock()
        self._states: Counter[StateKey] = Counter()
        self._rows: Counter[RowKey] = Counter()
        self._unmet: Counter[RequirementKey] = Counter()
        self._refused: Counter[RowKey] = Counter()
        self.acts = 0

    # Filling it

    def recorded(self, record: Record, standing: Standing) -> None:
        """Take in what a record says."""
        event = record.event
        with self._lock:
            self.acts += 1
            if not isinstance(event, Opened | Moved | Added | ItemMoved):
                return
            kind = kind_of_event(event, standing.before)
            row = standing.row_of(event)
            if row is not None:
                self._rows[row_key(kind, row)] += 1
            dest = event.dest if isinstance(event, Moved | ItemMoved) else event.state
            if dest is not None:
                self._states[kind, dest] += 1
            laid_out: Sequence[LaidOut] = getattr(event, "laid_out", ())
            for one in laid_out:
                self._states[one.kind, one.state] += 1

    def refused(
        self, kind: str | None, row: Transition, blockers: Sequence[Blocker], unmet: Sequence[int] = ()
    ) -> None:
        """Take in that a row was refused; ``unmet`` are its requirements, by number, that were not met."""
        with self._lock:
            key = row_key(kind, row)
            if any(one.kind in ("role", "separation", "body") for one in blockers):
                self._refused[key] += 1
            for number in unmet:
                self._unmet[key, number] += 1

    def add(self, other: Coverage) -> None:
        """Take in what ``other``, of the same procedure, has come to."""
        with self._lock:
            self._states += other._states
            self._rows += other._rows
            self._unmet += other._unmet
            self._refused += other._refused
            self.acts += other.acts

    # What it says

    def parts(self) -> Iterator[Part]:
        """Everything that can be come to, in the order of the procedure."""
        procedure = self.procedure
        for kind, cycle in procedure.lifecycles():
            for state in cycle.states:
                name = procedure.state_title(state, kind)
                yield Part("state", _of(procedure, kind, name), self._states[kind, state])
        for kind, row in _rows(procedure):
            yield Part("row", self._row_name(kind, row), self._rows[row_key(kind, row)])
        for kind, row in _rows(procedure):
            for number, requirement in enumerate(row.requires):
                words = requirement_text(procedure, kind, requirement)
                name = say("{row}: {asked}", "{row}：{asked}", row=self._row_name(kind, row), asked=words)
                yield Part("requirement", name, self._unmet[row_key(kind, row), number])
        for kind, row in _rows(procedure):
            if row.by:
                yield Part("refusal", self._row_name(kind, row), self._refused[row_key(kind, row)])

    def _row_name(self, kind: str | None, row: Transition) -> Text:
        procedure = self.procedure
        title = _of(procedure, kind, procedure.trigger_title(row.trigger, kind))
        triggers = [one.trigger for one in procedure.lifecycle(kind).transitions]
        if triggers.count(row.trigger) < SEVERAL or row.creates:
            return title
        source = same(", ".join(row.source))
        return say("{title} from {source}", "{title}（自{source}）", title=title, source=source)

    @property
    def gaps(self) -> tuple[Part, ...]:
        """What was never come to."""
        return tuple(part for part in self.parts() if not part.times)

    @property
    def share(self) -> float:
        """How much was come to, from 0 to 1."""
        parts = list(self.parts())
        return sum(part.times > 0 for part in parts) / len(parts) if parts else 1.0

    def share_of(self, sort: str) -> float:
        """How much of one sort was come to: "state", "row", "requirement" or "refusal"; `InvalidInput` for any other."""
        if sort not in SORTS:
            raise InvalidInput.at("sort", f"there is no sort {sort!r}", near_miss(str(sort), SORTS), what="coverage")
        parts = [part for part in self.parts() if part.sort == sort]
        return sum(part.times > 0 for part in parts) / len(parts) if parts else 1.0

    def raise_below(self, least: float) -> None:
        """`TooLittleCovered`, an `AssertionError` with the table, where less than ``least`` (from 0 to 1) was come to."""
        examine_share(least)
        if self.share < least:
            raise TooLittleCovered(self, least)

    # For people

    def table(self, language: Language = "en") -> str:
        """What was come to, sort by sort, with every gap, as lines for a terminal."""
        parts = list(self.parts())
        head = say(
            "coverage of {procedure}: {share:.0%}",
            "{procedure}覆盖率：{share:.0%}",
            procedure=self.procedure,
            share=self.share,
        )
        lines = [head.get(language)]
        titles = [title.get(language) for title in SORTS.values()]
        wide = max(map(_width, titles))
        for (sort, _), title in zip(SORTS.items(), titles, strict=True):
            mine = [part for part in parts if part.sort == sort]
            come = sum(part.times > 0 for part in mine)
            lines.append(f"  {title}{' ' * (wide - _width(title))}  {come:>4} / {len(mine)}")
        missing = Text("never", "从未出现")
        lines += [
            f"  - {missing.get(language)}: {SORTS[part.sort].get(language)}: {part.name.get(language)}"
            for part in parts
            if not part.times
        ]
        return "\n".join(lines)

    def mermaid(self, kind: str | None = None, language: Language = "en") -> str:
        """The lifecycle of ``kind`` (``None``: of the case) as a Mermaid diagram, its gaps in red."""
        procedure, cycle = self.procedure, self.procedure.lifecycle(kind)
        lines = ["stateDiagram-v2", "    classDef gap fill:#fdd,stroke:#c00,color:#900"]
        for state in cycle.states:
            title = procedure.state_title(state, kind).get(language)
            lines.append(f"    state {_mermaid(title)} as {state}")
        for row in cycle.transitions:
            lines += self._arrows(kind, row, language)
        missing = [state for state in cycle.states if not self._states[kind, state]]
        lines += [f"    class {state} gap" for state in missing]
        return "\n".join(lines) + "\n"

    def _arrows(self, kind: str | None, row: Transition, language: Language) -> Iterator[str]:
        cycle = self.procedure.lifecycle(kind)
        title = self.procedure.trigger_title(row.trigger, kind).get(language).replace(":", " ")
        gap = "" if self._rows[row_key(kind, row)] else " ✗"
        for source in ("[*]",) if row.creates else cycle.sources(row):
            yield f"    {source} --> {row.dest or source}: {title}{gap}"


def examine_share(least: object) -> None:
    """`InvalidInput` unless ``least`` is a share, from 0 to 1."""
    if isinstance(least, bool) or not isinstance(least, int | float) or not 0 <= least <= 1:
        cure = "give a number from 0 to 1, such as 0.9"
        raise InvalidInput.at("least_coverage", f"{least!r} is no share", cure, what="coverage")


def row_key(kind: str | None, row: Transition) -> RowKey:
    """By what a row is known."""
    return kind, row.trigger, row.source


def _rows(procedure: Procedure) -> Iterator[tuple[str | None, Transition]]:
    for kind, cycle in procedure.lifecycles():
        yield from ((kind, row) for row in cycle.transitions)


def _of(procedure: Procedure, kind: str | None, title: Text) -> Text:
    if kind is None:
        return quoted(title)
    return say("{title} ({kind})", "{title}（{kind}）", title=quoted(title), kind=procedure.kind_title(kind))


def _mermaid(title: str) -> str:
    return '"' + title.replace('"', "'") + '"'


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)
