"""What an answer of a mail server means for a message. Servers quote addresses in the words that go with it: only the numbers are
taken, and said in words of ours."""

from __future__ import annotations

import re
from enum import Enum

import attrs

from stabflow.ports.notifier import Rejected, Result, Retry

_ENHANCED = re.compile(rb"([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")


class Stage(Enum):
    """Where a dialogue stands, by what was said last."""

    CONNECTION = "connection"
    GREETING = "greeting"
    EHLO = "EHLO"
    STARTTLS = "STARTTLS"
    AUTH = "AUTH"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    END = "end of the message"


OF_THE_OFFICE = (Stage.GREETING, Stage.EHLO, Stage.STARTTLS, Stage.AUTH)
"""Where a server speaks of who sends and not of a message: what is wrong there is for an operator to mend, and no fault of any
address, so that nothing is rejected for it."""

_LOGIN = (530, 534, 535, 538)
_CLOSING = 421
_TOO_LARGE = (552, "5.3.4")
_MOVED = ("5.1.6", "5.1.10")
_REFUSES_ALL_MAIL = 556

_WORDS = {
    "1.1": "there is no such mailbox",
    "1.2": "there is no such mail domain",
    "1.3": "the address is none",
    "1.6": "the mailbox has moved",
    "1.7": "the address of the sender is none",
    "1.8": "the domain of the sender is not known",
    "1.10": "the domain takes no mail",
    "2.1": "the mailbox is disabled",
    "2.2": "the mailbox is full",
    "2.3": "the message is too large for the mailbox",
    "3.1": "the server has no room",
    "3.2": "the server takes no messages at present",
    "3.4": "the message is too large for the server",
    "4.1": "the server of the recipient does not answer",
    "4.2": "the connection to the server of the recipient is bad",
    "4.3": "a directory does not answer",
    "4.5": "the server has too much to do",
    "4.7": "the server could not pass it on in time",
    "5.3": "too many recipients",
    "7.0": "it is not allowed, for a reason that is not told",
    "7.1": "it is not allowed",
    "7.8": "the user or the password is wrong",
    "7.9": "this way to sign in is too weak for the server",
    "7.26": "no check of the sender's domain succeeded",
}
"""By subject and detail of an enhanced status (RFC 3463, and the register that goes on from it)."""

_STAGES = {
    Stage.GREETING: "the mail server does not serve us",
    Stage.EHLO: "the mail server does not take our greeting: set hello= to the name of this host",
    Stage.STARTTLS: "the mail server cannot encrypt at present",
    Stage.AUTH: "the mail server does not let us in: correct user= and secrets.password",
    Stage.MAIL: "the mail server does not take messages from this sender: correct from=, or let the server allow it",
    Stage.RCPT: "the mail server does not take messages for this address",
    Stage.DATA: "the mail server takes no message",
    Stage.END: "the mail server does not take this message",
}


@attrs.frozen
class Reply:
    """What a server answered, without its words: the code (-1 for what is none), and the enhanced status or nothing."""

    code: int
    status: str = ""

    @classmethod
    def read(cls, code: int, words: bytes) -> Reply:
        """An answer of which smtplib has told."""
        found = _ENHANCED.match(words)
        if not 200 <= code <= 599:
            return cls(-1)
        if found is None or int(found[1]) != code // 100:
            return cls(code)
        return cls(code, found[0].decode("ascii"))

    def __str__(self) -> str:
        return f"{self.code} {self.status}".rstrip()


def result(stage: Stage, reply: Reply) -> Result:
    """What a message becomes by a reply that says no."""
    why = _why(stage, reply)
    if reply.code < 400 or reply.code == _CLOSING:
        return Retry(why, maybe_sent=stage is Stage.END)
    if reply.code < 500 or reply.code in _LOGIN or stage in OF_THE_OFFICE:
        return Retry(why)
    if stage is Stage.MAIL and reply.code not in _TOO_LARGE and reply.status not in _TOO_LARGE:
        return Retry(why)
    gone = stage is Stage.RCPT and (reply.code == _REFUSES_ALL_MAIL or reply.status in _MOVED)
    return Rejected(why, gone=gone)


def _why(stage: Stage, reply: Reply) -> str:
    if reply.code < 400:
        return f"{stage.value}: the mail server answered out of turn"
    if reply.code == _CLOSING:
        words = "the mail server ends the connection"
    elif reply.code in _LOGIN:
        words = _STAGES[Stage.AUTH]
    elif stage not in OF_THE_OFFICE and reply.status.partition(".")[2] in _WORDS:
        words = _WORDS[reply.status.partition(".")[2]]
    elif reply.code in _TOO_LARGE:
        words = "the message is too large, or there is no room for it"
    else:
        words = _STAGES[stage] + (" yet" if reply.code < 500 and stage in (Stage.RCPT, Stage.END) else "")
    return f"{stage.value} {reply}: {words}"
