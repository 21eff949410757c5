"""What `stabflow.diff` answers: frozen values, each with its sentence in both languages."""

from __future__ import annotations

import enum
from collections.abc import Mapping

import attrs

from ..text import Language, Text, quoted, say
from .report import TracedAct

__all__ = ["Aspect", "Change", "ChangeKind", "Continuation", "Difference", "Direction", "Hindrance", "Way", "Ways"]


class ChangeKind(enum.Enum):
    """What became of the thing at a path."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Aspect(enum.Enum):
    """What a change concerns: what may or must be done; only the words, the version and the aliases; or only how the same thing
    is written down, such as the order of a list."""

    MEANING = "meaning"
    WORDING = "wording"
    ARRANGEMENT = "arrangement"


class Direction(enum.Enum):
    """Whether more is asked for, or less, where that can be said."""

    STRICTER = "stricter"
    LOOSER = "looser"
    NEITHER = "neither"


@attrs.frozen(kw_only=True)
class Change:
    """One difference. ``path``: where, as in the file, rows by their trigger (and, where it leads from several states, the
    sources it concerns); ``before``, ``after``: plain JSON values, parameters put in; ``clauses``: under which it stands."""

    kind: ChangeKind
    path: str
    text: Text
    before: object = attrs.field(default=None, hash=False)
    after: object = attrs.field(default=None, hash=False)
    clauses: tuple[str, ...] = ()
    direction: Direction = Direction.NEITHER
    aspect: Aspect = Aspect.MEANING

    def as_dict(self, language: Language = "en") -> dict[str, object]:
        """The change as plain JSON values, its sentence in ``language``."""
        return {
            "change": self.kind.value,
            "path": self.path,
            "text": self.text.get(language),
            "before": self.before,
            "after": self.after,
            "clauses": list(self.clauses),
            "direction": self.direction.value,
        }


@attrs.frozen
class Hindrance:
    """Why a live case could not go on. ``certain``: it stops every case that stands there; else some of them, or one of several
    ways on."""

    kind: str
    text: Text
    certain: bool


@attrs.frozen
class Continuation:
    """Whether a case that stands in ``state`` under the old version could go on under the new one.

    It is not ``possible`` where a reason is certain; with other reasons it depends on the case. Where there are none, nothing in
    the two versions is known to stand in the way.
    """

    state: str
    title: Text
    reasons: tuple[Hindrance, ...] = ()

    @property
    def possible(self) -> bool:
        """Whether at least some case that stands there could go on."""
        return not any(reason.certain for reason in self.reasons)

    def as_dict(self, language: Language = "en") -> dict[str, object]:
        """The answer as plain JSON values, its sentences in ``language``."""
        return {
            "state": self.state,
            "possible": self.possible,
            "reasons": [
                {"kind": one.kind, "text": one.text.get(language), "certain": one.certain} for one in self.reasons
            ],
        }


@attrs.frozen
class Way:
    """A way from opening to an end that one version allows and the other does not: each act with the roles that may do it.

    The other version goes along with the first ``shared`` of them, and refuses the next one for the ``reason`` given; where it
    goes along with all of them, the case is not over then. ``newly``: it is the new version that allows it.
    """

    acts: tuple[TracedAct, ...]
    shared: int
    reason: Text
    newly: bool

    @property
    def text(self) -> Text:
        """What the other version says to it."""
        other = Text("the old version", "原版本") if self.newly else Text("the new version", "新版本")
        if self.shared == len(self.acts):
            return say("under {other}, {why}", "按{other}，{why}", other=other, why=self.reason)
        return say(
            "under {other}, act {n}, {act}, is refused: {why}",
            "按{other}，第{n}项{act}不予办理：{why}",
            other=other,
            n=self.shared + 1,
            act=quoted(self.acts[self.shared].text),
            why=self.reason,
        )

    def as_dict(self, language: Language = "en") -> dict[str, object]:
        """The way as plain JSON values, its sentences in ``language``."""
        return {
            "acts": [act.as_dict(language) for act in self.acts],
            "shared": self.shared,
            "text": self.text.get(language),
        }


class Ways(enum.Enum):
    """What is known of the ways from opening to an end. ``SAME``: proved to be the same in both versions; ``SEARCHED``: examples
    were looked for, and where there is none that is no proof; ``LEFT_OUT``: nobody looked."""

    SAME = "same"
    SEARCHED = "searched"
    LEFT_OUT = "left out"


@attrs.frozen(kw_only=True)
class Difference:
    """How ``new`` differs from ``old``, two procedures by name; ``changes`` is empty only where their digests are the same.

    ``renamed``: by path, what is gone and has come under another name with the same title; whether it is the same thing, its
    author knows. ``no_longer``: a shortest way that was found lawful and is not any more; ``newly``: one that has become lawful.
    """

    old: str
    new: str
    changes: tuple[Change, ...]
    continuations: tuple[Continuation, ...]
    renamed: Mapping[str, str] = attrs.field(factory=dict, hash=False)
    ways: Ways = Ways.LEFT_OUT
    no_longer: Way | None = None
    newly: Way | None = None

    @property
    def meaning(self) -> tuple[Change, ...]:
        """The changes of what may or must be done."""
        return self._of(Aspect.MEANING)

    @property
    def wording(self) -> tuple[Change, ...]:
        """The changes of titles, texts, aliases, the source and the version alone."""
        return self._of(Aspect.WORDING)

    @property
    def arrangement(self) -> tuple[Change, ...]:
        """Where the same thing is written down otherwise."""
        return self._of(Aspect.ARRANGEMENT)

    def _of(self, aspect: Aspect) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.aspect is aspect)

    def as_dict(self, language: Language = "en") -> dict[str, object]:
        """The difference as plain JSON values, its sentences in ``language``."""
        return {
            "old": self.old,
            "new": self.new,
            **{aspect.value: [change.as_dict(language) for change in self._of(aspect)] for aspect in Aspect},
            "renamed": dict(self.renamed),
            "continuations": [one.as_dict(language) for one in self.continuations],
            "ways": self.ways.value,
            "no_longer": None if self.no_longer is None else self.no_longer.as_dict(language),
            "newly": None if self.newly is None else self.newly.as_dict(language),
        }
