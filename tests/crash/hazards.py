"""Counter-proofs: what the laboratory must find to be lost, because it is."""

from __future__ import annotations

import json
from pathlib import Path

from stabflow.stores.sqlite import SqliteStore

from . import power
from .acts import STREAMS, expected, holdings, read_all
from .child import start
from .disk import nothing
from .script import everything
from .tally import Tally


def not_synced(tmp: Path, *, ends: power.Ends, stride: int) -> Tally:
    """``synchronous=normal``: the power is cut at every operation, and what was acknowledged last may be gone."""
    steps = everything()
    return power.cut_everywhere(
        power.run(tmp / "run", steps, synchronous="normal"),
        steps,
        tmp / "cut",
        ends=[("synced", nothing), *ends],
        stride=stride,
    )


def two_libraries(tmp: Path) -> Tally:
    """The standard library's ``sqlite3`` opens and closes the file in the process that has it open: its locks are gone, another
    process takes the log away, and what is acknowledged afterwards goes into a file that has no name."""
    tmp.mkdir(exist_ok=True)
    path = tmp / "store.db"
    with start("careless", path) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        assert json.loads(child.stdout.readline()) == "ready"
        other = SqliteStore.open(path)
        assert len(read_all(other, STREAMS[0])) == 1
        other.close()
        child.stdin.write("go\n")
        child.stdin.flush()
        acknowledged = 3 + len(child.stdout.readlines())
    store = SqliteStore.open(path)
    found = holdings(store, range(acknowledged))
    store.close()
    known = expected(acknowledged)
    tally = Tally(points=1, acts=acknowledged)
    there = known.index(found) if found in known else None
    if there is None:
        tally.halved += 1
        tally.tell(f"{acknowledged} were acknowledged, and something else is there")
    elif there < acknowledged:
        tally.lost += 1
        tally.tell(f"{acknowledged} were acknowledged, {there} are there")
    return tally
