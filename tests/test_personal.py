"""Numbers that name a person are found however they are parted, nothing else is, and none of them comes on record."""

from __future__ import annotations

import string
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from five_steps import ASSESSOR, CHIEF
from hypothesis import given
from hypothesis import strategies as st

import stabflow
from stabflow import Actor, Basis, CaseHandle, Engine, InvalidInput, Matter
from stabflow.decision.events import Appointed
from stabflow.dossier import Dossier
from stabflow.history.chain import GENESIS
from stabflow.history.commit import seal
from stabflow.history.record import Circumstances, from_stored
from stabflow.personal import IDENTITY_CARD, MOBILE_PHONE, named_in
from stabflow.ports.store import StoredRecord
from stabflow.values import File

AT = datetime(2026, 3, 2, tzinfo=UTC)
PHONE, CARD = "13912345678", "110101199003071234"
FULL_WIDTH = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")

PHONES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
REGIONS = st.sampled_from(["110101", "320582", "441900", "510104", "653101", "810000"])
BORN = st.dates(date(1900, 1, 1), date(2020, 12, 31))
CARDS = st.builds(
    lambda region, born, order, last: f"{region}{born:%Y%m%d}{order:03}{last}",
    REGIONS, BORN, st.integers(0, 999), st.sampled_from("0123456789Xx"),
)  # fmt: skip
OLD_CARDS = st.builds(
    lambda region, born, order: f"{region}{born:%y%m%d}{order:03}",
    REGIONS, st.dates(date(1901, 1, 1), date(1999, 12, 31)), st.integers(0, 999),
)  # fmt: skip
PARTS = st.sampled_from(["", " ", "-", ".", "·", "—", "\u3000", "\u200b", "\u2060 ", " - ", "\ufeff", "．", "－"])
CUTS = {11: ([3, 7], [3, 6], [4, 7], list(range(1, 11))), 15: ([6, 12],), 18: ([6, 14], [6, 10, 12, 14], [6, 10, 14])}


@st.composite
def written(draw: st.DrawFn, numbers: st.SearchStrategy[str]) -> str:
    """A number as people write it: in groups, in either width, among words."""
    number, part = draw(numbers), draw(PARTS)
    cuts = draw(st.sampled_from(CUTS[len(number)]))
    groups = [number[start:end] for start, end in zip([0, *cuts], [*cuts, len(number)], strict=True)]
    text = part.join(groups)
    if draw(st.booleans()):
        text = text.translate(FULL_WIDTH)
    before = draw(st.sampled_from(["", "tel ", "来电：", "his number is ", "（", "文号2026-14，"]))
    prefix = draw(st.sampled_from(["", "+86", "0086 ", "86-"])) if len(number) == 11 else ""
    after = draw(st.sampled_from(["", "。", " was told", "）", "\n"]))
    return f"{before}{prefix}{text}{after}"


@given(written(PHONES))
def test_a_planted_phone_is_found(text: str) -> None:
    assert named_in(text) == MOBILE_PHONE


@pytest.mark.parametrize(
    "text",
    [
        "(139)1234-5678",
        "+86（139）12345678",
        "139\ufe0f\u20e312345678",
        "1\ufe0f\u20e339\u034f12345678",
        "1.13912345678",
        "139.12345678",
    ],
)
def test_a_phone_is_found_in_brackets_and_behind_what_nobody_sees(text: str) -> None:
    assert named_in(text) == MOBILE_PHONE


@given(written(CARDS | OLD_CARDS))
def test_a_planted_identity_card_is_found(text: str) -> None:
    assert named_in(text) == IDENTITY_CARD


LAWFUL = [
    "发改投资[2012]2492", "中办发〔2021〕11号", "plan 2026-14", "minutes 2026-31 of 2026-11-28, items 1-13",
    "2026-11-28 2026-12-01 123", "28.11.2026 01.12.2026 1234", "1949-10-01 123", "1987.6.15 1234", "1998-2003-123",
    "2026-11-28T13:28:56.000000Z", "2026-11-28 13:28:56 +08:00", "20261128132856", "1767225600", "1767225600000",
    "13,500,000,000", "13 500 000 000", "13.500.000.000", "13500000000元", "投资13500000000.50元", "¥13500000000",
    "CNY 13500000000", "13500000000美元", "13500000000港元", "share 0.13912345678", "camera 192.168.10.101, then 172.16.100.101.",
    "1.35亿元", "12 345 678 901 234", "010-12345678", "0571-87654321", "+86 10 6601 2345", "4008 123 123",
    "12345", "110", "110101", "911101086000374123", "91110108600037412X", "110101199013071234", "991010199003071234",
    "110101901307123", "202611281234567", "12912345678", "139123456789", "1391234567", "9" * 40,
    "ab" * 32, "13912345678" + "a" * 53, "a" * 26 + "139123456781", "550e8400-e29b-41d4-a716-446655440000",
    "550e8400-e29b-41d4-a716-139123456780", "objection-1391234", "five-step-market-hall-1", "u-17", "case/2026.1-3",
    "3 of 4 meetings, 19 of 27 batches, 19 × 30 ≤ 2394", "1 2 3 4 5 6 7 8 9 10 11", "", "一三九一二三四五六七八",
]  # fmt: skip


