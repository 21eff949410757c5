"""`stabflow plugins`: which there are and how they stand; `stabflow history --plugins`: which failed. In words and in JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest
import worlds
from command_line import ROOT, Run, program
from distributions import CELLAR, HOUSE, Site, group
from worlds import BASIS, CHAIR

import stabflow
from stabflow import Blocker, Case, Matter, Plugin, Record, Refused, hookimpl
from stabflow.cli import main
from stabflow.cli.app import commands
from stabflow.ports.hooks import Command


class Broken(Plugin):
    @hookimpl
    def stabflow_check_command(self, case: Case | None, command: Command, now: datetime) -> Blocker | None:
        if getattr(command, "trigger", "") == "restart":
            raise LookupError("secret")
        return None

    @hookimpl
    def stabflow_recorded(self, case: Case, records: Sequence[Record]) -> None:
        if case.version == 1:
            raise OSError("secret")


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/store.db"
    with worlds.engine_on(url, plugins=[Broken()]) as engine:
        worlds.opened(worlds.constituted(engine))
        other = worlds.opened(engine, Matter("road-2", "Road"))
        with pytest.raises(Refused):
            other.fire("restart", by=CHAIR, basis=BASIS)
    return url


def test_failures_are_printed(url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["history", "--plugins", "--store", url]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert said.count("OSError") == 2
    assert said.count("LookupError") == 1
    assert "the act stands" in said
    assert "secret" not in said
    assert main(["history", "small-bridge-1-1", "--plugins", "--store", url, "--lang", "zh"]) == 0
    said = capsys.readouterr().out
    assert "LookupError" not in said
    assert "办理有效" in "".join(said.split())
    assert main(["history", "small-road-2-1", "--plugins", "--store", url, "--json"]) == 0
    events = [one["event"] for one in json.loads(capsys.readouterr().out)["failures"]]
    assert [(one["error"], one["version"]) for one in events] == [("OSError", 1), ("LookupError", 3)]


def test_where_none_failed_that_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    with worlds.engine_on(url) as engine:
        worlds.constituted(engine)
    assert main(["history", "--plugins", "--store", url]) == 0
    assert "no plugin has failed" in capsys.readouterr().out
    assert main(["history", "--plugins", "--store", url, "--lang", "zh"]) == 0
    assert "没有插件失败的记录" in capsys.readouterr().out
    assert main(["history", "nothing", "--plugins", "--store", url]) == 2
    assert main(["history", "--store", url]) == 2
    assert "CASE" in capsys.readouterr().err


# Which there are


def told(stab: Run, **environment: str) -> tuple[int, dict[str, dict[str, object]]]:
    status, said, _ = stab("plugins", "--json", **environment)
    found = json.loads(said)
    assert found["status"] == status
    return status, {one["name"]: one for one in found["plugins"]}


def test_built_ins_are_listed_with_what_they_bring(stab: Run) -> None:
    status, found = told(stab)
    assert status == 0
    assert found["sqlite"] == {
        "name": "sqlite",
        "distribution": "stabflow",
        "version": stabflow.__version__,
        "entry_point": "",
        "status": "built-in",
        "allowed": True,
        "problem": None,
        "hooks": ["stabflow_stores"],
        "stores": [
            {"scheme": "sqlite", "capabilities": ["durable", "feed", "multi_process", "outbox", "snapshots"]},
        ],
        "notifiers": [],
        "contract": 1,
    }
    assert (found["log"]["hooks"], found["log"]["notifiers"]) == (["stabflow_notifiers"], ["log"])
    assert (found["file"]["stores"], found["file"]["notifiers"]) == ([], ["file"])
    assert found["calendars"]["hooks"] == ["stabflow_calendars"]
    status, said, _ = stab("plugins", columns=120)
    assert status == 0
    assert re.search(r"sqlite +stabflow 0\.1\.0", said)
    assert "stores memory: (FEED, OUTBOX, SNAPSHOTS)" in said
    assert re.search(r"log +stabflow 0\.1\.0 +built in +1 +notifiers log:\n", said)
    assert "内置" in stab("plugins", "--lang", "zh")[1]


def test_what_is_not_listed_is_told_of_without_importing_it(stab: Run, site: Site) -> None:
    site.install("house-rules", {"house_rules": "raise OSError"}, group("house = house_rules:House"))
    status, found = told(stab)
    assert (status, site.imported()) == (0, set())
    assert found["house"] == {
        "name": "house",
        "distribution": "house-rules",
        "version": "1.2",
        "entry_point": "house_rules:House",
        "status": "installed",
        "allowed": False,
        "problem": None,
        "hooks": None,
        "stores": None,
        "notifiers": None,
        "contract": None,
    }
    assert "to use one, write plugins = […] with its name in stabflow.toml" in " ".join(stab("plugins")[1].split())
    assert "未列出" in stab("plugins", "--lang", "zh")[1]
    assert site.imported() == set()


def test_what_is_listed_is_told_of_with_what_it_brings(stab: Run, site: Site) -> None:
    site.install("cellar-store", {"cellar": CELLAR}, group("cellar = cellar:Cellar"))
    Path("stabflow.toml").write_text('plugins = ["cellar"]', encoding="utf-8")
    status, found = told(stab)
    assert (status, site.imported()) == (0, {"cellar"})
    assert found["cellar"]["status"] == "listed"
    assert found["cellar"]["hooks"] == ["stabflow_stores"]
    assert found["cellar"]["stores"] == [{"scheme": one, "capabilities": ["feed"]} for one in ("cellar", "vault")]
    said = stab("plugins", columns=120)[1]
    assert "stores cellar: (FEED); stores vault: (FEED)" in said
    assert "works" in said


def test_what_a_plugin_prints_does_no_harm_to_json(stab: Run, site: Site) -> None:
    site.install("house-rules", {"house_rules": HOUSE + "print('noise')\n"}, group("house = house_rules:House"))
    Path("stabflow.toml").write_text('plugins = ["house"]', encoding="utf-8")
    status, out, err = stab("plugins", "--json")
    assert (status, json.loads(out)["status"], err) == (0, 0, "noise\n")
    site.forget()
    status, out, err = stab("doctor", "--json")
    assert (json.loads(out)["status"], err) == (status, "noise\n")


def test_what_is_broken_names_itself_and_the_others_are_listed(stab: Run, site: Site) -> None:
    site.install("house-rules", {"house_rules": "raise SystemExit('no')"}, group("house = house_rules:House"))
    site.install("cellar-store", {"cellar": CELLAR}, group("cellar = cellar:Cellar"))
    Path("stabflow.toml").write_text('plugins = ["house", "celar", "cellar"]', encoding="utf-8")
    status, found = told(stab)
    assert status == 4
    assert [found[name]["status"] for name in ("memory", "house", "celar", "cellar")] == [
        "built-in",
        "broken",
        "missing",
        "listed",
    ]
    status, said, _ = stab("plugins", columns=120)
    assert status == 4
    assert "house (house-rules 1.2): importing house_rules failed: SystemExit: no" in said
    assert "celar: no plugin 'celar' is installed; did you mean 'cellar'?" in said
    assert "不可用" in stab("plugins", "--lang", "zh")[1]


def test_a_conflict_counts_where_the_name_is_listed(stab: Run, site: Site) -> None:
    for name in ("one-store", "two-store"):
        site.install(name, {}, group("cellar = cellar:Cellar", "sqlite = cellar:Cellar"))
    status, found = told(stab)
    assert (status, found["cellar"]["status"]) == (0, "conflict")
    said = " ".join(stab("plugins", columns=140)[1].split())
    assert said.count("one-store 1.2 and two-store 1.2 each bring a plugin 'cellar'") == 1
    assert said.count("sqlite (one-store 1.2, two-store 1.2): its name 'sqlite' is that of a built-in") == 1
    Path("stabflow.toml").write_text('plugins = ["cellar"]', encoding="utf-8")
    assert told(stab)[0] == 4


def test_the_program_finds_what_is_installed(site: Site, tmp_path: Path) -> None:
    folder = site.install("house-rules", {"house_rules": HOUSE}, group("house = house_rules:House"))
    (tmp_path / "stabflow.toml").write_text('plugins = ["house"]', encoding="utf-8")
    done = program("plugins", folder=tmp_path, PYTHONPATH=f"{ROOT / 'src'}:{folder}")
    assert (done.returncode, done.stderr) == (0, "")
    assert any("house-rules" in line and "works" in line and "calendars" in line for line in done.stdout.splitlines())


# Which the other commands use

REQUIRED = {
    "run": [str(ROOT / "examples" / "plain.toml")],
    "plan": ["c", "implement"],
    "matter": ["m"],
    "gate": ["m", "--accept", "five-step@1"],
    "history": ["c"],
    "migrate": ["five-step", "--by", "o", "--body", "b", "--basis", "x"],
    "recalendar": ["--basis", "x"],
    "deliver": ["--directory", str(ROOT / "examples" / "notices" / "directory.toml")],
}
ON_A_STORE = sorted(name for name, one in commands.commands.items() if any(p.name == "url" for p in one.params))


def test_the_commands_on_a_store_are_these() -> None:
    assert {"demo", "doctor", "duties", "show", "tick", *REQUIRED} <= set(ON_A_STORE)


@pytest.mark.parametrize("command", ON_A_STORE)
def test_every_command_on_a_store_uses_what_is_listed(command: str, stab: Run, site: Site) -> None:
    site.install("house-rules", {"house_rules": "raise OSError('no rules')"}, group("house = house_rules:House"))
    Path("stabflow.toml").write_text('plugins = ["house"]', encoding="utf-8")
    status, out, err = stab(command, *REQUIRED.get(command, []))
    assert status == 4
    assert "plugin house (house-rules 1.2): importing house_rules failed: OSError: no rules" in " ".join(
        (out + err).split()
    )
    Path("stabflow.toml").write_text('plugins = ["huose"]', encoding="utf-8")
    status, _, err = stab(command, *REQUIRED.get(command, []))
    assert status == 2
    assert "stabflow.toml: plugins[0]: no plugin 'huose' is installed (did you mean 'house'?)" in err
    assert [path.name for path in Path().glob("*.db")] == []


def test_a_doctor_says_that_it_is_a_plugin_which_does_not_work(stab: Run, site: Site) -> None:
    site.install("house-rules", {"house_rules": "raise OSError"}, group("house = house_rules:House"))
    Path("stabflow.toml").write_text('plugins = ["house"]', encoding="utf-8")
    status, out, _ = stab("doctor", "--json")
    assert status == 4
    assert [one["check"] for one in json.loads(out)["checks"] if one["health"] == "failed"] == ["plugins"]
    assert "插件：" in stab("doctor", "--lang", "zh")[1]


VETO = """
from stabflow import Blocker, Plugin, hookimpl
from stabflow.text import Text


