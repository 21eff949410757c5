"""The crash laboratory: every kind of fault, everywhere in runs that use all of the SQLite store, and a table of what was lost.

``python3 dev.py lab`` makes all the experiments and prints the table; see ``docs/explanation/crash-laboratory.md``.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import apsw
import attrs

from stabflow.stores import sqlite_schema

from . import errors, group, hazards, power, rivals, room, scripts, strikes, upgrades
from .earlier import unlike
from .ends import ALL_ENDS
from .faults import Fault
from .script import appends, everything
from .tally import COLUMNS, UNTRIED, NotTried, Tally, table

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "explanation" / "crash-laboratory.md"
BEGIN, END = "<!-- the table, as `python3 dev.py lab --update` writes it -->", "<!-- end of the table -->"
COMPLETE, FAILED, INCOMPLETE = 0, 1, 3

POWER = "power cut, torn writes"
KILL = "`kill -9` at a system call"
CALL = "system call refused"
ERROR = "I/O error"
FULL = "full disk"
UPGRADE = "upgrade broken off"
RIVALS = "processes killed while they compete"
PROOF = "counter-proof"

Result = Tally | NotTried


@attrs.frozen
class Pace:
    """How thorough a run is: everywhere, or here and there."""

    short: bool = False

    def every(self, short: int, long: int = 1) -> int:
        return short if self.short else long

    @property
    def ends(self) -> power.Ends:
        return errors.FEW_ENDS if self.short else ALL_ENDS


@attrs.frozen
class Experiment:
    """One kind of fault at one kind of place. ``proof``: it must find something lost, or the laboratory is blind."""

    fault: str
    where: str
    run: Callable[[Path, Pace], Result]
    proof: bool = False

    @property
    def name(self) -> str:
        return f"{self.fault}: {self.where}".replace("`", "")

    def failed(self, result: Result) -> bool:
        if isinstance(result, NotTried):
            return result.broken
        return bool(result.lost + result.halved == 0 if self.proof else not result.clean)


def _power(tmp: Path, pace: Pace, checkpoint_every: int = 0) -> Result:
    steps = everything()
    run = power.run(tmp / "run", steps, checkpoint_every=checkpoint_every)
    return power.cut_everywhere(run, steps, tmp / "cut", ends=pace.ends, stride=pace.every(9))


def _power_again(tmp: Path, pace: Pace) -> Result:
    return power.cut_again(tmp, appends(6), stride=pace.every(150, 20), ends=errors.FEW_ENDS)


def _power_group(tmp: Path, pace: Pace) -> Result:
    return group.cut_everywhere(tmp, pace.every(2, 4), ends=pace.ends, stride=pace.every(12))


def _power_upgrade(tmp: Path, pace: Pace, version: int) -> Result:
    name = f"from {version}"
    steps, before = scripts.named(name)
    run = power.run(tmp / "run", steps, start=scripts.files_of(name), before=before)
    return power.cut_everywhere(run, steps, tmp / "cut", ends=pace.ends, stride=pace.every(5), also=unlike)


def _strike(tmp: Path, pace: Pace, all_of: Sequence[strikes.Strike], script: str, short: int, long: int) -> Result:
    tally = Tally()
    if (reason := strikes.missing()) is not None:
        return reason
    for number, strike in enumerate(all_of):
        folder = tmp / str(number)
        folder.mkdir()
        tally += strikes.strike_everywhere(folder, strike, script, stride=pace.every(short, long))
    return tally


def _error(tmp: Path, pace: Pace, error: type[Exception], lasting: bool, script: str) -> Result:
    steps, before = scripts.named(script)
    files = scripts.files_of(script)
    stride = pace.every(60 if before == 0 else 20, 3 if lasting else 1)
    return errors.fail_everywhere(
        tmp, steps, partial(Fault, error=error, lasting=lasting), stride=stride, files=files, before=before
    )[0]


def _error_group(tmp: Path, pace: Pace, error: type[Exception], lasting: bool) -> Result:
    make = partial(Fault, error=error, lasting=lasting)
    return group.fail_everywhere(tmp, make, 2, ends=errors.FEW_ENDS, stride=pace.every(40, 5))


def _small_disk(tmp: Path, _pace: Pace) -> Result:
    return room.on_a_small_disk(tmp / "disk")


def _database(tmp: Path, _pace: Pace) -> Result:
    return room.in_the_database(tmp / "full")


def _each_version(tmp: Path, _pace: Pace, experiment: Callable[[Path, int], Tally]) -> Result:
    return sum((experiment(tmp, version) for version in sqlite_schema.UPGRADES), Tally())


def _at_once(tmp: Path, pace: Pace) -> Result:
    versions = sorted(sqlite_schema.UPGRADES) * pace.every(1, 5)
    return sum((upgrades.by_several_at_once(tmp, version) for version in versions), Tally())


def _rivals(tmp: Path, pace: Pace, processes: int) -> Result:
    rounds = [tmp / f"{number}.db" for number in range(pace.every(1, 6))]
    tallies = [
        rivals.compete(path, processes=processes, threads=8, kills=pace.every(4, 12), seed=seed + processes)
        for seed, path in enumerate(rounds)
    ]
    return sum(tallies, Tally())


def _not_synced(tmp: Path, pace: Pace) -> Result:
    return hazards.not_synced(tmp, ends=pace.ends, stride=pace.every(9, 3))


def _two_libraries(tmp: Path, _pace: Pace) -> Result:
    return hazards.two_libraries(tmp)


def _all() -> Iterable[Experiment]:
    versions = sorted(sqlite_schema.UPGRADES)
    run = "appends, claims, acks, releases"
    yield Experiment(POWER, run, _power)
    yield Experiment(POWER, "the same, the log written back every 8 pages", partial(_power, checkpoint_every=8))
    yield Experiment(POWER, "twice: again while what the first has left is opened and gone on with", _power_again)
    yield Experiment(POWER, "eight threads, committed in groups", _power_group)
    for version in versions:
        yield Experiment(POWER, f"upgrade from schema {version}", partial(_power_upgrade, version=version))

    def kill(calls: Sequence[str], script: str, short: int) -> Callable[[Path, Pace], Result]:
        all_of = [strikes.Strike(call, "kill") for call in calls]
        return partial(_strike, all_of=all_of, script=script, short=short, long=1)

    yield Experiment(KILL, f"every `pwrite64` of {run}", kill(["pwrite64"], "everything", 60))
    syncs = ["fdatasync", "fsync", "ftruncate", "unlink", "link"]
    yield Experiment(KILL, f"every {', '.join(f'`{call}`' for call in syncs)}", kill(syncs, "everything", 25))
    for version in versions:
        where = f"every `pwrite64` of an upgrade from schema {version}"
        yield Experiment(KILL, where, kill(["pwrite64"], f"from {version}", 40))

    for error, told in ((apsw.IOError, ERROR), (apsw.FullError, FULL)):
        for lasting, how in ((False, "once"), (True, "from then on")):
            make = partial(_error, error=error, lasting=lasting, script="everything")
            yield Experiment(told, f"{how}, at every {'third ' if lasting else ''}operation of {run}", make)
            yield Experiment(
                told, f"{how}, eight threads in groups", partial(_error_group, error=error, lasting=lasting)
            )
    for version in versions:
        make = partial(_error, error=apsw.IOError, lasting=False, script=f"from {version}")
        yield Experiment(ERROR, f"once, upgrade from schema {version}", make)
    for strike in strikes.ERRORS:
        where = f"`{strike.call}` with {strike.what}{' on the index of the log' if strike.only_index else ''}"
        # A lock of the index that is not let go costs ten seconds of waiting each time.
        many = 12 if strike.what == "ENOLCK" else 4
        strides = (60, many if strike.call in {"pread64", "pwrite64", "fcntl"} else 1)
        make_strike = partial(_strike, all_of=[strike], script="everything", short=strides[0], long=strides[1])
        yield Experiment(CALL, where, make_strike)

    yield Experiment(FULL, "at every page by which the database grows", _database)
    yield Experiment(FULL, "at every page by which its files grow on a small disk", _small_disk)
    yield Experiment(UPGRADE, "at every statement", partial(_each_version, experiment=upgrades.at_every_statement))
    yield Experiment(UPGRADE, "four processes open the old file at once", _at_once)
    reader = "a reader, then a writer of the earlier version beside it"
    yield Experiment(UPGRADE, reader, partial(_each_version, experiment=upgrades.before_a_reader))
    yield Experiment(RIVALS, "two processes of eight threads", partial(_rivals, processes=2))
    yield Experiment(RIVALS, "four processes of eight threads", partial(_rivals, processes=4))
    yield Experiment(PROOF, "power cut with `synchronous=normal`", _not_synced, proof=True)
    yield Experiment(PROOF, "`sqlite3` opens and closes the file in the same process", _two_libraries, proof=True)


EXPERIMENTS: dict[str, Experiment] = {experiment.name: experiment for experiment in _all()}


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that goes away; in memory, where that can be had: what a power cut leaves is worked out, so no disk need be
    waited for."""
    memory = Path("/dev/shm")
    where = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="stabflow-lab-", dir=where) as folder:
        yield Path(folder)