@pytest.mark.parametrize("text", LAWFUL)
def test_what_names_nobody_passes(text: str) -> None:
    assert named_in(text) is None


@given(st.text(max_size=200, alphabet=st.characters(exclude_categories=("Nd", "No"))))
def test_text_without_numbers_passes(text: str) -> None:
    assert named_in(text) is None


SIZES = st.dates() | st.integers(0, 9_999_999) | st.decimals(0, 9_999_999, places=2)


@given(st.lists(SIZES, max_size=12), st.text(string.ascii_letters + "，；", min_size=1, max_size=3))
def test_dates_and_numbers_of_ordinary_size_pass(numbers: list[object], between: str) -> None:
    assert named_in(between.join(map(str, numbers))) is None


@given(st.binary(min_size=32, max_size=32), st.uuids())
def test_digests_and_opaque_ids_pass(digest: bytes, id_: object) -> None:
    assert named_in(f"the minutes, SHA-256 {digest.hex()}, file {id_}") is None


# What comes on record


BAD = Basis(f"he called from {PHONE}")
SOMEBODY = Actor("clerk", body="county")
DOORS: dict[str, tuple[str, Callable[[Engine, CaseHandle], object]]] = {
    "basis": ("basis", lambda e, c: c.appoint("initiating_unit", SOMEBODY, by=CHIEF, basis=BAD)),
    "actor": ("actor.id", lambda e, c: c.appoint("initiating_unit", SOMEBODY, by=Actor(PHONE, body="b"), basis="o")),
    "body": ("appointee.body", lambda e, c: c.appoint("initiating_unit", Actor("x", body=PHONE), by=CHIEF, basis="o")),
    "appointee": ("appointee.id", lambda e, c: c.appoint("initiating_unit", Actor(CARD, body="b"), by=CHIEF, basis="o")),
    "matter title": ("matter.title", lambda e, c: e.open_case("five-step", Matter("k", f"Mr {CARD}"), by=CHIEF, basis="o")),
    "matter key": ("matter.key", lambda e, c: e.open_case("five-step", Matter(PHONE, "Hall"), by=CHIEF, basis="o")),
    "case id": ("case_id", lambda e, c: e.open_case("five-step", Matter("k", "H"), by=CHIEF, basis="o", case_id=PHONE)),
    "text": ("text", lambda e, c: c.add("concern", by=CHIEF, basis="o", text=f"ring {PHONE}")),
    "file": ("file.title", lambda e, c: c.add("minutes", by=CHIEF, basis="o", file=File(CARD, "text/plain", "ab" * 32))),
    "file as a table": ("file.title", lambda e, c: c.add("minutes", by=CHIEF, basis="o", file={"title": PHONE})),
    "reason": ("reason", lambda e, c: c.amend(None, by=CHIEF, basis="o", reason=PHONE)),
    "recusal": ("reason", lambda e, c: c.recuse("assessment_unit", ASSESSOR, by=CHIEF, basis="o", reason=f"kin of {CARD}")),
    "office": ("holder.id", lambda e, c: e.constitute("five-step", "member", Actor(PHONE, body="b"), basis="o")),
    "founding": ("basis", lambda e, c: e.constitute("five-step", "member", SOMEBODY, basis=PHONE)),
    "withdrawal": ("basis", lambda e, c: e.withdraw("five-step", "decision_body", CHIEF, basis=PHONE)),
    "attempt": ("basis", lambda e, c: e.gate("hall", accept=["five-step"]).attempted(by=CHIEF, basis=PHONE)),
    "calendar": ("basis", lambda e, c: list(e.recalendar(basis=PHONE))),
    "block": ("basis", lambda e, c: act_within(c)),
}  # fmt: skip


