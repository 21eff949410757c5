"""A case as a requirement sees it, made by hand: everything that a `View` answers is an argument."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import attrs

from stabflow.calendar import Duration
from stabflow.case import Act, Entry, Item, frozen
from stabflow.errors import Blocker, Cure
from stabflow.requirements import Requirement, View
from stabflow.text import Text
from stabflow.values import Value

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)


def title(name: str) -> Text:
    """What the view calls things: alike in both languages but for a mark."""
    return Text(name, f"〈{name}〉")


def cure(role: str) -> Cure:
    return Cure(role, title(role))


def item(
    number: int,
    state: str = "open",
    *,
    kind: str = "risk",
    added: int = 1,
    superseded: bool = False,
    **fields: Value,
) -> Item:
    """Item ``number`` of ``kind``, added at version ``added`` of the case."""
    return Item(
        id=f"{kind}-{number}",
        kind=kind,
        state=state,
        fields=frozen(fields),
        stated=frozen({}),
        entered=frozen({}),
        acts=(),
        added=added,
        adder="u-1",
        due=None,
        superseded=superseded,
    )


def act(trigger: str, actor: str, role: str) -> Act:
    return Act(version=1, source="", trigger=trigger, actor=actor, role=role)


def entry(version: int, at: datetime = NOW) -> Entry:
    return Entry(version, at)


@attrs.frozen(kw_only=True)
class HandMade:
    """A `stabflow.requirements.View`; who cures what is told by the question and its object: ``states people``."""

    values: Mapping[str, Value] = attrs.field(factory=dict)
    pending: frozenset[str] = frozenset()
    all_items: Sequence[Item] = ()
    case_state: str = "voting"
    case_step: str = "review"
    entered: Mapping[str, Entry] = attrs.field(factory=dict)
    own_entered: Mapping[str, Entry] = attrs.field(factory=dict)
    done: Sequence[Act] = ()
    actor: str = "me"
    principal: str = ""
    served: frozenset[str] = frozenset()
    roles: Mapping[str, frozenset[str]] = attrs.field(factory=dict)
    subordinates: Mapping[str, frozenset[str]] = attrs.field(factory=dict)
    now: datetime = NOW
    own_id: str = ""
    stopped_at: datetime | None = None
    own_fields: frozenset[str] = frozenset()
    owing: tuple[str, ...] = ()
    plugins: Mapping[str, Callable[..., Blocker | None]] = attrs.field(factory=dict)

    @property
    def persons(self) -> tuple[str, ...]:
        return (self.actor, self.principal) if self.principal else (self.actor,)

    @property
    def actor_roles(self) -> frozenset[str]:
        return self.roles_of(self.actor)

    def value(self, name: str) -> Value | None:
        return self.values.get(name)

    def is_pending(self, name: str) -> bool:
        return name in self.pending

    def items(self, kind: str) -> Sequence[Item]:
        return [one for one in self.all_items if one.kind == kind]

    def entered_case_state(self, state: str) -> Entry | None:
        return self.entered.get(state)

    def entered_own_state(self, state: str) -> Entry | None:
        return self.own_entered.get(state)

    def acts(self) -> Sequence[Act]:
        return self.done

    def owed_by(self) -> Sequence[str]:
        return self.owing

    def own_field(self, name: str) -> Value | None:
        return self.values.get(name) if name in self.own_fields else None

    def holders(self, role: str) -> Sequence[str]:
        return [actor for actor, held in self.roles.items() if role in held]

    def roles_of(self, actor: str) -> frozenset[str]:
        return self.roles.get(actor, frozenset())

    def ever_held(self, actor: str) -> frozenset[str]:
        return self.actor_roles if actor == self.actor else self.roles_of(actor)

    def below(self, role: str) -> frozenset[str]:
        return self.subordinates.get(role, frozenset())

    def after(self, start: datetime, duration: Duration | str) -> datetime:
        assert isinstance(duration, Duration) or duration == "pause", "a duration, or the name of a parameter"
        return start + timedelta(days=3 if isinstance(duration, str) else duration.amount)

    def plugin(self, name: str) -> Callable[..., Blocker | None]:
        return self.plugins[name]

    def number_name(self, name: str) -> Text:
        return title(name)

    def title_of_value(self, name: str, value: Value) -> Text:
        return title(str(value))

    def title_of_item_value(self, kind: str, field: str, value: Value) -> Text:
        return title(str(value))

    def title_of_field(self, kind: str, field: str) -> Text:
        return title(field)

    def title_of_kind(self, kind: str) -> Text:
        return title(kind)

    def title_of_state(self, state: str, kind: str | None = None) -> Text:
        return title(state)

    def title_of_role(self, role: str) -> Text:
        return title(role)

    def title_of_trigger(self, trigger: str) -> Text:
        return title(trigger)

    def who_states(self, name: str) -> tuple[Cure, ...]:
        return (cure(f"states {name}"),)

    def who_lets_in(
        self, kind: str, waiting: Sequence[Item], states: Collection[str], where: Mapping[str, Sequence[object]]
    ) -> tuple[Cure, ...]:
        ids = [one.id for one in waiting]
        words = ["lets", *ids, "or another" if ids else "another", kind, "count", *states, *where]
        return (cure(" ".join(words)),)

    def who_lets_off(
        self,
        kind: str,
        items: Sequence[Item],
        fields: Collection[str],
        *,
        out_of: Collection[str],
        into: Collection[str],
    ) -> tuple[Cure, ...]:
        words = [
            *(one.id for one in items),
            *(("out of", *out_of) if out_of else ()),
            *(("into", *into) if into else ()),
        ]
        return (cure(" ".join(["lets", *words, *(("by", *fields) if fields else ())])),)

    def who_enters(self, states: Sequence[str]) -> tuple[Cure, ...]:
        return (cure(f"enters {' '.join(states)}"),)

    def who_appoints(self, role: str) -> tuple[Cure, ...]:
        return (cure(f"appoints {role}"),)

    def who_else(self) -> tuple[Cure, ...]:
        return (cure("somebody else"),)


@attrs.frozen
class _Muted:
    _view: View

    def __getattr__(self, name: str) -> Any:
        assert not name.startswith(("title_of_", "who_", "number_name")), f"{name} is for sentences only"
        return getattr(self._view, name)


def muted(view: View) -> View:
    """``view``, which answers whatever a judgement needs, and fails the test when it is asked for a word."""
    return cast(View, _Muted(view))


def blocked(requirement: Requirement, view: View | None = None) -> Blocker:
    """The blocker, which must be there, be judged without a word, and read well in both languages."""
    view = view or HandMade()
    blocker = requirement.blocker(view)
    assert blocker is not None
    judged = requirement.shortfall(muted(view))
    assert judged is not None
    assert (judged.unstated, judged.pending) == (blocker.unstated, blocker.pending)
    assert blocker.text.en
    assert blocker.text.zh
    assert blocker.text.en != blocker.text.zh
    assert "{" not in blocker.text.en + blocker.text.zh
    assert json.loads(json.dumps(dict(blocker.facts))) == blocker.facts
    assert blocker.sentence().zh
    return blocker


def roles(blocker: Blocker) -> list[str]:
    return [one.role for one in blocker.cure]
