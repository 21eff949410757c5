"""The clause manifest: what carries each clause of a source, and that no clause and no carrier can go unseen."""

from __future__ import annotations

import attrs
import pytest
from language_kit import SITE

from stabflow import ProcedureError
from stabflow.language import Procedure, bundled, bundled_names, loads
from stabflow.language.citations import places
from stabflow.language.manifest import manifest
from stabflow.language.parts import Draft
from stabflow.text import Text

FAITHFUL = [name for name in bundled_names() if not name.startswith("five-step")]
"""Those that carry out one document each."""


def test_the_manifest_names_what_carries_each_clause_in_the_order_of_the_source() -> None:
    found = {one.id: one for one in manifest(loads(SITE))}
    assert list(found) == ["1", "2", "3", "4"]
    assert [carrier.path for carrier in found["1"].carriers] == ["states.checking", "transitions[0]"]
    assert found["1"].carriers[0].title == Text("state “checking”", "状态“排查中”")
    assert [carrier.path for carrier in found["3"].carriers] == ["transitions[1]"]
    assert found["4"].carriers == ()
    assert found["4"].deviation == Text("exhortation, no rule", "exhortation, no rule")


def test_a_requirement_carries_the_clause_it_cites() -> None:
    cited = SITE.replace('every = "resolved" }', 'every = "resolved", clause = "1" }')
    (carrier,) = [one for one in manifest(loads(cited))[0].carriers if "requires" in one.path]
    assert carrier.path == "transitions[1].requires[0]"
    assert carrier.title.en.startswith("required for “sign off”: ")


def said(procedure: Procedure) -> dict[str, object]:
    return {field.name: getattr(procedure, field.name) for field in attrs.fields(Draft) if field.init}


@pytest.mark.parametrize("name", bundled_names())
def test_no_clause_can_be_deleted_unseen(name: str) -> None:
    """One that something cites is refused as unknown; a declared deviation changes what the manifest says, and the digest."""
    procedure = bundled(name)
    cited = {clause for place in places(procedure) for clause in place.part.clause}
    parts = said(procedure)
    for clause in [one for one in procedure.clauses if one in cited][::17]:
        left = {one: held for one, held in procedure.clauses.items() if one != clause}
        with pytest.raises(ProcedureError, match="unknown clause"):
            Procedure(**(parts | {"clauses": left}))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", FAITHFUL)
def test_every_clause_is_titled_and_carried_or_says_in_both_languages_why_not(name: str) -> None:
    for one in manifest(bundled(name)):
        assert one.clause.title is not None, one.id
        assert one.carriers or isinstance(one.clause.deviation, Text), one.id
        assert one.clause.deviation is None or isinstance(one.clause.deviation, Text), one.id


@pytest.mark.parametrize("name", FAITHFUL)
def test_every_row_cites_its_clause(name: str) -> None:
    procedure = bundled(name)
    for kind, cycle in procedure.lifecycles():
        assert [f"{kind or 'case'}.{row.trigger}" for row in cycle.transitions if not row.clause] == []
