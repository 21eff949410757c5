"""Hypothesis strategies for every event and everything a record says besides it."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from stabflow.calendar import DueTime, Stop
from stabflow.decision import events, notice_events
from stabflow.decision.event_forms import EVENTS
from stabflow.decision.events import Event, LaidOut
from stabflow.history.record import Circumstances
from stabflow.values import MAX_INT, Actor, Basis, File, Matter

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,15}", fullmatch=True)
IDS = (
    st.from_regex(r"[a-z0-9项][\w.:@-]{0,20}", fullmatch=True)
    .map(lambda text: unicodedata.normalize("NFC", text))
    .filter(re.compile(r"\w[\w.:@-]*\Z").match)  # a letter may fall apart into a letter and a mark, which is none
    .filter(lambda text: not set(text) & set("\u115f\u1160\u3164\uffa0"))
)
SHA256 = st.binary(min_size=32, max_size=32).map(bytes.hex)

# Chinese, combining marks, astral letters and what is left of Unicode once the unwanted is taken out.
_LETTERS = st.one_of(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\u061c\u200e\u200f\u2028\u2029\ufffe\uffff"),
    st.sampled_from('评估报告维稳é\u0301\u0308가각𠀀𝒳👩‍💻\n\t"\\ü̈'),
).filter(lambda one: not any(first <= one <= last for first, last in _UNWANTED))
_UNWANTED = [("\u202a", "\u202e"), ("\u2066", "\u2069"), ("\U000e0000", "\U000e007f")]
_BLANK = " \t\n\u115f\u1160\u2800\u3164\uffa0"
TEXTS = st.text(_LETTERS, max_size=60).map(lambda text: unicodedata.normalize("NFC", text))
WORDS = TEXTS.filter(lambda text: any(unicodedata.category(one) not in {"Cf", "Zs"} for one in text.strip(_BLANK)))
LINES = WORDS.filter(lambda text: "\n" not in text and "\t" not in text)

MOMENTS = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC))
DAYS = st.dates()
WHOLE = st.integers(-MAX_INT, MAX_INT)
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=8).map(
    lambda number: Decimal(f"{number.normalize():f}") + 0
)
FILES = st.builds(File, LINES, st.sampled_from(["application/pdf", "image/png", "text/plain"]), SHA256)
VALUES = st.one_of(st.booleans(), WHOLE, DECIMALS, TEXTS, st.lists(NAMES, max_size=3).map(tuple), DAYS, FILES)
TABLES: st.SearchStrategy[dict[str, Any]] = st.dictionaries(NAMES, VALUES, max_size=4)

ACTORS = st.builds(Actor, IDS, body=IDS)
MATTERS = st.builds(Matter, IDS, LINES)
BASES = st.builds(Basis, WORDS, st.none() | SHA256)
DUE = st.builds(
    DueTime,
    at=MOMENTS,
    limit=st.sampled_from(["10 working days", "3 months", "until 2026-05-01"]),
    start=MOMENTS,
    weekend_days=st.integers(0, 400),
    holidays=st.lists(DAYS, max_size=3).map(tuple),
    workdays=st.lists(DAYS, max_size=3).map(tuple),
    estimated=st.booleans(),
    calendar=st.just("") | SHA256,
    stops=st.lists(st.builds(Stop, MOMENTS, MOMENTS), max_size=2).map(tuple),
)
LAID_OUT = st.builds(LaidOut, item=IDS, kind=NAMES, state=NAMES, values=TABLES, due=st.none() | DUE)

_COMMON = {"values": TABLES, "due": st.none() | DUE, "trigger": NAMES, "state": NAMES, "kind": NAMES}
_LAYING = {"laid_out": st.lists(LAID_OUT, max_size=2).map(tuple)}
_ESCALATED = {"above": st.lists(NAMES, max_size=2).map(tuple), "respond": st.none() | DUE}
_ADDRESSED = {
    "notice": NAMES,
    "origin": SHA256,
    "about": IDS,
    "role": NAMES,
    "body": st.just("") | IDS,
    "instead_of": st.just("") | NAMES,
    "channel": st.just("") | NAMES,
    "place": st.integers(0, 9),
    "message": st.just("") | SHA256,
    "attempt": st.integers(1, 99),
}
_PARTS: dict[type[Event], dict[str, st.SearchStrategy[Any]]] = {
    events.Opened: {
        "case_id": IDS,
        "procedure": NAMES,
        "procedure_version": IDS,
        "digest": SHA256,
        "matter": MATTERS,
        "unproved": st.booleans(),
        "vacancies": st.lists(st.builds(events.Vacancy, office=NAMES, due=DUE), max_size=2).map(tuple),
        **_LAYING,
    },
    events.Moved: {
        "source": NAMES,
        "dest": st.none() | NAMES,
        **_LAYING,
        "superseded": st.lists(IDS, max_size=2).map(tuple),
    },
    events.Added: {"item": IDS},
    events.ItemMoved: {"item": IDS, "source": NAMES, "dest": st.none() | NAMES},
    events.Amended: {"item": st.none() | IDS, "reason": WORDS},
    events.ClockStopped: {"item": st.none() | IDS, "reason": WORDS},
    events.ClockResumed: {"item": st.none() | IDS, "reason": WORDS},
    events.Appointed: {"office": NAMES, "appointee": ACTORS},
    events.Relieved: {"office": NAMES, "appointee": ACTORS, "vacant_until": st.none() | DUE},
    events.BreachFound: {
        "duty": IDS,
        "roles": st.lists(NAMES, max_size=2).map(tuple),
        "holders": st.lists(ACTORS, max_size=2).map(tuple),
        "level": st.integers(0, 9),
        "due": DUE,
        **_ESCALATED,
        "doubts": st.lists(NAMES, max_size=2).map(tuple),
    },
    events.BreachConfirmed: {"duty": IDS, "breach": st.integers(1, 99), **_ESCALATED},
    events.BreachVoided: {"duty": IDS, "breach": st.integers(1, 99), "reason": WORDS},
    events.Relieved: {"office": NAMES, "appointee": ACTORS},
    events.Recused: {
        "office": NAMES,
        "who": ACTORS,
        "reason": WORDS,
        "vacancies": st.lists(st.builds(events.Vacancy, office=NAMES, due=DUE), max_size=2).map(tuple),
    },
    events.Delegated: {
        "office": NAMES,
        "delegate": ACTORS,
        "since": st.none() | MOMENTS,
        "until": MOMENTS,
        "reason": WORDS,
    },
    events.DelegationEnded: {"office": NAMES, "delegate": ACTORS},
    events.Migrated: {
        "procedure_version": IDS,
        "digest": SHA256,
        "renamed": st.dictionaries(NAMES, NAMES, max_size=2),
        "items_due": st.lists(st.builds(events.ItemDue, item=IDS, due=DUE), max_size=2).map(tuple),
    },
    events.Recalendared: {
        "calendar": IDS,
        "digest": SHA256,
        "recounted": st.lists(
            st.builds(events.Recount, duty=IDS, old=DUE, new=DUE, level=st.integers(0, 3)), max_size=2
        ).map(tuple),
    },
    events.Constituted: {"procedure": NAMES, "office": NAMES, "holder": ACTORS},
    events.Withdrawn: {"procedure": NAMES, "office": NAMES, "holder": ACTORS},
    events.Attempted: {
        "matter": IDS,
        "accept": st.lists(NAMES, max_size=2).map(tuple),
        "reasons": st.lists(NAMES, max_size=2).map(tuple),
        "cases": st.lists(WORDS, max_size=2).map(tuple),
    },
    events.Ticked: {
        "until": MOMENTS,
        "breaches": st.integers(0, 9),
        "created": st.integers(0, 9),
        "recurred": st.lists(st.builds(events.Recurred, procedure=NAMES, until=MOMENTS), max_size=2).map(tuple),
    },
    notice_events.NoticeDelivered: {**_ADDRESSED, "detail": TEXTS},
    notice_events.NoticeRejected: {**_ADDRESSED, "reason": TEXTS, "gone": st.booleans()},
    notice_events.NoticeGivenUp: {**_ADDRESSED, "reason": TEXTS},
    notice_events.AddressGone: {
        "channel": NAMES,
        "body": IDS,
        "role": NAMES,
        "place": st.integers(0, 9),
        "message": SHA256,
    },
    notice_events.AddressesReopened: {"channel": NAMES, "body": IDS},
    events.PluginFailed: {
        "plugin": NAMES,
        "hook": NAMES,
        "error": NAMES,
        "place": TEXTS,
        "case_id": st.just("") | IDS,
        "version": st.integers(0, 9),
    },
    events.Registered: {"procedure": NAMES, "procedure_version": IDS, "digest": SHA256, "text": TEXTS},
    events.Proved: {
        "procedure": NAMES,
        "procedure_version": IDS,
        "digest": SHA256,
        "checker": st.integers(1, 9),
    },
}


def of(type_: type[Event]) -> st.SearchStrategy[Event]:
    """Events of one class."""
    names = type_.__attrs_attrs__  # type: ignore[attr-defined]
    fields = {field.name for field in names}
    return st.builds(type_, **{k: v for k, v in {**_COMMON, **_PARTS[type_]}.items() if k in fields})


ALL = sorted(EVENTS.values(), key=lambda type_: type_.tag)
EVENT = st.one_of([of(type_) for type_ in ALL])

CIRCUMSTANCES = st.builds(
    Circumstances,
    actor=ACTORS,
    role=NAMES,
    basis=BASES,
    mandate=st.just("") | SHA256,
    occurred_at=MOMENTS,
    recorded_at=MOMENTS,
    clamped=st.booleans(),
    key=st.none() | WORDS,
    procedure=SHA256,
    plugins=st.lists(NAMES, max_size=2).map(tuple),
)

SOME_DAY = date(2026, 5, 1)
