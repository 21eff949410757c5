"""The text of a skeleton: TOML with a gap for everything that is still to be said, and the notes as comments at their places."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator

import attrs

from ..text import Text
from .config_parts import Note
from .gaps import GAP, gap

OPEN = "open"
"""The trigger of the row that opens a case."""

_WIDTH = 118
_HEAD = """
What a config of `transitions` says, as a procedure, and no more than it says. Every TODO is a gap that somebody has to fill.
Until all are filled, stabflow refuses the procedure and names every open place. The comments say what became of what stands in
the config and has no place here, or another one.
"""
_ROLES = """\
# Who acts: declare each role that `by` and `accountable` name, such as
# [roles.clerk]
# title = { en = "clerk", zh = "经办人" }
"""
_ROW = "[[transitions]]"


@attrs.frozen(kw_only=True)
class OutlineState:
    """A state of the skeleton."""

    name: str
    title: Text | None
    final: bool
    notes: tuple[Note, ...]

    def lines(self) -> Iterator[str]:
        """The state as TOML."""
        yield from _comments(self.notes)
        yield f"[states.{self.name}]"
        if self.title is not None:
            yield f"title = {_title(self.title)}"
        if self.final:
            yield "final = true"
        else:
            yield f"accountable = {_text(GAP)}"
            yield f"within = {_text(GAP)} # or until = a date field, or open_ended = true"


@attrs.frozen(kw_only=True)
class OutlineRow:
    """A row of the skeleton; without a trigger only its notes are left of it, without a source it creates."""

    trigger: str | None = None
    title: Text | None = None
    source: tuple[str, ...] = ()
    dest: str | None = None
    conditions: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()

    def lines(self) -> Iterator[str]:
        """The row as TOML."""
        yield from _comments(self.notes)
        if self.trigger is None:
            return
        yield _ROW
        yield f"trigger = {_text(self.trigger)}"
        if self.title is not None:
            yield f"title = {_title(self.title)}"
        if len(self.source) == 1:
            yield f"source = {_text(self.source[0])}"
        elif self.source:
            yield f"source = [{', '.join(_text(name) for name in self.source)}]"
        if self.dest is not None:
            yield f"dest = {_text(self.dest)}"
        yield f"by = [{_text(GAP)}]"
        guards = [(name, "true") for name in self.conditions] + [(name, "false") for name in self.unless]
        if guards:
            yield "requires = ["
            for name, wanted in guards:
                yield f"  {{ value = {_text(gap(_hint(name)))}, is = {wanted} }},"
            yield "]"


@attrs.frozen(kw_only=True)
class Outline:
    """Everything that a skeleton says; ``notes`` are those on the machine as a whole."""

    id: str
    title: Text
    initial: str
    states: tuple[OutlineState, ...]
    rows: tuple[OutlineRow, ...]
    notes: tuple[Note, ...]

    def every_note(self) -> Iterator[Note]:
        """All the notes, in the order of the text."""
        yield from self.notes
        for state in self.states:
            yield from state.notes
        for row in self.rows:
            yield from row.notes


def toml_of(outline: Outline) -> str:
    """The skeleton as TOML."""
    blocks = [
        list(_wrapped(_HEAD.replace("\n", " "))),
        [
            "[procedure]",
            "format = 1",
            f"id = {_text(outline.id)}",
            f"version = {_text(GAP)}",
            f"title = {_title(outline.title)}",
            f"source = {_text(GAP)}",
            f"timezone = {_text(GAP)} # where days end; leave it out where nothing has a limit",
        ],
        list(_comments(outline.notes)),
        _ROLES.splitlines(),
        *(list(state.lines()) for state in outline.states),
        list(OutlineRow(trigger=OPEN, dest=outline.initial).lines()),
        *(list(row.lines()) for row in outline.rows),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _comments(notes: tuple[Note, ...]) -> Iterator[str]:
    for note in notes:
        yield from _wrapped(f"config {note}")


def _wrapped(words: str) -> Iterator[str]:
    lines = textwrap.wrap(words.strip(), _WIDTH, break_long_words=False, break_on_hyphens=False)
    return (f"# {line}" for line in lines)


def _title(title: Text) -> str:
    return f"{{ en = {_text(title.en)}, zh = {_text(title.zh)} }}"


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _hint(name: str) -> str:
    """``name`` on one line, with nothing in it that a text must not have."""
    line = repr(name)[1:-1]
    return line if len(line) <= 200 else f"{line[:199]}…"
