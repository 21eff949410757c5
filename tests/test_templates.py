"""What `stabflow new plugin` makes passes as it is: lint, types, tests, conformance; and what breaks a clause in it is found."""

from __future__ import annotations

import importlib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import ROOT

from stabflow.cli.scaffold import LONGEST, Kind, Names, make, rendered
from stabflow.testing import NotifierHarness, StoreHarness, check_notifier, check_store

SHORT = os.environ.get("STABFLOW_SHORT") == "1"
KINDS: tuple[Kind, ...] = ("store", "notifier", "accountability")
LONG = "a2345678-" + "b" * (LONGEST - 9)


def made(folder: Path, name: str, kind: Kind) -> Path:
    """The distribution, and beside its modules what an installer would have left."""
    project = make(name, kind, folder)
    names = Names(name)
    installed = project / "src" / f"{names.module}-0.1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {names.distribution}\nVersion: 0.1.0\n", "utf-8")
    (installed / "entry_points.txt").write_text(f"[stabflow]\n{name} = {names.module}:plugin\n", "utf-8")
    return project


def done(project: Path, command: str) -> subprocess.CompletedProcess[str]:
    """A command of the project, in its folder, with this checkout and the project on the path."""
    words = shlex.split(command)
    path = os.pathsep.join([str(ROOT / "src"), str(project / "src")])
    env = {**os.environ, "PYTHONPATH": path, "MYPYPATH": path, "PYTHONUTF8": "1"}
    for name in ("PYTEST_ADDOPTS", "PYTEST_CURRENT_TEST", "HYPOTHESIS_PROFILE"):
        env.pop(name, None)
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=project,
        env=env,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=300,
    )


def run(project: Path, command: str) -> str:
    ended = done(project, command)
    assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["x", LONG])
def test_it_is_clean_and_formatted_whatever_its_name(kind: Kind, name: str, tmp_path: Path) -> None:
    project = made(tmp_path, name, kind)
    run(project, "ruff check --no-cache")
    run(project, "ruff format --check --no-cache")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_everything_its_ci_runs_passes_at_once(kind: Kind, tmp_path: Path) -> None:
    project = made(tmp_path, "my-ledger", kind)
    install, *commands = re.findall("run: (.*)", (project / ".github/workflows/ci.yml").read_text("utf-8"))
    assert install.startswith("pip install")
    assert len(commands) == (3 if kind == "accountability" else 4)
    for command in commands:
        run(project, command)


@pytest.mark.slow
def test_the_types_are_strict(tmp_path: Path) -> None:
    project = made(tmp_path, "ledger", "accountability")
    rules = project / "src/stabflow_ledger/rules.py"
    text = rules.read_text("utf-8")
    rules.write_text(
        text.replace("command: Command, now: datetime) -> Blocker | None", "command: str) -> str"), "utf-8"
    )
    ended = done(project, "mypy")
    assert ended.returncode == 1
    assert 'incompatible with supertype "stabflow.ports.hooks.Plugin"' in ended.stdout


