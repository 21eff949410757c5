"""What a check says: each property proved, flawed, or left open, with the acts that show it."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from decimal import Decimal

import attrs

from ..language import Procedure
from ..text import Language, Text, joined, listing, quoted, same, say
from ..values import Value
from .graph import row_of
from .walk import Done


class Status(enum.Enum):
    """How a property stands. ``INCOMPLETE``: a bound was hit, or the answer hangs on what a search does not follow."""

    PROVED = "proved"
    FLAWED = "flawed"
    INCOMPLETE = "incomplete"
    NOT_APPLICABLE = "not applicable"
    WARNING = "warning"


STATUS_TITLES = {
    Status.PROVED: Text("proved", "已证明"),
    Status.FLAWED: Text("flawed", "有缺陷"),
    Status.INCOMPLETE: Text("incomplete", "未完成"),
    Status.NOT_APPLICABLE: Text("not applicable", "不适用"),
    Status.WARNING: Text("warning", "提示"),
}


@attrs.frozen
class TracedAct:
    """One act of a counterexample: the trigger, the item it was done on or made, the roles that may do it, what it stated.
    ``amends``: what ``trigger`` stated of it is corrected so."""

    trigger: str
    kind: str | None
    item: str | None
    roles: tuple[str, ...]
    clause: tuple[str, ...]
    values: Mapping[str, Value]
    text: Text
    amends: bool = False

    def as_dict(self, language: Language = "en") -> dict[str, object]:
        """The act as plain JSON values."""
        return {
            "trigger": self.trigger,
            "item": self.item,
            "amends": self.amends,
            "roles": list(self.roles),
            "clause": list(self.clause),
            "states": {name: _plain(value) for name, value in self.values.items()},
            "text": self.text.get(language),
        }


@attrs.frozen
class Finding:
    """What was found of one property. ``path`` is the place in the procedure it concerns, "" where it is the whole."""

    property: str
    title: Text
    status: Status
    text: Text = Text("", "")
    path: str = ""
    clause: tuple[str, ...] = ()
    trace: tuple[TracedAct, ...] = ()

    def story(self) -> Text:
        """The finding in words, with its place and the acts that lead there, one a line."""
        line = say("- {status}: {title}", "- {status}：{title}", status=STATUS_TITLES[self.status], title=self.title)
        if self.text != Text("", ""):
            line = say("{line}: {text}", "{line}：{text}", line=line, text=self.text)
        if self.path:
            line = say("{line} [{path}]", "{line}〔{path}〕", line=line, path=same(self.path))
        acts = [say("    {n}. {act}", "    {n}. {act}", n=n, act=act.text) for n, act in enumerate(self.trace, start=1)]
        return joined([line, *acts], same("\n"))

    def as_dict(self, language: Language = "en") -> dict[str, object]:
        """The finding as plain JSON values."""
        return {
            "property": self.property,
            "title": self.title.get(language),
            "status": self.status.value,
            "text": self.text.get(language),
            "path": self.path,
            "clause": list(self.clause),
            "trace": [act.as_dict(language) for act in self.trace],
        }


class NotProved(AssertionError):
    """Something of a procedure is flawed, or could not be decided; ``report`` has everything that was found."""

    def __init__(self, report: Report) -> None:
        self.report = report
        super().__init__(report.story().en)


@attrs.frozen
class Report:
    """What is proved of a procedure, and what is not.

    ``states`` and ``edges`` count what was searched; ``assumed`` is what the proof takes for possible without following it.
    """

    procedure: str
    digest: str
    findings: tuple[Finding, ...]
    states: int
    edges: int
    assumed: tuple[Text, ...] = ()

    @property
    def status(self) -> Status:
        """``FLAWED`` where anything is, else ``INCOMPLETE`` where anything is, else ``PROVED``."""
        found = {finding.status for finding in self.findings}
        return next((one for one in (Status.FLAWED, Status.INCOMPLETE) if one in found), Status.PROVED)

    @property
    def proved(self) -> bool:
        """Whether every property that applies is proved."""
        return self.status is Status.PROVED

    @property
    def flaws(self) -> tuple[Finding, ...]:
        """The findings that are flaws."""
        return tuple(finding for finding in self.findings if finding.status is Status.FLAWED)

    def raise_for_failures(self) -> None:
        """`NotProved`, an `AssertionError` that tells each flaw with the acts that lead to it, unless everything that applies is
        proved. What could not be decided is no pass."""
        __tracebackhide__ = True  # pytest shows the test that asked instead
        if not self.proved:
            raise NotProved(self)

    def story(self) -> Text:
        """What is flawed or undecided, each with its place and the acts that show it, one a line."""
        told = [one for one in self.findings if one.status in (Status.FLAWED, Status.INCOMPLETE)]
        title = STATUS_TITLES[self.status]
        head = say("{procedure}: {status}", "{procedure}：{status}", procedure=same(self.procedure), status=title)
        return joined([head, *(one.story() for one in told)], same("\n"))

    def as_dict(self, language: Language = "en") -> dict[str, object]:
        """The report as plain JSON values, its sentences in ``language``."""
        return {
            "procedure": self.procedure,
            "digest": self.digest,
            "status": self.status.value,
            "states": self.states,
            "edges": self.edges,
            "findings": [finding.as_dict(language) for finding in self.findings],
            "assumed": [text.get(language) for text in self.assumed],
        }


def traced(procedure: Procedure, done: Sequence[Done], told: Sequence[frozenset[str]]) -> tuple[TracedAct, ...]:
    """Acts that were done, as a person reads them; of what each stated, the fields named in ``told``."""
    return tuple(_traced(procedure, act, names) for act, names in zip(done, told, strict=True))


def _traced(procedure: Procedure, act: Done, names: frozenset[str]) -> TracedAct:
    row = row_of(procedure, act)
    said = {name: value for name, value in act.values.items() if name in names}
    text = procedure.trigger_title(act.trigger, act.kind)
    if act.amends:
        text = say("correct what {act} stated", "更正{act}所填", act=quoted(text))
    if act.item is not None:
        text = say("{act} ({item})", "{act}（{item}）", act=text, item=act.item)
    if said:
        shown = [
            say(
                "{name}: {value}",
                "{name}：{value}",
                name=procedure.field_title(name, act.kind),
                value=_shown(procedure, act.kind, name, value),
            )
            for name, value in said.items()
        ]
        text = joined([text, *shown], Text("; ", "；"))
    who = listing([procedure.role_title(party) for party in row.by], none=Text("time", "期限届至"))
    text = say("{act} – by {who}", "{act}——{who}", act=text, who=who)
    return TracedAct(act.trigger, act.kind, act.item, row.by, row.clause, said, text, act.amends)


def _plain(value: Value) -> object:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return list(value) if isinstance(value, tuple) else value


def _shown(procedure: Procedure, kind: str | None, name: str, value: Value) -> Text:
    field = procedure.field_of(name, kind)
    ones = value if isinstance(value, tuple) else (value,)
    return listing([quoted(procedure.choice_title(field, one)) for one in ones])
