"""The whole exception tree, split by who must act.

::

    StabflowError
    ├── ProcedureError          the author of a procedure: .faults
    │   └── ProcedureNotProved  a case was to be opened, and it has flaws: .procedure, .digest
    ├── InvalidInput            whoever wrote the request: .faults; it could never be right
    ├── Refused                 the acting person: .blockers; right in form, but not now or not by you
    │   ├── NotPermitted        no row leads from this state by this trigger: .permitted
    │   ├── NotYourRole         the actor does not hold a role the row names: .roles, .held
    │   └── Unmet               requirements are not met
    ├── NotCleared              whoever would go ahead: .matter, .reasons
    ├── StoreError              the operator
    │   ├── VersionConflict     the stream stands at another version: .stream, .expected, .actual
    │   ├── IdempotencyMismatch the key was used for another act: .stream, .key
    │   ├── StoreUnavailable    certainly not committed
    │   ├── CommitUnknown       ask again with the same key
    │   ├── Corrupt             what is stored is not what was written
    │   ├── FeedReset           a cursor of the feed is of another past: .cursor
    │   ├── LeaseLost           another worker has the notice now: .notice, .token
    │   ├── Unsupported         the store has not declared a capability
    │   └── ContractTooNew      the storage was written by a newer version
    ├── ClockInDoubt            the operator: .last, .now, .most
    └── PluginError             the author of a plugin: .plugin, .problem, .distribution, .version

The facts are attributes; the sentence is built from them and tells the reader what to do next.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Self

import attrs

from .text import Language, Text, listing, same, say


@attrs.frozen
class Fault:
    """One thing wrong with an input: where it is, what is wrong, and how to cure it."""

    path: str
    problem: str
    cure: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}" + (f" ({self.cure})" if self.cure else "")

    def under(self, prefix: str) -> Fault:
        """The same fault seen from further outside: its path continues ``prefix``."""
        if not prefix or not self.path:
            return attrs.evolve(self, path=prefix or self.path)
        joint = "" if self.path.startswith("[") else "."
        return attrs.evolve(self, path=f"{prefix}{joint}{self.path}")


@attrs.frozen
class Cure:
    """Somebody who can cure a blocker: a role of the procedure, with its title."""

    role: str
    title: Text


ANY_VALUE = "*"
"""Among what a blocker compares: its words may tell any value, because nobody knows which."""


@attrs.frozen
class Blocker:
    """Why something is blocked now: the requirement, its clause, what is there, what is needed, who can cure it.

    ``unstated`` names what has no value yet: unknown is not false. ``pending`` marks that the acting person would supply
    it with the act itself. ``facts`` carries the numbers and ids behind the sentence, as plain JSON values. ``compares``
    names the values that its words may tell: of a row by their names, of items as ``kind.field``; `ANY_VALUE` where nobody knows.
    """

    kind: str
    text: Text
    have: Text = Text("", "")
    need: Text = Text("", "")
    clause: tuple[str, ...] = ()
    cure: tuple[Cure, ...] = ()
    facts: Mapping[str, object] = attrs.field(factory=dict, hash=False)
    unstated: tuple[str, ...] = ()
    pending: bool = False
    compares: tuple[str, ...] = attrs.field(default=(), eq=False)

    def as_dict(self, language: Language = "en") -> dict[str, object]:
        """The blocker as plain JSON values, its sentences in ``language``."""
        return {
            "kind": self.kind,
            "text": self.text.get(language),
            "have": self.have.get(language),
            "need": self.need.get(language),
            "clause": list(self.clause),
            "cure": [{"role": cure.role, "title": cure.title.get(language)} for cure in self.cure],
            "facts": dict(self.facts),
        }

    def sentence(self) -> Text:
        """The blocker in one line: what is unmet, under which clause, and who can cure it."""
        line = self.text
        if self.clause:
            many = "s" if len(self.clause) > 1 else ""
            clause = listing([same(clause) for clause in self.clause])
            line = say("{line} [clause{many} {clause}]", "{line}〔{clause}〕", line=line, many=many, clause=clause)
        if self.cure:
            who = listing([cure.title for cure in self.cure])
            line = say("{line} — can be cured by: {who}", "{line}——可由{who}补正", line=line, who=who)
        return line


class StabflowError(Exception):
    """Root of everything stabflow raises on purpose; anything else is a bug."""

    def __reduce__(self) -> tuple[object, ...]:
        # Exception's own way calls the class with the sentence alone, and loses the facts between processes.
        return _again, (type(self), self.args, self.__dict__)


def _again(type_: type[StabflowError], arguments: tuple[object, ...], facts: Mapping[str, object]) -> StabflowError:
    error = type_.__new__(type_, *arguments)
    error.__dict__.update(facts)
    return error


class FaultyInput(StabflowError):
    """An input with faults, all of them at once; `ProcedureError` and `InvalidInput` say whose."""

    def __init__(self, faults: Iterable[Fault], *, what: str) -> None:
        self.faults: tuple[Fault, ...] = tuple(dict.fromkeys(faults))
        self.what = what
        many = "" if len(self.faults) == 1 else "s"
        lines = "".join(f"\n  {fault}" for fault in self.faults)
        super().__init__(f"{what} has {len(self.faults)} fault{many}:{lines}")


class ProcedureError(FaultyInput):
    """A procedure that cannot be used as it is written; ``faults`` names every place and its cure."""

    def __init__(self, faults: Iterable[Fault], *, what: str = "the procedure") -> None:
        super().__init__(faults, what=what)


class ProcedureNotProved(ProcedureError):
    """A case was to be opened under a procedure that cannot be proved; ``faults`` are its flaws, and what could not be decided.

    ``procedure`` is its id and version, ``digest`` that of its definition.
    """

    def __init__(self, faults: Iterable[Fault], *, procedure: str, digest: str) -> None:
        self.procedure = procedure
        self.digest = digest
        super().__init__(faults, what=f"procedure {procedure} is not proved: it")


class InvalidInput(FaultyInput):
    """A request that could never be right: an unknown name, a value of the wrong type, a field left out."""

    def __init__(self, faults: Iterable[Fault], *, what: str = "the request") -> None:
        super().__init__(faults, what=what)

    @classmethod
    def at(cls, path: str, problem: str, cure: str = "", *, what: str = "the request") -> InvalidInput:
        """An input error with one fault."""
        return cls([Fault(path, problem, cure)], what=what)


class Refused(StabflowError):
    """The act is right in form but may not happen now; ``blockers`` lists every reason, nothing has changed."""

    def __init__(self, act: Text, blockers: Sequence[Blocker]) -> None:
        self.act = act
        self.blockers: tuple[Blocker, ...] = tuple(blockers)
        super().__init__(self.describe())

    def describe(self, language: Language = "en") -> str:
        """The refusal as text: the act, then one line for each blocker."""
        head = say("refused: {act}", "已拒绝：{act}", act=self.act).get(language)
        return head + "".join(f"\n  - {blocker.sentence().get(language)}" for blocker in self.blockers)

    def with_blockers(self, blockers: Sequence[Blocker]) -> Self:
        """The same refusal, telling ``blockers`` instead."""
        again = copy.copy(self)
        again.blockers = tuple(blockers)
        again.args = (again.describe(),)
        return again

    def as_dict(self, language: Language = "en") -> dict[str, object]:
        """The refusal as plain JSON values, its sentences in ``language``."""
        return {
            "refused": type(self).__name__,
            "act": self.act.get(language),
            "blockers": [blocker.as_dict(language) for blocker in self.blockers],
        }


class NotPermitted(Refused):
    """No row leads from the present state by this trigger; ``permitted`` lists the triggers that do, the blocker their titles."""

    def __init__(self, act: Text, *, state: str, trigger: str, permitted: Sequence[str], blocker: Blocker) -> None:
        self.state = state
        self.trigger = trigger
        self.permitted: tuple[str, ...] = tuple(permitted)
        super().__init__(act, [blocker])


class NotYourRole(Refused):
    """The actor may not do this: ``roles`` may, and the actor holds only ``held``."""

    def __init__(self, act: Text, blockers: Sequence[Blocker], *, roles: Sequence[str], held: Sequence[str]) -> None:
        self.roles: tuple[str, ...] = tuple(roles)
        self.held: tuple[str, ...] = tuple(held)
        super().__init__(act, blockers)


class Unmet(Refused):
    """The actor may do this, but requirements of the row are not met."""


class NotCleared(StabflowError):
    """A matter may not be implemented as things stand; ``reasons`` lists everything against it, each with who can cure it."""

    def __init__(self, matter: str, reasons: Sequence[Blocker]) -> None:
        self.matter = matter
        self.reasons: tuple[Blocker, ...] = tuple(reasons)
        super().__init__(self.describe())

    def describe(self, language: Language = "en") -> str:
        """The answer as text: the matter, then one line for each reason."""
        head = say("not cleared: {matter}", "不予放行：{matter}", matter=self.matter).get(language)
        return head + "".join(f"\n  - {reason.sentence().get(language)}" for reason in self.reasons)

    def as_dict(self, language: Language = "en") -> dict[str, object]:
        """The answer as plain JSON values, its sentences in ``language``."""
        return {"not_cleared": self.matter, "reasons": [reason.as_dict(language) for reason in self.reasons]}


class StoreError(StabflowError):
    """Something in the storage needs the operator; the driver's own error is chained."""


