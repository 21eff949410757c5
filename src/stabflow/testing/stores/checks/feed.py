"""C6, the feed, with one handle and with a second one."""

from __future__ import annotations

from functools import partial

from ....errors import FeedReset, InvalidInput, VersionConflict
from ....ports.store import AppendBatch, Capability, Store
from ....text import Text
from ... import expectation as expect
from ..material import STREAMS, act, batch, content, feed_from, head_of, read_all, record, records_of
from ..registry import Level, Offer, check
from ..storage import Storage

NEEDS = (Capability.FEED,)
MADE_UP = ("", "nonsense", "\x00", "大桥", ".", "-1", "[" * 10_000, "\ud800")


def some_acts(store: Store, first: int, last: int) -> None:
    """Append the acts with these numbers."""
    for number in range(first, last):
        store.append(act(number, store.capabilities))


@check("C6", needs=NEEDS)
def the_feed_has_every_record_in_order(storage: Storage) -> None:
    """The feed has every record once, in the order in which it was written, by strictly rising positions."""
    store = storage.open()
    written: list[tuple[str, int]] = []
    for number in range(10):
        planned = act(number, store.capabilities)
        done = store.append(planned)
        written += [(planned.stream, version) for version in range(done.first_version, done.last_version + 1)]
        expect.raised(
            VersionConflict, partial(store.append, batch(99, stream=planned.stream)), "an append after no such version"
        )
    found, _ = feed_from(store)
    expect.equal([(one.stream, one.version) for one in found], written, "streams and versions along the feed")
    positions = [one.position for one in found]
    expect.equal(positions, sorted(set(positions)), "positions along the feed")
    for stream in STREAMS:
        expect.equal([one for one in found if one.stream == stream], read_all(store, stream), f"{stream} in the feed")


@check("C6", needs=NEEDS)
def the_cursor_is_exclusive(storage: Storage) -> None:
    """Whatever the size of a page, following its cursor gives each record once; at the end the cursor waits for what comes."""
    store = storage.open()
    some_acts(store, 0, 9)
    whole, _ = feed_from(store)
    for limit in (1, 2, 3, 4, len(whole), 1_000):
        seen: list[object] = []
        cursor: str | None = None
        while True:
            page = store.read_feed(after=cursor, limit=limit)
            expect.true(len(page.records) <= limit, f"a page of at most {limit} has more", len(page.records))
            expect.true(page.cursor is not None, "a page of a feed with records has no cursor")
            if not page.records:
                break
            seen += page.records
            expect.true(len(seen) <= len(whole), f"pages of {limit}: the feed does not come to its end", len(seen))
            cursor = page.cursor
        expect.equal(seen, whole, f"the feed in pages of {limit}")
    end = store.read_feed(after=None).cursor
    for _ in range(2):
        page = store.read_feed(after=end)
        expect.equal(page.records, (), "what comes after the last record")
        end = page.cursor
    some_acts(store, 9, 12)
    later, _ = feed_from(store, end)
    expect.equal(later, feed_from(store)[0][len(whole) :], "what was written after the cursor was at the end")
    expect.equal(len(later), records_of(range(9, 12)), "records written since")


@check("C6", needs=NEEDS)
def an_empty_feed_has_no_cursor(storage: Storage) -> None:
    """Where there has never been a record there is no cursor; reading on with none finds the first one."""
    store = storage.open()
    page = store.read_feed(after=None)
    expect.equal((tuple(page.records), page.cursor), ((), None), "the feed of an empty store")
    some_acts(store, 0, 1)
    page = store.read_feed(after=page.cursor)
    expect.equal(content(page.records), content(read_all(store)), "the feed after the first append")
    expect.true(isinstance(page.cursor, str), "the cursor behind a record must be a text", page.cursor)


@check("C6", needs=NEEDS)
def a_made_up_cursor_is_bad_input(storage: Storage) -> None:
    """What is no cursor of any feed is `InvalidInput`, before and after there are records."""
    store = storage.open()
    for _ in range(2):
        for cursor in MADE_UP:
            expect.raised(InvalidInput, partial(store.read_feed, after=cursor), f"the made-up cursor {cursor[:20]!r}")
        store.append(batch(head_of(store).version))


@check("C6", needs=NEEDS)
def a_cursor_of_another_storage_is_a_reset(storage: Storage) -> None:
    """The cursor of another storage is `FeedReset`, whether this one is empty, behind, as far or ahead."""
    store, other = storage.open(), storage.open_another()
    some_acts(store, 0, 5)
    _, cursor = feed_from(store)
    for number in range(9):
        what = f"the cursor of another storage with 5 acts, where there are {number}"
        expect.raised(FeedReset, partial(other.read_feed, after=cursor), what, cursor=cursor)
        other.append(act(number, other.capabilities))
    expect.equal(feed_from(store, cursor)[0], [], "the feed after its own cursor")


