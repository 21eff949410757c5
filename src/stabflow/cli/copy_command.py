"""The command that takes a store somewhere else: `copy`."""

from __future__ import annotations

import attrs
import click

from ..engine.copying import Copied, Stage
from ..errors import InvalidInput
from ..plugins.discretion import public
from ..text import Text, say
from .failures import INCOMPLETE, YES, tell
from .options import Session, common, json_option
from .page import Column, Page
from .stores import WRITING, open_store, print_json, progress, reading, where

_DOING = {
    Stage.COMPARING: Text("comparing", "比对中"),
    Stage.COPYING: WRITING,
    Stage.CHECKING: Text("comparing what arrived", "核对中"),
    Stage.NOTICES: Text("writing notices", "写入通知中"),
    Stage.VERIFYING: Text("verifying", "验证中"),
}


@click.command(name="copy")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.option(
    "--no-outbox", "records_only", is_flag=True, help="Leave out the notices, as long as FROM is still in use."
)
@common
@json_option
@click.pass_obj
def copy_command(session: Session, source: str, target: str, records_only: bool, as_json: bool) -> int:
    """Copy the store FROM into TO, which holds nothing else: records, keys, index and notices.

    Everything is compared on arrival, and TO is verified. Broken off, it goes on where it was when it is run again. FROM is only
    read; stop what uses it first, or a notice is delivered from both. The exit status is 3 where FROM went on meanwhile.
    """
    with reading(source, named="FROM") as there, open_store(target) as here, progress(session) as advance:
        if not there.feed(limit=1).records:
            raise InvalidInput.at("FROM", f"{public(source)} has no records", "correct the URL")
        done = there.copy_to(
            here, outbox=not records_only, progress=lambda stage, count, whole: advance(count, whole, _DOING[stage])
        )
    session.written = None
    if as_json:
        print_json(_json(done))
    else:
        _show(session.page(), where(target), done, records_only=records_only)
        if done.behind:
            tell(f"stabflow: {_BEHIND.get(session.language)}\n")
    return INCOMPLETE if done.behind else YES


_BEHIND = Text(
    "FROM has gone on meanwhile: stop what uses it, and run the copy again; only what is new is written",
    "复制期间来源存储又有新的记录：请停止使用来源存储，再次运行复制；只写入新增内容",
)


def _json(done: Copied) -> dict[str, object]:
    return attrs.asdict(done)


def _show(page: Page, name: str, done: Copied, *, records_only: bool) -> None:
    page.title(name)
    if done.verified is not None:
        page.paragraph(Text("whole, compared and verified", "已完整复制，并经核对与验证"), style="green")
    counts = [
        (Text("records", "记录"), done.records),
        (Text("of these written now", "其中本次写入"), done.added),
        (Text("keys", "幂等键"), done.keys),
        (Text("cases", "评估案件"), done.cases),
        (Text("duties", "应尽职责"), done.duties),
    ]
    if not records_only and not done.behind:
        counts += [
            (Text("notices that wait", "待送达通知"), done.waiting),
            (Text("notices given up", "未能送达通知"), done.dead_letters),
        ]
    page.gap()
    page.table([Column(firm=True), Column()], [(page.said(title), str(count)) for title, count in counts])
    if records_only:
        page.gap()
        page.paragraph(
            say(
                "the notices are not there yet: stop what uses the store, and run the copy again without --no-outbox",
                "通知尚未复制：请停止使用来源存储，再次运行复制，不加--no-outbox",
            ),
            style="yellow",
        )
