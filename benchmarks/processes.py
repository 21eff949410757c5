"""How many acts a second 1, 4, 16 and 64 processes get done in a SQLite file and on PostgreSQL, and where the time goes.

    python benchmarks/processes.py [SECONDS] [ROUNDS]

Each process acts on a case of its own (see *append* in `_acts.py`), or all on one (*shared*: who comes second loads it again;
conflicts for each act). *act*: how long one takes, the median and the 99th of a hundred. Processor: of the clients and of the
server, for an act. Where the server's processes were when they were looked at, 50 times a second: at work, waiting for the log
to be on the disk, waiting for a lock, or for their client to say something. *feed lag*: from the moment an act was acknowledged
until a reader in a process of its own had its record, who asks again after a millisecond when there was nothing; the writers
are slowed down by it, so that has rounds of its own. Stores take turns in each round; medians of the rounds. The SQLite file is
in the temporary folder, with ``synchronous=FULL``. It asserts nothing on time.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from _acts import Workers, opened, tasks
from postgres import SETTINGS, server_time
from stabflow_postgres.servers import EmbeddedServer
from stabflow_postgres.testing import plain

COUNTS = (1, 4, 16, 64)
PAUSE = 0.001
WAITS = ("at work", "log", "lock", "idle")
_LOOK = """
SELECT CASE WHEN wait_event_type = 'Lock' THEN 'lock' WHEN wait_event ~* '^wal' THEN 'log' ELSE 'at work' END, count(*)
FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND state = 'active'
  AND wait_event_type IS DISTINCT FROM 'Client'
GROUP BY 1
"""


class Watch:
    """Looks at what the server's processes do for ``count`` clients, until ``seconds`` are over."""

    def __init__(self, url: str) -> None:
        self._link = psycopg.connect(plain(url), autocommit=True)

    def look(self, count: int, seconds: float) -> dict[str, float]:
        seen: Counter[str] = Counter()
        looks, ends = 0, time.monotonic() + seconds
        while time.monotonic() < ends:
            seen.update({str(what): int(number) for what, number in self._link.execute(_LOOK)})
            looks += 1
            time.sleep(0.02)
        shares = {what: seen[what] / looks / count for what in WAITS[:-1]}
        return shares | {WAITS[-1]: 1 - sum(shares.values())}


def percentile(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


class Bench:
    """One store: its URL, and the server's processor time and what it waits for, where it has a server."""

    def __init__(self, name: str, url: str, workers: Workers, used: Callable[[], float], watch: Watch | None) -> None:
        self.name, self.url, self._workers, self._used, self._watch = name, url, workers, used, watch

    def acts(self, way: str, count: int, seconds: float) -> dict[str, float]:
        todo = tasks(self.url, way, "case", count, "seconds", seconds)
        before, began = self._used(), time.monotonic()
        self._workers.tell(todo)
        told = {} if self._watch is None else self._watch.look(count, seconds)
        done = self._workers.answers(count)
        lasted, spent = time.monotonic() - began, self._used() - before
        took = [one * 1000 for each in done for _, _, one in each.acts]
        return told | {
            "acts/s": len(took) / lasted,
            "ms": statistics.median(took),
            "99 %": percentile(took, 0.99),
            "client µs": sum(one.processor for one in done) / len(took) * 1e6,
            **({} if self._watch is None else {"server µs": spent / len(took) * 1e6}),
            "conflicts": sum(one.conflicts for one in done) / len(took),
            "locked": sum(one.locked for one in done),
        }

    def lag(self, count: int, seconds: float) -> dict[str, float]:
        todo = tasks(self.url, "append", "case", count, "seconds", seconds)
        command = [sys.executable, __file__, "--follow", self.url]
        reader = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
        began = time.monotonic()
        done = self._workers.do(todo)
        lasted = time.monotonic() - began
        found = json.loads(reader.communicate("\n", timeout=60)[0])
        lags = [
            max(0.0, found[f"case/{task.case}"][str(version)] - moment) * 1000
            for task, one in zip(todo, done, strict=True)
            for version, moment, _ in one.acts
        ]
        return {
            "acts/s": len(lags) / lasted,
            "median": statistics.median(lags),
            "99 %": percentile(lags, 0.99),
            "most": max(lags),
        }


def follow(url: str) -> None:
    """Read the feed from its end on, until there is a line to read and then nothing new; when each record was read."""
    import select

    store, found, over = opened(url), dict[str, dict[int, float]](), False
    page = store.read_feed(after=None)
    while page.records:
        page = store.read_feed(after=page.cursor)
    print("ready", flush=True)
    while True:
        page = store.read_feed(after=page.cursor)
        now = time.monotonic()
        for one in page.records:
            found.setdefault(one.stream, {})[one.version] = now
        if not page.records:
            if over:
                break
            over = bool(select.select([sys.stdin], [], [], PAUSE)[0])
    print(json.dumps(found), flush=True)


@contextmanager
def benches() -> Iterator[list[Bench]]:
    workers = Workers(max(COUNTS))
    with EmbeddedServer(SETTINGS, in_memory=False) as server, tempfile.TemporaryDirectory() as folder:
        url = server.url(schema="bench", host="127.0.0.1")
        found = [
            Bench("SQLite", f"sqlite://{Path(folder).resolve()}/cases.db", workers, lambda: 0.0, None),
            Bench("PostgreSQL", url, workers, lambda: server_time(server.data), Watch(server.url())),
        ]
        for bench in found:
            opened(bench.url).close()
            for way in ("append", "shared"):  # everything is opened and warmed up
                workers.do(tasks(bench.url, way, "case", max(COUNTS), "seconds", 0.1))
        yield found
        workers.close()


def told(rows: dict[tuple[str, str], list[dict[str, float]]], columns: tuple[str, ...], first: str) -> None:
    print(f"\n{first:<24}" + "".join(f"{column:>11}" for column in columns))
    for (store, what), found in rows.items():
        values = [statistics.median(one[column] for one in found) if column in found[0] else None for column in columns]
        print(
            f"{f'{store}, {what}':<24}" + "".join(" " * 11 if one is None else f"{_plain(one):>11}" for one in values)
        )


def _plain(number: float) -> str:
    return f"{number:.0f}" if number >= 100 else f"{number:.2f}"


def main(seconds: float, rounds: int) -> None:
    acts: dict[tuple[str, str], list[dict[str, float]]] = {}
    lags: dict[tuple[str, str], list[dict[str, float]]] = {}
    with benches() as stores:
        for _ in range(rounds):
            for count in COUNTS:
                for bench in stores:
                    acts.setdefault((bench.name, str(count)), []).append(bench.acts("append", count, seconds))
            for count in COUNTS[1:3]:
                for bench in stores:
                    acts.setdefault((bench.name, f"{count} shared"), []).append(bench.acts("shared", count, seconds))
            for count in COUNTS:
                for bench in stores:
                    lags.setdefault((bench.name, str(count)), []).append(bench.lag(count, seconds))
    told(acts, ("acts/s", "ms", "99 %", "client µs", "server µs", *WAITS, "conflicts", "locked"), "processes: act")
    told(lags, ("acts/s", "median", "99 %", "most"), "processes: feed lag, ms")
    print(f"{rounds} rounds of {seconds:g} s, interleaved; client and server: µs of processor for an act")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--follow"]:
        follow(sys.argv[2])
    else:
        main(float(sys.argv[1]) if len(sys.argv) > 1 else 3.0, int(sys.argv[2]) if len(sys.argv) > 2 else 3)
