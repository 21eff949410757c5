"""What a dossier says, read and examined: its matter, the standing offices to fill, and the acts in their order."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path

import attrs

from ..case import frozen, kind_of
from ..decision.disclosure import Audience, check_audience, refusal_for_public
from ..engine.proofs import Unproved
from ..errors import Fault, InvalidInput, Refused
from ..language import Procedure
from ..text import Language, Text, quoted, same, say
from ..values import Actor, Basis, Matter, Value


class Verb(enum.Enum):
    """What an act of a dossier does; each is the key that says so."""

    OPEN = "open"
    APPOINT = "appoint"
    RELIEVE = "relieve"
    ADD = "add"
    FIRE = "fire"
    AMEND = "amend"
    DELEGATE = "delegate"
    END_DELEGATION = "end_delegation"
    RECUSE = "recuse"
    STOP_CLOCK = "stop_clock"
    RESUME_CLOCK = "resume_clock"

    @property
    def is_of_a_role(self) -> bool:
        """Whether it gives somebody a role, or takes it."""
        return self in (Verb.APPOINT, Verb.RELIEVE, Verb.DELEGATE, Verb.END_DELEGATION, Verb.RECUSE)

    @property
    def is_of_a_clock(self) -> bool:
        """Whether it stops a clock, or lets it run on."""
        return self in (Verb.STOP_CLOCK, Verb.RESUME_CLOCK)


_OF_A_ROLE = {
    Verb.APPOINT: Text("appoint {who} as {role}", "任命{who}为{role}"),
    Verb.RELIEVE: Text("relieve {who} of the role of {role}", "免去{who}的{role}职务"),
    Verb.DELEGATE: Text("delegate the role of {role} to {who}", "委托{who}代行{role}"),
    Verb.END_DELEGATION: Text("end the delegation of {role} to {who}", "终止对{who}代行{role}的委托"),
    Verb.RECUSE: Text("recuse {who} as {role}", "{who}（{role}）回避"),
}
_OF_A_THING = {
    Verb.AMEND: Text("amend {what}", "更正{what}"),
    Verb.STOP_CLOCK: Text("stop the clock of {what}", "中止{what}的计时"),
    Verb.RESUME_CLOCK: Text("let the clock of {what} run on", "恢复{what}的计时"),
}


@attrs.frozen(kw_only=True)
class PlannedOffice:
    """A standing office to be filled before the case is opened."""

    number: int
    at: datetime
    role: str
    holder: Actor
    basis: Basis

    @property
    def path(self) -> str:
        """Where the dossier says so."""
        return f"offices[{self.number - 1}]"


@attrs.frozen(kw_only=True)
class PlannedAct:
    """An act as the dossier has it. ``number`` counts from 1.

    ``what`` is the role that ``person`` is given or loses, the kind added, the trigger fired, or the item amended, or whose clock
    it is (``None``: the case). ``since`` and ``until`` are the days of a delegation.
    ``refused`` marks an act that must be refused, for at least ``reasons`` reasons.
    """

    number: int
    at: datetime
    by: Actor
    basis: Basis
    verb: Verb
    what: str | None = None
    trigger: str | None = None
    item: str | None = None
    person: Actor | None = None
    reason: str = ""
    since: date | None = None
    until: date | None = None
    role: str | None = None
    values: Mapping[str, Value] = attrs.field(factory=dict, converter=frozen, hash=False)
    note: Text | None = None
    refused: bool = False
    reasons: int = 1

    @property
    def path(self) -> str:
        """Where the dossier says so."""
        return f"acts[{self.number - 1}]"

    @property
    def kind(self) -> str | None:
        """The kind of item that the act concerns; ``None`` where it concerns the case."""
        if self.verb is Verb.ADD:
            return self.what
        item = self.what if self.verb is Verb.AMEND or self.verb.is_of_a_clock else self.item
        return None if item is None else kind_of(item)

    def title(self, procedure: Procedure) -> Text:
        """The act in words."""
        if self.verb is Verb.OPEN:
            creating = [row.trigger for row in procedure.transitions if row.creates and not row.by_time]
            return procedure.trigger_title(self.trigger or creating[0])
        if self.verb.is_of_a_role:
            who, role = same(self.person.id if self.person else ""), procedure.role_title(self.what or "")
            told = _OF_A_ROLE[self.verb]
            return say(told.en, told.zh, who=who, role=role)
        if self.verb is Verb.AMEND or self.verb.is_of_a_clock:
            what = procedure.item_title(self.what) if self.what else Text("the case", "案件")
            told = _OF_A_THING[self.verb]
            return say(told.en, told.zh, what=what)
        if self.verb is Verb.ADD:
            kind = self.what or ""
            title = procedure.trigger_title(self.trigger or "add", kind)
            return say("{title} ({what})", "{title}（{what}）", title=title, what=procedure.kind_title(kind))
        title = procedure.trigger_title(self.what or "", self.kind)
        if self.item is None:
            return title
        return say("{title} ({what})", "{title}（{what}）", title=title, what=procedure.item_title(self.item))


@attrs.frozen(kw_only=True)
class Dossier:
    """A dossier that has been read and found right in form; whether its acts come out as it says, `rehearse` tells.

    ``digest`` is the SHA-256 of the file: another digest is another edition. ``illustrative``: not everything in it is real;
    ``unproved``: whether its case may be opened although nobody has proved the procedure.
    """

    source: str
    digest: str
    title: Text
    procedure: Procedure
    illustrative: bool
    notes: tuple[str, ...]
    matter: Matter
    offices: tuple[PlannedOffice, ...]
    acts: tuple[PlannedAct, ...]
    unproved: Unproved = "refuse"

    @classmethod
    def load(cls, path: str | Path, *, now: datetime | None = None) -> Dossier:
        """The dossier in the TOML file ``path``. ``now`` is the time no act may lie ahead of; the system's by default.

        Raises `InvalidInput` with every fault of the file, each with its path; `ProcedureError` when the file of the procedure
        that it names is faulty.
        """
        from .reader import load

        return load(Path(path), now=now)

    @property
    def what(self) -> str:
        """How errors name the dossier."""
        return f"dossier {self.source}"

    @property
    def edition(self) -> str:
        """What every key of this edition begins with."""
        return f"dossier:{self.digest[:16]}:"

    def key(self, number: int) -> str:
        """The idempotency key of an act."""
        return f"{self.edition}{number}"

    def accepted(self) -> tuple[PlannedAct, ...]:
        """The acts that are to be written."""
        return tuple(act for act in self.acts if not act.refused)


class NotAsExpected(InvalidInput):
    """In the rehearsal an act came out otherwise than the dossier says: ``act``, and its ``refusal`` if it was refused."""

    def __init__(
        self,
        dossier: Dossier,
        act: PlannedAct,
        outcome: Text,
        cure: Text,
        refusal: Refused | None,
        faults: Iterable[Fault],
    ) -> None:
        self.dossier = dossier
        self.act = act
        self.outcome = outcome
        self.cure = cure
        self.refusal = refusal
        super().__init__(faults, what=dossier.what)

    @classmethod
    def refused(cls, dossier: Dossier, act: PlannedAct, refusal: Refused) -> NotAsExpected:
        """An act that was to be accepted was refused."""
        outcome = say(
            "refused: act {n}, {title}; nothing was written",
            "已拒绝：第{n}项办理{title}；未写入任何内容",
            n=act.number,
            title=quoted(act.title(dossier.procedure)),
        )
        cure = Text(
            'mend the act, or say that it is to be refused: expect = "refused"',
            '改正该项办理，或注明应被拒绝：expect = "refused"',
        )
        first, *others = refusal.blockers
        faults = [
            Fault(act.path, f"act {act.number} is refused: {first.sentence().en}", cure.en),
            *(Fault(act.path, f"act {act.number} is refused: {one.sentence().en}") for one in others),
        ]
        return cls(dossier, act, outcome, cure, refusal, faults)

    @classmethod
    def accepted(cls, dossier: Dossier, act: PlannedAct) -> NotAsExpected:
        """An act that was to be refused was accepted."""
        outcome = say(
            "act {n}, {title}, is marked as refused and was accepted in the rehearsal; nothing was written",
            "第{n}项办理{title}标注为应被拒绝，预演中却获准；未写入任何内容",
            n=act.number,
            title=quoted(act.title(dossier.procedure)),
        )
        cure = Text("mend the act, or leave expect out", "改正该项办理，或删去expect")
        fault = Fault(f"{act.path}.expect", f"act {act.number} is marked as refused, and was accepted", cure.en)
        return cls(dossier, act, outcome, cure, None, [fault])

    @classmethod
    def too_few(cls, dossier: Dossier, act: PlannedAct, refusal: Refused) -> NotAsExpected:
        """An act was refused for fewer reasons than the dossier says."""
        found = len(refusal.blockers)
        reasons = f"{found} {'reason' if found == 1 else 'reasons'}"
        outcome = say(
            "refused for {reasons}, where at least {wanted} were expected: act {n}, {title}; nothing was written",
            "已拒绝：第{n}项办理{title}；理由有{found}项，应至少有{wanted}项；未写入任何内容",
            n=act.number,
            title=quoted(act.title(dossier.procedure)),
            found=found,
            reasons=reasons,
            wanted=act.reasons,
        )
        cure = say("write reasons = {n}, or mend the act", "写reasons = {n}，或改正该项办理", n=found)
        faults = [
            Fault(f"{act.path}.reasons", f"act {act.number} is refused for {reasons}, not for {act.reasons}", cure.en),
            *(Fault(act.path, one.sentence().en) for one in refusal.blockers),
        ]
        return cls(dossier, act, outcome, cure, refusal, faults)

    def shown_to(self, audience: Audience) -> NotAsExpected:
        """The same as ``audience`` is shown it: the public learns of no number that a refused act was to state."""
        check_audience(audience)
        if audience == "official" or self.refusal is None:
            return self
        told = refusal_for_public(self.dossier.procedure, self.act.kind, self.refusal)
        made = NotAsExpected.too_few if self.act.refused else NotAsExpected.refused
        return made(self.dossier, self.act, told)

    def describe(self, language: Language) -> str:
        """What happened, every reason, and the cure, in ``language``."""
        lines = [f"{self.act.path}: {self.outcome.get(language)}"]
        if self.refusal is not None:
            lines += [f"  - {blocker.sentence().get(language)}" for blocker in self.refusal.blockers]
        lines.append(f"  {self.cure.get(language)}")
        return "\n".join(lines)
