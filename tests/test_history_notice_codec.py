"""Notices as what stands in the outbox, and back: strictly, and in lanes that no two recipients share."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stabflow import canonical
from stabflow.decision.notices import Notice
from stabflow.errors import Corrupt
from stabflow.history.notice_codec import decode, encode, lane
from stabflow.text import Text

WORDS = st.text(st.characters(categories=("L", "N", "P", "Zs"), codec="utf-8"), max_size=20).map(
    lambda text: unicodedata.normalize("NFC", text)
)
NAMES = st.sampled_from(["", "case", "objection-3", "unit_1", "vacancy:chair", "区应急局"]) | WORDS
NOTICES = st.builds(
    Notice,
    name=NAMES,
    role=NAMES,
    body=NAMES,
    case=NAMES,
    about=NAMES,
    origin=NAMES,
    created_at=st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1)).map(lambda at: at.replace(tzinfo=UTC)),
    subject=st.builds(Text, WORDS, WORDS),
    text=st.builds(Text, WORDS, WORDS),
    facts=st.dictionaries(st.sampled_from(["notice", "due", "state"]), WORDS),
)

ONE = Notice(
    name="late",
    role="chair",
    body="",
    case="c-1",
    about="objection-3",
    origin="ab" * 32,
    created_at=datetime(2026, 3, 2, 1, 0, tzinfo=UTC),
    subject=Text("late", "逾期"),
    text=Text("it is late", "已逾期"),
    facts={"notice": "late", "case": "c-1"},
)
PAYLOAD = (
    '{"about":"objection-3","body":"","case":"c-1","created_at":"2026-03-02T01:00:00.000000Z",'
    '"facts":{"case":"c-1","notice":"late"},"form":"notice/1","name":"late","origin":"' + "ab" * 32 + '",'
    '"role":"chair","subject":{"en":"late","zh":"逾期"},"text":{"en":"it is late","zh":"已逾期"}}'
).encode()


def test_the_form_is_a_promise() -> None:
    assert (encode(ONE).lane, encode(ONE).payload) == ('["c-1","chair",""]', PAYLOAD)
    assert decode(PAYLOAD) == ONE
    assert ONE.id == "eebaf710fe7f96527eca7259357a5bb438768776aafa3aabcd8c77be3606220a"


@given(NOTICES)
def test_what_is_written_is_read_back(notice: Notice) -> None:
    read = decode(encode(notice).payload)
    assert read == notice
    assert (read.facts, read.id) == (notice.facts, notice.id)


@given(NOTICES, NOTICES)
def test_two_notices_have_one_lane_where_case_role_and_body_are_the_same_alone(one: Notice, other: Notice) -> None:
    same = (one.case, one.role, one.body) == (other.case, other.role, other.body)
    assert (encode(one).lane == encode(other).lane) is same


@given(st.lists(NAMES, min_size=3, max_size=5), st.lists(NAMES, min_size=3, max_size=5))
def test_no_parts_make_the_lane_of_others(one: list[str], other: list[str]) -> None:
    assert (lane(*one) == lane(*other)) is (one == other)


@pytest.mark.parametrize("part", ["case", "name", "about", "role", "body", "origin"])
def test_each_part_that_identifies_a_notice_makes_another_id(part: str) -> None:
    assert attrs.evolve(ONE, **{part: "another"}).id != ONE.id


def test_words_and_times_make_no_other_id() -> None:
    same = attrs.evolve(ONE, text=Text("x", "x"), created_at=ONE.created_at + timedelta(days=1), facts={})
    assert same.id == ONE.id


def _changed(**changes: Any) -> bytes:
    held: Any = canonical.decode(PAYLOAD)
    held |= changes
    return canonical.encode({key: value for key, value in held.items() if value is not None})


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff",
        b"[]",
        b"null",
        PAYLOAD + b" ",
        PAYLOAD[:-1],
        PAYLOAD.replace(b"notice/1", b"notice/2"),
        PAYLOAD.replace(b'{"about"', b'{ "about"'),
        PAYLOAD.replace(b".000000Z", b"Z"),
        PAYLOAD.replace(b"2026-03-02", b"2026-02-30"),
        _changed(body=None),
        _changed(body=1),
        _changed(form=["notice/1"]),
        _changed(more="x"),
        _changed(facts=[]),
        _changed(facts={"level": 1}),
        _changed(subject="late"),
        _changed(text={"en": "x"}),
        _changed(text={"en": "x", "zh": 1}),
        _changed(text={"en": "x", "zh": "x", "fr": "x"}),
    ],
)
def test_anything_else_is_corrupt(payload: bytes) -> None:
    with pytest.raises(Corrupt):
        decode(payload)


@given(st.integers(0, len(PAYLOAD) - 1), st.integers(0, 255))
def test_a_byte_that_was_changed_is_corrupt_or_another_notice(place: int, byte: int) -> None:
    payload = PAYLOAD[:place] + bytes([byte]) + PAYLOAD[place + 1 :]
    try:
        read = decode(payload)
    except Corrupt:
        return
    assert encode(read).payload == payload
