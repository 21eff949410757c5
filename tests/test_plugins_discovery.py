"""Installed plugins: found by their metadata, imported only when they are named, each alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from distributions import CELLAR, HOUSE, Site, group

import stabflow
from stabflow import InvalidInput, Plugin
from stabflow.errors import PluginError
from stabflow.plugins import equip
from stabflow.plugins.discovery import Installed, installed
from stabflow.plugins.survey import Status, survey


def house(site: Site, source: str = HOUSE, value: str = "house_rules:House") -> Path:
    return site.install("house-rules", {"house_rules": source}, group(f"house = {value}"))


def cellar(site: Site, name: str = "cellar-store", module: str = "cellar") -> Path:
    lines = (f"cellar = {module}:Cellar", f"vault = {module}:Cellar")
    return site.install(name, {module: CELLAR}, group(*lines), version="0.3")


def standing(name: str, *listed: str) -> list[Status]:
    return [one.status for one in survey(listed, version="0") if one.name == name]


# What is installed


def test_what_is_installed_is_read_and_not_imported(site: Site) -> None:
    house(site, "raise SystemExit('imported')")
    cellar(site)
    found = [one for one in installed() if not one.distribution.startswith("stabflow-")]
    assert found == [
        Installed("cellar", "cellar-store", "0.3", "cellar:Cellar"),
        Installed("house", "house-rules", "1.2", "house_rules:House"),
        Installed("vault", "cellar-store", "0.3", "cellar:Cellar"),
    ]
    with stabflow.open("memory:"):
        assert standing("house") == [Status.INSTALLED]
    assert site.imported() == set()
    with pytest.raises(PluginError, match="SystemExit: imported"):
        equip(["house"])
    assert site.imported() == {"house_rules"}, "the mark would be seen"


def test_a_plugin_is_given_by_its_name(site: Site) -> None:
    house(site)
    cellar(site)
    with stabflow.open("memory:", plugins=["house"], calendar="house"):
        assert site.imported() == {"house_rules"}
    assert equip(["house"]).names == ("house",)
    with pytest.raises(InvalidInput, match="unknown calendar 'house'"):
        stabflow.open("memory:", calendar="house")


def test_a_class_is_made_anew_for_each_engine_and_an_object_is_shared(site: Site) -> None:
    source = HOUSE + "made = []\nHouse.__init__ = lambda self: made.append(self)\n"
    folder = site.install(
        "house-rules", {"house_rules": source}, group("house = house_rules:House", "same = house_rules:house")
    )
    for name in ("house", "house", "same", "same"):
        equip([name])
    import house_rules  # type: ignore[import-not-found]

    assert Path(house_rules.__file__).parent == folder
    assert len(house_rules.made) == 2


def test_objects_and_names_stand_in_the_order_in_which_they_are_given(site: Site) -> None:
    class Mine(Plugin):
        pass

    house(site)
    cellar(site)
    names = equip(iter(["cellar", Mine(), "house"])).names
    assert names == ("cellar", f"{__name__}.{Mine.__qualname__}", "house")


def test_two_names_of_one_value_are_one_plugin(site: Site) -> None:
    cellar(site)
    equipment = equip(["cellar", "vault"])
    assert equipment.names == ("cellar",)
    assert {"cellar", "vault"} <= set(equipment.stores)
    assert standing("vault", "cellar", "vault") == [Status.LISTED]


def test_an_unknown_name_is_said_with_a_near_one_and_with_every_other_fault(site: Site) -> None:
    house(site)
    with pytest.raises(InvalidInput) as error:
        stabflow.open(7, plugins=["huose", "house", "house", "sqlite"], clock=8)  # type: ignore[arg-type]
    assert [(fault.path, fault.cure) for fault in error.value.faults[2:]] == [
        ("plugins[0]", "did you mean 'house'?"),
        ("plugins[2]", "leave one of them out"),
        ("plugins[3]", "leave it out: every engine has it"),
    ]
    assert [fault.path for fault in error.value.faults[:2]] == ["store", "clock"]
    assert site.imported() == set(), "nothing is imported before every name is known"


# What is broken


MARK = "    contract = 1\n"
BROKEN = {
    "raises": (
        "raise RuntimeError('no driver')",
        "house_rules:House",
        "importing house_rules failed: RuntimeError: no driver",
    ),
    "cannot say its error": (
        "class Mute(Exception):\n    def __str__(self): raise LookupError\nraise Mute",
        "house_rules:House",
        "importing house_rules failed: Mute: its words cannot be had",
    ),
    "exits": ("import sys\nsys.exit(3)", "house_rules:House", "importing house_rules failed: SystemExit: 3"),
    "is no Python": ("def", "house_rules:House", "importing house_rules failed: SyntaxError"),
    "needs another": (
        "import no_such_driver",
        "house_rules:House",
        "ModuleNotFoundError: No module named 'no_such_driver'",
    ),
    "is not there": (HOUSE, "house_rule:House", "ModuleNotFoundError: No module named 'house_rule'"),
    "has no such name": (HOUSE, "house_rules:Hose", "there is no 'Hose'; did you mean 'House'?"),
    "fails when asked": ("def __getattr__(name): raise SystemExit(name)", "house_rules:House", "SystemExit: House"),
    "says nothing": (HOUSE, "house_rules", "which is no module:attribute"),
    "says nonsense": (HOUSE, "house rules:!", "which is no module:attribute"),
    "names a number": ("house = 7", "house_rules:house", "names an int, which is no stabflow.Plugin"),
    "names a function": ("def house(): pass", "house_rules:house", "names a function, which is no stabflow.Plugin"),
    "names another class": (
        "class House: pass",
        "house_rules:House",
        "names the class House, which is no stabflow.Plugin",
    ),
    "needs arguments": (
        HOUSE.replace(MARK, MARK + "    def __init__(self, path): pass\n").replace("house = House()", ""),
        "house_rules:House",
        "making a house_rules:House without arguments failed: TypeError",
    ),
    "misspells a hook": (
        HOUSE.replace("stabflow_calendars", "stabflow_calenders"),
        "house_rules:House",
        "did you mean 'stabflow_calendars'?",
    ),
    "is of a newer contract": (
        HOUSE.replace(MARK, "    contract = 2\n"),
        "house_rules:House",
        "contract 2, which is newer than contract 1 of this stabflow: upgrade stabflow",
    ),
    "is of an older contract": (
        HOUSE.replace(MARK, "    contract = 0\n"),
        "house_rules:House",
        "contract 0, which is older than contract 1 of this stabflow: upgrade house-rules",
    ),
    "says no contract": (HOUSE.replace(MARK, ""), "house_rules:House", "write contract = 1 in the class House"),
    "has a text for a contract": (
        HOUSE.replace(MARK, "    contract = '1'\n"),
        "house_rules:House",
        "'1', which is no whole",
    ),
    "has a yes for a contract": (
        HOUSE.replace(MARK, "    contract = True\n"),
        "house_rules:House",
        "True, which is no whole",
    ),
    "brings nothing usable": (
        HOUSE.replace('"house", lambda', '"house", 7), (lambda'),
        "house_rules:House",
        "stabflow_calendars failed",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_broken_says_so_and_harms_no_other(what: str, site: Site) -> None:
    source, value, problem = BROKEN[what]
    house(site, source, value)
    cellar(site)
    with pytest.raises(PluginError) as error:
        stabflow.open("memory:", plugins=["house"])
    assert problem in str(error.value)
    assert (error.value.distribution, error.value.version) == ("house-rules", "1.2")
    assert error.value.plugin == "house"
    of = f"{error.value.class_name} of " if error.value.class_name else ""
    assert str(error.value).startswith(f"plugin house ({of}house-rules 1.2): ")
    if " failed: " in problem:
        assert isinstance(error.value.__cause__, Exception | SystemExit)
    (broken, *others) = [one for one in survey(["house", "cellar"], version="0") if one.name in ("house", "cellar")]
    assert (broken.status, broken.contract) == (Status.BROKEN, None)
    assert problem in broken.problem
    assert [other.status for other in others] == [Status.LISTED]


def test_who_sits_at_the_keyboard_may_interrupt_an_import(site: Site) -> None:
    house(site, "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        equip(["house"])


@pytest.mark.parametrize(
    ("stated", "problem"),
    [
        (
            "    contract = 2\n",
            "its store was written for contract 2, which is newer than contract 1 of this stabflow: upgrade stabflow",
        ),
        (
            "    contract = 0\n",
            "its store was written for contract 0, which is older than contract 1 of this stabflow: upgrade cellar-store",
        ),
        ("    contract = None\n", "its store has the contract None, which is no whole number"),
        (
            "    pass\n",
            "its store does not say for which contract it was written; write contract = 1 in the class CellarStore",
        ),
    ],
)
def test_a_store_of_another_contract_says_what_to_upgrade(stated: str, problem: str, site: Site) -> None:
    source = CELLAR.replace("    contract = 1\n", stated, 1)
    site.install("cellar-store", {"cellar": source}, group("cellar = cellar:Cellar"))
    with pytest.raises(PluginError) as error:
        stabflow.open("cellar:")
    assert str(error.value) == f"plugin cellar (Cellar of cellar-store 1.2): {error.value.problem}"
    assert error.value.problem.startswith(problem)


# Names that two have


def test_a_name_that_two_distributions_have_names_both_before_anything_is_imported(site: Site) -> None:
    house(site)
    site.install("other-rules", {"other_rules": HOUSE}, group("house = other_rules:House", "fine = other_rules:House"))
    with pytest.raises(PluginError, match=r"house-rules 1\.2 and other-rules 1\.2 each bring a plugin 'house'"):
        stabflow.open("memory:", plugins=["fine", "house"])
    assert site.imported() == set()
    assert standing("house", "fine") == standing("house", "fine", "house") == [Status.CONFLICT] * 2
    assert standing("fine", "fine") == [Status.LISTED]


def test_a_scheme_that_two_distributions_have_names_both_before_anything_is_imported(site: Site) -> None:
    cellar(site)
    cellar(site, "other-store", "other_cellar")
    with pytest.raises(PluginError, match=r"cellar-store 0\.3 and other-store 0\.3 each bring a plugin 'cellar'"):
        stabflow.open("cellar:")
    assert site.imported() == set()


def test_a_scheme_under_two_names_names_both(site: Site) -> None:
    cellar(site)
    site.install("other-store", {"other_cellar": CELLAR}, group("other = other_cellar:Cellar"))
    with pytest.raises(PluginError) as error:
        equip(["cellar", "other"])
    assert str(error.value) == (
        "plugin other (Cellar of other-store 1.2): 'cellar' comes from cellar (Cellar of cellar-store 0.3) already;"
        " leave one of them out"
    )
    (broken,) = [one for one in survey(["cellar", "other"], version="0") if one.name == "other"]
    assert "comes from cellar (Cellar of cellar-store 0.3) already" in broken.problem


def test_one_distribution_that_uses_a_name_twice_is_told(site: Site) -> None:
    site.install("house-rules", {"house_rules": HOUSE}, group("house = house_rules:House", "house = house_rules:house"))
    with pytest.raises(PluginError, match=r"several entry points 'house': 'house_rules:House' and 'house_rules:house'"):
        equip(["house"])


def test_a_distribution_that_lies_on_the_path_twice_is_one(site: Site) -> None:
    site.install("House.Rules", {"house_rules": "raise OSError"}, group("house = house_rules:House", "old = old:House"))
    first = site.install("house-rules", {"house_rules": HOUSE}, group("house = house_rules:House"), version="2.0")
    assert [one for one in installed() if one.name in ("house", "old")] == [
        Installed("house", "house-rules", "2.0", "house_rules:House")
    ]
    equip(["house"])
    assert site.imported() == {"house_rules"}
    assert (first / "house_rules.imported").exists()


def test_what_is_shadowed_by_a_version_without_plugins_is_not_there(site: Site) -> None:
    house(site)
    site.install("house-rules", {"house_rules": HOUSE}, "[console_scripts]\ntool = tool:main\n", version="2.0")
    assert standing("house") == []


# URLs


def test_a_scheme_is_looked_up_by_its_name_and_that_one_alone_is_imported(site: Site) -> None:
    house(site, "raise OSError")
    cellar(site)
    with stabflow.open("CELLAR://anything"):
        assert site.imported() == {"cellar"}
    with stabflow.open("vault:", plugins=["cellar"]):
        pass
    assert site.imported() == {"cellar"}


def test_what_serves_a_url_is_a_plugin_of_the_engine_like_any_other(site: Site) -> None:
    assert equip(url="memory:").names == ()
    cellar(site)
    assert equip(url="vault:").names == ("vault",)
    assert equip(["cellar"], url="vault:").names == ("cellar",)


def test_a_plugin_called_like_the_scheme_must_bring_its_store(site: Site) -> None:
    house(site)
    with pytest.raises(PluginError) as error:
        stabflow.open("house:x")
    assert str(error.value) == (
        "plugin house (House of house-rules 1.2): its name is the scheme 'house', and it brings no store for it: correct the"
        " URL (such as sqlite:///cases.db); to use the plugin beside another store, give its name in the list of plugins"
    )
    with pytest.raises(PluginError, match="brings no store for it"):
        stabflow.open("house:x", plugins=["house"])


@pytest.mark.parametrize(
    ("url", "cure"),
    [
        ("celar:x", "did you mean 'cellar:'?"),
        ("sqlit:x", "did you mean 'sqlite:'?"),
        (
            "mongodb:x",
            "known: memory:, sqlite:; installed plugins: {installed}; for this one install a distribution with a plugin"
            " 'mongodb'",
        ),
        ("house", "for a file in SQLite, write sqlite:///house"),
    ],
)
def test_an_unknown_scheme_is_said_with_a_near_one(url: str, cure: str, site: Site) -> None:
    cellar(site)
    house(site)
    with pytest.raises(InvalidInput) as error:
        stabflow.open(url)
    names = sorted({one.name for one in installed()})
    assert {"cellar", "house", "vault", "postgres"} <= {*names}
    assert [fault.cure for fault in error.value.faults] == [cure.format(installed=", ".join(names))]
    assert site.imported() == set()


def test_a_built_in_cannot_be_taken_over(site: Site) -> None:
    site.install(
        "evil-store",
        {"evil": CELLAR.replace('"cellar"', '"sqlite"')},
        group("sqlite = evil:Cellar", "evil = evil:Cellar"),
    )
    with stabflow.open("sqlite:///x.db"):
        assert site.imported() == set()
    with pytest.raises(PluginError, match=r"\(evil-store 1\.2\): its name 'sqlite' is that of a built-in"):
        stabflow.open("memory:", plugins=["sqlite"])
    assert standing("sqlite") == [Status.BUILT_IN, Status.CONFLICT]
    assert site.imported() == set()
    with pytest.raises(
        PluginError,
        match=r"\(Cellar of evil-store 1\.2\): 'sqlite' comes from stabflow\.plugins\.built_ins\.Sqlite already",
    ):
        stabflow.open("memory:", plugins=["evil"])


# Metadata that is damaged


@pytest.mark.parametrize("metadata", [None, "", "Version: 3\n", "\x00"])
def test_a_distribution_without_a_name_goes_by_its_folder(metadata: str | None, site: Site) -> None:
    cellar(site)
    site.install("house-rules", {"house_rules": HOUSE}, group("house = house_rules:House"), metadata=metadata)
    (found,) = [one for one in installed() if one.name == "house"]
    assert found.distribution == "house_rules-1.2.dist-info"
    assert standing("cellar", "house", "cellar") == [Status.LISTED]
    assert equip(["house"]).names == ("house",)


def test_metadata_that_is_not_text_is_no_obstacle(site: Site) -> None:
    folder = house(site)
    (info,) = folder.glob("*.dist-info")
    (info / "METADATA").write_bytes(b"Name: house-rules\nSummary: \xff\n")
    (found,) = [one for one in installed() if one.name == "house"]
    assert found.distribution == "house_rules-1.2.dist-info"


def test_a_line_that_is_no_entry_point_harms_no_other(site: Site) -> None:
    site.install("house-rules", {"house_rules": HOUSE}, group("# a remark", "nothing", "house = house_rules:House"))
    assert standing("house", "house") == [Status.LISTED]
    (broken,) = [one for one in survey(["nothing"], version="0") if one.name == "nothing"]
    assert "its entry point says '', which is no module:attribute" in broken.problem


def test_entry_points_that_cannot_be_read_are_logged(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    cellar(site)
    folder = house(site)
    (info,) = folder.glob("*.dist-info")
    (info / "entry_points.txt").write_bytes(b"[stabflow]\nhouse = \xff:House\n")
    assert standing("cellar") == [Status.INSTALLED]
    assert "entry_points.txt of house-rules cannot be read" in caplog.text
