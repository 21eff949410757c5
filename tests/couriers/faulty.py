"""Couriers with one mistake each, by the check that must find it. The mistake is the sentence at the head of the class."""

from __future__ import annotations

import json
import logging
import re
import socket
import time
import unicodedata
import uuid
from typing import Any

import attrs

from stabflow import InvalidInput
from stabflow.ports.notifier import Delivered, Message, Rejected, Result, Retry

from .sound import Courier

_log = logging.getLogger("couriers")


# N1


class Normalising(Courier):
    """Texts are normalised on the way."""

    def fields(self, message: Message) -> dict[str, Any]:
        return super().fields(message) | {"text": unicodedata.normalize("NFC", message.text)}


class ShortSubjects(Courier):
    """Subjects are cut at 78 characters."""

    def fields(self, message: Message) -> dict[str, Any]:
        fields = super().fields(message)
        return fields | {"subject": fields["subject"][:78]}


class FirstPlane(Courier):
    """Characters beyond the first plane become question marks."""

    def fields(self, message: Message) -> dict[str, Any]:
        return super().fields(message) | {"text": re.sub("[\U00010000-\U0010ffff]", "?", message.text)}


class CutText(Courier):
    """Long texts are cut, and told as delivered."""

    def fields(self, message: Message) -> dict[str, Any]:
        return super().fields(message) | {"text": message.text[:30_000]}


class TooLong(Courier):
    """Texts that are too long are tried for ever."""

    def send(self, message: Message, *, within: float) -> Result:
        return Retry("it is too long") if len(message.text) > 30_000 else super().send(message, within=within)


class NothingToSay(Courier):
    """A message without a text is tried for ever."""

    def send(self, message: Message, *, within: float) -> Result:
        return super().send(message, within=within) if message.text.strip() else Retry("there is no text")


class LinesInSubjects(Courier):
    """The subject is handed over with its ends of lines."""

    def fields(self, message: Message) -> dict[str, Any]:
        return super().fields(message) | {"subject": message.subject}


class Headers(Courier):
    """The subject is written as it is among headers, in which every line is one."""

    def fields(self, message: Message) -> dict[str, Any]:
        lines = [line.partition(": ") for line in re.split("\r\n|\n", message.subject)[1:]]
        return super().fields(message) | {"more": {name: value for name, _, value in lines}}


class FactsAsHeaders(Courier):
    """Facts are written as they are among headers, in which every line is one."""

    def fields(self, message: Message) -> dict[str, Any]:
        lines = [line.partition(": ") for line in message.facts.get("more", "").splitlines()[1:]]
        return super().fields(message) | {"more": {name: value for name, _, value in lines}}


class StrictUnicode(Courier):
    """What cannot be written in UTF-8 is raised."""

    def line(self, message: Message) -> bytes:
        return json.dumps(self.fields(message), ensure_ascii=False).encode() + b"\n"


class CutAtNul(Courier):
    """A text ends at its first NUL."""

    def fields(self, message: Message) -> dict[str, Any]:
        return super().fields(message) | {"text": message.text.partition("\0")[0]}


class FirstAddress(Courier):
    """Whatever is sent goes to the address of the first message."""

    first = ""

    def fields(self, message: Message) -> dict[str, Any]:
        self.first = self.first or message.to
        return super().fields(message) | {"to": self.first}


class Carbon(Courier):
    """Every message goes to the desk of the register, too."""

    def send(self, message: Message, *, within: float) -> Result:
        super().send(attrs.evolve(message, to="desk-9999", id=f"copy-{message.id}"), within=within)
        return super().send(message, within=within)


class LosesFacts(Courier):
    """The facts are those of the first message."""

    first: dict[str, str] | None = None

    def fields(self, message: Message) -> dict[str, Any]:
        self.first = self.first or {"notice": message.facts["notice"]}
        return super().fields(message) | {"facts": self.first}


# N2


class NobodyThere(Courier):
    """Where nobody can be reached the message is rejected."""

    def unreached(self, error: OSError) -> Result:
        return Rejected("there is no office")


class MaybeUnreached(Courier):
    """Where nobody can be reached it may have been sent."""

    def unreached(self, error: OSError) -> Result:
        return Retry("there is no office", maybe_sent=True)


class Discouraged(Courier):
    """Once the office could not be reached it is not tried again."""

    reason = ""

    def connected(self, deadline: float) -> socket.socket:
        if self.reason:
            raise ConnectionRefusedError
        return super().connected(deadline)

    def unreached(self, error: OSError) -> Result:
        self.reason = "it was not there"
        return super().unreached(error)