@check("C6", needs=NEEDS, offers=[Offer.COPY])
def a_copy_has_another_past(storage: Storage) -> None:
    """A cursor given before or after a copy was made is `FeedReset` on the copy, and still good on the original."""
    store = storage.open()
    some_acts(store, 0, 4)
    _, before = feed_from(store)
    store.close()
    config = storage.adopt(storage.harness.copy(storage.config))
    store = storage.open()
    some_acts(store, 4, 6)
    late, after = feed_from(store, before)
    expect.equal(len(late), records_of((4, 5)), "records of the original after the cursor from before the copy")
    copy = storage.open(config)
    for number in (4, 5, 6):
        for cursor in (before, after):
            what = f"the cursor of the original on a copy with {number} acts"
            expect.raised(FeedReset, partial(copy.read_feed, after=cursor), what, cursor=cursor)
        copy.append(act(number, copy.capabilities))
    found, own = feed_from(copy)
    expect.equal(len(found), records_of(range(7)), "records in the feed of the copy, which went on to act 6")
    copy.close()
    reopened = storage.open(config)
    expect.equal(feed_from(reopened, own)[0], [], "the feed of the copy after its own cursor, when it is opened again")
    expect.equal(feed_from(store, before)[0], late, "the feed of the original after its own cursor")
    expect.equal(feed_from(store, after)[0], [], "the feed of the original after its last cursor")


@check("C6", needs=NEEDS, offers=[Offer.COPY, Offer.RESTORE])
def a_restored_storage_has_another_past(storage: Storage) -> None:
    """Where a backup took the place of the storage itself, a cursor from after the backup is `FeedReset`: while the storage is
    behind it, as far, and beyond it. One from before gives what follows there now, or is `FeedReset` too."""
    store = storage.open()
    some_acts(store, 0, 4)
    _, before = feed_from(store)
    store.close()
    backup = storage.adopt(storage.harness.copy(storage.config))
    store = storage.open()
    some_acts(store, 4, 6)
    lost, after = feed_from(store, before)
    store.close()
    if not storage.harness.restore(storage.config, backup):
        raise expect.NotCovered(Text("the harness restores no backup", "测试支架不能恢复备份"))
    for more in range(len(lost) + 3):
        store = storage.open()
        what = f"the cursor from after the backup, once that was restored and {more} other records have come"
        expect.raised(FeedReset, partial(store.read_feed, after=after), what, cursor=after)
        kept = feed_from(store)[0][records_of(range(4)) :]
        expect.equal(len(kept), more, "records in the feed that have come since the backup was restored")
        try:
            found = feed_from(store, before)[0]
        except FeedReset:
            found = kept
        expect.equal(found, kept, "what follows on the cursor from before the backup")
        store.append(AppendBatch("restored", more, (record(f"restored {more}"),)))
        store.close()


@check("C6", Level.SECOND_HANDLE, needs=NEEDS)
def the_end_of_the_feed_is_looked_for_anew(storage: Storage) -> None:
    """A handle that only reads, and has found the end of the feed before, finds what another handle wrote since."""
    reader, writer = storage.open(), storage.open()
    cursor: str | None = None
    for number in range(6):
        writer.append(act(number, writer.capabilities))
        found, cursor = feed_from(reader, cursor)
        expect.equal(
            len(found), records_of([number]), f"records that another handle's act {number} brought to the feed"
        )
        for _ in range(2):
            expect.equal(tuple(reader.read_feed(after=cursor).records), (), "the feed after its end")


@check("C6", Level.SECOND_HANDLE, needs=NEEDS)
def a_cursor_is_good_on_every_handle(storage: Storage) -> None:
    """A cursor given by one handle is good on another, and after all were closed and opened again."""
    one, two = storage.open(), storage.open()
    cursor: str | None = None
    seen: list[object] = []
    for number in range(9):
        one, two = two, one
        one.append(act(number, one.capabilities))
        found, cursor = feed_from(two, cursor)
        expect.equal(
            content(found)[0][:2],
            (act(number).stream, act(number).expected_version + 1),
            "what the other handle reads on",
        )
        seen += found
        if number % 4 == 3:
            one.close()
            two.close()
            one, two = storage.open(), storage.open()
    expect.equal(seen, feed_from(one)[0], "what was read on, piece by piece")
    expect.equal(feed_from(one)[0], feed_from(two)[0], "the feed by either handle")
