"""What is in the outbox, and what became of the notices of a case, for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo
from functools import lru_cache

from ..decision.notice_events import Addressed, NoticeDelivered, NoticeGivenUp, NoticeRejected
from ..engine import Engine
from ..engine.outbox import Pending
from ..errors import StabflowError
from ..history.record import Record
from ..language import Procedure
from ..text import Text, same, say
from .page import Cell, Column, Page
from .words import minute

_NOTHING = {
    True: Text("there are no dead letters", "没有投递失败的通知"),
    False: Text("nothing waits", "没有待投递的通知"),
}


def show_outbox(page: Page, engine: Engine, found: Sequence[Pending], *, dead: bool) -> None:
    """Print what waits, or (``dead``) what was given up, a line each."""
    if not found:
        page.paragraph(_NOTHING[dead], style="dim")
        return
    columns = [
        Column(Text("no.", "编号"), firm=True),
        Column(Text("since", "产生时间"), firm=True),
        Column(Text("to", "收件"), firm=not dead),
        Column(Text("notice", "通知")),
        Column(Text("tries", "次数"), firm=True),
        Column(Text("why given up", "失败原因") if dead else Text("case", "评估案件"), style="dim"),
    ]
    titles = _Titles(engine)
    page.table(columns, [_row(page, titles, one, dead=dead) for one in found])


def _row(page: Page, titles: _Titles, one: Pending, *, dead: bool) -> tuple[str | Cell, ...]:
    since = "" if one.created_at is None else minute(one.created_at, titles.zone(one.case_id))
    to = titles.recipient(one.case_id, one.role, one.body, one.channel) if one.role else same("?")
    what = page.said(one.subject) or page.said(Text("cannot be read", "无法读取"))
    return str(one.number), since, page.said(to), what, str(one.attempts), one.error if dead else one.case_id


def show_despatches(page: Page, engine: Engine, records: Sequence[Record]) -> None:
    """Print what became of the notices of a case, in order."""
    if not records:
        page.paragraph(Text("no notice was sent, nor given up", "未发送通知，亦无投递失败"), style="dim")
        return
    columns = [
        Column(Text("when", "时间"), firm=True),
        Column(Text("result", "结果"), firm=True),
        Column(Text("notice", "通知")),
        Column(Text("to", "收件"), firm=True),
        Column(Text("said", "说明"), style="dim"),
    ]
    titles = _Titles(engine)
    page.table(columns, [_told(page, titles, record) for record in records])


def _told(page: Page, titles: _Titles, record: Record) -> tuple[str | Cell, ...]:
    event, case_id = record.event, record.stream.partition("/")[2]
    assert isinstance(event, Addressed), "the stream has nothing else"
    match event:
        case NoticeDelivered():
            result, said = Cell(page.said(Text("delivered", "已送达")), "green"), event.detail
        case NoticeRejected():
            result, said = Cell(page.said(Text("rejected", "被拒收")), "yellow"), event.reason
        case NoticeGivenUp():
            result, said = Cell(page.said(Text("given up", "投递失败")), "red"), event.reason
        case _:
            raise AssertionError(f"{record.tag} has no words")
    to = titles.recipient(case_id, event.role, event.body, event.channel)
    if event.instead_of:
        vacant = titles.role(case_id, event.instead_of)
        to = say("{to}, because {vacant} is vacant", "{to}（因{vacant}空缺）", to=to, vacant=vacant)
    when = minute(record.recorded_at, titles.zone(case_id))
    return when, result, event.notice, page.said(to), said


class _Titles:
    """Roles and times as the procedures of the cases have them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._procedure = lru_cache(maxsize=None)(self._looked_up)

    def _looked_up(self, case_id: str) -> Procedure | None:
        try:
            return self._engine.case(case_id).procedure
        except StabflowError:
            return None

    def zone(self, case_id: str) -> tzinfo:
        """The zone in which times of the case are shown."""
        procedure = self._procedure(case_id)
        return UTC if procedure is None else procedure.zone

    def role(self, case_id: str, role: str) -> Text:
        """What the procedure of the case calls a role."""
        procedure = self._procedure(case_id)
        return same(role) if procedure is None or role not in procedure.roles else procedure.roles[role].title

    def recipient(self, case_id: str, role: str, body: str, channel: str) -> Text:
        """To whom something goes: a role, of which body and by which channel, where that is known."""
        parts = ", ".join(filter(None, (body, channel)))
        title = self.role(case_id, role)
        return title if not parts else say("{role} ({parts})", "{role}（{parts}）", role=title, parts=parts)
