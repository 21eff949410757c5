"""Small procedures in which counts of people are stated and compared, for tests of what the public is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache

from stabflow import Actor, Procedure
from stabflow.calendar import DueTime
from stabflow.decision.disclosure import Disclosure
from stabflow.decision.events import Added, Amended, Event, Moved, Opened, Stamp
from stabflow.language import loads
from stabflow.values import Basis, Matter

HEAD = """
[procedure]
format = 1
id = "reception"
version = "1"
timezone = "Asia/Shanghai"
title = { en = "Reception", zh = "接待" }
source = "tests"
[clauses]
"1" = {}
[roles]
clerk = { title = { en = "clerk", zh = "经办人" } }
head = { title = { en = "head", zh = "负责人" } }
[facts]
@facts
[states]
open = { step = "scope", accountable = "clerk", open_ended = true, clause = "1" }
counted = { accountable = "head", open_ended = true }
done = { final = true }
[[transitions]]
trigger = "open"
dest = "open"
by = ["clerk"]
[[transitions]]
trigger = "count"
source = "open"
dest = "counted"
by = ["clerk"]
set = [@names]
requires = [@requires]
@rows
[[transitions]]
trigger = "close"
source = "counted"
dest = "done"
by = ["head"]
"""


@cache
def reception(
    fields: tuple[tuple[str, str], ...],
    requires: tuple[str, ...],
    rows: str = "",
    kind: tuple[tuple[str, str], ...] = (),
    kind_requires: tuple[str, ...] = (),
) -> Procedure:
    """A procedure with facts called so, each with the rest of its definition, that ``count`` states under ``requires``; and,
    where ``kind`` has fields, with a kind of item ``talk`` of which these are stated when it is added."""
    text = (
        HEAD.replace("@facts", "\n".join(f'{name} = {{ type = "int", {rest} }}' for name, rest in fields))
        .replace("@names", ", ".join(f'"{name}"' for name, _ in fields))
        .replace("@requires", ",\n".join(requires))
        .replace("@rows", rows)
    )
    if kind:
        defined = "\n".join(f'fields.{name} = {{ type = "int", {rest} }}' for name, rest in kind)
        names = ", ".join(f'"{name}"' for name, _ in kind)
        text += f"""
[items.talk]
title = {{ en = "talk", zh = "座谈" }}
{defined}
states.held = {{ final = true }}
transitions = [{{ trigger = "add", dest = "held", by = ["clerk"], set = [{names}], requires = [{", ".join(kind_requires)}] }}]
"""
    return loads(text)


COUNT, NUMBER = "min = 0, suppress_below = 3", "min = 0"
SUM = '{ value = ["a", "b", "c"], equals = "total" }'
PROCEDURES: dict[str, Procedure] = {
    "sum": reception((("a", COUNT), ("b", COUNT), ("c", COUNT), ("total", NUMBER)), (SUM,)),
    "small total": reception((("a", COUNT), ("b", COUNT), ("c", NUMBER), ("total", COUNT)), (SUM,)),
    "factor": reception(
        (("a", COUNT), ("b", COUNT), ("c", COUNT), ("total", COUNT)),
        ('{ value = "a", times = 3, at_most = "b" }', '{ value = ["b", "c"], at_most = "total" }'),
    ),
    "two sums": reception(
        (("a", COUNT), ("b", COUNT), ("c", COUNT), ("d", NUMBER), ("total", NUMBER)),
        ('{ value = ["a", "b"], equals = "total" }', '{ value = ["b", "c"], equals = "d" }'),
    ),
    "nested sums": reception(
        (("a", COUNT), ("b", COUNT), ("c", COUNT), ("d", COUNT), ("total", NUMBER)),
        ('{ value = ["a", "b"], equals = "c" }', '{ value = ["c", "d"], equals = "total" }'),
    ),
    "bounds": reception(
        (("a", "min = 1, max = 4, suppress_below = 3"), ("b", COUNT), ("c", COUNT), ("total", "min = 0, max = 12")),
        (SUM, '{ value = "b", at_least = 1 }', '{ any = [{ value = "c", at_most = 2 }, { value = "c", at_least = "b" }] }'),
    ),
    "items": reception(
        (("total", NUMBER),),
        (),
        kind=(("a", COUNT), ("b", COUNT), ("c", COUNT)),
        kind_requires=(SUM,),
    ),
}  # fmt: skip

CLERK = Actor("clerk", body="county")
AT = datetime(2026, 3, 2, tzinfo=UTC)


@cache
def stamp(version: int) -> Stamp:
    return Stamp(version, AT, AT, CLERK, "clerk", Basis("minutes"), "", f"{version:064x}")


@cache
def opened(procedure: Procedure) -> Opened:
    return Opened(
        case_id="case", procedure=procedure.id, procedure_version=procedure.version, digest=procedure.digest,
        matter=Matter("hall", "Hall"), trigger="open", state="open",
    )  # fmt: skip


def history(procedure: Procedure, acts: Sequence[tuple[str, Mapping[str, int]]]) -> list[tuple[Event, Stamp]]:
    """A case in which each of ``acts`` states values of the case ("") or of a talk, whether they fit or not."""
    found: list[Event] = [opened(procedure)]
    due: DueTime | None = None
    known: set[tuple[str, str]] = set()
    for item, values in acts:
        if item and not any(one == item for one, _ in known):
            found.append(Added(item=item, kind="talk", trigger="add", state="held", values=values, due=due))
        elif not item and not any(one == "" for one, _ in known):
            found.append(Moved(trigger="count", source="open", dest="counted", values=values))
        else:
            found.append(Amended(item=item or None, values=values, reason="counted again"))
        known |= {(item, name) for name in values}
    return [(event, stamp(version)) for version, event in enumerate(found, start=1)]


def disclosed(procedure: Procedure, acts: Sequence[tuple[str, Mapping[str, int]]]) -> Disclosure:
    return Disclosure.of({procedure.digest: procedure}, history(procedure, acts))
