"""Whatever could be wrong with the nodes is seen."""

from __future__ import annotations

import hashlib
import json

import attrs

from examples.cluster import evidence
from examples.cluster.evidence import Row
from examples.cluster.load import Event
from examples.cluster.trial import following_wrong, notices_wrong


def chain(stream: str, *tags: str) -> list[Row]:
    rows, before = [], bytes(32)
    for version, tag in enumerate(tags, 1):
        header = json.dumps({"key": f"key-{version}"}).encode()
        payload = json.dumps({"duty": f"errand-{version}", "due": {"at": "10:00"}}).encode()
        before = hashlib.sha256(before + header + payload).digest()
        rows.append(Row(version << 20, stream, version, tag, header, payload, before))
    return rows


ROWS = chain("case/a", "case.opened", "breach.found", "breach.found")


def acknowledged(row: Row) -> Event:
    return Event(0.0, "acknowledged", "w", {"stream": row.stream, "version": row.version, "hash": row.hash.hex()})


def test_what_is_missing_or_another_is_lost() -> None:
    acts = [acknowledged(row) for row in ROWS]
    assert evidence._lost("n1", ROWS, acts) == []
    assert len(evidence._lost("n1", ROWS[:-1], acts)) == 1
    assert len(evidence._lost("n1", [*ROWS[:-1], attrs.evolve(ROWS[-1], hash=bytes(32))], acts)) == 1


def test_a_gap_and_a_fork_are_seen() -> None:
    assert evidence._broken("n1", ROWS) == []
    assert evidence._broken("n1", [ROWS[0], ROWS[2]]) != []
    assert evidence._broken("n1", [ROWS[0], attrs.evolve(ROWS[1], payload=b"{}"), ROWS[2]]) != []
    assert evidence._broken("n1", [*ROWS, ROWS[-1]]) != []


def test_what_is_there_twice_is_seen() -> None:
    again = attrs.evolve(ROWS[1], version=4, position=9 << 20)
    assert evidence._keys_twice(ROWS) == evidence._breaches_twice(ROWS) == []
    assert evidence._keys_twice([*ROWS, attrs.evolve(again, position=ROWS[1].position + 1)]) == []
    assert len(evidence._keys_twice([*ROWS, again])) == 1
    assert len(evidence._breaches_twice([*ROWS, again])) == 1


def test_nodes_that_differ_are_told() -> None:
    assert evidence._digest(ROWS) != evidence._digest(ROWS[:-1])
    found = evidence.Evidence({}, 2, 3, [], [], [], {"n1": "a", "n2": "a", "n3": "b"})
    assert len(found.wrong) == 1
    assert attrs.evolve(found, digests={"n1": "a", "n2": "a"}).wrong == []


def said(what: str, **facts: object) -> Event:
    return Event(0.0, what, "p", facts)


def test_notices_that_are_left_or_settled_twice_are_told() -> None:
    good = [said("sent", notice="a"), said("delivered", notice="a"), said("settled", notice="a")]
    assert notices_wrong(good) == []
    assert len(notices_wrong(good[:1])) == len(notices_wrong([*good, good[-1]])) == 1


def test_a_feed_with_a_gap_is_told() -> None:
    page = said("followed", records=[["case/a", 1, ""], ["case/a", 2, ""]])
    assert following_wrong([page], {"case/a": 2}) == []
    assert following_wrong([page, said("feed reset"), page], {"case/a": 2}) == []
    assert len(following_wrong([page], {"case/a": 3})) == len(following_wrong([page], {"case/a": 2, "case/b": 1})) == 1
    assert following_wrong([page, page], {"case/a": 2}) != []
    assert following_wrong([page, said("followed", records=[["case/a", 4, ""]])], {"case/a": 4}) != []