class BusyIsNever(Courier):
    """Not now is taken for never."""

    def result(self, answer: bytes, message: Message) -> Result:
        result = super().result(answer, message)
        return Rejected(result.reason) if isinstance(result, Retry) else result


class NeverIsBusy(Courier):
    """Never is taken for not now."""

    def result(self, answer: bytes, message: Message) -> Result:
        result = super().result(answer, message)
        return Retry(result.reason) if isinstance(result, Rejected) else result


class AlwaysGone(Courier):
    """An address is gone because one message was rejected."""

    def result(self, answer: bytes, message: Message) -> Result:
        result = super().result(answer, message)
        return attrs.evolve(result, gone=True) if isinstance(result, Rejected) else result


class NeverGone(Courier):
    """That an address is gone is not told."""

    def result(self, answer: bytes, message: Message) -> Result:
        result = super().result(answer, message)
        return attrs.evolve(result, gone=False) if isinstance(result, Rejected) else result


class AnyAnswer(Courier):
    """Any answer but a refusal is taken for a delivery."""

    def result(self, answer: bytes, message: Message) -> Result:
        result = super().result(answer, message)
        return Delivered() if isinstance(result, Retry) and b"busy" not in answer else result


class Raising(Courier):
    """An answer that is none is raised, which is a retry, but of what may have been sent; a rejection is raised too."""

    def result(self, answer: bytes, message: Message) -> Result:
        result = super().result(answer, message)
        if isinstance(result, Rejected):
            raise RuntimeError(result.reason)
        return result


class NoReason(Courier):
    """Refusals have no reason."""

    def result(self, answer: bytes, message: Message) -> Result:
        result = super().result(answer, message)
        return result if isinstance(result, Delivered) else attrs.evolve(result, reason="")


class RawReason(Courier):
    """The reason is what the office answered, whatever that is."""

    def result(self, answer: bytes, message: Message) -> Result:
        result = super().result(answer, message)
        return result if isinstance(result, Delivered) else attrs.evolve(result, reason=answer.decode("latin-1"))


class Nothing(Courier):
    """It answers nothing."""

    def send(self, message: Message, *, within: float) -> Result:
        super().send(message, within=within)
        return None  # type: ignore[return-value]


# N3


class IdOfAttempts(Courier):
    """Each attempt has an id of its own."""

    def fields(self, message: Message) -> dict[str, Any]:
        return super().fields(message) | {"id": f"{message.id}-{message.attempt}"}


class FreshIds(Courier):
    """Each time it is sent a message has another id, though the notifier says that it deduplicates."""

    def fields(self, message: Message) -> dict[str, Any]:
        return super().fields(message) | {"id": str(uuid.uuid4())}


class IdOfText(Courier):
    """The id is that of the text: what is alike is one message."""

    def fields(self, message: Message) -> dict[str, Any]:
        return super().fields(message) | {"id": f"{message.to} {message.text}"}


# N4


class OwnTime(Courier):
    """It has a limit of time of its own."""

    def send(self, message: Message, *, within: float) -> Result:
        return super().send(message, within=3.0)


class TimeForEachPart(Courier):
    """The time there is is given to each part of the answer."""

    def answer(self, connection: socket.socket, deadline: float) -> bytes:
        answer = b""
        connection.settimeout(max(0.01, deadline - time.monotonic()))
        while not answer.endswith(b"\n"):
            part = connection.recv(4096)
            if not part:
                raise ConnectionResetError
            answer += part
            if len(answer) > 60:  # so that this one ends, sooner or later
                break
        return answer


class Hoarding(Courier):
    """All of an answer is kept, however long it is."""

    def answer(self, connection: socket.socket, deadline: float) -> bytes:
        parts = [b""]
        while not parts[-1].endswith(b"\n") and time.monotonic() < deadline:
            connection.settimeout(max(0.01, deadline - time.monotonic()))
            parts.append(connection.recv(2**20))
        if not parts[-1].endswith(b"\n"):
            raise TimeoutError
        return b"".join(parts)


# N5


class TellsAddress(Courier):
    """What is told of a delivery has the address in it."""

    def result(self, answer: bytes, message: Message) -> Result:
        result = super().result(answer, message)
        return Delivered(f"taken for {message.to}") if isinstance(result, Delivered) else result


class ShowsKey(Courier):
    """Its own name has the key in it."""

    def __repr__(self) -> str:
        return f"Courier({self._port}, key={self._key!r})"


class LogsAll(Courier):
    """What is sent is logged, for whoever looks for mistakes."""

    def line(self, message: Message) -> bytes:
        _log.debug("sending %s", self.fields(message))
        return super().line(message)