STORE, JOURNAL = "store.py", "journal.py"
FAULTS = {
    "any version will do": (STORE, "!= batch.expected_version:", "< 0:", "c1_only_the_expected_version_is_written_to"),
    "the version before the key": (
        STORE,
        "known = None if batch.key is None else",
        "known = None if batch.key is None or self._head(batch.stream).version != batch.expected_version else",
        "c3_the_same_act_again_gives_the_first_result",
    ),
    "another act under the key": (
        STORE,
        "if known[0] != batch.digest:",
        "if not known[0]:",
        "c3_another_act_under_the_key_is_refused_before_the_version_is_compared",
    ),
    "what was relied on": (STORE, "!= head:", "is None:", "c1_another_stream_relied_on_has_moved"),
    "half a line is believed": (
        JOURNAL,
        "            self._cut(file, end)\n            raise self._failed(error) from error\n",
        "            pass\n",
        "c5_a_refused_commit_is_told_as_such",
    ),
    "an unknown outcome told as none": (
        JOURNAL,
        "raise CommitUnknown(",
        "raise StoreUnavailable(",
        "c5_a_lost_answer_is_an_unknown_outcome",
    ),
    "acknowledged before it is on disk": (
        JOURNAL,
        "        self._fsync(file)\n",
        "",
        "c4_a_power_cut_loses_nothing_acknowledged",
    ),
    "a file without a name on disk": (
        JOURNAL,
        "if self._end == 0:  # a new",
        "if self._end < 0:  # a new",
        "c4_a_power_cut_loses_nothing_acknowledged",
    ),
    "an inclusive cursor": (
        STORE,
        'int(asked["position"])',
        'int(asked["position"]) - 1',
        "c6_the_cursor_is_exclusive",
    ),
    "a past told by its file alone": (
        STORE,
        'self._marks[start - 1] != asked["mark"]',
        "not self._marks",
        "c6_a_restored_storage_has_another_past",
    ),
    "a copy told from nothing": (
        STORE,
        'int(asked["inode"]) != self._journal.inode',
        "False",
        "c6_a_copy_has_another_past",
    ),
    "a handle that reads once": (
        JOURNAL,
        "            stream.seek(self._end)\n",
        "            stream.seek(self._end or 0)\n            if self._end:\n                return\n",
        "c7_every_handle_sees_what_was_written",
    ),
    "writers beside each other": (
        JOURNAL,
        "fcntl.LOCK_EX if to_write else fcntl.LOCK_SH",
        "fcntl.LOCK_SH",
        "c1_one_writer_wins_each_version",
    ),
    "bytes as text": (
        STORE,
        "*(b64encode(part).decode() for part in (new.header, new.payload, new.hash))",
        "*(b64encode(bytes(part).strip()).decode() for part in (new.header, new.payload, new.hash))",
        "c8_bytes_come_back_unchanged",
    ),
    "duties that stay": (
        STORE,
        'if row.duty not in index["cleared"]',
        "if row.duty",
        "c13_duties_are_cleared_and_replaced",
    ),
    "a newer schema": (JOURNAL, "if schema > SCHEMA:", "if schema > 9:", "c14_a_later_schema_is_refused"),
    "used after a fork": (
        STORE,
        "if os.getpid() != self._process:",
        "if self._process < 0:",
        "c12_a_handle_refuses_after_a_fork",
    ),
    "used after it was closed": (STORE, "if self._closed:", "if self._closed is None:", "port_a_closed_handle_says_so"),
}
HARM = {
    "what failed is not taken back": (
        JOURNAL,
        "        with contextlib.suppress(OSError):\n            os.ftruncate(file, end)\n",
        "        return\n",
    ),
    "a changed line is left out": (JOURNAL, "if number == len(lines):", "if number:"),
    "a replaced file is not noticed": (JOURNAL, "self._inode not in (None, found.st_ino)", "self._inode == 0"),
    "another past is not noticed": (STORE, 'self._marks[start - 1] != asked["mark"]', 'asked["mark"] == ""'),
    "threads beside each other": (STORE, "with self._lock:", "if self._lock:"),
    "a line that could not be taken": (
        JOURNAL,
        "            yield Line(json.loads(body), mark)\n",
        "            self._end, self._mark = self._end + len(raw) + 1, mark\n            yield Line(json.loads(body), mark)\n"
        "            continue\n",
    ),
    "another's file": (JOURNAL, "if not raw.startswith(FORMAT):", "if not raw:"),
}
"""What its own tests find, since the kit cannot know of it."""


NOTIFIER, EXCHANGE = "notifier.py", "exchange.py"
OF_NOTIFIER = {
    "lines in a subject": (
        NOTIFIER,
        '" ".join(message.subject.splitlines())',
        "message.subject",
        "n1_nobody_forges_a_line",
    ),
    "never told as not now": (
        NOTIFIER,
        "if 400 <= status < 500 and",
        "if 400 <= status < 401 and",
        "n2_never_is_a_rejection",
    ),
    "gone told as never": (NOTIFIER, "gone=True", "gone=False", "n2_an_address_that_is_gone_is_told"),
    "an id for each attempt": (
        NOTIFIER,
        '"Idempotency-Key": message.id',
        '"Idempotency-Key": f"{message.id}-{message.attempt}"',
        "n3_the_id_is_carried_and_stays_the_same",
    ),
    "time for each read": (
        EXCHANGE,
        "    watch.start()\n",
        "",
        "n4_a_channel_that_answers_bit_by_bit_is_given_up",
    ),
    "a head that was not read": (
        EXCHANGE,
        "if time.monotonic() >= deadline:  # where",
        "if deadline < 0:  # where",
        "n4_a_channel_that_answers_bit_by_bit_is_given_up",
    ),
    "the token shown": (
        NOTIFIER,
        "    def close(self)",
        "    def __repr__(self) -> str:\n        return f'to {self._token.value}'\n\n    def close(self)",
        "n5_a_delivery_tells_no_address_and_no_secret",
    ),
    "no wish": (NOTIFIER, ", after=after)", ")", "n6_the_channels_wish_to_wait_is_passed_on"),
    "a loose end": (
        NOTIFIER,
        "NUMBER.fullmatch(address)",
        "re.match(r'[0-9]{3,15}$', address)",
        "n7_wrong_addresses_are_refused_and_not_quoted",
    ),
    "used after it was closed": (
        NOTIFIER,
        "if self._closed:",
        "if self._closed is None:",
        "n9_what_is_closed_sends_nothing",
    ),
    "an unknown outcome told as none": (
        NOTIFIER,
        'no answer", maybe_sent=True)',
        'no answer")',
        "n10_what_was_cut_off_may_have_been_sent",
    ),
}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose projects can be imported, also by the processes that are started."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "src"), str(tmp_path / "stabflow-planted/src")]))
    monkeypatch.syspath_prepend(tmp_path / "stabflow-planted/src")
    yield tmp_path
    for module in [name for name in sys.modules if name.startswith("stabflow_planted")]:
        del sys.modules[module]


