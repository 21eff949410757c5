"""What a person reads: headings, paragraphs and tables that line up, also in Chinese, at the width of the terminal.

Wide characters take two cells. Nothing is cut off: what does not fit is wrapped inside its column, Chinese between any two
characters, other text between words.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import IO

import attrs
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text as Styled

from ..text import Language, Text
from ..values import visible

NARROWEST, WIDEST = 50, 140
_LEAST = 8
_WIDE = "\u2e80-\u303f\u3041-\u9fff\uac00-\ud7af\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef"
_OPENING = "（【《〈「『〔“‘(["
_CLOSING = "，。；：、）】》〉」』〕！？”’,.;:!?)]…"
_SPACE = " \t"
_BREAK = re.compile(
    rf"(?<=[{_SPACE}])(?=[^{_SPACE}])|(?<=[^{_SPACE}])(?=[{_SPACE}])|(?<=[A-Za-z]-)(?=[A-Za-z])"
    rf"|(?<![.{re.escape(_OPENING)}])(?=[{_WIDE}])(?![{re.escape(_CLOSING)}])"
    rf"|(?<=[{_WIDE}])(?<![{re.escape(_OPENING)}])(?![{re.escape(_CLOSING)}])"
)
_FILLED = "─"


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Whoever read us has left; what is done goes on without an audience."""
        self.quiet = True
        drop(self.file)


