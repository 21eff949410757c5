"""Whether notices arrive: what waits for long, what was given up, and which addresses are gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from ..calendar import span_title
from ..text import Text, listing, same, say
from .despatches import gone
from .diagnosis import Diagnosis, Health, Patient
from .outbox import Outbox

LONG = timedelta(hours=1)
"""What waits for longer than that should have been delivered."""

_DELIVER = Text(
    "run stabflow deliver --watch beside the application; stabflow outbox shows what waits",
    "请在应用之外持续运行stabflow deliver --watch；用stabflow outbox查看待投递的通知",
)
_DEAD = Text(
    "see why with stabflow outbox --dead, mend it, then stabflow outbox --retry-all",
    "请用stabflow outbox --dead查看原因，处理后运行stabflow outbox --retry-all",
)


def notices(patient: Patient) -> Iterator[Diagnosis]:
    """Whether what procedures in use want told has where to go, and goes there."""
    if not patient.shell.notifies:
        yield from _without_outbox(patient)
        return
    yield from _addresses(patient)
    box = Outbox(patient.shell)
    waiting, dead = list(box.waiting()), sum(1 for _ in box.dead_letters())
    if not (waiting or dead):
        return
    since = min((one.created_at for one in waiting if one.created_at is not None), default=patient.now)
    age = max(patient.now - since, timedelta())
    text = say("waiting: {n}, given up: {dead}", "待投递：{n}件，投递失败：{dead}件", n=len(waiting), dead=dead)
    if waiting:
        text = say("{text}; the oldest for {span}", "{text}；最早的一件已等待{span}", text=text, span=span_title(age))
    yield Diagnosis(
        check="notices",
        health=Health.ATTEND if dead or age > LONG else Health.FINE,
        text=text,
        cure=_DEAD if dead else _DELIVER if age > LONG else None,
        facts={"waiting": len(waiting), "given_up": dead, "oldest_seconds": int(age.total_seconds())},
    )


def _addresses(patient: Patient) -> Iterator[Diagnosis]:
    """The addresses of which their channel said that they are gone: who reads there is told by another channel, or not at all."""
    closed = sorted({(channel, body) for channel, body, _, _ in gone(patient.shell)})
    if closed:
        names = [same(f"{channel} {body}") for channel, body in closed]
        yield Diagnosis(
            check="notices",
            health=Health.ATTEND,
            text=say("addresses used no more: {names}", "已停用的地址：{names}", names=listing(names)),
            cure=Text(
                "correct them in the directory, then stabflow outbox --reopen CHANNEL BODY",
                "请在通讯录中更正，再运行stabflow outbox --reopen 渠道 单位",
            ),
            facts={"addresses": [list(one) for one in closed]},
        )


def _without_outbox(patient: Patient) -> Iterator[Diagnosis]:
    known = {(row.procedure, row.procedure_version, row.digest) for row in patient.cases}
    untold = sorted(f"{one[0]}@{one[1]}" for one in known if patient.shell.registry.of_case(*one).notices)
    if untold:
        yield Diagnosis(
            check="notices",
            health=Health.ATTEND,
            text=say(
                "the store has no outbox: nobody is told what these procedures want told: {names}",
                "该存储没有发件箱：下列程序规定的通知均不发出：{names}",
                names=listing([same(name) for name in untold]),
            ),
            cure=Text("copy it into a store with an outbox: stabflow copy", "请复制到具备发件箱的存储：stabflow copy"),
            facts={"procedures": untold},
        )