class VersionConflict(StoreError):
    """The stream stands at another version than the act was decided on, or than the caller named: read it again and decide
    anew. Nothing was written."""

    def __init__(self, stream: str, expected: int, actual: int) -> None:
        self.stream, self.expected, self.actual = stream, expected, actual
        super().__init__(
            f"{stream} stands at version {actual}, and this act was to follow version {expected}: nothing was written; "
            "read it again and decide anew"
        )


class IdempotencyMismatch(StoreError):
    """The key was used on this stream for another act. Nothing was written."""

    def __init__(self, stream: str, key: str) -> None:
        self.stream, self.key = stream, key
        super().__init__(f"key {key!r} was used on {stream} for another act; use a fresh key for a new act")


class StoreUnavailable(StoreError):
    """The storage could not be reached or refused; certainly nothing was committed."""


class CommitUnknown(StoreError):
    """The storage failed while committing; ask again with the same key to learn whether it was stored."""


class Corrupt(StoreError):
    """What is stored is not what was written: stop, keep the file, compare with a backup."""


class FeedReset(StoreError):
    """The cursor was given for another past than this storage has: it was copied, restored or made anew since."""

    def __init__(self, cursor: str) -> None:
        self.cursor = cursor
        super().__init__(
            "this storage has another past than the one the cursor was given for: it was copied, restored or made anew since;"
            " read the feed from its beginning (after=None), and take again what was seen before"
        )


