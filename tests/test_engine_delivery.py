"""Delivering: what is due arrives, is on record, and is never lost; what fails is tried again, goes elsewhere, or is given up."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import worlds
from posts import DIRECTORY, Town
from test_engine_migration import NAMES, RENAMED
from worlds import BASIS, CHAIR, CLERK

from stabflow import Actor
from stabflow.decision.notice_events import AddressGone, NoticeDelivered, NoticeRejected
from stabflow.engine import crews, streams
from stabflow.engine.delivery import Pace
from stabflow.engine.despatches import Book
from stabflow.engine.shell import Shell
from stabflow.errors import CommitUnknown, Corrupt, InvalidInput, PluginError, StoreUnavailable
from stabflow.ports.notifier import Delivered, Rejected, Retry
from stabflow.stores.memory import MemoryStore
from stabflow.testing import FakeClock, FaultyStore, Trouble


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path)


def test_a_notice_goes_to_whoever_holds_the_role_now(town: Town) -> None:
    town.notify("clerk")
    done = town.engine.deliver()
    (message,) = town.mail.delivered
    assert (done.addressed, done.delivered, done.reasons) == (1, 1, {})
    assert (message.to, message.subject, message.text, message.language) == (
        "office@example.org",
        "It is due",
        "Number 1.",
        "en",
    )
    assert message.facts == {"notice": "soon", "case": town.case.id, "role": "clerk", "body": "office"}
    assert list(town.engine.outbox.waiting()) == []


def test_it_is_on_record_what_was_sent_to_whom_and_when_and_no_address_is(town: Town) -> None:
    town.mail.answer = Delivered("queued as 4711 for office@example.org")
    town.notify("clerk")
    town.engine.deliver()
    (record,) = town.engine.outbox.despatches(town.case.id)
    event = record.event
    assert isinstance(event, NoticeDelivered)
    assert (event.notice, event.role, event.body, event.channel, event.attempt) == (
        "soon",
        "clerk",
        "office",
        "mail",
        1,
    )
    assert event.message == town.mail.delivered[0].id
    assert event.detail == "queued as 4711 for …"
    records = town.store.read_feed(after=None).records
    assert not any(b"example.org" in one.payload + one.header for one in records)
    town.engine.verify()


def test_a_role_has_its_own_address_and_a_body_without_language_is_written_to_in_both(town: Town) -> None:
    town.notify("chair")
    town.engine.deliver()
    (message,) = town.mail.delivered
    assert (message.to, message.subject, message.text) == (
        "chair@example.org",
        "即将到期 · It is due",
        "第1号。\n\nNumber 1.",
    )


def test_within_a_lane_one_comes_after_the_other(town: Town) -> None:
    town.mail.plan(Retry("busy"))
    for _ in range(3):
        town.notify("clerk")
    town.engine.deliver()
    assert [one.text for one in town.mail.messages] == ["Number 1."]
    town.later(minutes=1)
    town.engine.deliver()
    assert [one.text for one in town.mail.delivered] == ["Number 1.", "Number 2.", "Number 3."]


def test_one_address_that_fails_holds_up_no_other(town: Town) -> None:
    town.mail.to["office@example.org"] = Retry("451 later")
    town.notify("clerk")
    town.notify("chair")
    done = town.engine.deliver()
    assert [one.to for one in town.mail.delivered] == ["chair@example.org"]
    assert (done.delivered, done.waiting) == (1, 1)
    (waiting,) = town.engine.outbox.waiting()
    assert (waiting.role, waiting.channel, waiting.attempts) == ("clerk", "mail", 1)


def test_who_is_tried_again_rests_the_longer_the_longer_it_has_failed_and_is_given_up_after_three_days(
    town: Town,
) -> None:
    town.mail.answer = town.chat.answer = Retry("451 later")
    town.notify("chair")
    tries, waited = [], 0
    while not (dead := list(town.engine.outbox.dead_letters())):
        before = len(town.mail.messages)
        town.engine.deliver()
        if len(town.mail.messages) > before:
            tries.append(waited)
        town.later(seconds=60)
        waited += 60
    pauses = [later - earlier for earlier, later in pairwise(tries)]
    assert tries[0] == 0
    assert 15 <= pauses[0] <= 30 + 60
    assert max(pauses) <= 3_600 + 60
    assert all(later >= earlier / 2 - 60 for earlier, later in pairwise(pauses))
    assert 60 <= len(tries) <= 300
    assert 259_200 <= tries[-1] <= 259_200 + 3_600
    assert (dead[0].role, dead[0].error) == ("chair", "451 later")
    assert town.said == ["notice.given_up mail"]


def test_what_a_channel_asks_for_is_waited_for_within_bounds(town: Town) -> None:
    town.mail.plan(Retry("429", after=600), Retry("429", after=1e9))
    town.notify("chair")
    town.engine.deliver()
    town.later(seconds=599)
    town.engine.deliver()
    assert len(town.mail.messages) == 1
    town.later(seconds=2)
    town.engine.deliver()
    assert len(town.mail.messages) == 2
    town.later(seconds=3_601)
    assert town.engine.deliver().delivered == 1


def test_what_is_rejected_goes_by_the_next_channel_once_to_each_address_there(town: Town) -> None:
    town.mail.answer = Rejected("550 no such user office@example.org")
    town.notify("clerk")
    done = town.engine.deliver()
    assert sorted(one.to for one in town.chat.delivered) == ["room 1", "room 2"]
    assert (done.rejected, done.delivered, done.given_up) == (1, 2, 0)
    assert sorted(town.said) == ["notice.delivered chat", "notice.delivered chat1", "notice.rejected mail"]
    assert {one.en for one in done.reasons} == {"mail: 550 no such user …"}


def test_what_nobody_takes_is_a_dead_letter_that_can_be_tried_again(town: Town) -> None:
    town.mail.answer = Rejected("550")
    town.notify("chair")
    assert town.engine.deliver().given_up == 1
    (dead,) = town.engine.outbox.dead_letters()
    assert (dead.notice, dead.role, dead.body, dead.channel, dead.error) == ("soon", "chair", "council", "mail", "550")
    town.mail.answer = Delivered()
    assert not town.engine.outbox.retry(dead.number + 1)
    assert town.engine.outbox.retry(dead.number)
    assert town.engine.deliver().delivered == 1
    assert town.said == ["notice.rejected mail", "notice.given_up mail", "notice.delivered mail"]


def test_after_an_hour_of_failures_the_next_channel_is_tried_beside_once(town: Town) -> None:
    town.mail.answer = Retry("451")
    town.notify("clerk")
    for _ in range(6):
        town.engine.deliver()
        town.later(hours=1, minutes=1)
    assert sorted(one.to for one in town.chat.delivered) == ["room 1", "room 2"]
    town.mail.answer = Delivered()
    done = town.engine.deliver()
    assert (done.delivered, list(town.engine.outbox.waiting())) == (0, []), "it has arrived by the other channel"
    assert not town.mail.delivered


def test_behind_a_channel_that_fails_for_days_what_follows_goes_by_the_next_one_too_in_order(town: Town) -> None:
    town.mail.answer = Retry("451")
    for _ in range(4):
        town.notify("clerk")
    town.later(hours=2)
    waited = 0
    while len(town.chat.delivered) < 8 and waited < 3_600:
        town.engine.deliver()
        town.later(seconds=15)
        waited += 15
    assert waited <= 300
    for room in ("room 1", "room 2"):
        there = [one.text for one in town.chat.delivered if one.to == room]
        assert there == [f"Number {n}." for n in (1, 2, 3, 4)]


def test_what_waited_for_days_is_not_given_up_at_its_first_failure(town: Town) -> None:
    town.mail.plan(Retry("451 greylisted"))
    town.notify("chair")
    town.later(days=4)
    done = town.engine.deliver()
    assert (done.waiting, done.given_up) == (1, 0)
    town.later(seconds=31)
    assert town.engine.deliver().delivered == 1


def test_what_is_tried_again_though_it_is_old_is_given_up_after_so_many_failures(town: Town) -> None:
    town.mail.answer = Retry("451")
    town.notify("chair")
    town.later(days=4)
    for _ in range(Pace().tries):
        assert not list(town.engine.outbox.dead_letters())
        town.engine.deliver()
        town.later(hours=1)
    (dead,) = town.engine.outbox.dead_letters()
    assert dead.attempts == Pace().tries == len(town.mail.messages)


def test_an_address_that_is_gone_is_used_no_more_until_somebody_reopens_it(town: Town) -> None:
    town.mail.to["office@example.org"] = Rejected("410 gone", gone=True)
    for _ in range(3):
        town.notify("clerk")
    town.engine.deliver()
    assert len(town.mail.messages) == 1
    assert len(town.chat.delivered) == 6
    (record,) = streams.read(town.store, streams.ADDRESSES)
    assert isinstance(record.event, AddressGone)
    (told,) = (one for one in town.engine.diagnose() if one.check == "notices")
    assert (told.health.value, told.facts["addresses"]) == ("attend", [["mail", "office"]])
    town.mail.to.clear()
    town.notify("clerk")
    town.engine.deliver()
    assert len(town.mail.messages) == 1
    assert not town.engine.outbox.reopen("mail", "council", by=Actor("op-1", body="it"), basis="mended")
    assert town.engine.outbox.reopen("mail", "office", by=Actor("op-1", body="it"), basis="mended")
    town.notify("clerk")
    town.engine.deliver()
    assert [one.text for one in town.mail.delivered] == ["Number 5."]
    town.engine.verify()


def test_a_notice_to_a_vacant_role_goes_to_the_one_above_and_says_so(tmp_path: Path) -> None:
    town = Town(tmp_path)
    town.case.relieve("clerk", CLERK, by=CHAIR, basis=BASIS)
    town.notify("clerk")
    town.engine.deliver()
    (message,) = town.mail.delivered
    assert message.to == "chair@example.org"
    assert (message.facts["role"], message.facts["instead_of"]) == ("chair", "clerk")
    assert message.text == (
        "致主持：本通知原应发给文员，现该职务无人担任。\n\n第1号。\n\nTo chair: nobody holds clerk, to whom this is addressed."
        "\n\nNumber 1."
    )
    (record,) = town.engine.outbox.despatches(town.case.id)
    assert isinstance(record.event, NoticeDelivered)
    assert record.event.instead_of == "clerk"


def test_a_role_that_is_called_otherwise_since_is_found_under_its_new_name(town: Town) -> None:
    town.notify("clerk", procedure="small@1")
    town.later(hours=1)
    engine = town.another(None, RENAMED)
    assert engine.migrate(town.case, RENAMED, by=CHAIR, basis=BASIS, mapping=NAMES).possible
    town.notify("secretary", procedure="small@2")
    assert engine.deliver().delivered == 2
    assert [(one.text, one.facts["role"]) for one in town.mail.delivered] == [
        ("Number 1.", "secretary"),
        ("Number 2.", "secretary"),
    ]


def test_where_nobody_is_there_at_all_it_is_given_up_and_says_what_to_do(town: Town) -> None:
    town.case.relieve("clerk", CLERK, by=CHAIR, basis=BASIS)
    town.engine.withdraw("small", "chair", CHAIR, basis=BASIS)
    town.notify("clerk")
    done = town.engine.deliver()
    assert done.given_up == 1
    (dead,) = town.engine.outbox.dead_letters()
    assert "appoint somebody" in dead.error
    assert not dead.is_addressed
    worlds.constituted(town.engine)
    town.engine.outbox.retry(dead.number)
    town.engine.deliver()
    assert [one.to for one in town.mail.delivered] == ["chair@example.org"]


def test_a_body_that_is_not_in_the_directory_is_told_of_and_reached_when_it_is_there(town: Town) -> None:
    town.file.write_text(DIRECTORY.replace("bodies.office", "bodies.others"), encoding="utf-8")
    town.notify("clerk")
    town.notify("chair")
    done = town.engine.deliver()
    assert (done.delivered, done.given_up) == (1, 1)
    (dead,) = town.engine.outbox.dead_letters()
    assert "'office'" in dead.error
    town.file.write_text(DIRECTORY, encoding="utf-8")
    town.engine.outbox.retry(dead.number)
    town.engine.deliver()
    assert [one.to for one in town.mail.delivered] == ["chair@example.org", "office@example.org"]


def test_who_is_named_by_the_case_is_reached_by_their_body(town: Town) -> None:
    town.notify("owner", body="office")
    town.engine.deliver()
    (message,) = town.mail.delivered
    assert (message.to, message.facts["role"]) == ("office@example.org", "owner")


def test_what_cannot_be_read_is_parked_and_stops_nothing(town: Town) -> None:
    from stabflow.ports.store import AppendBatch, NewNotice

    for n, payload in enumerate(
        [b"{", b"[]", b'{"form":"message/1"}', b"\xff", json.dumps({"form": "notice/9"}).encode()]
    ):
        town.store.append(AppendBatch("t", 0, (), outbox=(NewNotice(f"lane {n}", payload),), key=f"k{n}", digest="d"))
    town.notify("clerk")
    done = town.engine.deliver()
    assert (done.delivered, done.given_up) == (1, 5)
    assert [one.notice for one in town.engine.outbox.dead_letters()] == [""] * 5


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize(
    ("call", "kind"),
    [
        *((call, "unavailable") for call in ("lookup", "heads", "read_stream")),
        *(
            (call, kind)
            for call in ("append", "ack", "release", "claim")
            for kind in ("unavailable", "unknown_stored", "unknown_not_stored")
        ),
    ],
)
def test_whatever_the_store_does_each_message_arrives_under_one_id(
    tmp_path: Path, call: str, kind: Any, nth: int
) -> None:
    clock = FakeClock(worlds.START)
    store = FaultyStore(MemoryStore(clock))
    town = Town(tmp_path, store=store, clock=clock)
    for role in ("clerk", "chair", "clerk"):
        town.notify(role)
    town.mail.plan(Retry("451"))
    store.plan(Trouble(kind, call, nth=nth))
    for _ in range(8):
        with suppress(StoreUnavailable, CommitUnknown):
            town.engine.deliver()
        clock.advance(600)
    store.mend()
    assert list(town.engine.outbox.waiting()) == []
    assert list(town.engine.outbox.dead_letters()) == []
    by_id: dict[str, str] = {}
    for message in town.mail.delivered:
        assert by_id.setdefault(message.id, message.text) == message.text
    assert sorted(by_id.values()) == ["Number 1.", "Number 3.", "第2号。\n\nNumber 2."]
    assert town.said.count("notice.delivered mail") == 3
    town.engine.verify()


def test_without_a_directory_nothing_is_delivered_and_what_is_wrong_with_one_is_told(
    town: Town, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match="open the engine with one"):
        worlds.engine_on("memory:").deliver()
    town.notify("clerk")
    town.file.write_text(DIRECTORY.replace('url = "chat:"', ""), encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"channels\.chat\.url"):
        town.engine.deliver()
    with pytest.raises(InvalidInput, match=r"directory\.channels\.chat\.url"):
        worlds.engine_on("memory:", directory=town.file)
    assert len(list(town.engine.outbox.waiting())) == 1
    for wrong in (0, -1, True, 1.5, "2"):
        with pytest.raises(InvalidInput, match="limit"):
            town.engine.deliver(limit=wrong)  # type: ignore[arg-type]


def test_a_channel_that_is_taken_out_of_the_directory_is_passed_over(town: Town) -> None:
    town.mail.answer = Retry("451")
    town.notify("clerk")
    town.engine.deliver()
    only_chat = DIRECTORY.replace('channels = ["mail", "chat"]', 'channels = ["chat"]')
    town.file.write_text(only_chat.replace('mail = "office@example.org"\n', ""), encoding="utf-8")
    town.later(minutes=5)
    town.engine.deliver()
    assert sorted(one.to for one in town.chat.delivered) == ["room 1", "room 2"]
    assert isinstance(town.engine.outbox.despatches(town.case.id)[0].event, NoticeRejected)


def test_a_limit_stops_it_and_so_does_being_told_to(town: Town) -> None:
    for _ in range(5):
        town.notify("clerk")
    assert town.engine.deliver(limit=1).addressed == 1
    assert town.engine.deliver(stopping=lambda: True).addressed == 0
    assert town.engine.deliver().delivered == 5


def test_a_channel_of_which_every_call_hangs_ends_no_delivery_and_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crews, "GRACE", 0.0)
    bodies = [f"body-{n}" for n in range(3 * crews.MOST_HUNG)]
    town = Town(tmp_path, DIRECTORY + '[bodies."*"]\nchannels = ["mail"]\nmail = "all@example.org"\n')
    town.engine._post.within = 0.02  # type: ignore[union-attr]
    town.mail.answer = "hang"
    for body in bodies:
        town.notify("clerk", body)
    try:
        done = town.engine.deliver()
        assert (done.addressed, done.delivered, done.waiting) == (len(bodies), 0, len(bodies))
        town.file.write_text(town.file.read_text().replace('["mail", "chat"]', '["chat"]'), encoding="utf-8")
        town.notify("clerk", "office")
        assert town.engine.deliver().delivered == 2
    finally:
        town.mail.let_go()
    town.mail.answer = Delivered()
    crew = town.engine._post._open.crews["mail"]  # type: ignore[union-attr]
    for _ in range(2_000):
        if not crew.is_stuck:
            break
        threading.Event().wait(0.005)
    town.later(minutes=2)
    assert town.engine.deliver().delivered == len(bodies)


def test_told_to_stop_it_gives_back_what_it_has_not_begun(tmp_path: Path) -> None:
    town = Town(tmp_path, DIRECTORY + '[bodies."*"]\nchannels = ["mail"]\nmail = "all@example.org"\n')
    town.engine._post.at_once = 1  # type: ignore[union-attr]
    begun, asked = threading.Event(), threading.Event()

    def answer(_message: Any) -> Delivered:
        begun.set()
        assert asked.wait(10)
        return Delivered()

    def stopping() -> bool:
        if begun.is_set():
            asked.set()
        return asked.is_set()

    town.mail.answer = answer
    for n in range(6):
        town.notify("clerk", f"body-{n}")
    done = town.engine.deliver(stopping=stopping)
    assert 1 <= done.delivered < 6
    assert town.engine.deliver().delivered == 6 - done.delivered
    assert len(town.mail.delivered) == 6


def test_closing_the_engine_ends_a_delivery_that_is_under_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    town = Town(tmp_path, DIRECTORY + '[bodies."*"]\nchannels = ["mail"]\nmail = "all@example.org"\n')
    post = town.engine._post
    assert post is not None
    post.at_once = 1
    begun, given_back, give_back = threading.Event(), threading.Event(), crews.Crew.give_back

    def giving_back(crew: crews.Crew) -> list[crews.Job]:
        back = give_back(crew)
        given_back.set()
        return back

    def answer(_message: Any) -> Delivered:
        begun.set()
        assert given_back.wait(10)
        return Delivered()

    monkeypatch.setattr(crews.Crew, "give_back", giving_back)

    town.mail.answer = answer
    for n in range(6):
        town.notify("clerk", f"body-{n}")
    delivering = threading.Thread(target=town.engine.deliver)
    delivering.start()
    assert begun.wait(10)
    town.engine.close()
    delivering.join(10)
    assert len(town.mail.delivered) == 1


@pytest.mark.parametrize("problem", [Corrupt("it is damaged"), PluginError("rules", "is not there")])
def test_a_case_that_cannot_be_read_parks_its_notices_and_stops_nothing(
    town: Town, monkeypatch: pytest.MonkeyPatch, problem: Exception
) -> None:
    def standing(_shell: Shell, _case: str) -> Any:
        raise problem

    monkeypatch.setattr(Shell, "standing", standing)
    town.notify("clerk")
    town.notify("members", "council")
    done = town.engine.deliver()
    assert (done.delivered, done.given_up) == (1, 1)
    (dead,) = town.engine.outbox.dead_letters()
    assert (dead.role, dead.error) == ("clerk", str(problem))
    monkeypatch.undo()
    assert town.engine.outbox.retry(dead.number)
    assert town.engine.deliver().delivered == 1


def test_what_was_delivered_and_cannot_be_put_on_record_is_parked_and_says_so(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(_book: Book, case: str, _event: object, *, key: str | None = None) -> None:
        raise Corrupt(f"notices/{case} is damaged")

    monkeypatch.setattr(Book, "write", write)
    town.notify("clerk")
    assert town.engine.deliver().given_up == 1
    (dead,) = town.engine.outbox.dead_letters()
    assert dead.error == f"it was delivered, but that cannot be put on record: notices/{town.case.id} is damaged"