def act_within(case: CaseHandle) -> None:
    with case.acting(CHIEF, basis=BAD) as act:
        act.appoint("initiating_unit", SOMEBODY)


@pytest.fixture(scope="module")
def there() -> Any:
    with stabflow.open("memory:") as engine:
        engine.constitute("five-step", "decision_body", CHIEF, basis="order 1")
        case = engine.open_case("five-step", Matter("hall", "Hall"), by=CHIEF, basis="plan")
        case.appoint("assessment_unit", ASSESSOR, by=CHIEF, basis="order 2")
        yield engine, case


@pytest.mark.parametrize("door", DOORS)
def test_no_door_lets_it_in_and_no_refusal_repeats_it(door: str, there: tuple[Engine, CaseHandle]) -> None:
    path, enter = DOORS[door]
    version = there[1].value.version
    with pytest.raises(InvalidInput) as caught:
        enter(*there)
    assert path in [fault.path for fault in caught.value.faults]
    (fault,) = [fault for fault in caught.value.faults if fault.path == path]
    assert fault.cure
    assert PHONE not in str(caught.value)
    assert CARD not in str(caught.value)
    assert there[1].value.version == version


def test_what_is_opaque_is_not_read(there: tuple[Engine, CaseHandle]) -> None:
    """Keys are the host's own, and a digest has digits by chance."""
    digest = "13912345678" + "0" * 53
    there[1].appoint("initiating_unit", SOMEBODY, by=CHIEF, basis=Basis("order 3", digest), key=f"request {PHONE}")
    assert there[1].history()[-1].basis.digest == digest


def test_what_is_on_record_already_is_read_back() -> None:
    """A record from before this was refused stays readable, and whoever bears such an id can be relieved."""
    event = Appointed(office="assessment_unit", appointee=Actor(PHONE, body=PHONE))
    said = Circumstances(
        actor=Actor(CARD, body="county"), role="decision_body", basis=Basis(PHONE), mandate="",
        occurred_at=AT, recorded_at=AT,
    )  # fmt: skip
    record = seal("case/a", 2, GENESIS, event, said)
    stored = StoredRecord(1, "case/a", 2, record.tag, record.header, record.payload, bytes.fromhex(record.hash))
    assert from_stored(stored).event == event


def test_such_an_id_can_be_relieved(there: tuple[Engine, CaseHandle]) -> None:
    with pytest.raises(stabflow.Refused):  # because they hold no role, not for the id
        there[1].relieve("assessment_unit", Actor(PHONE, body="b"), by=CHIEF, basis="order 4")


PLAIN = Path(__file__).parent.parent / "examples" / "plain.toml"

TITLE = 'title = { en = "A market hall is rebuilt", zh = "农贸市场改造" }'
PLANTED = [
    ("dossier.title.zh", TITLE, TITLE.replace("改造", PHONE)),
    ("dossier.notes[0]", "Nothing here is known", f"Nothing is known of {CARD}"),
    ("matter.key", 'key = "market-hall"', f'key = "{PHONE}"'),
    ("matter.title", "Rebuilding the market hall", f"The hall of {PHONE}"),
    ("actors.chair.id", 'id = "o-1"', f'id = "{CARD}"'),
    ("actors.chair.body", 'body = "town-government"', f'body = "{PHONE}"'),
    ("offices[0].basis", "town order 2026-1", f"ring {PHONE}"),
]


@pytest.mark.parametrize(("path", "old", "new"), PLANTED, ids=[path for path, _, _ in PLANTED])
def test_a_dossier_is_read_through_too(path: str, old: str, new: str, tmp_path: Path) -> None:
    text = PLAIN.read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / "planted.toml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InvalidInput) as caught:
        Dossier.load(file)
    assert [fault.path for fault in caught.value.faults] == [path]
    assert PHONE not in str(caught.value)
    assert CARD not in str(caught.value)


def test_the_place_in_a_file_of_a_dossier_is_told(tmp_path: Path) -> None:
    text = (PLAIN.parent / "company-six-aspects-no-plan.toml").read_text(encoding="utf-8")
    file = tmp_path / "planted.toml"
    file.write_text(
        text.replace("Working-time rules", PHONE, 1).replace("Working-time rules", CARD, 1), encoding="utf-8"
    )
    with pytest.raises(InvalidInput) as caught:
        Dossier.load(file)
    (place,) = [fault.path.partition("].")[2] for fault in caught.value.faults if "file" in fault.path]
    assert place == "with.file.title"
