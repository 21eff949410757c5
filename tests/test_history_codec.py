"""The codec: every event there and back, and nothing that is not exactly what would be written."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import event_strategies as some
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stabflow import canonical
from stabflow.calendar import DueTime, Stop
from stabflow.decision import events, notice_events
from stabflow.decision.event_forms import EVENTS
from stabflow.decision.events import Event, LaidOut
from stabflow.errors import Corrupt
from stabflow.history import chain, codec
from stabflow.history.commit import seal
from stabflow.history.record import Circumstances, Record, from_stored
from stabflow.history.writing import plain_value
from stabflow.ports.store import StoredRecord
from stabflow.values import Actor, Basis, File, Matter, moment_text

SAMPLES = Path(__file__).parent / "samples"


def stored(record: Record, **changed: Any) -> StoredRecord:
    parts = {
        "position": 1,
        "stream": record.stream,
        "version": record.version,
        "tag": record.tag,
        "header": record.header,
        "payload": record.payload,
        "hash": bytes.fromhex(record.hash),
    }
    return StoredRecord(**{**parts, **changed})


# There and back


@pytest.mark.parametrize("type_", some.ALL, ids=lambda type_: type_.tag)
@given(st.data())
def test_every_event_comes_back_as_it_went(type_: type[Event], data: st.DataObject) -> None:
    event = data.draw(some.of(type_))
    payload = codec.encode(event)
    back = codec.decode(event.tag, event.tag_version, payload)
    assert back == event
    assert type(back) is type_
    assert codec.encode(back) == payload
    assert canonical.encode(canonical.decode(payload)) == payload


@given(some.TABLES)
def test_values_come_back_in_their_types(values: dict[str, Any]) -> None:
    event = events.Amended(item=None, values=values, reason="x")
    back = codec.decode(event.tag, 1, codec.encode(event))
    assert isinstance(back, events.Amended)
    assert {name: (type(value), value) for name, value in back.values.items()} == {
        name: (type(value), value) for name, value in values.items()
    }


@given(some.EVENT, some.CIRCUMSTANCES, st.integers(1, 2**40))
def test_every_record_comes_back_as_it_went(event: Event, said: Circumstances, version: int) -> None:
    record = seal("case/x", version, "", event, said)
    assert from_stored(stored(record)) == attrs.evolve(record, position=1)


def plain(held: Any) -> Any:
    """What JSON takes of an event: the fields that are not at their defaults, values as they are stored."""
    if isinstance(held, datetime):
        return moment_text(held)
    if isinstance(held, Mapping):
        return {name: plain_value(value) for name, value in held.items()}
    if isinstance(held, tuple):
        return [plain(one) for one in held]
    if not attrs.has(type(held)):
        return held.isoformat() if isinstance(held, date) else held
    found = {}
    for field in attrs.fields(type(held)):
        default = field.default.factory() if isinstance(field.default, attrs.Factory) else field.default
        value = getattr(held, field.name)
        if field.default is attrs.NOTHING or value != default:
            found[field.name] = plain(value)
    return found


@given(some.EVENT, some.CIRCUMSTANCES, st.integers(1, 2**40))
def test_what_is_written_by_hand_is_what_json_makes_of_the_same(
    event: Event, said: Circumstances, version: int
) -> None:
    record = seal("case/项-1", version, "", event, said)
    assert record.payload == canonical.encode(plain(event))
    header = {
        "stream": "case/项-1",
        "version": version,
        "tag": event.tag,
        "tag_version": event.tag_version,
        "occurred_at": moment_text(said.occurred_at),
        "recorded_at": moment_text(said.recorded_at),
        "actor": said.actor.id,
        "body": said.actor.body,
        "role": said.role,
        "basis": said.basis.text,
        "basis_digest": said.basis.digest,
        "mandate": said.mandate,
        "procedure": said.procedure,
        "clamped": said.clamped or None,
        "key": said.key,
        "plugins": list(said.plugins) or None,
    }
    assert record.header == canonical.encode({name: held for name, held in header.items() if held is not None})


@given(some.MOMENTS, st.integers(-14, 14))
def test_a_moment_has_one_form_wherever_its_clock_hangs(moment: datetime, hours: int) -> None:
    text = moment_text(moment)
    assert moment_text(moment.astimezone(timezone(timedelta(hours=hours)))) == text
    assert codec.moment_from(text) == moment
    assert codec.moment_from(text).tzinfo is UTC


@given(st.lists(some.MOMENTS, min_size=2))
def test_the_texts_of_moments_sort_as_the_moments(moments: list[datetime]) -> None:
    assert sorted(moments) == [codec.moment_from(text) for text in sorted(map(moment_text, moments))]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("3.5", "3.5"),
        ("3.50", "3.5"),
        ("1E+2", "100"),
        ("-0", "0"),
        ("0.000", "0"),
        ("1E-7", "0.0000001"),
        ("700", "700"),
    ],
)
def test_a_decimal_has_one_form(number: str, text: str) -> None:
    assert plain_value(Decimal(number)) == {"decimal": text}
    assert codec.value_from({"decimal": text}) == Decimal(number)


def test_a_decimal_of_thirty_digits_keeps_them() -> None:
    number = Decimal("3.14159265358979323846264338327")
    assert codec.value_from(plain_value(number)) == number


# Nothing else


MOVED: dict[str, Any] = {"trigger": "go", "source": "a", "dest": "b"}
DUE: dict[str, Any] = {"at": "2026-05-01T00:00:00.000000Z", "limit": "3 days", "start": "2026-04-28T00:00:00.000000Z"}
OPENED: dict[str, Any] = {
    "case_id": "c",
    "procedure": "p",
    "procedure_version": "1",
    "digest": "d",
    "matter": {"key": "m", "title": "t"},
    "trigger": "open",
    "state": "a",
}


def payload(document: object) -> bytes:
    return canonical.encode(document)


@pytest.mark.parametrize(
    "more",
    [
        {"values": {"n": 3.9}},
        {"values": {"n": None}},
        {"values": {"n": {"decimal": 3}}},
        {"values": {"n": {"decimal": "3.50"}}},
        {"values": {"n": {"decimal": "1E+2"}}},
        {"values": {"n": {"decimal": "NaN"}}},
        {"values": {"n": {"decimal": "Infinity"}}},
        {"values": {"n": {"decimal": "-0"}}},
        {"values": {"n": {"decimal": "many"}}},
        {"values": {"n": {"decimal": "1", "date": "2026-01-31"}}},
        {"values": {"n": {"date": "2026-02-30"}}},
        {"values": {"n": {"date": "20260131"}}},
        {"values": {"n": {"date": "2026-W05-1"}}},
        {"values": {"n": {"date": "2026-01-31T00:00:00"}}},
        {"values": {"n": {"time": "12:00"}}},
        {"values": {"n": {}}},
        {"values": {"n": ["a", 1]}},
        {"values": {"n": {"file": {"title": "t", "media_type": "text/plain"}}}},
        {"values": {"n": {"file": {"title": "t", "media_type": "text/plain", "sha256": "ab"}}}},
        {"values": {"n": {"file": {"title": "t", "media_type": "text/plain", "sha256": "AB" * 32}}}},
        {"values": {"n": {"file": {"title": "t", "media_type": "text", "sha256": "ab" * 32}}}},
        {"values": {"n": {"file": {"title": "t", "media_type": "a/b", "sha256": "ab" * 32, "by": "x"}}}},
        {"values": {"n": 2**53}},
        {"values": {"n": -(2**53)}},
        {"values": {"n": "e\u0301"}},
        {"values": []},
        {"values": None},
        {"values": {}},
        {"trigger": 1},
        {"trigger": None},
        {"trigger": True},
        {"trigger": "e\u0301"},
        {"dest": False},
        {"superseded": "item-1"},
        {"superseded": [1]},
        {"superseded": []},
        {"due": "2026-05-01T00:00:00.000000Z"},
        {"due": None},
        {"due": {**DUE, "weekend_days": True}},
        {"due": {**DUE, "weekend_days": 2.0}},
        {"due": {**DUE, "weekend_days": "2"}},
        {"due": {**DUE, "weekend_days": 0}},
        {"due": {**DUE, "estimated": "no"}},
        {"due": {**DUE, "estimated": 1}},
        {"due": {**DUE, "holidays": "2026-05-01"}},
        {"due": {**DUE, "holidays": ["1 May"]}},
        {"due": {**DUE, "at": "2026-05-01T00:00:00Z"}},
        {"due": {**DUE, "at": "2026-05-01T00:00:00.000000+00:00"}},
        {"due": {**DUE, "at": "2026-05-01 00:00:00.000000Z"}},
        {"due": {**DUE, "at": "2026-13-01T00:00:00.000000Z"}},
        {"due": {**DUE, "why": "x"}},
        {"due": {key: value for key, value in DUE.items() if key != "limit"}},
        {"laid_out": [{"item": "i", "kind": "k"}]},
        {"laid_out": [{"item": "i", "kind": "k", "state": "s", "more": 1}]},
        {"laid_out": {"item": "i", "kind": "k", "state": "s"}},
        {"extra": 1},
    ],
    ids=lambda more: json.dumps(more)[:60],
)
def test_a_move_that_is_not_exactly_one_is_corrupt(more: dict[str, Any]) -> None:
    assert codec.decode("case.moved", 1, payload(MOVED))
    with pytest.raises(Corrupt):
        codec.decode("case.moved", 1, payload({**MOVED, **more}))


@pytest.mark.parametrize("missing", sorted(OPENED))
def test_a_missing_key_is_corrupt(missing: str) -> None:
    assert codec.decode("case.opened", 1, payload(OPENED))
    with pytest.raises(Corrupt):
        codec.decode("case.opened", 1, payload({key: value for key, value in OPENED.items() if key != missing}))


@pytest.mark.parametrize(
    "matter",
    [{"key": "m"}, {"key": "m", "title": ""}, {"key": "a b", "title": "t"}, {"key": "m", "title": "\u202e"}, "m"],
)
def test_a_matter_that_could_not_be_made_is_corrupt(matter: object) -> None:
    with pytest.raises(Corrupt):
        codec.decode("case.opened", 1, payload({**OPENED, "matter": matter}))


@pytest.mark.parametrize(("tag", "version"), [("case.moved", 2), ("case.moved", 0), ("case.jumped", 1), ("", 1)])
def test_an_unknown_tag_or_version_is_corrupt(tag: str, version: int) -> None:
    with pytest.raises(Corrupt, match="unknown tag"):
        codec.decode(tag, version, payload(MOVED))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b'{"trigger":"go","source":"a","dest":"b"}',  # not in order
        b'{"dest":"b","source":"a","trigger":"go"} ',
        b'{"dest": "b","source":"a","trigger":"go"}',
        b'{"dest":"b","dest":"b","source":"a","trigger":"go"}',
        b'{"dest":"b","source":"a","trigger":"\\u0067o"}',
        b'\xef\xbb\xbf{"dest":"b","source":"a","trigger":"go"}',
        b'{"dest":"b","source":"a","trigger":"\xff"}',
        b'{"dest":"b","source":"a","trigger":"\\ud800"}',
        b'{"dest":"b","source":"a","trigger":"go","values":{"n":1e3}}',
        b'{"dest":"b","source":"a","trigger":"go","values":{"n":NaN}}',
        b'{"dest":"b","source":"a","trigger":"go","values":' + b'{"n":' * 5000 + b"1" + b"}" * 5001,
    ],
    ids=lambda data: str(data[:40]),
)
def test_bytes_that_are_not_canonical_are_corrupt(data: bytes) -> None:
    assert codec.decode("case.moved", 1, b'{"dest":"b","source":"a","trigger":"go"}')
    with pytest.raises(Corrupt):
        codec.decode("case.moved", 1, data)


@given(some.EVENT, st.data())
def test_one_byte_more_less_or_other_is_never_the_same_event(event: Event, data: st.DataObject) -> None:
    good = codec.encode(event)
    at = data.draw(st.integers(0, len(good) - 1))
    byte = data.draw(st.integers(0, 255)).to_bytes(1, "big")
    for bad in (good[:at] + byte + good[at + 1 :], good[:at] + byte + good[at:], good[:at] + good[at + 1 :]):
        try:
            back = codec.decode(event.tag, 1, bad)
        except Corrupt:
            continue
        assert (back == event) is (bad == good)
        assert codec.encode(back) == bad


# Headers

SAID = Circumstances(
    actor=Actor("u-1", body="b"),
    role="r",
    basis=Basis("x", "ab" * 32),
    mandate="",
    occurred_at=datetime(2026, 3, 2, tzinfo=UTC),
    recorded_at=datetime(2026, 3, 2, tzinfo=UTC),
    clamped=True,
    key="k",
    plugins=("p",),
)
EVENT = events.Moved(trigger="go", source="a", dest="b")


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header.pop("role"),
        lambda header: header.pop("mandate"),
        lambda header: header.update(version="1"),
        lambda header: header.update(version=True),
        lambda header: header.update(version=2),
        lambda header: header.update(stream="case/y"),
        lambda header: header.update(tag="item.moved"),
        lambda header: header.update(tag_version=2),
        lambda header: header.update(clamped=False),
        lambda header: header.update(clamped=1),
        lambda header: header.update(key=1),
        lambda header: header.update(key=None),
        lambda header: header.update(plugins=[]),
        lambda header: header.update(plugins=[1]),
        lambda header: header.update(plugins="p"),
        lambda header: header.update(position=1),
        lambda header: header.update(actor=""),
        lambda header: header.update(actor="a b"),
        lambda header: header.update(body="\u202e"),
        lambda header: header.update(basis=""),
        lambda header: header.update(basis_digest="AB" * 32),
        lambda header: header.update(basis_digest="ab"),
        lambda header: header.update(occurred_at="2026-03-02"),
        lambda header: header.update(recorded_at="2026-03-02T00:00:00.000000+00:00"),
    ],
)
def test_a_header_that_is_not_exactly_one_is_corrupt(change: Callable[[dict[str, Any]], object]) -> None:
    record = seal("case/x", 1, "", EVENT, SAID)
    assert from_stored(stored(record))
    header = json.loads(record.header)
    change(header)
    with pytest.raises(Corrupt, match="case/x version 1"):
        from_stored(stored(record, header=canonical.encode(header)))


@pytest.mark.parametrize("header", [b"", b"[]", b"{}", b"1", b"\xff"])
def test_bytes_that_are_no_header_are_corrupt(header: bytes) -> None:
    with pytest.raises(Corrupt, match="case/x version 1"):
        from_stored(stored(seal("case/x", 1, "", EVENT, SAID), header=header))


@pytest.mark.parametrize("place", [{"stream": "case/y"}, {"version": 2}, {"tag": "item.moved"}])
def test_a_header_belongs_to_its_place(place: dict[str, Any]) -> None:
    with pytest.raises(Corrupt):
        from_stored(stored(seal("case/x", 1, "", EVENT, SAID), **place))


# Golden samples: what was written once must load for ever, and be written again to the byte.

_DUE = DueTime(
    datetime(2026, 3, 16, 16, 0, tzinfo=UTC),
    "10 working days",
    datetime(2026, 3, 2, 1, 2, 3, 4, tzinfo=UTC),
    weekend_days=4,
    holidays=(date(2026, 3, 9), date(2026, 3, 10)),
    workdays=(date(2026, 3, 14),),
    estimated=True,
    calendar="0f" * 32,
)
_STOP = Stop(datetime(2026, 3, 4, 1, tzinfo=UTC), datetime(2026, 3, 5, 1, tzinfo=UTC))
_VALUES: dict[str, Any] = {
    "agreed": True,
    "count": -42,
    "share": Decimal("0.125"),
    "words": "评估报告 “é” 𠀀\n",
    "many": ("one", "two"),
    "day": date(2026, 5, 1),
    "paper": File("纪要", "application/pdf", "ab" * 32),
}
_HOLDER = Actor("u-17", body="交通局")
_UNTIL = datetime(2026, 3, 31, 16, 0, tzinfo=UTC)
_EXAMPLES: list[Event] = [
    events.Opened(
        case_id="five-step-bridge-1",
        procedure="five-step",
        procedure_version="1",
        digest="1e" * 32,
        matter=Matter("bridge", "替建渡口大桥"),
        trigger="open",
        state="screening",
        values=_VALUES,
        due=_DUE,
        laid_out=(
            LaidOut(item="criterion-1", kind="criterion", state="open", values={"aspect": "legality"}, due=_DUE),
        ),
    ),
    events.Moved(
        trigger="go",
        source="a",
        dest="b",
        values=_VALUES,
        due=_DUE,
        laid_out=(LaidOut(item="criterion-9", kind="criterion", state="open"),),
        superseded=("criterion-1", "criterion-2"),
    ),
    events.Added(item="note-1", kind="note", trigger="add", state="open", values=_VALUES, due=_DUE),
    events.ItemMoved(item="note-1", trigger="do", source="open", dest=None, values=_VALUES, due=_DUE),
    events.Amended(item="note-1", values=_VALUES, reason="写错", due=_DUE),
    events.ClockStopped(item="note-1", reason="等待公示"),
    events.ClockResumed(item="note-1", reason="公示期满", due=attrs.evolve(_DUE, stops=(_STOP,))),
    events.Appointed(office="clerk", appointee=_HOLDER),
    events.Relieved(office="clerk", appointee=_HOLDER),
    events.BreachFound(
        duty="risk-1",
        kind="overdue",
        state="rated",
        roles=("unit",),
        holders=(_HOLDER,),
        level=1,
        due=_DUE,
        above=("chair",),
        respond=_DUE,
        doubts=("estimated",),
    ),
    events.BreachConfirmed(duty="risk-1", breach=7, above=("chair",), respond=_DUE),
    events.BreachVoided(duty="risk-1", breach=7, reason="笔误"),
    events.Ticked(until=datetime(2026, 3, 2, tzinfo=UTC), breaches=2, created=1),
    events.Recused(office="clerk", who=_HOLDER, reason="亲属关系"),
    events.Delegated(office="clerk", delegate=_HOLDER, since=SAID.occurred_at, until=_UNTIL, reason="外出学习"),
    events.DelegationEnded(office="clerk", delegate=_HOLDER),
    events.Migrated(procedure_version="2", digest="2f" * 32, renamed={"states.a": "b", "facts.c": ""}),
    events.Recalendared(
        calendar="CN",
        digest="0f" * 32,
        recounted=(events.Recount(duty="note-1", old=_DUE, new=attrs.evolve(_DUE, estimated=False)),),
    ),
    events.Constituted(procedure="five-step", office="decision_body", holder=_HOLDER),
    events.Withdrawn(procedure="five-step", office="decision_body", holder=_HOLDER),
    events.Attempted(
        matter="bridge",
        accept=("five-step@1",),
        reasons=("deferred", "items"),
        cases=("five-step-bridge-1 17",),
    ),
    notice_events.NoticeDelivered(
        notice="soon",
        origin="d2" * 32,
        about="measure-2",
        role="chair",
        body="交通局",
        instead_of="clerk",
        channel="mail",
        place=1,
        message="0c2c0993e8b52528796233a94cd0e5b5826355b1",
        attempt=3,
        detail="250",
    ),
    notice_events.NoticeRejected(
        notice="soon",
        origin="d2" * 32,
        about="case",
        role="chair",
        body="交通局",
        channel="mail",
        message="0c2c0993e8b52528796233a94cd0e5b5826355b1",
        reason="550: 无此收件人",
        gone=True,
    ),
    notice_events.NoticeGivenUp(
        notice="soon", origin="d2" * 32, about="case", role="clerk", reason="nobody holds clerk, nor any role above it"
    ),
    notice_events.AddressGone(
        channel="hook", body="交通局", role="chair", place=0, message="0c2c0993e8b52528796233a94cd0e5b5826355b1"
    ),
    notice_events.AddressesReopened(channel="hook", body="交通局"),
    events.PluginFailed(
        plugin="office.Journal",
        hook="stabflow_recorded",
        error="OSError",
        place="office:31 Journal.stabflow_recorded",
        case_id="five-step-bridge-1",
        version=17,
    ),
    events.Registered(procedure="five-step", procedure_version="1", digest="1e" * 32, text='{"procedure":{}}'),
    events.Proved(procedure="five-step", procedure_version="1", digest="1e" * 32, checker=1),
]
_PREVIOUS = "c0" * 32


def _sample(event: Event) -> str:
    said = attrs.evolve(SAID, mandate="d1" * 32, procedure="1e" * 32, basis=Basis("会议纪要〔2026〕3号", "ab" * 32))
    record = seal("case/sample", 7, _PREVIOUS, event, said)
    form = {
        "previous": _PREVIOUS,
        "header": record.header.decode(),
        "payload": record.payload.decode(),
        "hash": record.hash,
    }
    return json.dumps(form, ensure_ascii=False, indent=1) + "\n"


@pytest.mark.parametrize("key", sorted(EVENTS), ids=lambda key: f"{key[0]}.{key[1]}")
def test_every_event_has_a_sample_that_loads_for_ever(key: tuple[str, int]) -> None:
    """A failure here means that stored history no longer reads as it was written. Never mend the sample: mend the codec, or give
    the event a new version and keep reading the old one."""
    path = SAMPLES / f"{key[0]}.{key[1]}.json"
    assert path.exists(), f"commit a sample of {key[0]} version {key[1]}: see the examples above"
    sample = json.loads(path.read_text(encoding="utf-8"))
    header, body = sample["header"].encode(), sample["payload"].encode()
    kept = StoredRecord(1, "case/sample", 7, key[0], header, body, bytes.fromhex(sample["hash"]))
    record = from_stored(kept)
    assert type(record.event) is EVENTS[key]
    assert codec.encode(record.event) == body
    assert chain.link(sample["previous"], header, body).hex() == sample["hash"]
    event = next(one for one in _EXAMPLES if (one.tag, one.tag_version) == key)
    assert record.event == event
    assert _sample(event) == path.read_text(encoding="utf-8")


def test_every_sample_is_of_an_event() -> None:
    assert {path.stem for path in SAMPLES.glob("*.json")} == {f"{tag}.{version}" for tag, version in EVENTS}
