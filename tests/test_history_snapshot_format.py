"""Snapshots bear the number of a format, which rises with every change of what the same records come to: here it is seen."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import attrs
from test_history_snapshots import comes_back

from stabflow import canonical
from stabflow.calendar import DueTime
from stabflow.case import Case, vacancy
from stabflow.decision import events, evolution
from stabflow.decision.events import Event, LaidOut, Recount, Stamp, Vacancy
from stabflow.decision.evolution import replay
from stabflow.history import snapshot_codec
from stabflow.history.snapshots import FORMAT
from stabflow.values import Actor, Basis, File, Matter

FOLDED = {1: "bee82515fee8daac9dc16a789f2d42025ee656855304c8416435d5694d37af39"}
"""By the number of the format: the SHA-256 of what `HISTORY` comes to."""

START = datetime(2026, 3, 2, 1, tzinfo=UTC)
CHIEF, CLERK, OTHER, THIRD = (Actor(f"o-{n}", body=body) for n, body in enumerate(("县政府", "unit", "unit", "audit")))


def due(days: int) -> DueTime:
    return DueTime(
        START + timedelta(days=days), "10 working days", START, 4, (date(2026, 3, 9),), (date(2026, 3, 14),), True, "c0"
    )


HISTORY: list[tuple[Event, Actor, str]] = [
    (
        events.Opened(
            case_id="case-1",
            procedure="p",
            procedure_version="1",
            digest="d1",
            matter=Matter("m", "替建渡口大桥"),
            trigger="open",
            state="drafting",
            values={"words": "评估", "share": Decimal("0.125"), "many": ("a", "b"), "yes": True, "count": -3},
            due=due(10),
            laid_out=(LaidOut(item="check-1", kind="check", state="open", values={"point": "form"}, due=due(3)),),
            vacancies=(Vacancy(office="clerk", due=due(5)),),
        ),
        CHIEF,
        "chief",
    ),
    (events.Appointed(office="clerk", appointee=CLERK), CHIEF, "chief"),
    (events.Appointed(office="auditor", appointee=OTHER), CHIEF, "chief"),
    (
        events.Added(
            item="note-1",
            kind="note",
            trigger="add",
            state="open",
            values={"owner": "o-1", "day": date(2026, 5, 1), "paper": File("纪要", "application/pdf", "ab" * 32)},
            due=due(9),
            owed_by=(CLERK,),
        ),
        CLERK,
        "clerk",
    ),
    (events.ItemMoved(item="check-1", trigger="look", source="open", dest=None, values={"seen": True}), CLERK, "clerk"),
    (
        events.Moved(
            trigger="again",
            source="drafting",
            dest="drafting",
            values={"words": "again"},
            due=due(20),
            laid_out=(LaidOut(item="check-2", kind="check", state="open"),),
            superseded=("check-1",),
        ),
        CHIEF,
        "chief",
    ),
    (events.Amended(item="note-1", values={"owner": "o-2"}, reason="a slip", due=due(8)), CLERK, "clerk"),
    (events.Amended(item=None, values={"count": 4}, reason="a slip"), CHIEF, "chief"),
    (events.ClockStopped(item=None, reason="r"), CHIEF, "chief"),
    (events.ClockStopped(item="note-1", reason="r"), CHIEF, "chief"),
    (events.ClockResumed(item=None, reason="r", due=due(22)), CHIEF, "chief"),
    (
        events.Delegated(office="clerk", delegate=THIRD, until=START + timedelta(days=40), reason="leave"),
        CLERK,
        "clerk",
    ),
    (events.Moved(trigger="submit", source="drafting", dest="deciding", values={"day": date(2026, 4, 1)}), THIRD, "clerk"),
    (events.DelegationEnded(office="clerk", delegate=THIRD), CLERK, "clerk"),
    (events.Relieved(office="auditor", appointee=OTHER, vacant_until=due(30)), CHIEF, "chief"),
    (
        events.BreachFound(
            duty="note-1", kind="overdue", state="open", roles=("owner",), holders=(CLERK,), due=due(8), above=("chief",),
            respond=due(12), doubts=("estimated",),
        ),
        Actor("system:tick", body="stabflow"),
        "system:tick",
    ),
    (events.BreachConfirmed(duty="note-1", breach=16, above=("chief",), respond=due(13)), CHIEF, "chief"),
    (
        events.BreachFound(duty="case", kind="overdue", state="deciding", roles=("chief",), holders=(CHIEF,), due=due(10)),
        Actor("system:tick", body="stabflow"),
        "system:tick",
    ),
    (events.BreachVoided(duty="case", breach=18, reason="the clock was wrong"), CHIEF, "chief"),
    (
        events.Recalendared(
            calendar="c", digest="c1", recounted=(Recount(duty=vacancy("auditor"), old=due(30), new=due(31)),)
        ),
        Actor("host:operator", body="host"),
        "system:calendar",
    ),
    (
        events.Recused(office="clerk", who=CLERK, reason="kin", vacancies=(Vacancy(office="clerk", due=due(33)),)),
        CHIEF,
        "chief",
    ),
    (events.Appointed(office="auditor", appointee=THIRD), CHIEF, "chief"),
    (
        events.Migrated(
            procedure_version="2", digest="d2", renamed={"states.deciding": "settling", "facts.share": ""}, due=due(40)
        ),
        CHIEF,
        "chief",
    ),
]  # fmt: skip


def folded() -> Case:
    stamps = [
        Stamp(
            version,
            START + timedelta(hours=version),
            START + timedelta(hours=version, minutes=5),
            by,
            role,
            Basis("b"),
            f"mandate-{role}" if by != THIRD else "hash-12",
            f"hash-{version}",
        )
        for version, (_, by, role) in enumerate(HISTORY, start=1)
    ]
    case = replay(zip([event for event, _, _ in HISTORY], stamps, strict=True))
    assert case is not None
    return case


def test_what_the_same_records_come_to_has_not_changed() -> None:
    case = folded()
    assert {type(event) for event, _, _ in HISTORY} == {events.Opened, *evolution._CHANGES}, (
        "every event of a case is here"
    )
    lines = [snapshot_codec.case_line(case), *map(snapshot_codec.item_line, case.items.values())]
    assert canonical.sha256(b"\n".join(lines)) == FOLDED[FORMAT], (
        "the same records come to another case now, or it is written otherwise: raise `FORMAT`, so that snapshots taken before"
        " are not read, and write the new digest here beside it"
    )


def test_a_case_in_which_everything_has_happened_comes_back() -> None:
    case = folded()
    empty = {field.name for field in attrs.fields(Case) if not getattr(case, field.name)}
    assert empty == {"unproved", "stopped_at"}, "and else there is something everywhere"
    comes_back(case)
