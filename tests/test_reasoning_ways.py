"""Ways that one version allows and the other does not: the shortest one, how far the other goes along, and why no further."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from flawed.brief import ADD, FINISH, act, drafted, kind, row, states

import stabflow
from stabflow import Procedure
from stabflow.reasoning.difference import Way, Ways
from stabflow.reasoning.ways import differing_ways, go_the_same_ways

LISTS = "[lists.level]\n" + "".join(
    f'{one} = {{ title = {{ en = "{one}", zh = "{zh}" }} }}\n' for one, zh in (("high", "高"), ("low", "低"))
)
LEVEL = 'type = "choice"\nof = "level"'
OPEN, GO, END = row("open", dest="a", sets="level"), row("go", "a", "b"), row("end", "b", "ended")
ALL_DONE = '{ items = "note", every = ["done"] }'
NOTE = kind("note", ADD, FINISH)


def version(
    *rows: str,
    stand: Sequence[str] = ("a", "b"),
    final: Sequence[str] = ("ended",),
    level: str = LEVEL,
    lists: str = LISTS,
) -> Procedure:
    """From a to b and to the end; a level is stated where it opens."""
    return drafted(lists, f"[facts.level]\n{level}\n", states(*stand, final=final), *rows)


PLAIN = version(OPEN, GO, END)
Told = tuple[list[str], int, str] | None


def told(way: Way | None) -> Told:
    return None if way is None else ([act_.trigger for act_ in way.acts], way.shared, way.reason.en)


def high(trigger: str = "go", level: str = '"high"') -> str:
    return row(trigger, "a", "b", f'{{ value = "level", is = {level} }}')


EITHER_ENDS = row("drop", "a", "ended", '{ value = "level", is = ["low", "high"] }')
LOW_ENDS = row("drop", "a", "ended", '{ value = "level", is = "low" }')


@pytest.mark.parametrize(
    ("old", "new", "no_longer", "newly"),
    [
        (PLAIN, PLAIN, None, None),
        # rows
        (
            PLAIN,
            version(OPEN, row("go_on", "a", "b"), END),
            (["open", "go", "end"], 1, "there is no such act"),
            (["open", "go_on", "end"], 1, "there is no such act"),
        ),
        (
            PLAIN,
            version(OPEN, GO, row("short", "a", "ended"), END),
            None,
            (["open", "short"], 1, "there is no such act"),
        ),
        (
            version(OPEN, GO, row("note_it", ["a", "b"]), END),
            version(OPEN, GO, row("note_it", "a"), END),
            (["open", "go", "note_it", "end"], 2, "it is not permitted in “b”"),
            None,
        ),
        (
            version(OPEN, row("go", "a", "ended"), stand=["a"]),
            version(OPEN, row("go", "a", "ended"), row("close", "ended", "over"), stand=["a", "ended"], final=["over"]),
            (["open", "go"], 2, "the case is not over, and stands in “ended”"),
            (["open", "go", "close"], 2, "there is no such act"),
        ),
        # who may do it: told only where nothing else differs
        (
            version(OPEN, row("go", "a", "b", by="clerk head"), END),
            PLAIN,
            (["open", "go", "end"], 1, "“head” may not do it"),
            None,
        ),
        (
            version(
                OPEN, row("go", "a", "b", by="head clerk"), row("long", "a", "c"), row("on", "c", "b"), END, stand="abc"
            ),
            version(OPEN, GO, row("long", "a", "c"), END, row("stop", "c", "ended"), stand="abc"),
            (["open", "long", "on", "end"], 2, "there is no such act"),
            (["open", "long", "stop"], 2, "there is no such act"),
        ),
        (
            version(OPEN, row("go", "a", "b", by="clerk head"), row("end", "b", "ended", by="clerk head")),
            PLAIN,
            (["open", "go", "end"], 1, "“head” may not do it"),
            None,
        ),
        # what was left out there is left out here too
        (
            version(OPEN, high(), row("drop", "a", "ended"), END, level=f"{LEVEL}\noptional = true"),
            version(OPEN, high(), EITHER_ENDS, END, level=f"{LEVEL}\noptional = true"),
            (["open", "drop"], 1, "state “level” first"),
            None,
        ),
        # what is stated, as far as the one version asks for it
        (
            version(OPEN, high(), LOW_ENDS, END),
            version(OPEN, high(level='"low"'), LOW_ENDS, END),
            (["open", "go", "end"], 1, "“level” must be “low”, but is “high”"),
            (["open", "go", "end"], 1, "“level” must be “high”, but is “low”"),
        ),
        (PLAIN, version(OPEN, high(), LOW_ENDS, END), None, (["open", "drop"], 1, "there is no such act")),
        (
            version(OPEN, high(), LOW_ENDS, END),
            version(
                OPEN, high(), row("drop", "a", "ended"), END, lists=LISTS.replace("low", "none").replace("低", "无")
            ),
            (["open", "drop"], 0, "“level” cannot be “low”"),
            (["open", "drop"], 1, "“level” must be “low”, but is “high”"),
        ),
        # a choice, and one of many
        (
            version(OPEN, high(), LOW_ENDS, END),
            version(OPEN, high(), LOW_ENDS, END, level=f"{LEVEL}\nmany = true"),
            None,
            (["open", "drop"], 1, "“level” must be “low”, but is “high”"),
        ),
        # items
        (
            version(OPEN, GO, row("end", "b", "ended", '{ items = "note", in = ["done"], at_least = 1 }'), NOTE),
            PLAIN,
            (["open", "go", "add", "finish", "end"], 2, "there are no items of “note”"),
            (["open", "go", "end"], 2, "note (“done”): at least 1 needed, none there"),
        ),
        (
            version(OPEN, GO, row("end", "b", "ended", ALL_DONE), NOTE),
            version(OPEN, GO, row("end", "b", "ended", ALL_DONE), NOTE.replace("finish", "close")),
            (["open", "add", "go", "finish", "end"], 3, "there is no such act"),
            (["open", "add", "go", "close", "end"], 3, "there is no such act"),
        ),
        (
            version(OPEN, GO, row("end", "b", "ended", ALL_DONE), NOTE),
            version(
                OPEN,
                GO,
                row("end", "b", "ended", ALL_DONE),
                kind("note", act("add", dest="open", requires='{ case = ["b"] }'), FINISH),
            ),
            (["open", "add", "go", "finish", "end"], 1, "the case must be in “b”, but is in “a”"),
            None,
        ),
    ],
)
def test_the_shortest_way_of_which_the_other_version_refuses_an_act_is_told(
    old: Procedure, new: Procedure, no_longer: Told, newly: Told
) -> None:
    was, now = differing_ways(old, new)
    assert (told(was), told(now)) == (no_longer, newly)
    assert [way.newly for way in (was, now) if way is not None] == [
        is_new for is_new, way in ((False, was), (True, now)) if way is not None
    ]
    again = differing_ways(new, old)
    assert (told(again[1]), told(again[0])) == (no_longer, newly)


GRADED = 'fields.mark = { type = "choice", of = "level" }\n'
LAID_OUT = 'preset = { field = "mark", from = "level", dest = "open", at = ["a"] }\n'


def points(*requires: str, at: str = "a", finish: str = FINISH, more: str = "") -> Procedure:
    """A point for each level, laid out in a state; all are done in the end."""
    laid_out = LAID_OUT.replace('"a"', f'"{at}"')
    acts = (finish, more) if more else (finish,)
    return version(
        OPEN,
        row("go", "a", "b", *requires),
        row("end", "b", "ended", '{ items = "point", every = ["done"] }'),
        kind("point", *acts, more=laid_out + GRADED),
    )


def test_what_is_laid_out_stands_for_what_is_laid_out_about_the_same() -> None:
    only_low = act("finish", "open", "done", '{ value = "mark", is = "low" }')
    skip = act("skip", "open", "done", '{ value = "mark", is = "high" }')
    was, _ = differing_ways(points(), points(finish=only_low, more=skip))
    assert was is not None
    assert was.acts[was.shared].trigger == "finish"
    assert was.acts[was.shared].item == "point-1"
    assert was.reason.en == "“mark” must be “low”, but is “high”"


# What a search sees of both


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (version(OPEN, GO, END), True),
        (version(END, GO, OPEN), True),
        (version(OPEN, GO, row("end", ["b"], "ended")), True),
        (version(OPEN, row("go", "a", "b", by="head"), END), False),
        (version(OPEN, row("go", "a", "b", by="head clerk"), END), False),
        (version(OPEN, row("go", "a", "b", sets="level"), END), False),
        (version(OPEN, row("go", "a", "ended"), row("on", "a", "b"), END), False),
        (version(OPEN, high(), LOW_ENDS, END), False),
        (version(OPEN, GO, END, level=f"{LEVEL}\noptional = true"), False),
        (version(OPEN, GO, END, level=f"{LEVEL}\nmany = true"), False),
        (version(OPEN, GO, END, lists=LISTS.replace("low", "none")), False),
        (version(OPEN, GO, END, NOTE), False),
        (
            drafted(
                LISTS, f"[facts.level]\n{LEVEL}\n", states("a", "b", final=["ended"], a='step = "scope"'), OPEN, GO, END
            ),
            False,
        ),
    ],
)
def test_the_ways_are_the_same_where_a_search_sees_the_same(other: Procedure, same: bool) -> None:
    assert go_the_same_ways(PLAIN, other) is go_the_same_ways(other, PLAIN) is same
    found = stabflow.diff(PLAIN, other)
    assert found.ways is (Ways.SAME if same else Ways.SEARCHED)
    if same:
        assert found.no_longer is found.newly is None
    assert stabflow.diff(PLAIN, other, ways=False).ways is (Ways.SAME if same else Ways.LEFT_OUT)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (row("tell", "a"), row("tell", "b")),
        (row("tell", "a"), row("tell", ["a", "b"])),
        (row("tell", "a"), row("told", "a")),
        (row("start", dest="a"), row("start", dest="b")),
        (row("start", dest="a"), row("start", dest="a", by="head")),
        (row("start", dest="a"), row("start", dest="a", sets="level")),
        (row("start", dest="a"), row("begin", dest="a")),
        (NOTE, kind("note", ADD, act("finish", "open", "done", by="head"))),
        (NOTE, kind("note", act("add", dest="open", by="head"), FINISH)),
        (NOTE, NOTE.replace("items.note", "items.memo")),
    ],
)
def test_a_row_from_elsewhere_or_by_others_is_another(one: str, other: str) -> None:
    was, now = version(OPEN, GO, END, one), version(OPEN, GO, END, other)
    assert not go_the_same_ways(was, now)
    assert not go_the_same_ways(now, was)
    assert go_the_same_ways(was, was)


@pytest.mark.parametrize(
    ("edit", "same"),
    [
        (("", ""), True),
        (('at = ["a"]', 'at = ["b"]'), False),
        (('field = "mark"', 'field = "sign"'), False),
        (('"level", dest = "open"', '"level", dest = "begun"'), False),
    ],
)
def test_what_is_laid_out_where_is_seen(edit: tuple[str, str], same: bool) -> None:
    fields = GRADED + GRADED.replace("mark", "sign")
    point = kind(
        "point",
        FINISH,
        act("begin", "begun", "open"),
        act("lay_aside", "open", "begun"),
        act("set", "open", sets="mark sign"),
        more=LAID_OUT + fields,
        stands="open begun",
    )

    changed = point.replace(*edit) if edit[0] else point
    assert changed != point or same
    assert go_the_same_ways(version(OPEN, GO, END, point), version(OPEN, GO, END, changed)) is same