class Repeats(Courier):
    """The reason is what the office said."""

    def result(self, answer: bytes, message: Message) -> Result:
        result = super().result(answer, message)
        return Rejected(answer.decode("ascii", "replace").strip()) if isinstance(result, Rejected) else result


class RaisesAddress(Courier):
    """Where the office breaks off, that is raised, with the address."""

    def broken_off(self, error: OSError, message: Message) -> Result:
        raise RuntimeError(f"no answer for {message.to}")


class LogsTrouble(Courier):
    """Where nobody can be reached the whole of the notifier is logged."""

    def unreached(self, error: OSError) -> Result:
        _log.warning("not reached: %s", vars(self))
        return super().unreached(error)


class QuotesMisaddressed(Courier):
    """A wrong address is quoted in the answer."""

    def misaddressed(self, message: Message) -> Result:
        return Rejected(f"{message.to!r} is no desk")


# N6


class Impatient(Courier):
    """The wish of the office to be left alone is not passed on."""

    def result(self, answer: bytes, message: Message) -> Result:
        result = super().result(answer, message)
        return attrs.evolve(result, after=None) if isinstance(result, Retry) else result


class Cautious(Courier):
    """It always asks for two minutes, whether the office does or not."""

    def result(self, answer: bytes, message: Message) -> Result:
        result = super().result(answer, message)
        return attrs.evolve(result, after=120.0) if isinstance(result, Retry) else result


# N7


class OneDesk(Courier):
    """Right addresses are refused."""

    def check_address(self, address: str) -> None:
        super().check_address(address)
        if address != "desk-0":
            raise InvalidInput.at("address", "it is not the desk for messages", "write desk-0")


class LooseEnd(Courier):
    """An end of a line behind an address is not seen."""

    def check_address(self, address: str) -> None:
        if not re.match(r"desk-[0-9]{1,4}$", address):
            raise InvalidInput.at("address", "it is no desk of the office", "write desk- and a number")


class AnyAddress(Courier):
    """Any address will do."""

    def check_address(self, address: str) -> None:
        pass


class QuotesAddress(Courier):
    """A wrong address is quoted."""

    def check_address(self, address: str) -> None:
        try:
            super().check_address(address)
        except InvalidInput:
            raise InvalidInput.at("address", f"{address!r} is no desk", "write desk- and a number") from None


class NoCure(Courier):
    """Whoever wrote a wrong address is not told what to write."""

    def check_address(self, address: str) -> None:
        try:
            super().check_address(address)
        except InvalidInput:
            raise InvalidInput.at("address", "it is no desk of the office") from None


class Unchecked(Courier):
    """What is sent is not checked again."""

    def send(self, message: Message, *, within: float) -> Result:
        check, self.check_address = self.check_address, lambda address: None  # type: ignore[method-assign]
        try:
            return super().send(message, within=within)
        finally:
            self.check_address = check  # type: ignore[method-assign]


class EagerlyOpened(Courier):
    """It connects when it is opened, to see whether the office is there."""

    def __init__(self, port: int, key: str) -> None:
        super().__init__(port, key)
        socket.create_connection(("127.0.0.1", port), 5).close()


class AsksTheOffice(Courier):
    """It connects to check an address."""

    def check_address(self, address: str) -> None:
        super().check_address(address)
        socket.create_connection(("127.0.0.1", self._port), 5).close()


# N8


class OneMessage(Courier):
    """The message that is on its way is kept in the notifier, of which there is one."""

    message: Message

    def send(self, message: Message, *, within: float) -> Result:
        self.message = message
        return super().send(message, within=within)

    def line(self, message: Message) -> bytes:
        return super().line(self.message)


# N9


class NeverClosed(Courier):
    """It goes on after it was closed."""

    def close(self) -> None:
        pass


class ClosedOnce(Courier):
    """It cannot be closed twice."""

    def close(self) -> None:
        if self._closed:
            raise RuntimeError("it is closed already")
        super().close()


class RaisesClosed(Courier):
    """After closing, what is sent is raised, and may have been sent."""

    def send(self, message: Message, *, within: float) -> Result:
        if self._closed:
            raise RuntimeError("closed")
        return super().send(message, within=within)


class ClosedTogether(Courier):
    """Closing one closes all."""

    port_closed: set[int] = set()  # noqa: RUF012 - it is the fault

    def send(self, message: Message, *, within: float) -> Result:
        return Retry("closed") if self._port in self.port_closed else super().send(message, within=within)

    def close(self) -> None:
        super().close()
        self.port_closed.add(self._port)


# N10


class CutIsLost(Courier):
    """What was cut off is told as certainly not sent."""

    def broken_off(self, error: OSError, message: Message) -> Result:
        return Retry("the office broke off")


