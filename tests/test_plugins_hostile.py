"""Plugins that fail wherever they can, or pose as another: each is told of by its name, and none takes the listing down."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import pytest
import worlds
from command_line import PLAIN, ROOT, Run, program
from distributions import CELLAR, HOUSE, Site, group
from worlds import BASIS, CHAIR

import stabflow
from stabflow import Blocker, Case, InvalidInput, Plugin, Refused, hookimpl
from stabflow.calendar import WEEKENDS
from stabflow.decision.events import PluginFailed
from stabflow.errors import PluginError, StoreUnavailable
from stabflow.plugins import equip
from stabflow.plugins.discovery import installed
from stabflow.plugins.survey import Standing, Status, survey
from stabflow.ports.hooks import CalendarSource, Command, NamedRequirement, StoreScheme
from stabflow.ports.store import Clock, Store
from stabflow.stores.memory import MemoryStore

FROM = "from stabflow import Plugin, hookimpl\nfrom stabflow.ports.hooks import StoreScheme\n"


def house(site: Site, source: str = HOUSE, value: str = "house_rules:House", name: str = "house-rules") -> Path:
    return site.install(name, {value.partition(":")[0]: source}, group(f"house = {value}"))


def standing(name: str, *listed: str) -> Standing:
    (found,) = [one for one in survey(listed, version="0") if one.name == name]
    return found


HOSTILE = {
    "a module whose names cannot be had": ("def __dir__(): raise RuntimeError('no dir')", "no dir"),
    "an object without attributes": (
        FROM + "class House_(Plugin):\n    contract = 1\n    def __getattribute__(self, name):\n"
        "        if name == '__dict__': raise RuntimeError('no dict')\n"
        "        return super().__getattribute__(name)\nHouse = House_()",
        "no dict",
    ),
    "a class whose names cannot be had": (
        FROM + "class Meta(type):\n    def __dir__(cls): raise RuntimeError('no names')\n"
        "class House(Plugin, metaclass=Meta):\n    contract = 1",
        "no names",
    ),
    "a class that does not tell its name": (
        FROM + "class Meta(type):\n    def __getattribute__(cls, name):\n"
        "        if name == '__qualname__': raise RuntimeError('unnamed')\n"
        "        return super().__getattribute__(name)\n"
        "class House(Plugin, metaclass=Meta):\n    contract = 1",
        "unnamed",
    ),
    "an object without a class": (
        "class House_:\n    @property\n    def __class__(self): raise RuntimeError('no class')\nHouse = House_()",
        "no class",
    ),
    "a class of unknown bases": (
        "class Meta(type):\n"
        "    def __getattribute__(cls, name): raise LookupError('never')\nclass House(metaclass=Meta): pass",
        "LookupError: never",
    ),
    "an error of its own": ("class Own(BaseException): pass\nraise Own('mine')", "Own: mine"),
    "an error that cannot say itself": (
        "class Own(BaseException):\n    def __str__(self): raise self\nraise Own",
        "Own: its words cannot be had",
    ),
    "an error of ours": ("from stabflow.errors import PluginError\nraise PluginError('other', 'x')", "plugin other: x"),
    "the end of a generator": ("raise GeneratorExit('x')", "GeneratorExit: x"),
    "no end of calls": ("def f(): f()\nf()", "RecursionError"),
    "a contract that cannot be shown": (
        FROM + "class Odd:\n    def __repr__(self): raise OSError('odd')\nclass House(Plugin):\n    contract = Odd()",
        "OSError: odd",
    ),
    "a hook that ends it all": (
        FROM + "class Own(BaseException): pass\nclass House(Plugin):\n    contract = 1\n    @hookimpl\n"
        "    def stabflow_stores(self): raise Own('now')",
        "stabflow_stores failed: Own: now",
    ),
    "a scheme of its own making": (
        FROM + "class Mine(StoreScheme): pass\n"
        "class House(Plugin):\n    contract = 1\n    @hookimpl\n"
        "    def stabflow_stores(self): return (Mine('x', print),)",
        "stabflow_stores brought a Mine, not a StoreScheme",
    ),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_whatever_a_plugin_does_is_its_error_and_its_line(what: str, site: Site) -> None:
    source, problem = HOSTILE[what]
    house(site, source)
    site.install("cellar-store", {"cellar": CELLAR}, group("cellar = cellar:Cellar"))
    with pytest.raises(PluginError) as error:
        equip(["house"])
    assert (error.value.plugin, error.value.distribution) == ("house", "house-rules")
    assert problem in error.value.problem
    found = {one.name: one for one in survey(["house", "cellar"], version="0")}
    assert (found["house"].status, found["cellar"].status) == (Status.BROKEN, Status.LISTED)
    assert problem in found["house"].problem


def test_a_plugin_is_asked_once_and_listed_as_it_answered_then(site: Site, stab: Run) -> None:
    house(
        site,
        FROM + "class House(Plugin):\n    asked = []\n    @property\n    def contract(self):\n"
        "        self.once('contract')\n        return 1\n    @hookimpl\n    def stabflow_stores(self):\n"
        "        self.once('stores')\n        return (StoreScheme('attic', print),)\n"
        "    def once(self, what):\n        assert what not in self.asked, what\n        self.asked.append(what)\n",
    )
    site.install("cellar-store", {"cellar": CELLAR}, group("cellar = cellar:Cellar"))
    Path("stabflow.toml").write_text('plugins = ["house", "cellar"]', encoding="utf-8")
    status, said, _ = stab("plugins", "--json")
    found = {one["name"]: one for one in json.loads(said)["plugins"]}
    assert (status, found["house"]["status"], found["cellar"]["status"]) == (0, "listed", "listed")
    assert (found["house"]["contract"], found["house"]["stores"][0]["scheme"]) == (1, "attic")


def test_a_plugin_that_closes_what_it_writes_to_is_told_of(site: Site, stab: Run) -> None:
    house(site, "import os, sys\nsys.stdout = open(os.devnull, 'w')\nsys.stdout.close()\nraise ValueError('shut')")
    Path("stabflow.toml").write_text('plugins = ["house"]', encoding="utf-8")
    status, said, _ = stab("plugins", columns=140)
    assert status == 4
    assert "ValueError: shut" in said


def test_a_plugin_that_closes_where_errors_are_said_keeps_the_status(site: Site, tmp_path: Path) -> None:
    folder = house(site, "import sys\nsys.stdout.close()\nraise ValueError('shut')")
    (tmp_path / "stabflow.toml").write_text('plugins = ["house"]', encoding="utf-8")
    done = program("show", folder=tmp_path, PYTHONPATH=f"{ROOT / 'src'}:{folder}")
    assert (done.returncode, done.stdout) == (4, "")


# Schemes that are the name of another


LEDGER = CELLAR.replace('("cellar", "vault")', '("ledger",)')


def test_a_listed_plugin_does_not_take_over_what_another_is_called(site: Site, stab: Run) -> None:
    house(site, LEDGER, "house_rules:Cellar")
    site.install("stabflow-ledger", {"ledger": LEDGER}, group("ledger = ledger:Cellar"))
    with pytest.raises(PluginError) as error:
        stabflow.open("LEDGER:///x", plugins=["house"])
    assert str(error.value) == (
        "plugin house (Cellar of house-rules 1.2): it brings the scheme 'ledger', which is the name of a plugin of"
        " stabflow-ledger 1.2: uninstall one of the two, or leave this one out"
    )
    assert standing("house", "house").status is Status.CONFLICT
    assert site.imported() == {"house_rules"}, "metadata suffices"
    Path("stabflow.toml").write_text('plugins = ["house"]', encoding="utf-8")
    status, said, _ = stab("plugins", columns=120)
    assert (status, said.count("the name of a plugin of stabflow-ledger 1.2")) == (4, 1)
    stabflow.open("memory:", plugins=["house"]).close()
    stabflow.open("ledger:x").close()
    assert standing("ledger", "ledger").status is Status.LISTED


def test_a_distribution_may_call_several_plugins_by_its_own_schemes(site: Site) -> None:
    site.install("cellar-store", {"cellar": CELLAR}, group("cellar = cellar:Cellar", "vault = cellar:Other"))
    stabflow.open("vault:x", plugins=["cellar"]).close()
    assert standing("cellar", "cellar").status is Status.LISTED


def test_what_was_given_as_an_object_serves_its_scheme(site: Site) -> None:
    class Mine(Plugin):
        @hookimpl
        def stabflow_stores(self) -> Iterable[StoreScheme]:
            return (StoreScheme("cellar", lambda url, clock: MemoryStore()),)

    site.install("cellar-store", {"cellar": CELLAR}, group("cellar = cellar:Cellar"))
    stabflow.open("cellar:x", plugins=[Mine()]).close()
    assert site.imported() == set()


# What steers a terminal

CLEAR = "\x1b[2J"
RAW = ["\x1b", "\x07", "\x9b", "\u202e", "\x7f"]


def raw(words: str) -> list[str]:
    return [one for one in RAW if one in words]


@pytest.mark.parametrize(
    "text",
    [
        'plugins = ["\\u001b[2J"]',
        'plugins = ["x\\u009b2J"]',
        'plugins = ["\\u202e"]',
        '"\\u001b[2J" = 1',
        '"\\u009b" = 1',
        'plugins = "\\u001b"',
        'plugins = {"\\u001b" = "\\u009b"}',
    ],
)
@pytest.mark.parametrize("words", [["plugins"], ["plugins", "--json"], ["doctor", "--json"]], ids=" ".join)
def test_no_sequence_out_of_the_file_reaches_a_terminal(text: str, words: list[str], stab: Run) -> None:
    Path("stabflow.toml").write_text(text, encoding="utf-8")
    status, out, err = stab(*words)
    assert (status, raw(out + err)) == (2, [])
    assert "stabflow.toml has 1 fault" in out + err


@pytest.mark.parametrize("words", [["plugins"], ["plugins", "--json"], ["show"], ["doctor"]], ids=" ".join)
def test_no_sequence_of_a_plugin_reaches_a_terminal(words: list[str], site: Site, stab: Run) -> None:
    house(
        site, f"class Own{'(Exception)'}: pass\nOwn.__name__ = 'x\\x1b[2J'\nraise Own('\\x9b2J\\x07\\u202e\\n{CLEAR}')"
    )
    metadata = "Metadata-Version: 2.1\nName: evil\x1b[2J\nVersion: 1\x9b2J\n"
    site.install("evil", {}, group("x\x1b[2J = evil\x9b:House", "wine = cellar\x07:x"), metadata=metadata)
    Path("stabflow.toml").write_text('plugins = ["house"]', encoding="utf-8")
    assert raw("".join(f"{one.name}{one.label()}{one.value}" for one in installed())) == []
    status, out, err = stab(*words)
    assert (status, raw(out + err)) == (4, [])
    assert "\\\\x9b2J" in out or "\\x9b2J" in out + err


def test_no_sequence_that_a_store_raises_reaches_a_terminal(site: Site, stab: Run) -> None:
    source = CELLAR.replace("CellarStore(clock)", "(_ for _ in ()).throw(StoreUnavailable('\\x1b[2J\\x9b'))")
    site.install(
        "cellar-store",
        {"cellar": "from stabflow.errors import StoreUnavailable\n" + source},
        group("cellar = cellar:Cellar"),
    )
    status, out, err = stab("show", "--store", "cellar:x")
    assert (status, raw(out + err)) == (2, [])
    assert "\\x1b[2J" in err
    for words in (["doctor"], ["doctor", "--json"]):
        status, out, err = stab(*words, "--store", "cellar:x")
        assert (status, raw(out + err)) == (4, [])
        assert "[2J" in out
    with pytest.raises(StoreUnavailable):
        stabflow.open("cellar:x")


def test_no_sequence_reaches_a_terminal_by_the_log(site: Site, tmp_path: Path) -> None:
    source = FROM + (
        "class House(Plugin):\n    contract = 1\n    @hookimpl\n"
        "    def stabflow_recorded(self, case, records): raise OSError('\\x1b[2J\\x9b')\n"
    )
    folder = house(site, source)
    (tmp_path / "stabflow.toml").write_text('plugins = ["house"]', encoding="utf-8")
    done = program("run", PLAIN, folder=tmp_path, PYTHONPATH=f"{ROOT / 'src'}:{folder}")
    assert "OSError: \\x1b[2J\\x9b" in done.stderr
    assert raw(done.stdout + done.stderr) == []


# One name

SAYS = """
from stabflow import Plugin, hookimpl