def perform(name: str, pace: Pace) -> Result:
    """Make one experiment."""
    with scratch() as folder:
        return EXPERIMENTS[name].run(folder, pace)


def _timed(task: tuple[str, bool]) -> tuple[str, Result, float]:
    name, short = task
    begun = time.monotonic()
    result: Result
    try:
        result = perform(name, Pace(short))
    except Exception as error:  # noqa: BLE001 - the others go on, and the run fails
        result = NotTried(f"the experiment broke: {error!r}", broken=True)
    return name, result, time.monotonic() - begun


def versions() -> str:
    """With what the table was made."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"SQLite {apsw.sqlite_lib_version()}, apsw {apsw.apsw_version()}, {python}, {platform.system()} {platform.release()}"


def rows(page: str) -> list[list[str]]:
    """The cells of the laboratory's table on a page, without its head."""
    lines = [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in page.splitlines() if line.startswith("| ")
    ]
    start = lines.index(list(COLUMNS))
    return lines[start + 2 :]


def said_of(name: str, result: Result) -> str:
    """How an experiment went, in one line."""
    if isinstance(result, NotTried):
        return f"{UNTRIED.upper()}: {result.reason}"
    return "; ".join(["FAILED", *result.examples]) if EXPERIMENTS[name].failed(result) else "as it should be"


