"""Why a requirement does not hold, as it is judged: first the facts, and the words only when somebody asks for them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence

import attrs

from ..errors import Blocker, Cure
from ..text import Text

AND_ALSO, OR_ELSE = Text("; and: ", "；并且："), Text(" – or: ", "；或者：")


@attrs.frozen(weakref_slot=False)
class Shortfall:
    """What is lacking for a requirement to hold. Judging makes these by the thousand and throws most of them away, so that
    it builds no sentence; ``tell`` does. ``unstated`` and ``pending`` are those of the blocker it tells."""

    tell: Callable[[], Blocker]
    unstated: tuple[str, ...] = ()
    pending: bool = False


def together(kind: str, lacking: Sequence[Shortfall], joint: Text, *, pending: bool | None = None) -> Shortfall:
    """Several as one, their sentences joined by ``joint``; ``pending`` where all of them are, unless it is given."""
    if len(lacking) == 1:
        return lacking[0]
    if pending is None:
        pending = all(one.pending for one in lacking)
    unstated = tuple(dict.fromkeys([name for one in lacking for name in one.unstated]))
    return Shortfall(functools.partial(_tell, kind, lacking, joint, unstated, pending), unstated, pending)


def _tell(kind: str, lacking: Sequence[Shortfall], joint: Text, unstated: tuple[str, ...], pending: bool) -> Blocker:
    blockers = [one.tell() for one in lacking]
    return Blocker(
        kind=kind,
        text=_joined([blocker.text for blocker in blockers], joint),
        have=_joined([blocker.have for blocker in blockers], Text("; ", "；")),
        need=_joined([blocker.need for blocker in blockers], joint),
        clause=tuple(dict.fromkeys(clause for blocker in blockers for clause in blocker.clause)),
        cure=cures(cure for blocker in blockers for cure in blocker.cure),
        facts={"parts": [dict(blocker.facts) for blocker in blockers]},
        unstated=unstated,
        pending=pending,
        compares=tuple(dict.fromkeys(name for blocker in blockers for name in blocker.compares)),
    )


def _joined(texts: list[Text], joint: Text) -> Text:
    said = [text for text in dict.fromkeys(texts) if text.en]
    return Text(joint.en.join(text.en for text in said), joint.zh.join(text.zh for text in said))


def cures(found: Iterable[Cure]) -> tuple[Cure, ...]:
    """Each of those who can cure something once."""
    return tuple({cure.role: cure for cure in found}.values())
