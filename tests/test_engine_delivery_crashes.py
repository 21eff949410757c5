"""A worker that is killed anywhere loses nothing; two workers share; targets that are down hold up no others."""

from __future__ import annotations

import os
import threading
from collections import Counter
from pathlib import Path

import delivering_scripts
import pytest
import worlds
from posts import Town

from stabflow.ports.notifier import Retry
from stabflow.testing import FakeClock, Left, SqliteHarness, crash_points

pytestmark = pytest.mark.slow

SHORT = os.environ.get("STABFLOW_SHORT") == "1"

EXPECTED = {
    (to, f"记录note-{number}已完成 · note-{number} is done") for to in ("office", "council") for number in (1, 2)
}


def nothing_is_lost(left: Left) -> None:
    """Begun again, everything acknowledged arrives, each message under one id, and in its order for each recipient."""
    engine = delivering_scripts.engine(left.store)
    delivering_scripts.act_and_deliver(engine, lambda _: None)
    found = list(delivering_scripts.delivered())
    assert {(to, subject) for _, to, subject in found} == EXPECTED
    ids = Counter(id_ for id_, _, _ in found)
    assert len(ids) == len(EXPECTED), "the id stays the same"
    assert sum(ids.values()) <= len(EXPECTED) + 4, "only what was under way is sent twice"
    for recipient in ("office", "council"):
        firsts = list(dict.fromkeys(subject for _, to, subject in found if to == recipient))
        assert firsts == sorted(firsts)
    records = engine.outbox.despatches("small-bridge-1-1")
    assert sum(record.tag == "notice.delivered" for record in records) == len(EXPECTED)
    assert list(engine.outbox.waiting()) == []
    assert [one.role for one in engine.outbox.dead_letters()] == ["auditor", "auditor"]
    engine.verify()


def test_a_worker_that_is_killed_at_any_call_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "delivered.jsonl"
    monkeypatch.setenv(delivering_scripts.FILE, str(file))

    def look(left: Left) -> None:
        try:
            nothing_is_lost(left)
        finally:
            file.unlink()

    calls = ["ack", "release"] if SHORT else ["append", "claim", "ack", "release"]
    report = crash_points("delivering_scripts:delivering", look, calls=calls, seconds=300)
    report.raise_for_failures()
    assert set(calls) == set(report.calls)


def test_two_workers_share_the_work_and_nothing_is_delivered_twice(tmp_path: Path) -> None:
    harness = SqliteHarness()
    config = harness.provision()
    clock = FakeClock(worlds.START)
    town = Town(tmp_path, store=harness.open(config, clock), clock=clock)
    for number in range(200):
        town.notify(("clerk", "chair")[number % 2])
    others = [town.another(harness.open(config, clock)) for _ in range(2)]
    threads = [threading.Thread(target=engine.deliver) for engine in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    town.engine.deliver()
    ids = Counter(message.id for message in town.mail.messages)
    assert len(ids) == 200
    assert set(ids.values()) == {1}
    by_recipient = [message.text for message in town.mail.delivered if message.to == "office@example.org"]
    assert by_recipient == sorted(by_recipient, key=lambda text: int(text.removeprefix("Number ").rstrip(".")))
    town.engine.verify()


def test_ten_thousand_notices_with_a_third_of_the_targets_down(tmp_path: Path) -> None:
    bodies = [f"body-{number}" for number in range(300)]
    entries = "".join(
        f'[bodies.{body}]\nchannels = ["mail"]\nlanguage = "en"\nmail = "{body}@example.org"\n' for body in bodies
    )
    town = Town(tmp_path, f'format = 1\n[channels.mail]\nurl = "mail:"\n{entries}')
    down = set(bodies[::3])
    town.mail.to = {f"{body}@example.org": Retry("down") for body in down}
    for number in range(10_000):
        town.notify("owner", body=bodies[number % 300])
    done = town.engine.deliver()
    assert done.delivered == sum(bodies[number % 300] not in down for number in range(10_000))
    assert len(town.mail.messages) == done.delivered + len(down), "an address that is down is tried once"
    town.mail.to.clear()
    town.later(hours=1)
    for _ in range(3):
        town.engine.deliver()
        town.later(hours=1)
    assert len(town.mail.delivered) == 10_000
    assert list(town.engine.outbox.waiting()) == []