def status_of(results: Mapping[str, Result]) -> int:
    """0 all is well, 1 something was lost or a counter-proof lost nothing, 3 some could not be tried here."""
    if any(EXPERIMENTS[name].failed(result) for name, result in results.items()):
        return FAILED
    return INCOMPLETE if any(isinstance(result, NotTried) for result in results.values()) else COMPLETE


def main(words: Sequence[str]) -> int:
    """Make the experiments, print the table, and end as `status_of` says."""
    parser = argparse.ArgumentParser(prog="dev.py lab", description="Make the experiments of the crash laboratory.")
    parser.add_argument("--short", action="store_true", help="here and there, not everywhere")
    parser.add_argument("--only", metavar="TEXT", default="", help="the experiments whose name has this in it")
    parser.add_argument("--update", action="store_true", help=f"write the table into {PAGE.relative_to(ROOT)}")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="so many at a time")
    given = parser.parse_args(words)
    names = [name for name in EXPERIMENTS if given.only in name]
    if not names or (given.update and (given.only or given.short)):
        parser.error("no experiment is called so" if not names else "--update takes a whole run")
    results: dict[str, Result] = {}
    with multiprocessing.get_context("spawn").Pool(min(given.jobs, len(names))) as pool:
        for name, result, took in pool.imap_unordered(_timed, [(name, given.short) for name in names], chunksize=1):
            results[name] = result
            print(f"{took:7.1f} s  {name}: {said_of(name, result)}", file=sys.stderr, flush=True)
    when = datetime.now(UTC).date().isoformat()
    made = f"Made on {when} with {versions()}{', in short' if given.short else ''}."
    text = f"{made}\n\n{table((EXPERIMENTS[name].fault, EXPERIMENTS[name].where, results[name]) for name in names)}"
    print(text)
    if given.update:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    return status_of(results)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
