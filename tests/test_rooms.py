"""The rooms of the house: every module stands in one, and imports only from its own and from those before it."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import stabflow

# Each row is a room, of modules and (with a slash) packages.
ROOMS = [
    "text errors",
    "canonical making values personal zones calendar standstill",
    "case",
    "requirements/",
    "language/",
    "decision/",
    "reasoning/",
    "ports/__init__ ports/store ports/store_rules ports/notifier",
    "history/",
    "ports/hooks",  # which tell plugins of records
    "stores/ calendars/ notifiers/ plugins/",
    "engine/",
    "__init__",  # the front door, `import stabflow`
    "dossier/",
    "testing/ cli/ reports/ seal",
    "pytest_plugin",
    "__main__",
]

# Within a room: what stands further left does not import what stands further right. The kits of testing do not import each other.
ORDERS = [
    "text > errors",
    "language/lifecycle > language/machine > language/definition > language/loader > language/skeleton",
    "language/foreign > language/config_parts > language/config_rows > language/machine_config > language/skeleton",
    "decision/commands decision/events decision/duties > decision/decider",
    "reasoning/explore > reasoning/check reasoning/plan reasoning/diff",
    "reports/* > cli/words",
    "dossier/form > dossier/examination > dossier/reader",
    "dossier/values > dossier/running",
    "ports/store > ports/store_rules",
    "history/writing > history/codec > history/positional > history/snapshot_codec > history/snapshots > history/commit",
    "history/chain history/index > history/commit",
    "plugins/blame plugins/built_ins > plugins/rules plugins/discovery > plugins/guards plugins/kits > plugins/equipment",
    "plugins/equipment > plugins/survey",
    "engine/offices engine/registry > engine/shell > engine/ledger > engine/observers > engine/work",
    "engine/work > engine/findings engine/admission engine/reminders > engine/ticker",
    "engine/ticker > engine/performing > engine/acts > engine/handle",
    "engine/handle > engine/engine > engine/opening",
    "testing/chance testing/clock testing/expectation testing/harness > testing/*/*",
    "testing/patience testing/processes testing/ready > testing/*/*",
    "testing/faults/* > testing/procedures/* > testing/stores/*",
    "testing/stores/* > testing/procedures/* > testing/faults/*",
]

# Who may import a third party.
WALLS = {
    "attr": "*",
    "attrs": "*",
    "cattrs": "language/structure history/codec history/positional",
    "transitions": "language/machine",
    "pluggy": "ports/hooks plugins/rules",
    "apsw": "stores/sqlite* testing/faults/sqlite_tampering",
    "chinese_calendar": "calendars/china",
    "holidays": "calendars/countries",
    "click": "cli/*",
    "icalendar": "reports/duty_calendar",
    "rich": "cli/*",
    "hypothesis": "testing/*",
    "pytest": "testing/* pytest_plugin",
    "cryptography": "seal",
}

# What is decided depends on nothing but what is passed in: no clock, no chance, no files, no logging.
PURE = "values calendar standstill case requirements/* decision/*"
IMPURE = {"io", "logging", "os", "pathlib", "random", "secrets", "socket", "sqlite3", "subprocess", "time", "uuid"}
IMPURE_CALLS = {"open", "print", "datetime.now", "datetime.utcnow", "datetime.today", "date.today"}

LONGEST = 500

Sources = Mapping[str, str]  # a module's path below src/stabflow, without ".py", and its text


def room(module: str) -> int | None:
    """The row that names the module, or the package it is in."""
    names = {module, f"{module.partition('/')[0]}/"}
    return next((row for row, words in enumerate(ROOMS) if names & set(words.split())), None)


def out_of_order(module: str, target: str) -> bool:
    """Whether an order of the room puts ``target`` after ``module``."""
    for order in ORDERS:
        groups = order.split(">")
        mine, theirs = ([n for n, group in enumerate(groups) if matches(one, group)] for one in (module, target))
        if mine and theirs and mine[0] < theirs[0]:
            return True
    return False


def matches(module: str, patterns: str) -> bool:
    return any(fnmatch(module, pattern) for pattern in patterns.split())


def imports(module: str, sources: Sources) -> Iterator[tuple[str, bool, int]]:
    """Every import in a module: what (a module of ours as "/path"), whether it happens at import time, and the line."""
    package = ["stabflow", *module.split("/")[:-1]]
    tree = ast.parse(sources[module])
    late: set[ast.AST] = set()
    for node in ast.walk(tree):
        typing_only = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if typing_only or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            late.update(ast.walk(node))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            names = [".".join([*base, *filter(None, [node.module]), alias.name]) for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] != "stabflow":
                yield parts[0], node not in late, node.lineno
                continue
            lengths = range(len(parts), 0, -1)
            paths = ["/".join([*parts[1:n], *end]) for n in lengths for end in ([], ["__init__"])]
            yield f"/{next(path for path in paths if path in sources)}", node not in late, node.lineno


def breaches(sources: Sources) -> list[str]:
    """Every module out of place, out of bounds or over its budget."""
    found = [f"{module}: stands in no room" for module in sources if room(module) is None]
    found += [f"{module}: over {LONGEST} lines" for module, text in sources.items() if text.count("\n") > LONGEST]
    at_once: dict[str, set[str]] = {module: set() for module in sources}
    for module in sources:
        pure = matches(module, PURE)
        for target, at_import, line in imports(module, sources):
            said = f"{module}:{line}: imports {target.lstrip('/')}"
            if target.startswith("/"):
                here, there = room(module), room(target[1:])
                if here is not None and there is not None and (there > here or out_of_order(module, target[1:])):
                    found.append(f"{said}, from a later room")
                if at_import and target[1:] != module:
                    at_once[module].add(target[1:])
            elif target not in sys.stdlib_module_names and not matches(module, WALLS.get(target, "")):
                found.append(f"{said}, which is behind a wall")
            elif pure and target in IMPURE:
                found.append(f"{said}, which is not pure")
        for node in ast.walk(ast.parse(sources[module])):
            if pure and isinstance(node, ast.Call) and ast.unparse(node.func) in IMPURE_CALLS:
                found.append(f"{module}:{node.lineno}: calls {ast.unparse(node.func)}, which is not pure")
    try:
        TopologicalSorter(at_once).prepare()
    except CycleError as error:
        found.append(f"imports in a circle: {' < '.join(error.args[1])}")
    return list(dict.fromkeys(found))


def house() -> dict[str, str]:
    root = Path(stabflow.__file__).parent
    paths = sorted(root.rglob("*.py"))
    return {path.relative_to(root).with_suffix("").as_posix(): path.read_text(encoding="utf-8") for path in paths}


def test_the_house_is_in_order() -> None:
    found = breaches(house())
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("module", "source", "breach"),
    [
        ("decision/planted", "from ..engine import handle", "imports engine/handle, from a later room"),
        ("decision/planted", "def f():\n    import stabflow.engine.handle", "imports engine/handle, from a later room"),
        ("decision/planted", "from .. import open", "imports __init__, from a later room"),
        ("language/definition", "from .loader import load", "imports language/loader, from a later room"),
        ("reports/planted", "from ..cli import words", "imports cli/words, from a later room"),
        ("testing/faults/planted", "from ..stores import check", "imports testing/stores/__init__, from a later room"),
        ("testing/stores/planted", "from ..faults import fail", "imports testing/faults/__init__, from a later room"),
        ("engine/planted", "import transitions.core", "imports transitions, which is behind a wall"),
        ("stores/memory", "from apsw import Connection", "imports apsw, which is behind a wall"),
        ("engine/planted", "import requests", "imports requests, which is behind a wall"),
        ("decision/planted", "import logging", "imports logging, which is not pure"),
        ("decision/planted", "from datetime import datetime\nnow = datetime.now()", "calls datetime.now, which is not"),
        ("attic/planted", "", "stands in no room"),
        ("case", "\n" * (LONGEST + 1), f"over {LONGEST} lines"),
        ("engine/handle", "from . import planted_too", "imports in a circle"),
    ],
)
def test_a_planted_breach_is_seen(module: str, source: str, breach: str) -> None:
    clean = {
        "__init__": "",
        "engine/handle": "",
        "language/loader": "",
        "cli/words": "",
        "testing/stores/__init__": "",
        "testing/faults/__init__": "",
        "engine/planted_too": "from . import handle",
    }
    assert breaches(clean) == []
    found = breaches({**clean, module: source})
    assert len(found) == 1, found
    assert breach in found[0]


LOADED = """
import json, os, sys
opened = []
def watch(event, arguments):
    if event == "open" and str(arguments[0]).rpartition(".")[2] not in {"py", "pyc", "so", "pyd"}:
        opened.append(str(arguments[0]))
    elif event.startswith(("socket.", "sqlite3.", "subprocess.", "os.system")):
        opened.append(event)
sys.addaudithook(watch)
import stabflow
for name in stabflow.__all__:
    getattr(stabflow, name)
print(json.dumps([sorted(sys.modules), opened]))
"""


def test_importing_stabflow_opens_nothing_and_loads_no_plugin(tmp_path: Path) -> None:
    command = [sys.executable, "-B", "-c", LOADED]
    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    modules, opened = json.loads(done.stdout)
    loaded = {module.split(".")[0] for module in modules}
    assert "stabflow" in loaded
    assert loaded.isdisjoint(
        {"apsw", "chinese_calendar", "click", "cryptography", "hypothesis", "icalendar", "pytest", "rich"}
    )
    assert [name for name in modules if name.startswith(("stabflow.cli", "stabflow.stores.", "stabflow.testing"))] == []
    assert opened == []
