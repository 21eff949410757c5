"""The cluster put back to a moment, as docs/how-to/back-up-postgresql.md says, and what the application then finds."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

import stabflow
from examples.cluster.backups import back_up, put_back
from examples.cluster.running import running
from stabflow import Actor, Engine, Matter
from stabflow.errors import FeedReset

CHAIR = Actor("o-1", body="town-government")


def opened(engine: Engine, key: str) -> str:
    """A case on a matter, and the end of the feed behind it."""
    engine.open_case("five-step", Matter(key, "A matter"), by=CHAIR, basis="plan 14")
    cursor = engine.feed().cursor
    assert cursor is not None
    return cursor


def test_a_cluster_that_is_put_back(monkeypatch: pytest.MonkeyPatch, remarks: list[str]) -> None:
    with running("backups") as cluster:
        monkeypatch.setenv("PGPASSFILE", str(cluster.layout.passfile))
        url = cluster.layout.url(deadline="30")
        with cluster.network.entered(), stabflow.open(url) as engine:
            engine.constitute("five-step", "decision_body", CHAIR, basis="order 1")
            opened(engine, "before-the-backup")
        back_up(cluster)
        with cluster.network.entered(), stabflow.open(url) as engine:
            unseen = opened(engine, "before-the-moment")
            moment = datetime.now(UTC).isoformat(sep=" ")
            seen = opened(engine, "after-the-moment")
        seconds = put_back(cluster, moment, now=datetime.now(UTC))
        remarks.append(f"put back to a moment: whole after {seconds:.1f} s")
        with cluster.network.entered(), stabflow.open(url) as engine:
            assert sorted(row.matter for row in engine.cases()) == ["before-the-backup", "before-the-moment"]
            assert engine.feed(after=unseen).records == ()
            for key in ("since", "since-then"):
                with pytest.raises(FeedReset):
                    engine.feed(after=seen)
                opened(engine, key)
            assert [record.version for record in engine.feed(after=unseen).records] == [1, 1]
            assert engine.verify().cases == 4
        assert cluster.is_whole()