class HouseRules(Plugin):
    contract = 1

    @hookimpl
    def stabflow_check_command(self, case, command, now):
        if getattr(command, "trigger", "") == "restart":
            raise LookupError("secret")
"""


def test_messages_and_records_call_a_plugin_by_its_entry_point(site: Site) -> None:
    house(site, SAYS, "house_rules:HouseRules", "stabflow-house")
    engine = worlds.constituted(worlds.engine_on("memory:", plugins=["house"]))
    case = worlds.opened(engine)
    assert case.history()[0].plugins == ("house",)
    with pytest.raises(Refused, match="plugin house was asked and failed"):
        case.fire("restart", by=CHAIR, basis=BASIS)
    (record,) = engine.plugin_failures()
    assert isinstance(record.event, PluginFailed)
    assert record.event.plugin == "house"
    assert record.event.place.startswith("house_rules:"), "and not somewhere in stabflow"


def test_a_class_under_two_names_is_given_twice(site: Site) -> None:
    lines = group("house = house_rules:House", "same = house_rules:house")
    site.install("house-rules", {"house_rules": HOUSE}, lines)
    with pytest.raises(PluginError, match=r"plugin same \(House of house-rules 1\.2\): it is given twice"):
        equip(["house", "same"])


def test_the_operator_is_told_where_it_is_listed(site: Site, stab: Run) -> None:
    house(site, HOUSE.replace("contract = 1", "contract = 7"))
    Path("listed.toml").write_text('plugins = ["house"]', encoding="utf-8")
    path = Path("listed.toml").absolute()
    status, _, err = stab("show", STABFLOW_CONFIG="listed.toml")
    assert status == 4
    assert "plugin house (House of house-rules 1.2): it was written for contract 7" in err
    assert err.endswith(f"; mend it, or take it out of {path}\n")
    for words in (["plugins"], ["doctor"]):
        said = "".join(stab(*words, STABFLOW_CONFIG="listed.toml")[1].split())
        assert "".join(f"mend it, or take it out of {path}".split()) in said
    status, _, err = stab("show", "--lang", "zh", STABFLOW_CONFIG="listed.toml")
    assert f"；请修复该插件，或将其从{path}中移除" in err
    assert "take it out" not in stab("show", "--store", "house:x")[2], "it is listed nowhere"


# Who had a say


def test_records_name_those_that_may_have_a_say_and_no_other() -> None:
    class Brings(Plugin):
        @hookimpl
        def stabflow_calendars(self) -> Iterable[CalendarSource]:
            return (CalendarSource("mine", lambda: WEEKENDS),)

        @hookimpl
        def stabflow_recorded(self, case: object, records: object) -> None:
            """It is told, and has no say."""

    class Asked(Plugin):
        @hookimpl
        def stabflow_check_command(self, case: Case | None, command: Command, now: datetime) -> Blocker | None:
            return None

    class Requires(Plugin):
        @hookimpl
        def stabflow_requirements(self) -> Iterable[NamedRequirement]:
            return (NamedRequirement("never", lambda view, table: None),)

    engine = worlds.constituted(worlds.engine_on("memory:", plugins=[Brings(), Requires(), Asked()]))
    names = worlds.opened(engine).history()[0].plugins
    assert [one.rpartition(".")[2] for one in names] == ["Requires", "Asked"]
    engine = worlds.constituted(worlds.engine_on("memory:", plugins=[Brings()]))
    assert b"plugins" not in worlds.opened(engine).history()[0].header


# URLs with secrets


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mongodb://u:secret@h/x", "'mongodb://…'"),
        ("mongodb:u:secret@h", "'mongodb:…'"),
        ("u:secret@h/x", "'u:…'"),
        ("secret@h", "'…'"),
        ("a@secret:x", "'…'"),
        ("db:///x?user=u&password=secret&schema=s", "'db:///x?user=u&password=…&schema=s'"),
        ("db:///x?sslpassword=secret&Api_Token=secret#a", "'db:///x?sslpassword=…&Api_Token=…#a'"),
    ],
)
def test_a_url_that_may_have_a_password_is_not_repeated(url: str, shown: str, stab: Run) -> None:
    with pytest.raises(InvalidInput) as error:
        stabflow.open(url)
    assert error.value.faults[0].problem == f"no store serves {shown}"
    assert "secret" not in str(error.value)
    for words in (["show"], ["doctor"], ["doctor", "--json"]):
        _, out, err = stab(*words, "--store", url)
        assert "secret" not in out + err


def test_what_a_driver_says_of_a_url_is_not_repeated() -> None:
    def opened(url: str, clock: Clock | None) -> Store:
        raise OSError(f"cannot connect to {url}; user u:secret")

    class Driver(Plugin):
        @hookimpl
        def stabflow_stores(self) -> Iterable[StoreScheme]:
            return (StoreScheme("db", opened), StoreScheme("none", lambda url, clock: 7))  # type: ignore[arg-type, return-value]

    with pytest.raises(PluginError, match="opening 'db://…' failed: OSError: cannot connect to …; user …") as error:
        stabflow.open("db://u:secret@h/x", plugins=[Driver()])
    assert "secret" not in str(error.value)
    with pytest.raises(PluginError, match=r"cannot connect to db:/h/x\?password=…; user u:…") as error:
        stabflow.open("db:/h/x?password=secret", plugins=[Driver()])
    assert "secret" not in str(error.value)
    with pytest.raises(PluginError, match="opening 'none://…' gave an int, not a Store"):
        stabflow.open("none://u:secret@h/x", plugins=[Driver()])


# Where it is broken


def test_the_place_of_an_error_is_the_last_one_in_the_plugins_own_code(site: Site) -> None:
    folder = house(site, "import json\n\n\ndef read():\n    json.loads('{')\n\n\nread()\n")
    with pytest.raises(PluginError) as error:
        equip(["house"])
    assert error.value.problem.endswith(f" ({folder / 'house_rules.py'}, line 7)"), "two lines of the mark stand before"
    folder = site.install(
        "other-rules", {"other_rules": "import other_part\n", "other_part": "x =\n"}, group("other = other_rules:x")
    )
    with pytest.raises(PluginError) as error:
        equip(["other"])
    assert error.value.problem.endswith(f" ({folder / 'other_part.py'}, line 3)")


@pytest.mark.parametrize(
    ("value", "kind"),
    [("7", "a number"), ("true", "true or false"), ("{ a = 1 }", "a table"), ("[1]", "a list"), ("07:00:00", "a time")],
)
def test_what_stands_where_a_name_belongs_is_said_in_words(value: str, kind: str, stab: Run) -> None:
    Path("stabflow.toml").write_text(f"plugins = [{value}]", encoding="utf-8")
    assert f"plugins[0]: is {kind}, not a name" in stab("plugins")[2]
    if kind != "a list":
        Path("stabflow.toml").write_text(f"plugins = {value}", encoding="utf-8")
        assert f'plugins: is {kind}, not a list (write plugins = ["name"])' in stab("plugins")[2]
