"""The gate: may this matter be implemented, as things stand now? Other systems ask before they go ahead."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import ParamSpec, TypeVar

import attrs

from ..case import Case
from ..decision.clearance import is_over, is_refusing, uncleared
from ..decision.disclosure import Audience, check_audience
from ..decision.events import Attempted
from ..errors import Blocker, InvalidInput, NotCleared
from ..history.record import Record
from ..language import Procedure
from ..ports.store import CaseQuery
from ..text import Language, Text, either, listing, same, say
from ..values import Actor, Basis, check_office_holder, clean_id, moment_text
from . import pages
from .attempts import attempts, for_public, record_attempt
from .handle import CaseHandle
from .shell import Shell

P = ParamSpec("P")
R = TypeVar("R")

_NAME = re.compile(r"[a-z][a-z0-9_-]*(@\S+)?\Z")


@attrs.frozen
class Ground:
    """A case that an answer of the gate rests on: where it stood, and its head, by which the answer can be checked later."""

    case_id: str
    procedure: str
    state: str
    version: int
    head: str


@attrs.frozen
class Clearance:
    """What the gate answered at ``asked_at``: everything against going ahead with ``matter`` (none: it is cleared), and the cases
    that this rests on."""

    matter: str
    asked_at: datetime
    reasons: tuple[Blocker, ...]
    grounds: tuple[Ground, ...]

    @property
    def cleared(self) -> bool:
        """Whether the matter may be implemented."""
        return not self.reasons

    def as_dict(self, language: Language = "en") -> dict[str, object]:
        """The answer as plain JSON values, its sentences in ``language``."""
        return {
            "matter": self.matter,
            "cleared": self.cleared,
            "asked_at": moment_text(self.asked_at),
            "reasons": [reason.as_dict(language) for reason in self.reasons],
            "grounds": [attrs.asdict(ground) for ground in self.grounds],
        }


class Gate:
    """The gate of one matter. Every use asks the store anew, so that it may be kept; an answer holds for its moment only.

    Cleared is a matter only where there is a case on it under a procedure of ``accept``, where every such case that is not over
    stands where its gate is and meets all that this asks, and where no case at all, under whatever procedure, says to defer it or
    not to implement it. What cannot be read is no answer: `StoreError` or `PluginError` is raised.

    In ``with`` and as a decorator, the block or the function begins only if the matter is cleared then; else `NotCleared`.
    """

    def __init__(self, shell: Shell, matter: str, accept: Sequence[str]) -> None:
        self._shell = shell
        self.matter = clean_id(matter, "matter")
        self.accept = _accepted(accept)

    def __repr__(self) -> str:
        return f"<Gate {self.matter} accepting {', '.join(self.accept)}>"

    def ask(self, audience: Audience = "official") -> Clearance:
        """The answer now, with every reason against going ahead, as ``audience`` is told it."""
        check_audience(audience)
        shell, now = self._shell, self._shell.now()
        rows = pages.cases(shell.store, CaseQuery(matter=self.matter))
        found = [shell.asked(row.case_id) for row in rows]
        accepted = [one for one in found if self._accepts(one[0])]
        counted = [
            (procedure, case, context)
            for procedure, case, context in found
            if is_refusing(procedure, case) or (self._accepts(procedure) and not is_over(procedure, case))
        ]
        shown = {case.id: CaseHandle(shell, case.id).shown_to(audience) for _, case, _ in found}
        reasons = [reason for one in counted or accepted for reason in shown[one[1].id].reasons(uncleared(*one))]
        if not accepted:
            reasons = [self._not_accepted([procedure for procedure, _, _ in found]), *reasons]
        grounds = tuple(_ground(case if audience == "official" else shown[case.id].value) for _, case, _ in found)
        return Clearance(self.matter, now, tuple(reasons), grounds)

    @property
    def cleared(self) -> bool:
        """Whether the matter may be implemented now."""
        return self.ask().cleared

    def require(self) -> Clearance:
        """The answer, if the matter is cleared; else `NotCleared` with every reason."""
        answer = self.ask()
        if not answer.cleared:
            raise NotCleared(self.matter, answer.reasons)
        return answer

    def __enter__(self) -> Clearance:
        return self.require()

    def __exit__(
        self, type_: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            self.require()
            return function(*args, **kwargs)

        return guarded

    def attempted(self, *, by: Actor, basis: Basis | str, key: str | None = None, at: datetime | None = None) -> Record:
        """Put on record that ``by`` went ahead, or tried to, while the matter was not cleared; the host vouches for ``by`` and
        ``basis``. The record keeps every reason, and which cases there were. `InvalidInput` when the matter is cleared. It stays
        on record, also where the host rolls the transaction back in which it was tried, and tells how the matter stands outside
        of that."""
        if self._shell.outside is not None:
            return Gate(self._shell.outside, self.matter, self.accept).attempted(by=by, basis=basis, key=key, at=at)
        check_office_holder(by, "by")
        answer = self.ask()
        event = Attempted(
            matter=self.matter,
            accept=self.accept,
            reasons=tuple(dict.fromkeys(reason.kind for reason in answer.reasons)),
            cases=tuple(f"{ground.case_id} {ground.version}" for ground in answer.grounds),
        )
        return record_attempt(self._shell, event, by, Basis.of(basis), key=key, at=at)

    def attempts(self, audience: Audience = "official") -> tuple[Record, ...]:
        """The attempts on this matter that are on record, in order, as ``audience`` is shown them."""
        check_audience(audience)
        found = attempts(self._shell, self.matter)
        if audience == "official":
            return tuple(found)
        rows = pages.cases(self._shell.store, CaseQuery(matter=self.matter))
        shown = [CaseHandle(self._shell, row.case_id).shown_to(audience) for row in rows]
        return tuple(for_public(found, {case.id for case in shown if not case.is_whole}))

    def _accepts(self, procedure: Procedure) -> bool:
        return not {procedure.id, str(procedure)}.isdisjoint(self.accept)

    def _not_accepted(self, found: Sequence[Procedure]) -> Blocker:
        """No case under a procedure that counts here."""
        need = either([same(name) for name in self.accept])
        names = [same(name) for name in dict.fromkeys(map(str, found))]
        none = Text("it was never assessed", "从未评估")
        have = say("it was assessed under {names} only", "仅依{names}评估", names=listing(names)) if names else none
        return Blocker(
            kind="not_accepted" if names else "never_assessed",
            text=say(
                "an assessment under {need} is needed, and {have}",
                "须依{need}评估，而该重大事项{have}",
                need=need,
                have=have,
            ),
            have=have,
            need=need,
            facts={"accept": list(self.accept), "procedures": [str(name.en) for name in names]},
        )


def _accepted(accept: object) -> tuple[str, ...]:
    cure = 'name procedures in a list, such as accept=["five-step@1"]; without @ every version counts'
    if isinstance(accept, str) or not isinstance(accept, Sequence) or not accept:
        raise InvalidInput.at("accept", f"{accept!r:.60} names no procedures", cure)
    names: list[str] = []
    for index, name in enumerate(accept):
        if not isinstance(name, str) or not _NAME.match(name):
            raise InvalidInput.at(f"accept[{index}]", f"{name!r:.60} is no name of a procedure", cure)
        names.append(str.__str__(name))
    return tuple(dict.fromkeys(names))


def _ground(case: Case) -> Ground:
    return Ground(case.id, f"{case.procedure}@{case.procedure_version}", case.state, case.version, case.head)
