"""``items``: so many items of a kind match, or all that match stand where they should."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import ClassVar

import attrs

from ..case import Item, frozen
from ..errors import Blocker, Cure, Fault, near_miss
from ..text import Text, listing, same, say
from .base import Reads, Requirement, Scope, View, unstated
from .value import Literal, is_one_of, literal_faults

COMPARISONS = ("at_least", "at_most", "equals", "over", "every")


@attrs.frozen(kw_only=True)
class ItemsAre(Requirement):
    """Of the items of kind ``items`` that match the filters ``in``, ``where`` and ``since``, exactly one of: ``at_least``,
    ``at_most``, ``equals`` so many; ``over`` more than this share of all of the kind since then; ``every``: all of them stand
    in these states (which holds for none). An item whose tested field is unstated never counts in favour."""

    kind: ClassVar[str] = "items"

    items: str
    in_: tuple[str, ...] = ()
    where: Mapping[str, tuple[Literal, ...]] = attrs.field(factory=dict, converter=frozen, hash=False)
    since: str | None = None
    at_least: int | str | None = None
    at_most: int | str | None = None
    equals: int | str | None = None
    over: Fraction | None = None
    every: tuple[str, ...] | None = None

    def unmet(self, view: View) -> Blocker | None:
        pool = [item for item in view.items(self.items) if not item.superseded]
        if self.since is not None:
            entry = view.entered_case_state(self.since)
            pool = [] if entry is None else [item for item in pool if item.added >= entry.version]
        sure: list[Item] = []
        unsure: list[Item] = []
        for item in pool:
            if self.in_ and item.state not in self.in_:
                continue
            verdict = self._where(item)
            if verdict is None:
                unsure.append(item)
            elif verdict:
                sure.append(item)
        if self.every is not None:
            return self._unmet_every(view, sure, unsure)
        if self.over is not None:
            return self._unmet_share(view, sure, len(pool))
        return self._unmet_count(view, sure, unsure)

    def _where(self, item: Item) -> bool | None:
        unknown = False
        for name, accepted in self.where.items():
            value = item.fields.get(name)
            if value is None:
                unknown = True
            elif not is_one_of(value, accepted):
                return False
        return None if unknown else True

    def _unmet_every(self, view: View, sure: list[Item], unsure: list[Item]) -> Blocker | None:
        states = self.every or ()
        open_ = [item for item in (*sure, *unsure) if item.state not in states]
        if not open_:
            return None
        need = listing([view.title_of_state(state, self.items) for state in states])
        have = listing([_item_in_state(view, item) for item in open_])
        return Blocker(
            kind=self.kind,
            text=say(
                "every {what} must be {need}; {have}",
                "每项{what}均应{need};{have}",
                what=self._described(view, with_states=True),
                need=need,
                have=have,
            ),
            have=have,
            need=need,
            cure=view.who_moves(self.items),
            facts={"kind": self.items, "items": [item.id for item in open_]},
        )

    def _unmet_share(self, view: View, sure: list[Item], of: int) -> Blocker | None:
        share = self.over or Fraction(0)
        if of and Fraction(len(sure), of) > share:
            return None
        have = say("{n} of {of}", "{of}项中有{n}项", n=len(sure), of=of)
        need = say("more than {share}", "超过{share}", share=f"{share.numerator}/{share.denominator}")
        return Blocker(
            kind=self.kind,
            text=say(
                "{need} of all must be {what}; there are {have}",
                "{what}应{need};现{have}",
                need=need,
                what=self._described(view, with_states=True),
                have=have,
            ),
            have=have,
            need=need,
            cure=view.who_adds(self.items),
            facts={"kind": self.items, "count": len(sure), "of": of},
        )

    def _unmet_count(self, view: View, sure: list[Item], unsure: list[Item]) -> Blocker | None:
        comparison, bound = next(
            (name, getattr(self, name)) for name in ("at_least", "at_most", "equals") if getattr(self, name) is not None
        )
        need = bound if isinstance(bound, int) else view.value(bound)
        if not isinstance(need, int):
            return unstated(view, [str(bound)])
        least, most = len(sure), len(sure) + len(unsure)
        if {"at_least": least >= need, "at_most": most <= need, "equals": least == need == most}[comparison]:
            return None
        if unsure and {"at_least": False, "at_most": least <= need, "equals": least <= need <= most}[comparison]:
            return self._unmet_unstated(view, unsure)
        offending = sure if comparison != "at_least" and least > need else []
        shown = {
            "at_least": Text("at least {need} {what} needed, there are {have}", "至少需要{need}项{what},现有{have}项"),
            "at_most": Text("at most {need} {what} allowed, there are {have}", "至多允许{need}项{what},现有{have}项"),
            "equals": Text("exactly {need} {what} needed, there are {have}", "需要恰好{need}项{what},现有{have}项"),
        }[comparison]
        text = say(shown.en, shown.zh, need=need, what=self._described(view, with_states=True), have=least)
        if offending:
            text = say("{text}: {which}", "{text}:{which}", text=text, which=", ".join(item.id for item in offending))
        return Blocker(
            kind=self.kind,
            text=text,
            have=same(least),
            need=same(need),
            cure=self._who(view, adding=comparison == "at_least" or least < need),
            facts={"kind": self.items, "count": least, "needed": need, "items": [item.id for item in offending]},
        )

    def _unmet_unstated(self, view: View, unsure: list[Item]) -> Blocker:
        fields = sorted({name for item in unsure for name in self.where if item.fields.get(name) is None})
        what = listing([view.title_of_field(self.items, name) for name in fields])
        which = ", ".join(item.id for item in unsure)
        return Blocker(
            kind="unstated",
            text=say("state {what} of {which} first", "请先填报{which}的{what}", what=what, which=which),
            have=Text("not stated", "未填报"),
            need=what,
            cure=view.who_moves(self.items),
            facts={"kind": self.items, "items": [item.id for item in unsure], "unstated": fields},
            unstated=tuple(fields),
        )

    def _who(self, view: View, *, adding: bool) -> tuple[Cure, ...]:
        cures = {cure.role: cure for cure in (view.who_adds(self.items) if adding else ())}
        if self.in_ or not adding:
            cures |= {cure.role: cure for cure in view.who_moves(self.items)}
        return tuple(cures.values())

    def _described(self, view: View, *, with_states: bool) -> Text:
        what = view.title_of_kind(self.items)
        details: list[Text] = []
        if with_states and self.in_:
            details.append(listing([view.title_of_state(state, self.items) for state in self.in_]))
        for name, accepted in self.where.items():
            values = listing([view.title_of_item_value(self.items, name, one) for one in accepted])
            details.append(
                say("{name}: {values}", "{name}:{values}", name=view.title_of_field(self.items, name), values=values)
            )
        if self.since is not None:
            state = view.title_of_state(self.since)
            details.append(say("since “{state}” was last entered", "自最近一次进入“{state}”起", state=state))
        if not details:
            return what
        return say("{what} ({details})", "{what}({details})", what=what, details=listing(details))

    def own_faults(self, scope: Scope) -> Iterator[Fault]:
        given = [name for name in COMPARISONS if getattr(self, name) is not None]
        if len(given) != 1:
            yield Fault(
                "",
                f"items need exactly one comparison, and have {', '.join(given) or 'none'}",
                f"give one of {', '.join(COMPARISONS)}",
            )
        if self.items not in scope.kinds():
            yield Fault("items", f"unknown kind {self.items!r}", near_miss(self.items, scope.kinds()))
            return
        states = scope.kind_states(self.items)
        for path, named in (("in", self.in_), ("every", self.every or ())):
            for state in named:
                if state not in states:
                    yield Fault(path, f"unknown state {state!r} of {self.items}", near_miss(state, states))
        if self.every is not None and not self.every:
            yield Fault("every", "names no state", "name the states in which all must stand")
        if self.since is not None and self.since not in scope.case_states():
            yield Fault(
                "since", f"unknown state {self.since!r} of the case", near_miss(self.since, scope.case_states())
            )
        for name, accepted in self.where.items():
            type_ = scope.kind_field_type(self.items, name)
            if type_ is None:
                yield Fault(
                    "where", f"unknown field {name!r} of {self.items}", near_miss(name, scope.kind_fields(self.items))
                )
            else:
                yield from literal_faults(f"where.{name}", accepted, type_, scope.kind_choices(self.items, name))
        for comparison in ("at_least", "at_most", "equals"):
            bound = getattr(self, comparison)
            if isinstance(bound, str) and scope.value_type(bound) != "int":
                yield Fault(
                    comparison, f"{bound!r} is no parameter with a whole number", near_miss(bound, scope.value_names())
                )
            elif isinstance(bound, int) and bound < 0:
                yield Fault(comparison, f"{bound} items cannot be counted", "give a whole number from 0")
        if self.at_least == 0:
            yield Fault("at_least", "at least 0 always holds", "leave the requirement out, or ask for 1")
        if self.over is not None and not 0 <= self.over < 1:
            yield Fault("over", f"more than {self.over} of all can never be", "give a share below 1, such as 1/2")

    def own_reads(self) -> Reads:
        bounds = {bound for bound in (self.at_least, self.at_most, self.equals) if isinstance(bound, str)}
        return Reads(names=frozenset(bounds), kinds=frozenset({self.items}))

    @classmethod
    def samples(cls) -> tuple[Requirement, ...]:
        return (
            cls(items="consultation", at_least=1),
            cls(items="objection", every=("answered",)),
            cls(items="vote", where={"position": ("implement",)}, since="deciding", over=Fraction(1, 2)),
            cls(items="risk", in_=("rated",), where={"level": ("high",)}, at_most=0),
            cls(items="vote", since="deciding", equals="quorum"),
        )


def _item_in_state(view: View, item: Item) -> Text:
    return say("{id} is {state}", "{id}为{state}", id=item.id, state=view.title_of_state(item.state, item.kind))
