"""`stabflow doctor`: in words, in JSON, and by its exit status."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import worlds
from command_line import Run

from stabflow.engine import doctor as engine_doctor


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/d.db"
    with worlds.engine_on(url) as engine:
        worlds.opened(worlds.constituted(engine))
    return url


def two_years(folder: Path) -> Path:
    """A calendar that covers every year there will be."""
    text = 'format = 1\nid = "o"\nbase = "weekends"\nsource = "s"\nyears = [{}]\n'
    (folder / "office.toml").write_text(text.format(", ".join(map(str, range(2026, 2200)))), encoding="utf-8")
    return folder / "office.toml"


def test_all_is_fine(stab: Run, url: str, tmp_path: Path) -> None:
    asked = ("doctor", "--store", url, "--calendar", str(two_years(tmp_path)))
    status, said, _ = stab(*asked, columns=120)
    assert status == 1
    assert "run stabflow tick from a timer" in said
    vouched = ("--through", datetime.now(UTC).isoformat(), "--by", "ops-1", "--body", "centre", "--basis", "checked")
    assert stab("tick", "--store", url, *vouched)[0] == 0
    status, said, _ = stab(*asked, columns=120)
    assert status == 0
    assert said.splitlines()[:2] == [str(tmp_path / "d.db"), "fine"]
    for one in ("versions: stabflow ", "time zones: ", "is durable", "small@1, cases: 1", "2026–2199"):
        assert one in said
    assert "正常" in stab(*asked, "--lang", "zh")[1]
    status, said, _ = stab(*asked, "--json")
    told = json.loads(said)
    assert (status, told["status"]) == (0, 0)
    assert [one["check"] for one in told["checks"]] == [
        "versions",
        "timezones",
        "store",
        "calendar",
        "due_times",
        "procedures",
        "clock",
        "recurrence",
        "ticks",
        "snapshots",
    ]


def test_something_to_attend_to(stab: Run, url: str, tmp_path: Path) -> None:
    status, said, _ = stab("doctor", "--store", url, "--calendar", "weekends", "--lang", "zh")
    assert status == 1
    assert "需处理" in said
    assert "stabflow recalendar" in said
    status, said, _ = stab("doctor", "--store", "sqlite:///none.db", "--calendar", str(two_years(tmp_path)))
    assert (status, "does not exist yet" in said) == (1, True)
    assert not Path("none.db").exists()


def test_something_that_does_not_work(stab: Run, tmp_path: Path) -> None:
    (tmp_path / "other.db").write_bytes(b"no database" * 100)
    status, said, _ = stab("doctor", "--store", f"sqlite:///{tmp_path}/other.db")
    assert status == 4
    assert "does not work" in said
    status, said, _ = stab("doctor", "--store", f"sqlite:///{tmp_path}/other.db", "--json", "--lang", "zh")
    assert (status, json.loads(said)["checks"][-1]["health"]) == (4, "failed")
    assert stab("doctor", "--store", "memory:", "--calendar", "holidays:XX")[0] == 2
    assert stab("doctor", "--store", "nowhere:")[0] == 2


def test_without_time_zones(stab: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_doctor, "available_timezones", set)
    status, said, _ = stab("doctor", "--store", "memory:")
    assert (status, "install the package tzdata" in said) == (4, True)


def test_without_the_package_of_a_calendar(stab: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from stabflow.calendars.countries import country

    country.cache_clear()
    monkeypatch.setitem(sys.modules, "holidays", None)
    status, said, _ = stab("doctor", "--store", "memory:", "--calendar", "holidays:DE", columns=140)
    assert (status, "pip install 'stabflow[holidays]'" in said) == (4, True)
