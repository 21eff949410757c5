"""Gaps: a ``TODO`` anywhere in a procedure is refused at its place, once, with its own cure, and hides nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from language_kit import BOARD, Tables, changed, faults_of, load_tables, paths, put, tables

from stabflow.language.gaps import gap, is_gap


def texts(value: object, path: str = "") -> Iterator[str]:
    """The path of every text in ``value``."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict | list):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from texts(one, f"{path}/{key}".lstrip("/"))


# What is no text to the loader, once it has been read: words from a list, shares, numbers, clauses' ids.
FORMS = ("type", "step", "outcome", "every", "on", "over", "value", "lead")


def open_text(content: Tables) -> list[str]:
    """The texts of ``content`` that an author can leave open."""
    return [path for path in texts(content) if not any(part in FORMS for part in path.split("/"))]


@pytest.mark.parametrize("marked", ["TODO", pytest.param("TODO: ask the head", marks=pytest.mark.slow)])
def test_every_text_of_a_procedure_can_be_a_gap(marked: str) -> None:
    content = tables(BOARD)
    places = open_text(content)
    assert len(places) > 100
    for place in places:
        gaps = [fault for fault in faults_of(changed(content, put(place, marked))) if "is a gap" in fault.problem]
        assert len(gaps) == 1, place
        assert gaps[0].cure


def test_a_gap_is_told_as_a_gap_and_as_nothing_else() -> None:
    draft = changed(
        tables(),
        put("procedure/version", "TODO"),
        put("procedure/source", "TODO"),
        put("procedure/title/zh", "TODO"),
        put("states/checking/within", "TODO"),
        put("states/checking/accountable", "TODO"),
        put("transitions/1/by", ["TODO"]),
        put("items/hazard/transitions/1/by", ["head", "TODO"]),
        put("transitions/1/requires/0", {"value": "TODO: all hazards are resolved", "is": True}),
    )
    assert {fault.path: fault.cure for fault in faults_of(draft)} == {
        "procedure.version": "use digits, letters and dots, such as 1.2",
        "procedure.source": "name the document that is carried out",
        "procedure.title.zh": "say it in Chinese",
        "states.checking.within": 'say how long, such as "10 days"; or give until or open_ended in its place',
        "states.checking.accountable": "name the role that must act here",
        "transitions[1].by": "name the roles that may do this",
        "items.hazard.transitions[1].by": "name the roles that may do this",
        "transitions[1].requires[0].value": (
            "say as data what must hold: name a fact, or put another requirement in its place"
        ),
    }


def test_a_gap_hides_no_other_fault() -> None:
    draft = changed(tables(), put("transitions/1/by", ["TODO"]), put("transitions/1/set", ["sumary"]))
    assert paths(faults_of(draft)) == ["transitions[1].by", "transitions[1].set"]


@pytest.mark.parametrize("text", ["TO DO", "todo", "TODOS", "a TODO", "TODO list"])
def test_a_text_that_only_reads_like_one_is_none(text: str) -> None:
    assert not is_gap(text)
    load_tables(changed(tables(), put("procedure/source", text)))


def test_a_hint_is_part_of_the_gap() -> None:
    assert is_gap(gap("is_complete"))
