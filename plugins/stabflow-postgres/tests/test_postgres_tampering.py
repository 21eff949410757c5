"""Whatever is changed in the database behind the engine's back, `verify` says of it."""

from __future__ import annotations

import psycopg
import pytest
import test_testing_tampering as edits
import worlds
from stabflow_postgres.store import PostgresStore
from stabflow_postgres.tampering import PostgresTampering
from stabflow_postgres.testing import execute

from stabflow.errors import Corrupt


@pytest.mark.slow
@pytest.mark.parametrize("what", edits.EDITS)
def test_whatever_is_changed_is_found(what: str, url: str) -> None:
    edit, said = edits.EDITS[what]
    with worlds.engine_over(PostgresStore.from_url(url)) as engine:
        edits.written(engine)
        with PostgresTampering(url) as tampering:
            edit(tampering)
        with pytest.raises(Corrupt, match=said):
            engine.verify()


@pytest.mark.slow
def test_the_guards_stand_again(url: str) -> None:
    with worlds.engine_over(PostgresStore.from_url(url)) as engine:
        edits.written(engine)
        with PostgresTampering(url) as tampering:
            tampering.payload(edits.STREAM, 4, "书面", "口头")
            tampering.payload(edits.STREAM, 4, "口头", "书面")
            tampering.key(edits.STREAM, "k", (1, 1))
            tampering.key(edits.STREAM, "k", (edits.LAST, edits.LAST))
        assert engine.verify().cases == 1
        for table in ("records", "keys"):
            with pytest.raises(psycopg.Error, match="append-only"):
                execute(url, f"DELETE FROM {{s}}.{table}")
