"""The commands that make something new: `new plugin`."""

from __future__ import annotations

from pathlib import Path

import click

from ..text import Text, say
from .failures import YES
from .options import Session, common
from .scaffold import Kind, Names, make


@click.group()
@common
def new() -> None:
    """Make something new to write: the distribution of a plugin."""


@new.command(name="plugin")
@click.argument("name")
@click.option(
    "--store", "kind", flag_value="store", default="store", help="A store with its contract test (the default)."
)
@click.option("--notifier", "kind", flag_value="notifier", help="A way to send notices, with its contract test.")
@click.option(
    "--accountability", "kind", flag_value="accountability", help="A rule of the house, and who is told of acts."
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path(),
    help="Where the distribution is made. By default the current folder.",
)
@common
@click.pass_obj
def new_plugin(session: Session, name: str, kind: Kind, folder: Path) -> int:
    """Make the distribution stabflow-NAME, whose tests, types and conformance hold as it is.

    It is a store unless something else is asked for, because that has most to get right: a small one that works, to be replaced
    piece by piece. So is the notifier.
    """
    made = make(name, kind, folder)
    names = Names(name)
    page = session.page()
    page.title(say("{folder} is made: {what}", "已生成{folder}：{what}", folder=made, what=_WHAT[kind]))
    page.gap()
    page.paragraph(Text("Install it and run its tests:", "安装并运行测试："))
    for line in (f"cd {made}", 'python -m pip install -e ".[testing]"', "pytest"):
        page.line("  ", (line, "bold"))
    if kind in _IN_CONTRACT:
        page.line("  ", (f"stabflow conformance {names.module}.testing:Harness", "bold"))
    page.gap()
    page.paragraph(
        say(
            "Then begin with {file}.",
            "然后从{file}开始。",
            file=f"src/{names.module}/{_FIRST[kind]}",
            scheme=names.name,
        )
    )
    return YES


_WHAT = {
    "store": Text("a store", "存储插件"),
    "notifier": Text("a notifier", "通知插件"),
    "accountability": Text("an accountability plugin", "问责插件"),
}
_IN_CONTRACT = {"store", "notifier"}
_FIRST = {"store": "store.py", "notifier": "notifier.py", "accountability": "rules.py"}
