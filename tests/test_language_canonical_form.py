"""The canonical form of a procedure and its digest: read back as it was, for ever; what changes it, and what does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from language_kit import (
    BOARD,
    SITE,
    SITE_DIGEST,
    Change,
    Tables,
    at,
    changed,
    document,
    drop,
    load_tables,
    put,
    same_parts,
    tables,
)

from stabflow import canonical
from stabflow.errors import Corrupt
from stabflow.language import Procedure, from_canonical, loads
from stabflow.language.canonical_form import IDENTITY, canonical_bytes, canonical_form, plain
from stabflow.testing.procedures.drawn import procedures

BOTH = pytest.mark.parametrize("text", [SITE, BOARD], ids=["site", "board"])


# Canonical form and back


@BOTH
def test_the_canonical_form_gives_the_procedure_back(text: str) -> None:
    procedure = loads(text)
    again = from_canonical(canonical_bytes(procedure))
    assert same_parts(again, procedure)
    assert again.digest == procedure.digest
    assert canonical_bytes(again) == canonical_bytes(procedure)


@settings(max_examples=25)
@given(procedures())
def test_so_does_that_of_any_procedure_and_so_does_toml(procedure: Procedure) -> None:
    stored = canonical_bytes(procedure)
    canonical.check(json.loads(stored))
    again = from_canonical(stored)
    assert same_parts(again, procedure)
    assert again.digest == procedure.digest == canonical.sha256(stored)
    written = loads(document(as_tables(canonical_form(procedure))))
    assert same_parts(written, procedure)
    assert written.digest == procedure.digest


def as_tables(value: Any) -> Any:
    """The canonical form as tables that TOML can say: lists of pairs become tables again."""
    if isinstance(value, list) and value and all(is_pair(one) for one in value):
        return {key: as_tables(one) for key, one in value}
    if isinstance(value, list):
        return [as_tables(one) for one in value]
    return {key: as_tables(one) for key, one in value.items()} if isinstance(value, dict) else value


def is_pair(value: object) -> bool:
    """A key and what stands under it; lists of names and pairs of requirements are none in what is drawn here."""
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], PAIRED)


PAIRED = (dict, list, bool, int, str)


def test_the_digest_is_of_the_bytes_for_ever() -> None:
    assert loads(SITE).digest == SITE_DIGEST


@pytest.mark.parametrize(
    "data",
    [
        b"[]",
        b"{}",
        b'"x"',
        b"not JSON",
        canonical_bytes(loads(SITE)) + b" ",
        canonical_bytes(loads(SITE)).replace(b'"until":"deadline"', b'"open_ended":false,"until":"deadline"'),
        canonical_bytes(loads(SITE)).replace(b'"by":["head"]', b'"by":"head"'),
        canonical_bytes(loads(SITE)).replace(b'[["1",{}],', b'[["1",{}],["1",{}],'),
    ],
    ids=["list", "empty", "text", "no JSON", "a space more", "a default written out", "a bare value", "a key twice"],
)
def test_bytes_that_are_no_canonical_form_are_refused(data: bytes) -> None:
    with pytest.raises(Corrupt):
        from_canonical(data)


def test_a_form_that_says_the_same_otherwise_is_corrupt() -> None:
    stored = canonical_bytes(loads(SITE)).replace(b'"until":"deadline"', b'"open_ended":false,"until":"deadline"')
    with pytest.raises(Corrupt, match="describe site-inspection@1, but are not its canonical form"):
        from_canonical(stored)


# What changes the digest, and what does not


def digest(content: Tables) -> str:
    return load_tables(content).digest


CHANGES = [
    put("procedure/title/en", "Other"),
    put("procedure/title/zh", "其他"),
    put("procedure/source", "house rules 2027"),
    put("procedure/version", "2"),
    put("procedure/timezone", "UTC"),
    put("clauses/4/deviation", "another reason"),
    put("clauses/4/deviation", {"en": "x", "zh": "某"}),
    put("clauses/4/note", {"en": "x", "zh": "某"}),
    put("clauses/5", {"deviation": "x"}),
    put("clauses/1/title", {"en": "x", "zh": "某"}),
    put("lists/kind/fire/title/zh", "火"),
    put("lists/kind/fire/aliases", ["x"]),
    put("lists/kind/gas", {"title": {"en": "gas", "zh": "气"}}),
    put("roles/head/holders", 3),
    put("roles/head/delegable", True),
    drop("separations/0"),
    put("separations/0/across", "matter"),
    put("facts/summary/max_length", 4001),
    put("facts/summary/optional", True),
    put("states/checking/within", "11 working days"),
    put("states/checking/within", "10 days"),
    put("states/checking/clock_stopped_by", ["head"]),
    put("transitions/1/by", ["head", "inspector"]),
    put("transitions/1/clause", ["3", "1"]),
    put("transitions/1/title", {"en": "x", "zh": "某"}),
    put("transitions/-", {"trigger": "note", "source": "checking", "by": "head"}),
    put("transitions/1/requires", []),
    put("transitions/1/requires/0/in", "found"),
    put("transitions/1/requires/0/clause", "1"),
    put("items/hazard/unique", "kind"),
    put("items/hazard/title/en", "x"),
    put("gate", {"in": "finished"}),
    put("properties/0/title/en", "x"),
]


def test_whatever_is_said_otherwise_changes_the_digest() -> None:
    digests = [digest(changed(tables(), change)) for change in CHANGES]
    assert SITE_DIGEST not in digests
    assert len(set(digests)) == len(digests)


def reordered(place: str) -> Change:
    """The entries at ``place`` the other way round."""

    def change(content: Tables) -> None:
        there = at(content, place)
        if isinstance(there, dict):
            put(place, dict(reversed(there.items())))(content)
        else:
            there.reverse()

    return change


@pytest.mark.parametrize(
    "place",
    ["clauses", "lists/kind", "roles", "states", "transitions", "items/hazard/fields", "separations/0/roles"],
)
def test_the_order_of_what_the_author_named_counts(place: str) -> None:
    assert digest(changed(tables(), reordered(place))) != SITE_DIGEST


@pytest.mark.parametrize(
    "change",
    [
        *(
            reordered(place)
            for place in (
                "procedure",
                "procedure/title",
                "roles/head",
                "states/checking",
                "transitions/1",
                "transitions/1/requires/0",
                "items/hazard",
                "items/hazard/fields/kind",
                "properties/0",
            )
        ),
        put("states/checking/final", False),
        put("states/checking/open_ended", False),
        put("facts/summary/optional", False),
        put("facts/summary/many", False),
        put("separations/0/across", "case"),
        put("separations/0/clause", []),
        put("roles/head/delegable", False),
        put("roles/inspector/supervises", []),
        put("lists/kind/fire/aliases", []),
        put("transitions/0/requires", []),
        put("transitions/0/set", []),
        put("transitions/0/source", []),
        put("transitions/1/requires/0/where", {}),
        put("transitions/1/requires/0/when", []),
        put("items/hazard/unique", []),
        put("parameters", {}),
        drop("procedure/format"),
        put("clauses/1", {}),
        put("transitions/1/by", "head"),
        put("transitions/1/source", ["checking"]),
        put("transitions/1/set", "summary"),
        put("transitions/1/clause", ["3"]),
        put("transitions/0/every", ["quarter"]),
        put("transitions/1/requires", {"items": "hazard", "every": ["resolved"]}),
        put("separations", {"roles": ["inspector", "head"]}),
        put("properties/0/never/0", {"case": "finished"}),
    ],
)
def test_another_way_of_writing_the_same_does_not_change_the_digest(change: Change) -> None:
    after = changed(tables(), change)
    assert load_tables(after) == loads(SITE)
    assert digest(after) == SITE_DIGEST


def test_the_order_of_filters_and_of_what_a_plugin_is_asked_means_nothing() -> None:
    filters = {"kind": "fire", "minor": True}
    fields = put("items/hazard/fields/minor", {"type": "bool"})
    sets = put("items/hazard/transitions/0/set", ["kind", "minor"])
    digests = {
        digest(
            changed(
                tables(),
                fields,
                sets,
                put("transitions/1/requires/0", {"items": "hazard", "at_most": 0, "where": dict(pairs)}),
                put("transitions/1/requires/-", {"plugin": "budget", "with": dict(pairs)}),
            )
        )
        for pairs in (list(filters.items()), list(reversed(filters.items())))
    }
    assert len(digests) == 1


def test_procedures_are_equal_when_their_digests_are() -> None:
    one, other = loads(SITE), loads(SITE)
    assert one == other
    assert hash(one) == hash(other)
    assert len({one, other}) == 1
    swapped = load_tables(changed(tables(), reordered("lists/kind")))
    assert swapped.lists == one.lists
    assert swapped != one
    assert one != "site-inspection@1"
    assert str(one) == "site-inspection@1"


@settings(max_examples=25)
@given(procedures(), st.data())
def test_a_key_at_its_default_is_left_out(procedure: Procedure, data: st.DataObject) -> None:
    def said(value: object) -> Iterator[object]:
        yield value
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            yield from said(inner)

    form = canonical_form(procedure)
    assert list(form["procedure"]) == [key for key in IDENTITY if key in form["procedure"]]  # type: ignore[call-overload, operator]
    assert None not in list(said(form))
    state = data.draw(st.sampled_from(list(procedure.states.values())))
    assert all(value is not False and value != [] for value in plain(state).values())  # type: ignore[attr-defined]
