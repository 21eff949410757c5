"""``items``: so many items of a kind match, or all that match stand where they should."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import ClassVar

import attrs

from ..case import Item
from ..errors import Blocker, Cure, Fault, near_miss
from ..text import AND, Text, either, joined, listing, quoted, same, say
from .base import (
    Literal,
    Reads,
    Requirement,
    Scope,
    View,
    by_key,
    literals,
    names,
    number_faults,
    number_of,
    unstated,
)
from .shortfall import Shortfall
from .value import in_brackets, is_one_of, literal_faults

COUNTS = ("at_least", "at_most", "equals")
COMPARISONS = (*COUNTS, "over", "every")
_COUNTED = {
    "at_least": (Text("at least {n} needed", "至少需要{n}"), Text("at least {n}", "至少{n}")),
    "at_most": (Text("at most {n} allowed", "至多允许{n}"), Text("at most {n}", "至多{n}")),
    "equals": (Text("exactly {n} needed", "应恰好有{n}"), Text("exactly {n}", "恰好{n}")),
}
_NONE = (Text("none allowed", "不得有"), Text("none", "无"))


def _filters(value: Mapping[str, Literal | tuple[Literal, ...]]) -> Mapping[str, tuple[Literal, ...]]:
    return by_key({name: literals(accepted) for name, accepted in value.items()})


@attrs.define
class _Matching:
    """The items that match, those of which a tested field is unstated, and all of the kind since then."""

    sure: Sequence[Item]
    unsure: Sequence[Item]
    pool: Sequence[Item]


@attrs.frozen(kw_only=True)
class ItemsAre(Requirement):
    """Of the items of kind ``items`` that match the filters ``in``, ``where`` and ``since``, exactly one of: ``at_least``,
    ``at_most``, ``equals`` so many; ``over`` more than this share of all of the kind since then; ``every``: all of them stand
    in these states (which holds for none). Where an item whose tested field is unstated would decide, nothing passes."""

    kind: ClassVar[str] = "items"

    items: str
    in_: tuple[str, ...] = attrs.field(default=(), converter=names)
    where: Mapping[str, tuple[Literal, ...]] = attrs.field(factory=dict, converter=_filters, hash=False)
    since: str | None = None
    at_least: int | str | None = None
    at_most: int | str | None = None
    equals: int | str | None = None
    over: Fraction | None = None
    every: tuple[str, ...] | None = attrs.field(default=None, converter=attrs.converters.optional(names))

    def unmet(self, view: View) -> Shortfall | None:
        found = self._matching(view)
        if self.every is not None:
            return self._unmet_every(view, found, self.every)
        if self.over is not None:
            return self._unmet_share(view, found, self.over)
        return self._unmet_count(view, found)

    @property
    def compared(self) -> tuple[str, ...]:
        """The fields whose values decide, in the way of `Blocker.compares`."""
        return tuple(f"{self.items}.{name}" for name in self.where)

    def _matching(self, view: View) -> _Matching:
        pool = [item for item in view.items(self.items) if not item.superseded]
        if self.since is not None:
            entry = view.entered_case_state(self.since)
            pool = [] if entry is None else [item for item in pool if item.added >= entry.version]
        those = [item for item in pool if item.state in self.in_] if self.in_ else pool
        if not self.where:
            return _Matching(those, (), pool)
        verdicts = [(item, self._where(item)) for item in those]
        return _Matching(
            [item for item, verdict in verdicts if verdict],
            [item for item, verdict in verdicts if verdict is None],
            pool,
        )

    def _where(self, item: Item) -> bool | None:
        unknown = False
        for name, accepted in self.where.items():
            value = item.fields.get(name)
            if value is None:
                unknown = True
            elif not is_one_of(value, accepted):
                return False
        return None if unknown else True

    def _unmet_every(self, view: View, found: _Matching, states: tuple[str, ...]) -> Shortfall | None:
        open_ = [item for item in found.sure if item.state not in states]
        if open_:
            return Shortfall(functools.partial(self._tell_every, view, open_, states))
        unsure = [item for item in found.unsure if item.state not in states]
        return self._unstated(view, unsure) if unsure else None

    def _tell_every(self, view: View, open_: Sequence[Item], states: tuple[str, ...]) -> Blocker:
        need = either([view.title_of_state(state, self.items) for state in states])
        have = _standing(view, open_)
        return Blocker(
            kind=self.kind,
            text=say(
                "every {what} must be {need}; {have}",
                "所有{what}均应为{need}；{have}",
                what=self._described(view),
                need=need,
                have=have,
            ),
            have=have,
            need=need,
            cure=self._who_lets_off(view, open_, tuple(self.where)),
            facts={"kind": self.items, "items": [item.id for item in open_]},
            compares=self.compared,
        )

    def _unmet_share(self, view: View, found: _Matching, share: Fraction) -> Shortfall | None:
        count, most = len(found.sure), len(found.sure) + len(found.unsure)
        too_few = share.numerator * len(found.pool) // share.denominator  # in whole items
        if count > too_few:
            return None
        if most > too_few:
            return self._unstated(view, found.unsure, found)
        return Shortfall(functools.partial(self._tell_share, view, found, share))

    def _tell_share(self, view: View, found: _Matching, share: Fraction) -> Blocker:
        count, of = len(found.sure), len(found.pool)
        have = say("{n} of {of}", "{of}项中的{n}项", n=count, of=of)
        shown = Text(have.en, f"现为{have.zh}") if of else Text("none", "尚无")
        part = Text("half", "半数") if share == Fraction(1, 2) else Text(str(share), f"总数的{share}")
        need = say("more than {part} of all", "超过{part}", part=part)
        return Blocker(
            kind=self.kind,
            text=say(
                "{what}: {need} needed, {shown} there",
                "{what}：应{need}，{shown}",
                what=self._described(view),
                need=need,
                shown=shown,
            ),
            have=have,
            need=need,
            cure=self._who_lets_in(view, found),
            facts={"kind": self.items, "count": count, "of": of},
            compares=self.compared,
        )

    @functools.cached_property
    def _count(self) -> tuple[str, int | str]:
        comparison = next(name for name in COUNTS if getattr(self, name) is not None)
        return comparison, getattr(self, comparison)

    def _unmet_count(self, view: View, found: _Matching) -> Shortfall | None:
        comparison, bound = self._count
        need = bound if isinstance(bound, int) else view.value(bound)
        if not isinstance(need, int):
            return unstated(view, [str(bound)])
        low = 0 if comparison == "at_most" else need
        high = math.inf if comparison == "at_least" else need
        least, most = len(found.sure), len(found.sure) + len(found.unsure)
        if low <= least and most <= high:
            return None
        if low <= most and least <= high:
            return self._unstated(view, found.unsure, found if comparison == "at_least" else None)
        return Shortfall(functools.partial(self._tell_count, view, found, need))

    def _tell_count(self, view: View, found: _Matching, need: int) -> Blocker:
        comparison, bound = self._count
        least = len(found.sure)
        offending = found.sure if comparison != "at_least" and least > need else ()
        rule, shown = _NONE if need == 0 else _COUNTED[comparison]
        n = Text(str(need), f"{need}项")
        text = say(
            "{what}: {rule}{name}, {have} there",
            "{what}：{rule}{name}，{have}",
            what=self._described(view),
            rule=say(rule.en, rule.zh, n=n),
            name=in_brackets(view, bound),
            have=Text(str(least), f"现有{least}项") if least else Text("none", "尚无"),
        )
        if offending:
            text = say("{text}: {which}", "{text}：{which}", text=text, which=_ids(offending))
        return Blocker(
            kind=self.kind,
            text=text,
            have=Text(str(least), f"{least}项"),
            need=say(shown.en, shown.zh, n=n),
            cure=self._who_lets_off(view, offending, tuple(self.where))
            if offending
            else self._who_lets_in(view, found),
            facts={"kind": self.items, "count": least, "needed": need, "items": [item.id for item in offending]},
            compares=self.compared,
        )

    def _unstated(self, view: View, unsure: Sequence[Item], found: _Matching | None = None) -> Shortfall:
        """``found``: more of them would do as well."""
        fields = tuple([name for name in self.where if any(item.fields.get(name) is None for item in unsure)])
        return Shortfall(functools.partial(self._tell_unstated, view, unsure, fields, found), fields)

    def _tell_unstated(
        self, view: View, unsure: Sequence[Item], fields: tuple[str, ...], found: _Matching | None
    ) -> Blocker:
        what = listing([quoted(view.title_of_field(self.items, name)) for name in fields], last=AND)
        which = _ids(unsure, last=AND)
        return Blocker(
            kind="unstated",
            text=say("state {what} of {which} first", "请先填报{which}的{what}", what=what, which=which),
            have=Text("not stated", "未填报"),
            need=what,
            cure=self._who_lets_off(view, unsure, fields) if found is None else self._who_lets_in(view, found),
            facts={"kind": self.items, "items": [item.id for item in unsure], "unstated": list(fields)},
            unstated=fields,
            compares=self.compared,
        )

    def _who_lets_in(self, view: View, found: _Matching) -> tuple[Cure, ...]:
        """Who can make more items match."""
        counted = {item.id for item in found.sure}
        waiting = [item for item in found.pool if item.id not in counted]
        return view.who_lets_in(self.items, waiting, self.in_, self.where)

    def _who_lets_off(self, view: View, items: Sequence[Item], fields: Sequence[str]) -> tuple[Cure, ...]:
        """Who can let ``items`` count otherwise: by moving them where states count, or by stating ``fields`` of them."""
        return view.who_lets_off(self.items, items, fields, out_of=self.in_, into=self.every or ())

    def _described(self, view: View) -> Text:
        what = view.title_of_kind(self.items)
        details: list[Text] = []
        if self.in_:
            details.append(either([view.title_of_state(state, self.items) for state in self.in_]))
        for name, accepted in self.where.items():
            values = either([view.title_of_item_value(self.items, name, one) for one in accepted])
            details.append(
                say("{name}: {values}", "{name}：{values}", name=view.title_of_field(self.items, name), values=values)
            )
        if self.since is not None:
            state = quoted(view.title_of_state(self.since))
            details.append(say("since {state} was last entered", "自最近一次进入{state}起", state=state))
        if not details:
            return what
        return say("{what} ({details})", "{what}（{details}）", what=what, details=joined(details, Text("; ", "；")))

    def own_faults(self, scope: Scope) -> Iterator[Fault]:
        given = [name for name in COMPARISONS if getattr(self, name) is not None]
        if len(given) != 1:
            yield Fault(
                "",
                f"items need exactly one comparison, and have {' and '.join(given) or 'none'}",
                f"give one of {', '.join(COMPARISONS)}",
            )
        for comparison in COUNTS:
            yield from self._bound_faults(scope, comparison, getattr(self, comparison))
        if self.over == 0:
            yield Fault("over", "more than none of all is one of them", "write at_least = 1, or a share such as 1/2")
        elif self.over is not None and not 0 < self.over < 1:
            yield Fault("over", f"more than {self.over} of all can never be", "give a share below 1, such as 1/2")
        if self.every is not None and not self.every:
            yield Fault("every", "names no state", "name the states in which all must stand")
        if self.since is not None and self.since not in scope.case_states():
            yield Fault(
                "since", f"unknown state {self.since!r} of the case", near_miss(self.since, scope.case_states())
            )
        if self.items in scope.kinds():
            yield from self._filter_faults(scope)
        else:
            yield Fault("items", f"unknown kind {self.items!r}", near_miss(self.items, scope.kinds()))

    def _bound_faults(self, scope: Scope, comparison: str, bound: int | str | None) -> Iterator[Fault]:
        if bound is None:
            return
        yield from number_faults(scope, comparison, bound)
        need = number_of(scope, bound)
        if need is not None and need < 0:
            yield Fault(comparison, f"{need} items cannot be counted", "give a whole number from 0")
        elif need == 0 and comparison == "at_least":
            yield Fault(comparison, "at least 0 always holds", "leave the requirement out, or ask for 1")

    def _filter_faults(self, scope: Scope) -> Iterator[Fault]:
        states = scope.kind_states(self.items)
        for path, named in (("in", self.in_), ("every", self.every or ())):
            for state in named:
                if state not in states:
                    yield Fault(path, f"unknown state {state!r} of {self.items!r}", near_miss(state, states))
        for name, accepted in self.where.items():
            type_ = scope.kind_field_type(self.items, name)
            if type_ is None:
                yield Fault(
                    f"where.{name}",
                    f"unknown field {name!r} of {self.items!r}",
                    near_miss(name, scope.kind_fields(self.items)),
                )
            else:
                yield from literal_faults(f"where.{name}", name, accepted, type_, scope.kind_choices(self.items, name))

    def own_reads(self) -> Reads:
        bounds = frozenset(bound for name in COUNTS if isinstance(bound := getattr(self, name), str))
        return Reads(names=bounds, kinds=frozenset({self.items}))

    @classmethod
    def samples(cls) -> tuple[Requirement, ...]:
        return (
            cls(items="consultation", at_least=1),
            cls(items="objection", every="answered"),
            cls(items="vote", where={"position": "implement"}, since="deciding", over=Fraction(1, 2)),
            cls(items="risk", in_="rated", where={"level": "high"}, at_most=0),
            cls(items="vote", since="deciding", equals="quorum"),
        )


def _ids(items: Sequence[Item], *, last: Text | None = None) -> Text:
    return listing([same(item.id) for item in items], last=last)


def _standing(view: View, items: Sequence[Item]) -> Text:
    """Where ``items`` stand, those in one state together."""
    parts = []
    for state in dict.fromkeys(item.state for item in items):
        here = [item for item in items if item.state == state]
        be = "is" if len(here) == 1 else "are"
        which, shown = _ids(here, last=AND), quoted(view.title_of_state(state, here[0].kind))
        parts.append(say("{which} {be} {state}", "{which}为{state}", which=which, be=be, state=shown))
    return joined(parts, Text(", ", "，"))
