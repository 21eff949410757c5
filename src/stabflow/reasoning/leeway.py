"""What the acts of a way have to state so that it can be gone to its end, and what may as well be stated otherwise."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

import attrs

from ..case import Case
from ..language import Field
from ..values import Value
from .footing import Footing, Taken
from .relaxation import FOLLOWED
from .statements import filler

MAX_COMBINATIONS = 64
MAX_CASES = 64
"""So many cases that differ are kept in mind; where there would be more, an act has to state what it was found with."""

Options = Mapping[str, tuple[Value | None, ...]]
Given = Mapping[str, tuple[Value, ...]]
"""For fields of which not everything may be stated, what may."""


class Leeway:
    """The acts of a way of ``case`` to a state in ``wanted``.

    Every act may state any of what is said to do, whatever of that the others state: all cases that come of it are taken along,
    and each must be able to go on to the end, by the same acts.
    """

    def __init__(self, footing: Footing, case: Case, taken: Sequence[Taken], wanted: frozenset[str]) -> None:
        self._footing = footing
        self._procedure = footing.composition.procedure
        self._told = footing.composition.told_fields
        self._taken = taken
        self._wanted = wanted
        self._named = [
            tuple(dict.fromkeys(one.item for one in taken[number:] if one.item is not None))
            for number in range(len(taken) + 1)
        ]
        self._goes_on: dict[tuple[int, object], bool] = {}
        self._cases: Sequence[Case] = (case,)

    def given(self) -> Iterator[Given]:
        """For each act, and each field of which not everything may be stated, what may: any of these with any of those of the
        other fields. Nothing for a field that no search follows, and that must not be left out: whatever is stated will do."""
        for number, taken in enumerate(self._taken):
            kind = taken.act.kind
            unique = () if kind is None else self._procedure.items[kind].unique
            found: dict[str, tuple[Value | None, ...]] = {}
            free: set[str] = set()
            for name in (name for name in taken.row.set if name in self._told):
                found[name], is_free = self._widened(number, taken, name, found, unlike=name in unique)
                free |= {name} if is_free else set()
            after = self._after(number, taken, found)
            if after is None:
                found, free = {name: (taken.values.get(name),) for name in found}, set()
                after = self._after(number, taken, found)
            assert after is not None, "the way was gone so"
            self._cases = after
            yield dict(self._said(kind, {name: values for name, values in found.items() if name not in free}))

    def _said(self, kind: str | None, found: Options) -> Iterator[tuple[str, tuple[Value, ...]]]:
        fields = self._procedure.lifecycle(kind).fields
        for name, values in found.items():
            stated = tuple(one for one in values if one is not None)
            if stated:
                yield name, stated if fields[name].type in FOLLOWED else ()

    def _widened(
        self, number: int, taken: Taken, name: str, open_: Options, *, unlike: bool
    ) -> tuple[tuple[Value | None, ...], bool]:
        """What may be stated of ``name``, and whether that is everything."""
        field, chosen = self._procedure.lifecycle(taken.act.kind).fields[name], taken.values.get(name)
        if unlike:
            return (chosen,), False
        options = list(self._options(field))
        widened = [one for one in options if one == chosen or self._will_do(number, taken, name, one, open_)]
        if len(widened) == len(options):
            return tuple(options), True
        if field.many and isinstance(chosen, tuple):
            for one in chosen:
                rest = tuple(other for other in chosen if other != one)
                if rest and self._will_do(number, taken, name, rest, open_):
                    chosen = rest
            return (chosen,), False
        return (tuple(widened) if chosen in widened else (chosen,)), False

    def _options(self, field: Field) -> Iterator[Value | None]:
        if field.type in FOLLOWED:
            entries: Sequence[Value] = (True, False) if field.of is None else tuple(self._procedure.lists[field.of])
            for entry in entries:
                yield (str(entry),) if field.many else entry
        else:
            yield filler(self._procedure, field)
        if field.optional:
            yield None

    def _will_do(self, number: int, taken: Taken, name: str, value: Value | None, open_: Options) -> bool:
        """Whether ``name`` may be stated so, whatever of what may be is stated of the other fields, and by the acts before."""
        after = self._after(number, taken, {**open_, name: (value,)})
        return after is not None and all(self._comes_to_its_end(number + 1, case) for case in after)

    def _after(self, number: int, taken: Taken, open_: Options) -> Sequence[Case] | None:
        """The cases that come of the act, each once; ``None`` where it is not always permitted, or they are too many."""
        ways = list(itertools.islice(itertools.product(*open_.values()), MAX_COMBINATIONS + 1))
        found: dict[object, Case] = {}
        for case, others in itertools.product(self._cases, ways):
            stated = {**taken.values, **dict(zip(open_, others, strict=True))}
            values = {name: value for name, value in stated.items() if value is not None}
            after = self._footing.surely(case, attrs.evolve(taken, values=values))
            if after is None or len(ways) > MAX_COMBINATIONS:
                return None
            found[self._footing.key(after, self._named[number + 1])] = after
        return tuple(found.values()) if len(found) <= MAX_CASES else None

    def _comes_to_its_end(self, number: int, case: Case) -> bool:
        """Whether the acts from ``number`` on lead there, as they were found."""
        passed: list[tuple[int, object]] = []
        while True:
            here = (number, self._footing.key(case, self._named[number]))
            answer = self._goes_on.get(here)
            passed.append(here)
            if answer is None and number == len(self._taken):
                answer = case.state in self._wanted
            if answer is None:
                after = self._footing.surely(case, self._taken[number])
                if after is None:
                    answer = False
                else:
                    number, case = number + 1, after
                    continue
            self._goes_on |= dict.fromkeys(passed, answer)
            return answer
