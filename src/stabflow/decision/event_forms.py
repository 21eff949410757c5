"""The events that can be stored, each under the tag and the version of its form."""

from __future__ import annotations

from .events import (
    Added,
    Amended,
    Appointed,
    Attempted,
    BreachConfirmed,
    BreachFound,
    BreachVoided,
    ClockResumed,
    ClockStopped,
    Constituted,
    Delegated,
    DelegationEnded,
    Event,
    ItemMoved,
    Migrated,
    Moved,
    Opened,
    PluginFailed,
    Proved,
    Recalendared,
    Recused,
    Registered,
    Relieved,
    Ticked,
    Withdrawn,
)
from .notice_events import AddressesReopened, AddressGone, NoticeDelivered, NoticeGivenUp, NoticeRejected

EVENTS: dict[tuple[str, int], type[Event]] = {
    (event.tag, event.tag_version): event
    for event in (
        Opened,
        Moved,
        Added,
        ItemMoved,
        Amended,
        ClockStopped,
        ClockResumed,
        Appointed,
        Relieved,
        BreachFound,
        BreachConfirmed,
        BreachVoided,
        Recused,
        Delegated,
        DelegationEnded,
        Migrated,
        Recalendared,
        Constituted,
        Withdrawn,
        Attempted,
        Ticked,
        NoticeDelivered,
        NoticeRejected,
        NoticeGivenUp,
        AddressGone,
        AddressesReopened,
        PluginFailed,
        Registered,
        Proved,
    )
}
"""Every event that can be stored, by tag and version."""
