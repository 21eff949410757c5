"""Plugins, for people: which there are and how they stand; and which failures of theirs are on record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from pathlib import Path

from ..decision.checks import CHECK_HOOK
from ..decision.events import PluginFailed
from ..history.record import Record
from ..plugins.survey import Standing, Status
from ..ports.hooks import StoreScheme
from ..text import Text, say
from .config import FILE, mend
from .page import Cell, Column, Page

_NONE = Text("no plugin has failed", "没有插件失败的记录")
_ASKED = Text("asked before the act: refused", "办理前询问：不予办理")
_TOLD = Text("told after the act: the act stands", "办理后通知：办理有效")


_STATUS = {
    Status.BUILT_IN: Text("built in", "内置"),
    Status.LISTED: Text("works", "可用"),
    Status.INSTALLED: Text("not listed", "未列出"),
    Status.CONFLICT: Text("conflict", "冲突"),
    Status.BROKEN: Text("broken", "不可用"),
    Status.MISSING: Text("not installed", "未安装"),
}
_STYLES = {Status.INSTALLED: "dim", Status.CONFLICT: "yellow", Status.BROKEN: "bold red", Status.MISSING: "bold red"}
_NOT_IMPORTED = Text("not imported", "未导入")


def show_plugins(page: Page, found: Sequence[Standing], config: Path | None) -> None:
    """Print one line for each plugin, then what is wrong with some and what to do to use the others. ``config`` is the file that
    lists those that may be imported, if there is one."""
    columns = [
        Column(Text("plugin", "插件"), firm=True),
        Column(Text("distribution", "发行包")),
        Column(Text("status", "状态"), firm=True),
        Column(Text("contract", "契约"), firm=True),
        Column(Text("brings", "提供")),
    ]
    page.table(columns, [_plugin_row(page, one) for one in found])
    if wrong := [one for one in found if not one.works]:
        page.heading(Text("What does not work", "不可用的插件"))
        _problems(page, [one for one in wrong if one.allowed], "✗  ", "bold red")
        if config is not None and any(one.allowed for one in wrong):
            page.paragraph(mend(config), indent=2, mark="→  ", style="dim")
        _problems(page, [one for one in wrong if not one.allowed], "!  ", "yellow")
    page.gap()
    if any(one.status is Status.INSTALLED for one in found):
        page.paragraph(
            say(
                "what is not listed is not imported: to use one, write plugins = […] with its name in {file}; a store or a"
                " notifier is also used by a URL that begins with its name",
                "未列出的插件不会被导入：如需使用，请在{file}中写明 plugins = […] 并列出其名称；"
                "存储插件与通知插件也可由以其名称开头的URL启用",
                file=FILE if config is None else config,
            ),
            style="dim",
        )
    elif config is not None:
        page.paragraph(say("listed in {file}", "列于{file}", file=config), style="dim")


def _problems(page: Page, found: Sequence[Standing], mark: str, style: str) -> None:
    """What is wrong, each thing once: two that have one name have one conflict."""
    for name, problem in dict.fromkeys((one.name, one.problem) for one in found):
        alike = [one for one in found if (one.name, one.problem) == (name, problem)]
        labels = ", ".join(dict.fromkeys(filter(None, map(_label, alike))))
        said = f"{name} ({labels})" if labels else name
        page.paragraph(f"{said}: {problem}", indent=2, mark=mark, mark_style=style)


def _plugin_row(page: Page, one: Standing) -> tuple[str | Cell, ...]:
    status = Cell(page.said(_STATUS[one.status]), _STYLES.get(one.status, "green"))
    if one.contract is None:
        return one.name, _label(one), status, "", "" if one.allowed else page.said(_NOT_IMPORTED)
    hooks = [hook.removeprefix("stabflow_") for hook in one.hooks]
    told = {"stores": one.stores, "notifiers": one.notifiers}
    brings = "; ".join(
        [
            *(hook for hook in hooks if not told.get(hook)),
            *map(_scheme, one.stores),
            *(f"notifiers {each.scheme}:" for each in one.notifiers),
        ]
    )
    return one.name, _label(one), status, str(one.contract), brings


def _scheme(store: StoreScheme) -> str:
    capabilities = ", ".join(sorted(one.name for one in store.capabilities)) or "–"
    return f"stores {store.scheme}: ({capabilities})"


def _label(one: Standing) -> str:
    return f"{one.distribution} {one.version}".strip()


def show_failures(page: Page, records: Sequence[Record]) -> None:
    """Print the failures: when (UTC), which plugin, what it was called for, what went wrong and where."""
    if not records:
        page.paragraph(_NONE, style="dim")
        return
    columns = [
        Column(Text("time (UTC)", "时间（UTC）"), firm=True),
        Column(Text("plugin", "插件")),
        Column(Text("called", "调用")),
        Column(Text("error", "错误")),
        Column(Text("case, version", "案件，版本"), style="dim"),
    ]
    rows = []
    for record in records:
        event = record.event
        if isinstance(event, PluginFailed):
            called = page.said(_ASKED if event.hook == CHECK_HOOK else _TOLD)
            rows.append(
                (
                    f"{record.recorded_at.astimezone(UTC):%Y-%m-%d %H:%M}",
                    event.plugin,
                    f"{event.hook}: {called}",
                    f"{event.error} {event.place}".strip(),
                    f"{event.case_id} {event.version}" if event.case_id else "",
                )
            )
    page.table(columns, rows)