def drop(stream: IO[str]) -> None:
    """Send what is still written to ``stream`` nowhere: its reader has left, which is no error."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def console(file: IO[str]) -> Console:
    """A console on ``file``: no markup, no emoji, no guessing at highlights; colours only on a terminal."""
    return _Console(file=file, markup=False, emoji=False, highlight=False, legacy_windows=False)


def wrap(text: str, width: int) -> list[str]:
    """``text`` in lines of at most ``width`` cells."""
    lines: list[str] = []
    for paragraph in text.splitlines() or [""]:
        line = ""
        for token in _BREAK.split(paragraph):
            if cell_len(line) + cell_len(token) <= width:
                line += token
                continue
            if line.strip():
                lines.append(line.rstrip())
            line = token.lstrip()
            while cell_len(line) > width:
                head = _head(line, width)
                lines.append(head)
                line = line[len(head) :]
        lines.append(line.rstrip())
    return lines


def _head(text: str, width: int) -> str:
    used = 0
    for end, character in enumerate(text):
        used += cell_len(character)
        if used > width and end:
            return text[:end]
    return text


@attrs.frozen
class Column:
    """A column of a table. A ``firm`` one is as wide as its widest cell, up to a third of the page, a ``whole`` one up to half
    of it; the others share what is left."""

    head: Text | None = None
    firm: bool = False
    whole: bool = False
    style: str = ""


@attrs.frozen
class Cell:
    """What stands in a cell, in a style of its own."""

    text: str
    style: str = ""


class Page:
    """Where a command prints, in one language."""

    def __init__(self, target: Console, language: Language) -> None:
        self.target = target
        self.language = language
        self.width = max(NARROWEST, min(WIDEST, target.width))

    def said(self, text: Text | str) -> str:
        """``text`` in the language of the page."""
        return text if isinstance(text, str) else text.get(self.language)

    def line(self, *parts: tuple[str, str] | str) -> None:
        """One line of parts, each text or (text, style); what would steer a terminal is written out."""
        clean = [visible(one) if isinstance(one, str) else (visible(one[0]), one[1]) for one in parts]
        self.target.print(Styled.assemble(*clean), soft_wrap=True)

    def gap(self) -> None:
        """An empty line."""
        self.line("")

    def title(self, text: Text | str) -> None:
        """What the page is about."""
        for one in wrap(self.said(text), self.width):
            self.line((one, "bold"))

    def heading(self, text: Text | str, beside: str = "", *, indent: int = 0) -> None:
        """What the next part is about, after an empty line; what stands ``beside`` it goes below where it does not fit."""
        self.gap()
        said = self.said(text)
        if indent + cell_len(said) + 2 + cell_len(beside) <= self.width:
            self.line(" " * indent, (said, "bold"), (f"  {beside}" if beside else "", "dim"))
            return
        self.paragraph(said, indent=indent, style="bold")
        self.paragraph(beside, indent=indent, style="dim")

    def paragraph(
        self, text: Text | str, *, indent: int = 0, mark: str = "", style: str = "", mark_style: str = ""
    ) -> None:
        """Text in lines; ``mark`` stands before the first, the others hang beside it."""
        hang = indent + cell_len(mark)
        for number, one in enumerate(wrap(self.said(text), self.width - hang)):
            self.line(" " * indent, (mark, mark_style) if number == 0 else " " * cell_len(mark), (one, style))

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[str | Cell]], *, indent: int = 2) -> None:
        """Rows under their heads; nothing at all where there are no rows."""
        if not rows:
            return
        heads = ["" if column.head is None else self.said(column.head) for column in columns]
        whole = [[one if isinstance(one, Cell) else Cell(one) for one in row] for row in rows]
        widths = self._widths(columns, [heads, *([cell.text for cell in row] for row in whole)], indent)
        if any(heads):
            self._row(widths, indent, [Cell(head, "bold") for head in heads])
            self.line(" " * indent, ("  ".join(_FILLED * width for width in widths), "dim"))
        for row in whole:
            self._row(
                widths,
                indent,
                [Cell(cell.text, cell.style or column.style) for cell, column in zip(row, columns, strict=True)],
            )

    def _widths(self, columns: Sequence[Column], rows: Sequence[Sequence[str]], indent: int) -> list[int]:
        """How wide each column is: no narrower than its longest word if it can be helped; what is left goes to the column that is
        furthest from having nine of ten texts, and then all of them, in one line."""
        most, all_of_it, widths = [], [], []
        for n, column in enumerate(columns):
            texts = [row[n] for row in rows]
            lengths = sorted(max((cell_len(line) for line in text.splitlines()), default=0) for text in texts)
            word = max((cell_len(token.strip()) for text in texts for token in _BREAK.split(text)), default=0)
            widest, usual = max(lengths[-1], 1), max(lengths[(len(lengths) - 1) * 9 // 10], 1)
            if column.firm or column.whole:
                widest = usual = word = min(widest, max(word, self.width // (2 if column.whole else 3)))
            most.append(usual)
            all_of_it.append(widest)
            widths.append(max(min(word, widest), min(widest, _LEAST), 1))
        room = self.width - indent - 2 * (len(columns) - 1) - sum(widths)
        while room < 0 and max(widths) > 1:
            widths[widths.index(max(widths))] -= 1
            room += 1
        for wanted in (most, all_of_it):
            while room > 0:
                n = max(range(len(widths)), key=lambda k: wanted[k] / widths[k])
                if widths[n] >= wanted[n]:
                    break
                widths[n] += 1
                room -= 1
        return widths

    def _row(self, widths: Sequence[int], indent: int, cells: Sequence[Cell]) -> None:
        columns = [wrap(cell.text, max(width, 1)) for cell, width in zip(cells, widths, strict=True)]
        for n in range(max(len(lines) for lines in columns)):
            parts: list[tuple[str, str] | str] = [" " * indent]
            last = max((k for k, lines in enumerate(columns) if n < len(lines) and lines[n]), default=0)
            for k, (lines, width, cell) in enumerate(zip(columns, widths, cells, strict=True)):
                text = lines[n] if n < len(lines) else ""
                parts.append((text, cell.style))
                if k >= last:
                    break
                parts.append(" " * (width - cell_len(text) + 2))
            self.line(*parts)


def numbered(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """``lines`` with their numbers as marks, if there are several."""
    for number, line in enumerate(lines, start=1):
        yield (f"{number}  " if len(lines) > 1 else "-  "), line