class LeaseLost(StoreError):
    """The claim is no longer the last one of its notice: it ran out and another worker has it, or it is settled already."""

    def __init__(self, notice: int, token: int) -> None:
        self.notice, self.token = notice, token
        super().__init__(
            f"the claim {token} of notice {notice} is not the last one: it ran out and another worker took the notice over, or"
            " it was settled already; nothing was changed; claim again"
        )


class Unsupported(StoreError):
    """The store has not declared the capability this call needs."""

    def __init__(self, capability: str, what: str, cure: str = "") -> None:
        self.capability = capability
        told = f"{what} needs a store with {capability}, which this one does not declare"
        super().__init__(f"{told}: {cure}" if cure else told)


class ContractTooNew(StoreError):
    """The storage was written by a newer stabflow: upgrade this installation, the data is untouched."""


class ClockInDoubt(StabflowError):
    """The clock stands so long after the last tick that a wrong one would accuse people: the operator must say that it is right.
    Nothing was written."""

    def __init__(self, last: datetime, now: datetime, most: timedelta) -> None:
        self.last, self.now, self.most = last, now, most
        super().__init__(
            f"the clock says {now.isoformat()}, more than {most.days} days after {last.isoformat()}, when time was last seen to"
            " pass: nothing was written; if the clock is right, tick with through= and a basis (stabflow tick --through"
            " --by --body --basis)"
        )


class PluginError(StabflowError):
    """A plugin is wrong; ``plugin`` names it, ``problem`` says how. ``distribution`` and ``version`` are of the distribution that
    brought it; empty where it was given as an object. ``class_name`` is the class of what was installed and could be imported."""

    def __init__(
        self, plugin: str, problem: str, *, distribution: str = "", version: str = "", class_name: str = ""
    ) -> None:
        self.plugin, self.problem = plugin, problem
        self.distribution, self.version, self.class_name = distribution, version, class_name
        origin = f"{distribution} {version}".rstrip()
        if class_name:
            origin = f"{class_name} of {origin}"
        whose = f" ({origin})" if distribution else ""
        super().__init__(f"plugin {plugin}{whose}: {problem}")


MAX_COMPARED = 200
"""How many words, and how long a word, are compared to find what was meant: each comparison costs."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, if one comes close; of very many words none is looked for."""
    known = set(known)
    if len(known) > MAX_COMPARED or len(word) > MAX_COMPARED:
        return None
    folded = {_folded(one): one for one in sorted(known, reverse=True)}
    close = difflib.get_close_matches(_folded(word), folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def _folded(word: str) -> str:
    return word.casefold().replace("-", "_")


NONE_KNOWN = "none is known here: declare it first, or leave it out"


def near_miss(word: str, known: Iterable[str], *, none: str = NONE_KNOWN) -> str:
    """The cure for an unknown word: the nearest known one, else the list of those that could stand there; ``none`` where there
    are none."""
    options = sorted(set(known))
    close = nearest(word, options)
    if close is not None:
        return f"did you mean {close!r}?"
    if not options:
        return none
    return "known: " + ", ".join(options[:12]) + (", …" if len(options) > 12 else "")