class CutIsNever(Courier):
    """What was cut off is rejected."""

    def broken_off(self, error: OSError, message: Message) -> Result:
        return Rejected("the office broke off")


class WrittenIsDelivered(Courier):
    """What was written is told as delivered, whether it was answered or not."""

    def broken_off(self, error: OSError, message: Message) -> Result:
        return Delivered()


FAULTY: dict[type[Courier], str] = {
    Normalising: "n1_a_text_comes_out_as_it_went_in",
    LosesFacts: "n1_a_text_comes_out_as_it_went_in",
    Nothing: "n1_a_text_comes_out_as_it_went_in",
    ShortSubjects: "n1_a_subject_comes_out_as_it_went_in",
    FirstPlane: "n1_any_text_comes_out_as_it_went_in",
    CutText: "n1_a_long_text_is_not_cut",
    TooLong: "n1_a_long_text_is_not_cut",
    NothingToSay: "n1_next_to_nothing_does_no_harm",
    LinesInSubjects: "n1_nobody_forges_a_line",
    Headers: "n1_nobody_forges_a_line",
    FactsAsHeaders: "n1_nobody_forges_a_line",
    StrictUnicode: "n1_what_cannot_be_written_is_not_tried_for_ever",
    CutAtNul: "n1_what_cannot_be_written_is_not_tried_for_ever",
    FirstAddress: "n1_each_message_goes_to_its_own_address",
    Carbon: "n1_each_message_goes_to_its_own_address",
    NobodyThere: "n2_where_nobody_is_there_it_is_retried",
    MaybeUnreached: "n2_where_nobody_is_there_it_is_retried",
    Discouraged: "n2_where_nobody_is_there_it_is_retried",
    BusyIsNever: "n2_not_now_is_a_retry",
    NeverIsBusy: "n2_never_is_a_rejection",
    AlwaysGone: "n2_never_is_a_rejection",
    Raising: "n2_never_is_a_rejection",
    NeverGone: "n2_an_address_that_is_gone_is_told",
    AnyAnswer: "n2_what_is_no_answer_is_a_retry",
    NoReason: "n2_a_refusal_has_a_reason",
    RawReason: "n2_a_refusal_has_a_reason",
    IdOfAttempts: "n3_the_id_is_carried_and_stays_the_same",
    FreshIds: "n3_the_same_id_twice_is_seen_once",
    IdOfText: "n3_other_ids_are_other_messages",
    OwnTime: "n4_a_channel_that_never_answers_is_given_up",
    TimeForEachPart: "n4_a_channel_that_answers_bit_by_bit_is_given_up",
    Hoarding: "n4_an_answer_without_end_is_not_read_to_its_end",
    TellsAddress: "n5_a_delivery_tells_no_address_and_no_secret",
    ShowsKey: "n5_a_delivery_tells_no_address_and_no_secret",
    LogsAll: "n5_a_delivery_tells_no_address_and_no_secret",
    Repeats: "n5_a_channel_that_quotes_is_not_repeated",
    RaisesAddress: "n5_no_failure_tells_an_address_or_a_secret",
    LogsTrouble: "n5_no_failure_tells_an_address_or_a_secret",
    QuotesMisaddressed: "n5_a_wrong_address_is_not_quoted_by_send",
    Impatient: "n6_the_channels_wish_to_wait_is_passed_on",
    Cautious: "n6_the_channels_wish_to_wait_is_passed_on",
    OneDesk: "n7_right_addresses_are_taken",
    LooseEnd: "n7_wrong_addresses_are_refused_and_not_quoted",
    AnyAddress: "n7_wrong_addresses_are_refused_and_not_quoted",
    QuotesAddress: "n7_wrong_addresses_are_refused_and_not_quoted",
    NoCure: "n7_wrong_addresses_are_refused_and_not_quoted",
    Unchecked: "n7_nothing_is_sent_to_a_wrong_address",
    EagerlyOpened: "n7_nobody_is_connected_to_before_a_message",
    AsksTheOffice: "n7_nobody_is_connected_to_before_a_message",
    OneMessage: "n8_messages_of_several_threads_come_out_whole",
    NeverClosed: "n9_what_is_closed_sends_nothing",
    ClosedOnce: "n9_what_is_closed_sends_nothing",
    RaisesClosed: "n9_what_is_closed_sends_nothing",
    ClosedTogether: "n9_others_stay_open",
    CutIsLost: "n10_what_was_cut_off_may_have_been_sent",
    CutIsNever: "n10_what_was_cut_off_may_have_been_sent",
    WrittenIsDelivered: "n10_what_was_torn_is_not_delivered",
}
"""The check that must find each."""
