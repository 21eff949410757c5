"""Separation across the cases of a matter, also where two acts in two of them meet."""

from __future__ import annotations

from pathlib import Path

import pytest
import worlds
from worlds import BASIS, BRIDGE, CHAIR, NOTE

from stabflow import Actor, CaseHandle, Engine, Matter, Refused
from stabflow.errors import Unmet
from stabflow.ports.store import AppendBatch

ACROSS = worlds.small(
    find='[[separations]]\nroles = ["clerk", "auditor"]\n',
    put='[[separations]]\nroles = ["clerk", "auditor"]\nacross = "matter"\n',
)
WRITER, OTHER = Actor("writer-1", body="office"), Actor("writer-2", body="office")
MINE, THEIRS = {**NOTE, "owner": WRITER}, {**NOTE, "owner": OTHER}


def two_cases(engine: Engine) -> tuple[CaseHandle, CaseHandle]:
    """One person is clerk in one of them and auditor in the other, and has done nothing yet."""
    engine.constitute("small", "chair", CHAIR, basis=BASIS)
    one, two = (engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS) for _ in range(2))
    one.appoint("clerk", WRITER, by=CHAIR, basis=BASIS)
    two.appoint("clerk", OTHER, by=CHAIR, basis=BASIS)
    two.appoint("auditor", WRITER, by=CHAIR, basis=BASIS)
    two.fire("do", item=two.add("note", by=OTHER, basis=BASIS, **THEIRS), by=OTHER, basis=BASIS)
    two.fire("submit", by=OTHER, basis=BASIS, urgent=True)
    return one, two


def acted(*cases: CaseHandle) -> list[set[str]]:
    return [set(case.value.acted.get(WRITER.id, ())) for case in cases]


@pytest.mark.parametrize("url", ["memory:", "sqlite"])
@pytest.mark.parametrize("is_block", [False, True])
def test_who_acts_in_two_cases_at_once_is_separated_all_the_same(url: str, is_block: bool, tmp_path: Path) -> None:
    store = worlds.wrapped(url if url == "memory:" else f"sqlite:///{tmp_path}/store.db?synchronous=normal")
    engine, rival = (worlds.engine_over(store, procedures=[ACROSS]) for _ in range(2))
    one, two = two_cases(engine)
    store.interleave(lambda: rival.case(two.id).fire("pass", item="check-1", by=WRITER, basis=BASIS))

    def write() -> None:
        if not is_block:
            one.add("note", by=WRITER, basis=BASIS, **MINE)
        with one.acting(WRITER, basis=BASIS) as act:
            act.add("note", **MINE)

    with pytest.raises(Unmet, match="in another case on this matter"):
        write()
    assert acted(one, two) == [set(), {"auditor"}]
    assert engine.verify().cases == 2


def test_what_is_done_in_another_case_before_the_block_is_left_counts() -> None:
    engine = worlds.engine_on("memory:", procedures=[ACROSS])
    one, two = two_cases(engine)

    def write_here_and_judge_there() -> None:
        with one.acting(WRITER, basis=BASIS) as act:
            act.add("note", **MINE)
            two.fire("pass", item="check-1", by=WRITER, basis=BASIS)

    with pytest.raises(Refused, match="in another case"):
        write_here_and_judge_there()
    assert acted(one, two) == [set(), {"auditor"}]


def test_an_act_that_another_case_does_not_touch_is_stored_though_that_case_went_on() -> None:
    store = worlds.wrapped()
    engine, rival = (worlds.engine_over(store, procedures=[ACROSS]) for _ in range(2))
    one, two = two_cases(engine)
    store.interleave(lambda: rival.case(two.id).fire("send_back", by=CHAIR, basis=BASIS, reasons="r"))
    assert one.add("note", by=WRITER, basis=BASIS, **MINE) == "note-1"
    assert two.state == "drafting"


def test_cases_on_other_matters_are_not_looked_at() -> None:
    store = worlds.wrapped()
    engine = worlds.engine_over(store, procedures=[ACROSS])
    one, _ = two_cases(engine)
    far = engine.open_case("small", Matter("road", "Road"), by=CHAIR, basis=BASIS)
    batches: list[AppendBatch] = []
    store.before = batches.append
    one.add("note", by=WRITER, basis=BASIS, **MINE)
    assert sorted(head.stream for batch in batches for head in batch.relies_on) == [
        "case/small-bridge-1-1", "case/small-bridge-1-2", "system/offices",
    ]  # fmt: skip
    assert far.value.version == 1