def harness(site: Path, fault: str = "") -> type[StoreHarness]:
    planted(site, fault)
    importlib.invalidate_caches()
    found: type[StoreHarness] = importlib.import_module("stabflow_planted.testing").Harness
    return found


def notifier_harness(site: Path, fault: str = "") -> type[NotifierHarness]:
    planted(site, fault, "notifier")
    importlib.invalidate_caches()
    found: type[NotifierHarness] = importlib.import_module("stabflow_planted.testing").Harness
    return found


def planted(site: Path, fault: str, kind: Kind = "store") -> Path:
    project = made(site, "planted", kind)
    if fault:
        file, good, bad = (OF_NOTIFIER if kind == "notifier" else FAULTS | HARM)[fault][:3]
        path = project / "src/stabflow_planted" / file
        text = path.read_text("utf-8")
        assert good in text
        path.write_text(text.replace(good, bad), "utf-8")
    return project


def test_the_store_keeps_what_is_mandatory(site: Path) -> None:
    report = check_store(harness(site), only=["C1", "C2", "C3", "C8"], levels=["sequential", "second handle"])
    report.raise_for_failures()
    assert {one.name for one in report.capabilities} == {"DURABLE", "FEED", "MULTI_PROCESS"}


def test_every_clause_it_keeps_is_named_where_it_is_kept() -> None:
    sources = "".join(
        text
        for path, text in rendered(Names("x"), "store")
        if path in {"src/stabflow_x/journal.py", "src/stabflow_x/store.py"}
    )
    kept = {f"C{number}" for number in (1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14)}
    assert set(re.findall(r"C[0-9]+", sources)) == kept


def test_the_journal_can_go_and_takes_only_its_own_tests_with_it() -> None:
    knows = {path for path, text in rendered(Names("x"), "store") if re.search(r"(?m)^(from|import) .*journal", text)}
    assert knows == {"src/stabflow_x/store.py", "tests/test_journal.py"}
    own = dict(rendered(Names("x"), "store"))["tests/test_engine.py"]
    assert own.count("def test_") == 1


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_clause_that_is_broken_is_found(fault: str, site: Path) -> None:
    check = FAULTS[fault][-1]
    report = check_store(harness(site, fault), only=[check])
    assert [one.check.name for one in report.failures] == [check], str(report)


@pytest.mark.slow
def test_its_own_contract_test_turns_red(site: Path) -> None:
    ended = done(planted(site, "any version will do"), "pytest tests/test_contract.py -k c1_only_the_expected")
    assert ended.returncode == 1, ended.stdout
    assert "c1_only_the_expected_version_is_written_to" in ended.stdout


@pytest.mark.slow
@pytest.mark.parametrize("fault", list(HARM)[:2] if SHORT else HARM)
def test_harm_that_is_not_seen_turns_its_own_tests_red(fault: str, site: Path) -> None:
    ended = done(planted(site, fault), "pytest tests/test_journal.py tests/test_store.py tests/test_engine.py")
    assert ended.returncode == 1, ended.stdout


def test_the_notifier_keeps_what_needs_no_time(site: Path) -> None:
    report = check_notifier(notifier_harness(site), only=["N3", "N9"])
    report.raise_for_failures()
    assert report.not_covered == ()
    assert {one.name for one in report.capabilities} == {"DEDUPLICATES"}


@pytest.mark.slow
def test_the_notifier_keeps_all_of_its_contract(site: Path) -> None:
    report = check_notifier(notifier_harness(site))
    report.raise_for_failures()
    assert report.not_covered == ()


@pytest.mark.slow
@pytest.mark.parametrize("fault", OF_NOTIFIER)
def test_a_clause_that_a_notifier_breaks_is_found(fault: str, site: Path) -> None:
    check = OF_NOTIFIER[fault][-1]
    report = check_notifier(notifier_harness(site, fault), only=[check], seconds=4)
    assert [one.check.name for one in report.failures] == [check], str(report)
