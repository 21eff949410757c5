"""The PostgreSQL store beside plain psycopg, SQLAlchemy and eventsourcing, on a server of its own that writes to the disk.

    python benchmarks/postgres.py [ROUNDS]

What an act is in each way stands in `_acts.py`. All commit with the server's defaults (``fsync``, ``synchronous_commit``), over
the same kind of connection. *one* client is one process, over a Unix socket, and over TCP on this machine; a network between
them adds one round trip to each statement: two for an append, five for *plain*. *eight* are eight processes with a case each,
over TCP. Rounds are interleaved; the ratios are medians of those of the rounds. Processor: of the clients and of the server,
for an act. It asserts nothing on time.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from pathlib import Path

from _acts import Workers, make_tables, tasks
from stabflow_postgres.servers import EmbeddedServer

WAYS = ("plain", "append", "same rows", "sqlalchemy", "eventsourcing")
SETTINGS = {"synchronous_standby_names": "", "synchronous_commit": "on", "shared_buffers": "128MB", "autovacuum": "on"}
TCP = {"host": "127.0.0.1"}
CLIENTS: dict[str, tuple[int, dict[str, str], int]] = {
    "one, socket": (1, {}, 50),
    "one, TCP": (1, TCP, 50),
    "eight, TCP": (8, TCP, 20),
}
"""How many processes, how they connect, and how many acts each does in a round."""


def server_time(folder: Path) -> float:
    """Seconds of processor that the server and its processes have used."""
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


def main(rounds: int) -> None:
    workers = Workers(max(many for many, _, _ in CLIENTS.values()))
    with EmbeddedServer(SETTINGS, in_memory=False) as server:
        make_tables(server.url())
        keys = [(clients, way) for clients in CLIENTS for way in WAYS]
        times: dict[tuple[str, str], list[float]] = {key: [] for key in keys}
        used = {key: [0.0, 0.0] for key in keys}
        order = list(keys)
        for round_ in range(rounds + 1):  # in the first one everything is opened, and warmed up
            for clients, way in order:
                many, how, count = CLIENTS[clients]
                todo = tasks(server.url(schema="bench", **how), way, f"{clients} {way}", many, "count", count)
                before, began = server_time(server.data), time.perf_counter()
                done = workers.do(todo)
                spent = (time.perf_counter() - began) / (count * many)
                if round_:
                    times[clients, way].append(spent)
                    used[clients, way][0] += sum(one.processor for one in done) / (rounds * count * many)
                    used[clients, way][1] += (server_time(server.data) - before) / (rounds * count * many)
            order = order[1:] + order[:1]
        workers.close()
    print(f"{'':<28}{'µs each':>10}{'× plain':>10}{'client µs':>12}{'server µs':>12}")
    for (clients, way), found in times.items():
        floor = times[clients, "plain"]
        ratio = statistics.median(a / b for a, b in zip(found, floor, strict=True))
        client, at_server = (f"{seconds * 1e6:>12.0f}" for seconds in used[clients, way])
        print(f"{f'{clients}: {way}':<28}{statistics.median(found) * 1e6:>10.0f}{ratio:>10.2f}{client}{at_server}")
    print(
        f"{rounds} rounds, interleaved; aims: append, one × 0.9, eight × 1.1, and ahead of sqlalchemy and eventsourcing"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