class Veto(Plugin):
    contract = 1

    @hookimpl
    def stabflow_check_command(self, case, command, now):
        return Blocker(kind="house", text=Text("the house says no", "本单位不同意"))
"""


def test_a_listed_plugin_has_its_say(stab: Run, site: Site) -> None:
    site.install("house-rules", {"house_rules": VETO}, group("house = house_rules:Veto"))
    assert stab("run", ROOT / "examples" / "plain.toml", "--store", "sqlite:///without.db")[0] == 0
    Path("listed.toml").write_text('plugins = ["house"]', encoding="utf-8")
    run = ("run", ROOT / "examples" / "plain.toml", "--store", "sqlite:///with.db")
    status, _, err = stab(*run, STABFLOW_CONFIG="listed.toml")
    assert status == 2
    assert "the house says no (plugin house)" in err
    assert not Path("with.db").exists()


# What is wrong with stabflow.toml


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ('plugin = ["a"]', ["plugin: is no setting (did you mean 'plugins'?)"]),
        ("[tool]\nx = 1", ["tool: is no setting (known: directory, plugins)"]),
        ('plugins = "house"', ['plugins: is text, not a list (write plugins = ["house"])']),
        (
            'plugins = ["a", 7, "a"]',
            ["plugins[1]: is a number, not a name", 'plugins[2]: "a" is listed twice (leave one of them out)'],
        ),
        ('plugins = [\n"a"', ["is not TOML: ", "(at end of document)"]),
        ("\nplugins = = 1", ["(at line 2, column 11)"]),
    ],
)
def test_every_fault_of_the_file_is_said_with_its_place(text: str, faults: list[str], stab: Run) -> None:
    Path("stabflow.toml").write_text(text, encoding="utf-8")
    for command in ("plugins", "show", "doctor"):
        status, _, err = stab(command)
        assert status == 2
        assert "stabflow.toml has" in err
        assert [fault for fault in faults if fault not in err] == []


def test_a_file_that_is_named_must_be_there(stab: Run) -> None:
    status, _, err = stab("plugins", STABFLOW_CONFIG="nowhere.toml")
    assert status == 2
    assert "nowhere.toml: cannot be read: No such file" in err
    assert stab("plugins", STABFLOW_CONFIG="")[0] == 0
