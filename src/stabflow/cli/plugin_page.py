"""Which plugins failed, for people: one line for each failure on record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

from ..decision.checks import CHECK_HOOK
from ..decision.events import PluginFailed
from ..history.record import Record
from ..text import Text
from .page import Column, Page

_NONE = Text("no plugin has failed", "没有插件失败的记录")
_ASKED = Text("asked before the act: refused", "办理前询问：不予办理")
_TOLD = Text("told after the act: the act stands", "办理后通知：办理有效")


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
