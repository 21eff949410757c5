"""What is owed as a calendar: read back by the library that wrote it, and compared with the rows it was made of."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import worlds
from icalendar import Calendar
from worlds import AUDITOR, BASIS, CHAIR, CLERK, NOTE, FakeClock

from stabflow import Actor, CaseHandle, Engine, InvalidInput, Matter
from stabflow.cli import main
from stabflow.ports.store import DutyRow
from stabflow.reports import duty_calendar

NOW = datetime(2026, 3, 5, 6, 7, 8, 9, tzinfo=UTC)
HOURS = worlds.small(find='within = "3 days"', put='within = "36 hours"')


def engine_with(clock: FakeClock | None = None, procedure: Any = HOURS) -> tuple[Engine, CaseHandle]:
    engine = worlds.constituted(worlds.engine_on("memory:", clock, procedures=[procedure]), procedure)
    return engine, worlds.opened(engine)


def entries(written: bytes) -> dict[str, Any]:
    """The entries of a calendar by their uid, each once."""
    calendar = Calendar.from_ical(written)
    assert (calendar["version"], calendar["prodid"]) == ("2.0", "-//stabflow//duties//EN")
    found = {str(one["uid"]): one for one in calendar.subcomponents}
    assert len(found) == len(calendar.subcomponents)
    return found


def of(engine: Engine, **more: Any) -> dict[str, Any]:
    return entries(duty_calendar(engine, engine.duties(), **{"now": NOW, **more}))


def test_each_duty_is_one_entry_on_the_day_or_at_the_moment_it_falls_due() -> None:
    engine, case = engine_with()
    worlds.noted(case)
    note = case.add("note", by=CLERK, basis=BASIS, **NOTE)
    first = of(engine)
    assert {uid: one.name for uid, one in first.items()} == {
        f"case.{case.id}@stabflow": "VEVENT",
        f"{note}.{case.id}@stabflow": "VEVENT",
    }
    drafting = first[f"case.{case.id}@stabflow"]
    # Five working days from Monday 2 March end with Monday 9 March, by the clock of the procedure.
    assert drafting.decoded("dtstart") == date(2026, 3, 9)
    assert "dtend" not in drafting
    assert first[f"{note}.{case.id}@stabflow"].decoded("dtstart") == NOTE["deadline"]
    assert {one.decoded("dtstamp") for one in first.values()} == {NOW.replace(microsecond=0)}
    assert (drafting["transp"], drafting["status"]) == ("TRANSPARENT", "CONFIRMED")

    case.fire("submit", by=CLERK, basis=BASIS, urgent=True)
    later = of(engine)
    checked = later[f"check-1.{case.id}@stabflow"]
    due = case.value.items["check-1"].due
    assert due is not None
    assert due.at.second, "no end of a day"
    assert checked.decoded("dtstart") == due.at.replace(microsecond=0)
    # The case has gone on to a state without limit: the same entry, now a to-do without a day.
    deciding = later[f"case.{case.id}@stabflow"]
    assert (deciding.name, "dtstart" in deciding, "due" in deciding) == ("VTODO", False, False)
    assert deciding.decoded("dtstamp") == NOW.replace(microsecond=0)
    assert set(later) == {f"{duty.duty}.{case.id}@stabflow" for duty in case.duties()}
    assert len(later) == 4


def test_the_words_say_what_is_owed_by_which_role_in_one_language_or_both() -> None:
    engine, case = engine_with()
    uid = f"case.{case.id}@stabflow"
    both, en, zh = of(engine)[uid], of(engine, language="en")[uid], of(engine, language="zh")[uid]
    assert str(en["summary"]) == f"drafting — clerk · {case.id}"
    assert str(zh["summary"]) == f"起草——文员 · {case.id}"
    assert str(both["summary"]) == f"{en['summary']} / {zh['summary']}"
    assert (en["summary"].params, zh["summary"].params) == ({"LANGUAGE": "en"}, {"LANGUAGE": "zh"})
    assert str(en["description"]) == (f"case: {case.id}\ndue: 24:00 of 2026-03-09\nowed by: clerk: clerk-1 (office)")
    assert "期限：2026年3月9日24时" in str(zh["description"])
    assert str(both["description"]) == f"{en['description']}\n\n{zh['description']}"
    assert both["categories"].to_ical() == b"small"
    with pytest.raises(InvalidInput, match="language"):
        of(engine, language="fr")
    with pytest.raises(InvalidInput, match="now"):
        of(engine, now=datetime(2026, 3, 5))


def test_several_who_owe_the_same_are_one_entry_and_a_vacant_office_is_said_to_be() -> None:
    engine, case = engine_with()
    case.appoint("clerk", Actor("clerk-2", body="office"), by=CHAIR, basis=BASIS)
    assert len(list(engine.duties())) == 2
    (one,) = of(engine, language="en").values()
    assert str(one["description"]).endswith("owed by: clerk: clerk-1 (office), clerk-2 (office)")
    for clerk in (CLERK, Actor("clerk-2", body="office")):
        case.relieve("clerk", clerk, by=CHAIR, basis=BASIS)
    (one,) = of(engine, language="en").values()
    assert str(one["description"]).endswith("owed by: clerk: vacant")
    (one,) = of(engine, language="zh").values()
    assert str(one["description"]).endswith("空缺")


def test_uids_stay_and_tell_stores_apart() -> None:
    engine, case = engine_with()
    worlds.opened(engine, Matter("road-2", "Road"))
    first = set(of(engine))
    assert (
        first
        == set(of(engine, now=NOW + timedelta(days=9)))
        == {
            f"case.{case.id}@stabflow",
            "case.small-road-2-1@stabflow",
        }
    )
    assert set(of(engine, domain="town.example")) == {uid.replace("@stabflow", "@town.example") for uid in first}


def test_the_calendar_is_the_same_for_the_same_rows_and_clock() -> None:
    engine, _ = engine_with()
    written = [duty_calendar(engine, engine.duties(), now=NOW) for _ in range(2)]
    assert written[0] == written[1]
    lines = written[0].split(b"\r\n")
    assert (lines[0], lines[-2:]) == (b"BEGIN:VCALENDAR", [b"END:VCALENDAR", b""])
    assert max(map(len, lines)) <= 75, "lines are folded"
    assert all(line.decode("utf-8") is not None for line in lines), "no character is cut in two"


def test_an_estimated_due_time_is_tentative() -> None:
    engine, case = engine_with(FakeClock(datetime(2030, 12, 30, 1, tzinfo=UTC)))
    assert case.value.due is not None
    assert case.value.due.estimated
    (one,) = of(engine, language="zh").values()
    assert one["status"] == "TENTATIVE"
    assert "暂估" in str(one["description"])


def test_an_escalation_is_an_entry_of_its_own_and_a_breach_is_said_to_be_on_record() -> None:
    clock = FakeClock()
    limited = worlds.small(
        find='supervises = ["clerk", "auditor"]', put='supervises = ["clerk", "auditor"]\nresponds_within = "2 days"'
    )
    engine, case = engine_with(clock, limited)
    clock.now += timedelta(days=8)
    assert len(engine.tick().breaches) == 1
    found = of(engine, language="en")
    assert set(found) == {f"case.{case.id}@stabflow", f"case+1.{case.id}@stabflow"}
    first, second = (found[f"case{mark}.{case.id}@stabflow"] for mark in ("", "+1"))
    assert "late, on record" in str(first["description"])
    assert "chair: chair-1 (council)" in str(second["description"])
    assert second.decoded("dtstart") == date(2026, 3, 12), "counted from the first moment of 10 March"


def test_without_the_package_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, _ = engine_with()
    monkeypatch.setitem(sys.modules, "icalendar", None)
    with pytest.raises(InvalidInput, match=r"stabflow\[ics\]"):
        duty_calendar(engine, [], now=NOW)


# The command


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/store.db"
    with worlds.engine_on(url) as engine:
        case = worlds.opened(worlds.constituted(engine))
        case.add("note", by=CLERK, basis=BASIS, **{**NOTE, "owner": AUDITOR})
    return url


def test_the_command_writes_a_file_at_once(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "duties.ics"
    target.write_text("old", encoding="utf-8")
    assert main(["duties", "--store", url, "--ics", str(target), "--lang", "zh"]) == 0
    assert capsys.readouterr().out == ""
    found = entries(target.read_bytes())
    assert len(found) == 2
    assert {one["summary"].params["LANGUAGE"] for one in found.values()} == {"zh"}
    assert main(["duties", "--store", url, "--ics", str(target), "--actor", AUDITOR.id]) == 0
    assert [uid.partition(".")[0] for uid in entries(target.read_bytes())] == ["note-1"]

    def full(self: Path, other: Path) -> None:
        raise OSError(28, "no space left")

    kept = target.read_bytes()
    monkeypatch.setattr(Path, "replace", full)
    assert main(["duties", "--store", url, "--ics", str(target)]) == 4
    assert target.read_bytes() == kept
    assert sorted(path.name for path in tmp_path.glob("*ics*")) == ["duties.ics"]
    assert "no space left" in capsys.readouterr().err


def run(*words: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.run([sys.executable, "-m", "stabflow", *words], env=environment, capture_output=True, check=False)


def test_the_command_writes_to_standard_output(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = run("duties", "--store", url, "--ics", "-", "--lang", "en")
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(entries(done.stdout)) == 2
    for wrong in (
        ["--ics", "-", "--json"],
        ["--ics"],
        ["--ics", str(tmp_path)],
        ["--ics", str(tmp_path / "no" / "x.ics")],
    ):
        assert main(["duties", "--store", url, *wrong]) == 2
    assert main(["duties", "--store", url, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 2


def rows_by(engine: Engine, **filters: Any) -> Sequence[DutyRow]:
    return list(engine.duties(**filters))


def test_it_holds_what_the_rows_hold_and_no_more(url: str) -> None:
    with worlds.engine_on(url) as engine:
        rows = rows_by(engine, role="clerk")
        (one,) = entries(duty_calendar(engine, rows, now=NOW)).values()
        properties = {"SUMMARY", "DTSTART", "DTSTAMP", "UID", "CATEGORIES", "DESCRIPTION", "STATUS", "TRANSP"}
        assert set(one.keys()) == properties, "nobody is an attendee or an organizer"
