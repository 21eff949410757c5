"""How two versions of a procedure differ: the changes in the order of the file, the cases under way, the ways to an end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from ..reasoning.difference import Change, ChangeKind, Continuation, Difference, Direction, Hindrance, Way
from ..reports.procedure_words import cited
from ..text import Text, listing, quoted, say
from .page import Page

_MARKS = {
    ChangeKind.ADDED: ("+  ", "green"),
    ChangeKind.REMOVED: ("-  ", "red"),
    ChangeKind.CHANGED: ("~  ", "yellow"),
}
_DIRECTIONS = {
    Direction.STRICTER: Text("stricter", "更严"),
    Direction.LOOSER: Text("looser", "更宽"),
}
_PARTS = {
    "procedure": Text("The procedure", "程序"),
    "clauses": Text("Clauses of the source", "来源条款"),
    "lists": Text("Lists", "选项"),
    "parameters": Text("Numbers and periods", "数值与期限"),
    "roles": Text("Roles", "角色"),
    "separations": Text("Separations", "岗位分离"),
    "facts": Text("Facts of a case", "案件事实"),
    "states": Text("States of a case", "案件状态"),
    "transitions": Text("Rows of a case", "案件流转规则"),
    "items": Text("Items", "事项要素"),
    "gate": Text("The gate", "实施关口"),
    "properties": Text("Properties", "性质"),
    "notices": Text("Notices", "通知"),
}


def show_difference(page: Page, found: Difference) -> None:
    """Print how the two versions differ; of cases and ways nothing where they mean the same."""
    page.title(say("{old} → {new}", "{old} → {new}", old=found.old, new=found.new))
    page.paragraph(_summary(found))
    if found.changes and found.old == found.new:
        page.paragraph(
            Text(
                "Both bear the same name, and a store takes only one of them: give the new one another version.",
                "二者名称、版本相同，同一存储只接受其中之一：请为新文本另定版本号。",
            ),
            style="yellow",
        )
    for part, changes in groupby(found.meaning, key=_part):
        page.heading(_PARTS.get(part, Text(part, part)))
        _show_changes(page, changes)
    if found.wording:
        page.heading(Text("In words only", "仅表述不同"))
        _show_changes(page, found.wording)
    if found.arrangement:
        page.heading(Text("Written otherwise, and meaning the same", "写法不同，含义相同"))
        _show_changes(page, found.arrangement)
    if found.meaning:
        _show_continuations(page, found.continuations)
        _show_renamed(page, found.renamed)
        _show_ways(page, found)


def _part(change: Change) -> str:
    return change.path.partition(".")[0].partition("[")[0]


def _summary(found: Difference) -> Text:
    if not found.changes:
        return Text("They are the same.", "二者相同。")
    if not found.meaning:
        return Text("They mean the same, and differ in how they say it.", "二者含义相同，仅表述或写法不同。")
    count = len(found.meaning)
    text = say("{n} change{s} of meaning", "含义变更{n}处", n=count, s="" if count == 1 else "s")
    for direction, word in _DIRECTIONS.items():
        n = sum(change.direction is direction for change in found.meaning)
        if n:
            text = say("{text}, {n} {word}", "{text}，{word}{n}处", text=text, n=n, word=word)
    if found.wording:
        text = say("{text}; {n} of words only", "{text}；仅表述变更{n}处", text=text, n=len(found.wording))
    return say("{text}.", "{text}。", text=text)


def _show_changes(page: Page, changes: Iterable[Change]) -> None:
    for change in changes:
        text = change.text
        if change.clauses:
            text = say("{text} [{clause}]", "{text}〔{clause}〕", text=text, clause=cited(change.clauses))
        if change.direction in _DIRECTIONS:
            text = say("{text} — {word}", "{text}——{word}", text=text, word=_DIRECTIONS[change.direction])
        mark, style = _MARKS[change.kind]
        page.paragraph(text, indent=2, mark=mark, mark_style=style)
        page.paragraph(change.path, indent=5, style="dim")


def _show_continuations(page: Page, continuations: Sequence[Continuation]) -> None:
    """Every state in which a case can stand, those together of which the same is to be said."""
    page.heading(Text("Cases under way, by where they stand", "在办案件（按所处状态）"))
    together: dict[tuple[Hindrance, ...], list[Text]] = {}
    for one in continuations:
        together.setdefault(one.reasons, []).append(quoted(one.title))
    for reasons, titles in sorted(together.items(), key=lambda pair: bool(pair[0])):
        where = listing(titles)
        if not reasons:
            page.paragraph(say("{where}: can go on", "{where}：可继续办理", where=where), indent=2)
            continue
        stopped = any(reason.certain for reason in reasons)
        how = Text("cannot go on", "不能继续办理") if stopped else Text("it depends on the case", "视案件情况而定")
        page.paragraph(say("{where}: {how}", "{where}：{how}", where=where, how=how), indent=2)
        for reason in reasons:
            page.paragraph(reason.text, indent=4, mark="-  ", style="dim")


def _show_renamed(page: Page, renamed: Mapping[str, str]) -> None:
    """How cases go on where something has only another name."""
    if not renamed:
        return
    page.gap()
    page.paragraph(
        Text(
            "Of the same title, under another name; if it is the same thing, cases go on with `stabflow migrate`:",
            "标题相同而名称不同；如系同一内容，可用“stabflow migrate”使案件继续办理：",
        ),
        indent=2,
    )
    for path, name in renamed.items():
        page.paragraph(f"--map {path}={name}", indent=4)


def _show_ways(page: Page, found: Difference) -> None:
    page.heading(Text("Ways from opening to an end, by the rows alone", "自启动至终结的途径（仅按流转规则）"))
    if found.no_longer is None and found.newly is None:
        page.paragraph(Text("The same as before.", "与原来相同。"), indent=2)
    _show_way(page, Text("not possible any more, for example", "不再可行，例如"), found.no_longer)
    _show_way(page, Text("possible now, for example", "现在可行，例如"), found.newly)


def _show_way(page: Page, what: Text, way: Way | None) -> None:
    """The acts up to the one that the other version refuses, then what it says to it."""
    if way is None:
        return
    page.paragraph(say("{what}:", "{what}：", what=what), indent=2)
    for number, act in enumerate(way.acts[: way.shared + 1], start=1):
        page.paragraph(act.text, indent=4, mark=f"{number:>3}  ", mark_style="dim", style="dim")
    page.paragraph(way.text, indent=4)
