"""Records as they may be shown to the public."""

from __future__ import annotations

import attrs

from .. import canonical
from ..decision.disclosure import Disclosure
from . import codec
from .record import Record


def for_public(record: Record, disclosure: Disclosure) -> Record:
    """``record`` without the numbers, the hashes and the key that `Disclosure` keeps back; where it keeps back nothing, itself.
    What is changed can no longer be verified, and says so: a hash that is not told reads ``withheld:12``."""
    if disclosure.is_whole:
        return record
    event, stamp = disclosure.event(record.event, record.version), disclosure.stamp(record.stamp)
    header = canonical.decode(record.header)
    assert isinstance(header, dict), "a header is a table"
    told = {name: value for name, value in header.items() if name != "key"} | {"mandate": stamp.mandate}
    return attrs.evolve(
        record,
        event=event,
        mandate=stamp.mandate,
        key=None,
        hash=stamp.hash,
        header=canonical.encode(told),
        payload=record.payload if event is record.event else codec.encode(event),
    )
