"""The chain: every record's hash covers the one before, its header and its payload, from the first record on.

It shows every record that was changed, removed, inserted, doubled or moved, unless everything after it was forged anew. It cannot
show that the newest records were cut off: what is left is a chain. For that, compare its head with one kept elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from ..errors import Corrupt
from ..ports.store import StoredRecord

GENESIS = ""
"""The hash before the first record, as text."""

_BEFORE_FIRST = bytes(32)


def link(previous: str, header: bytes, payload: bytes) -> bytes:
    """SHA-256 of the hash before (32 zero bytes for the first record), the header and the payload."""
    return hashlib.sha256((bytes.fromhex(previous) if previous else _BEFORE_FIRST) + header + payload).digest()


def verified(records: Iterable[StoredRecord], *, version: int = 0, head: str = GENESIS) -> Iterator[StoredRecord]:
    """``records`` one by one, each checked to follow ``version`` and ``head``; `Corrupt` names the first that does not."""
    for record in records:
        version += 1
        if record.version != version:
            raise Corrupt(
                f"{record.stream} goes on with version {record.version} where {version} is due: records are missing"
            )
        if link(head, record.header, record.payload) != record.hash:
            raise Corrupt(
                f"{record.stream} version {version} is not what was written, its hash does not follow from the chain: "
                "stop, keep the file, compare it with a backup"
            )
        head = record.hash.hex()
        yield record
