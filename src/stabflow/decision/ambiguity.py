"""Whether numbers that are not shown can be computed from those that are, by a reader who knows how they compare.

Each hidden number is an unknown, told by how far it could lie from what it really is; 0 fits for all of them at once, because
what was stated fits. The search is exact within its bounds, and finds too little rather than too much: what it does not find is
taken to be impossible, so that more is hidden, never less.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Generic, TypeVar

import attrs

K = TypeVar("K")

Range = tuple[int, int]

MAX_TRIED = 400
"""So many assignments are tried to find one in which a number lies elsewhere."""

MAX_PASSES = 8
"""So often ranges are narrowed by all that ties them, before a place is tried."""

MAX_SAMPLED = 12
"""So many places are looked at where a number could lie."""


@attrs.frozen
class Tie(Generic[K]):
    """The weighted sum of how far unknowns lie from what they are is at most ``slack``; or nothing, where it is ``exact``."""

    weights: tuple[tuple[K, int], ...]
    slack: int
    exact: bool

    def holds(self, places: Mapping[K, Range]) -> bool:
        """Whether it holds where every unknown has one place."""
        total = sum(weight * places[one][0] for one, weight in self.weights)
        return total == 0 if self.exact else total <= self.slack


@attrs.frozen
class Unknowns(Generic[K]):
    """Unknowns, each within its range; ``barred`` has the places where one cannot lie all the same."""

    ranges: Mapping[K, Range]
    ties: Sequence[Tie[K]]
    barred: Mapping[K, Collection[int]] = attrs.field(factory=dict)

    def places(self, one: K) -> tuple[int, ...]:
        """Where ``one`` can lie, of the places that are looked at."""
        return tuple(place for place in sampled(self.ranges[one]) if self._can_lie(one, place))

    def _can_lie(self, one: K, place: int) -> bool:
        return place == 0 or self._fits({**self.ranges, one: (place, place)}, [MAX_TRIED])

    def _fits(self, ranges: dict[K, Range], left: list[int]) -> bool:
        left[0] -= 1
        narrowed = self._narrowed(ranges)
        if narrowed is None or left[0] < 0:
            return False
        open_ = [one for one, (low, high) in narrowed.items() if low < high]
        if not open_:
            return all(tie.holds(narrowed) for tie in self.ties)
        one = min(open_, key=lambda key: narrowed[key][1] - narrowed[key][0])
        low, high = narrowed[one]
        for place in sorted(range(low, high + 1), key=abs)[:MAX_TRIED]:
            if place not in self.barred.get(one, ()) and self._fits({**narrowed, one: (place, place)}, left):
                return True
        return False

    def _narrowed(self, ranges: Mapping[K, Range]) -> dict[K, Range] | None:
        """``ranges`` about as far as each tie alone allows; ``None`` where one cannot hold."""
        found = dict(ranges)
        for _ in range(MAX_PASSES):
            is_narrower = False
            for tie in self.ties:
                for upwards in (True, False) if tie.exact else (True,):
                    result = _bounded(found, tie, upwards=upwards)
                    if result is None:
                        return None
                    is_narrower |= result
            if not is_narrower:
                break
        fixed = (one for one, (low, high) in found.items() if low == high and low in self.barred.get(one, ()))
        return None if any(True for _ in fixed) else found


def sampled(range_: Range) -> list[int]:
    """The places of a range that are looked at: all of a short one, else its ends and those nearest to 0."""
    low, high = range_
    if high - low < MAX_SAMPLED:
        return list(range(low, high + 1))
    near = [place for place in range(-(MAX_SAMPLED // 2), MAX_SAMPLED // 2) if low <= place <= high]
    return sorted({low, high, *near})


def _bounded(ranges: dict[K, Range], tie: Tie[K], *, upwards: bool) -> bool | None:
    """Narrow ``ranges`` by ``tie``, read as "at most" (or, not ``upwards``, as "at least"); whether anything changed, ``None``
    where it cannot hold."""
    signed = [(one, weight if upwards else -weight) for one, weight in tie.weights]
    least = sum(weight * ranges[one][0 if weight > 0 else 1] for one, weight in signed)
    room = tie.slack - least
    if room < 0:
        return None
    changed = False
    for one, weight in signed:
        low, high = ranges[one]
        if weight > 0 and high - low > room // weight:
            ranges[one], changed = (low, low + room // weight), True
        elif weight < 0 and high - low > room // -weight:
            ranges[one], changed = (high - room // -weight, high), True
    return changed
