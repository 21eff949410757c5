"""The PostgreSQL store beside plain psycopg, on a server of its own that writes to the disk.

    python benchmarks/postgres.py [ROUNDS] [SECONDS]

*append* is `Store.are_heads` (the load) and `Store.append` of one record with its key, the case's row, and a duty that goes and
comes. *plain* is hand-written: begin, select and update one row, insert one, commit. *one* client is one connection in one
process; *eight* are eight processes with a case each. Rounds are interleaved; medians of the ratios. Then appends by 1, 4, 16 and
64 processes for some SECONDS each, with where the time goes (seconds of processor for each append: of the clients, and of the
server; the rest is waiting for the disk), and how long a record takes until a reader of the feed has it while 1 to 16 write. It
asserts nothing on time.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
from stabflow_postgres import PostgresStore
from stabflow_postgres.servers import EmbeddedServer
from stabflow_postgres.testing import execute, plain
from store import HEADER, PAYLOAD, batch

from stabflow.ports.store import StreamHead

STEPS = 60
EIGHT, EACH = 8, 40
SETTINGS = {"synchronous_standby_names": "", "synchronous_commit": "on", "shared_buffers": "128MB"}


def acts(url: str, name: str) -> Iterator[None]:
    """Acts on one case, one after the other."""
    store = PostgresStore.from_url(url)
    version, head = 0, b""
    while True:
        assert store.are_heads((StreamHead(f"case/{name}", version, head),))
        new = batch(name, version)
        store.append(new)
        version, head = version + 1, new.records[0].hash
        yield


def by_hand(url: str, name: str) -> Iterator[None]:
    """The same by plain psycopg: one row is loaded and changed, one is added."""
    link = psycopg.connect(plain(url))
    link.execute("INSERT INTO bare.cases VALUES (%s, 0, 's')", (name,))
    link.commit()
    version = 0
    while True:
        link.execute("SELECT version, state FROM bare.cases WHERE id = %s", (name,)).fetchall()
        link.execute("UPDATE bare.cases SET version = %s, state = 's' WHERE id = %s", (version + 1, name))
        link.execute(
            "INSERT INTO bare.events (stream, version, header, payload) VALUES (%s, %s, %s, %s)",
            (name, version + 1, HEADER, PAYLOAD),
        )
        link.commit()
        version += 1
        yield


WAYS: dict[str, Callable[[str, str], Iterator[None]]] = {"append": acts, "plain": by_hand}


def timed(steps: Iterator[None], count: int) -> float:
    began = time.perf_counter()
    for _ in range(count):
        next(steps)
    return (time.perf_counter() - began) / count


class Workers:
    """Processes that each do one way, as often as they are told, and tell how much processor time that took them."""

    def __init__(self, url: str, way: str, names: list[str]) -> None:
        self._processes = [
            subprocess.Popen(
                [sys.executable, __file__, "--work", url, way, name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for name in names
        ]
        self._ask("")

    def _ask(self, what: str) -> list[str]:
        for process in self._processes if what else ():
            assert process.stdin is not None
            process.stdin.write(what + "\n")
            process.stdin.flush()
        return [process.stdout.readline() for process in self._processes if process.stdout is not None]

    def time(self, count: int) -> float:
        """Seconds for an act, where all do so many at once."""
        began = time.perf_counter()
        self._ask(f"count {count}")
        return (time.perf_counter() - began) / (count * len(self._processes))

    def go_on(self, seconds: float) -> tuple[int, float]:
        """How many acts they do in so many seconds, and their processor time."""
        told = [json.loads(line) for line in self._ask(f"seconds {seconds}")]
        return sum(one["acts"] for one in told), sum(one["processor"] for one in told)

    def close(self) -> None:
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(30)


def work(url: str, way: str, name: str) -> None:
    """What a worker does."""
    steps = WAYS[way](url, name)
    timed(steps, 15)
    print("ready", flush=True)
    for line in sys.stdin:
        kind, _, much = line.partition(" ")
        began, done = time.process_time(), 0
        ends = time.perf_counter() + float(much)
        while done < int(much) if kind == "count" else time.perf_counter() < ends:
            next(steps)
            done += 1
        print(json.dumps({"acts": done, "processor": time.process_time() - began}), flush=True)


def server_time(folder: Path) -> float:
    """Processor time of the server and its processes."""
    first = int((folder / "postmaster.pid").read_text(encoding="ascii").split()[0])
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text(encoding="utf-8")
        except OSError:
            continue
        fields = text.rpartition(")")[2].split()
        if int(fields[1]) == first or stat.parent.name == str(first):
            total += sum(map(int, fields[11:13]))
            if stat.parent.name == str(first):  # with what has ended since
                total += sum(map(int, fields[13:15]))
    return total / os.sysconf("SC_CLK_TCK")


def beside_plain(url: str, rounds: int) -> None:
    one = {way: WAYS[way](url, f"one-{way}") for way in WAYS}
    eight = {way: Workers(url, way, [f"eight-{way}-{n}" for n in range(EIGHT)]) for way in WAYS}
    times: dict[str, list[float]] = {f"{clients} {way}": [] for clients in ("one", "eight") for way in WAYS}
    for steps in one.values():
        timed(steps, STEPS)
    order = list(WAYS)
    for _ in range(rounds):
        for way in order:
            times[f"one {way}"].append(timed(one[way], STEPS))
            times[f"eight {way}"].append(eight[way].time(EACH))
        order.reverse()
    for workers in eight.values():
        workers.close()
    print(f"{'':<16}{'µs each':>10}{'× plain':>10}")
    for clients in ("one", "eight"):
        ours, theirs = times[f"{clients} append"], times[f"{clients} plain"]
        ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
        print(f"{clients + ' plain':<16}{statistics.median(theirs) * 1e6:>10.0f}")
        print(f"{clients + ' append':<16}{statistics.median(ours) * 1e6:>10.0f}{ratio:>10.2f}")
    print("aims: one × 0.9, eight × 1.1\n")


def by_many(server: EmbeddedServer, url: str, seconds: float) -> None:
    print(f"{'processes':<11}{'acts/s':>8}{'µs each':>9}{'client µs':>11}{'server µs':>11}")
    for count in (1, 4, 16, 64):
        workers = Workers(url, "append", [f"many-{count}-{n}" for n in range(count)])
        before = server_time(server.data)
        done, processor = workers.go_on(seconds)
        spent = server_time(server.data) - before
        workers.close()
        print(
            f"{count:<11}{done / seconds:>8.0f}{seconds / done * 1e6:>9.0f}{processor / done * 1e6:>11.0f}"
            f"{spent / done * 1e6:>11.0f}"
        )
    print()


def lag(url: str, seconds: float) -> None:
    print(f"{'processes':<11}{'acts/s':>8}{'feed lag, ms: median':>22}{'99 %':>8}{'most':>8}")
    for count in (1, 4, 16):
        store = PostgresStore.from_url(url)
        page = store.read_feed(after=None)
        while page.records:
            page = store.read_feed(after=page.cursor)
        workers = Workers(url, "append", [f"lag-{count}-{n}" for n in range(count)])
        mark, steps = 0, acts(url, f"mark-{count}")
        found: list[float] = []
        ends = time.perf_counter() + seconds
        for process in workers._processes:
            assert process.stdin is not None
            process.stdin.write(f"seconds {seconds + 0.5}\n")
            process.stdin.flush()
        while time.perf_counter() < ends:
            next(steps)
            mark += 1
            began = time.perf_counter()
            seen = False
            while not seen:
                page = store.read_feed(after=page.cursor)
                seen = any(one.stream == f"case/mark-{count}" and one.version == mark for one in page.records)
            found.append(time.perf_counter() - began)
        done = sum(json.loads(line)["acts"] for line in workers._ask(""))
        workers.close()
        steps.close()  # type: ignore[attr-defined]
        store.close()
        found.sort()
        most = f"{found[-1] * 1000:>8.1f}"
        print(
            f"{count:<11}{done / (seconds + 0.5):>8.0f}{statistics.median(found) * 1000:>22.1f}"
            f"{found[int(len(found) * 0.99)] * 1000:>8.1f}{most}"
        )


def main(rounds: int, seconds: float) -> None:
    with EmbeddedServer(SETTINGS, in_memory=False) as server:
        url = server.url(schema="bench")
        execute(
            url,
            "CREATE SCHEMA bare",
            "CREATE TABLE bare.cases (id text PRIMARY KEY, version int, state text)",
            "CREATE TABLE bare.events (id bigserial PRIMARY KEY, stream text, version int, header bytea, payload bytea,"
            " UNIQUE (stream, version))",
        )
        beside_plain(url, rounds)
        by_many(server, url, seconds)
        lag(url, seconds)
    print(f"{rounds} rounds, interleaved")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        work(*sys.argv[2:])
    else:
        main(
            int(sys.argv[1]) if len(sys.argv) > 1 else 11,
            float(sys.argv[2]) if len(sys.argv) > 2 else 4.0,
        )
