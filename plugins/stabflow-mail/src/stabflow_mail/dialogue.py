"""One message in one dialogue with a mail server, step by step, so that it is known how far it came."""

from __future__ import annotations

import base64
import contextlib
import re
import smtplib
import socket
import ssl
from collections.abc import Sequence

from stabflow.ports.notifier import Delivered, Rejected, Result, Retry

from .address import Account, is_loopback
from .line import Deadline, Line, TooMuch, connect, encrypt
from .mailbox import Mailbox
from .replies import Reply, Stage, result

_FAREWELL = 0.5
"""Seconds for which an answer to QUIT is waited for: nothing hangs on it."""


class _Over(Exception):
    """The dialogue came to an end before the message was taken."""

    def __init__(self, became: Result) -> None:
        super().__init__()
        self.became = became


class Dialogue:
    """A connection to a mail server. `hand_over` is called once."""

    def __init__(self, account: Account, deadline: Deadline) -> None:
        self.account, self.deadline = account, deadline
        self.good_password = -1
        self._stage = Stage.CONNECTION
        self._handed_over = False
        self._smtp = smtplib.SMTP(local_hostname=account.hello or "localhost")

    def hand_over(self, mail: bytes, recipient: Mailbox, passwords: Sequence[int] = ()) -> Result:
        """Hand the mail over and tell what became of it. ``passwords`` are the numbers of those to try, one after the other;
        ``good_password`` is that of the one that was taken."""
        try:
            self._enter()
            if self.account.user:
                self._sign_in(passwords)
            self._transfer(mail, recipient)
        except _Over as over:
            return over.became
        except (OSError, ssl.CertificateError) as error:
            return Retry(f"{self._stage.value}: {self._said(error)}", maybe_sent=self._handed_over)
        finally:
            self._leave()
        return Delivered(str(self._last))

    def _enter(self) -> None:
        account, smtp = self.account, self._smtp
        line = connect(account.host, account.port, self.deadline)
        smtp.sock, self._stage = line, Stage.GREETING
        if account.user and account.encryption == "none" and not is_loopback(line.getpeername()[0]):
            raise _Over(Retry("the mail server is not on this machine, and the password would be sent unencrypted"))
        smtp.local_hostname = account.hello or _literal(line.getsockname()[0])
        if account.encryption == "implicit":
            self._encrypt(line)
        self._expect(Stage.GREETING, smtp.getreply(), 220)
        self._greet()
        if account.encryption == "starttls":
            self._stage = Stage.STARTTLS
            if not smtp.has_extn("starttls"):
                raise _Over(Retry("STARTTLS: the mail server offers no encryption, and nothing is sent without"))
            self._say(Stage.STARTTLS, "STARTTLS", 220)
            self._encrypt(line)
            self._greet()

    def _encrypt(self, line: Line) -> None:
        """What was said in the clear is forgotten, also what the other side said too early."""
        smtp, context = self._smtp, self.account.context
        if context is None:
            raise _Over(Retry("nothing is there to check the certificate of the mail server"))
        smtp.file = None
        smtp.ehlo_resp, smtp.esmtp_features, smtp.does_esmtp = None, {}, False
        smtp.sock = encrypt(line, context, self.account.host)

    def _greet(self) -> None:
        self._stage = Stage.EHLO
        self._expect(Stage.EHLO, self._smtp.ehlo(), 250)

    def _sign_in(self, passwords: Sequence[int]) -> None:
        offered = self._smtp.esmtp_features.get("auth", "").upper().split()
        way = next((way for way in ("PLAIN", "LOGIN") if way in offered), None)
        self._stage = Stage.AUTH
        if way is None:
            raise _Over(Retry("AUTH: the mail server offers no way to sign in that is known here, PLAIN or LOGIN"))
        for number in passwords:
            last = number == passwords[-1]
            if self._tried(way, self.account.passwords[number].value, last):
                self.good_password = number
                return

    def _tried(self, way: str, password: str, last: bool) -> bool:
        """Whether the password was taken; that it was not is told where it is the ``last``."""
        smtp, user = self._smtp, self.account.user
        if way == "PLAIN":
            answer = smtp.docmd("AUTH", "PLAIN " + _base64(f"\0{user}\0{password}"))
        else:
            self._say(Stage.AUTH, "AUTH LOGIN", 334)
            self._say(Stage.AUTH, _base64(user), 334)
            answer = smtp.docmd(_base64(password))
        if answer[0] == 535 and not last:
            return False
        self._expect(Stage.AUTH, answer, 235)
        return True

    def _transfer(self, mail: bytes, recipient: Mailbox) -> None:
        smtp, sender = self._smtp, self.account.sender
        utf8 = sender.needs_utf8 or recipient.needs_utf8
        if utf8 and not smtp.has_extn("smtputf8"):
            raise _Over(_without_utf8(recipient))
        if utf8:
            smtp.command_encoding = "utf-8"
        more = f" SIZE={len(mail)}" if smtp.has_extn("size") else ""
        if utf8:
            more += (" BODY=8BITMIME" if smtp.has_extn("8bitmime") else "") + " SMTPUTF8"
        self._say(Stage.MAIL, f"MAIL FROM:<{sender.written}>{more}", 250)
        self._say(Stage.RCPT, f"RCPT TO:<{recipient.written}>", 250, 251, 252)
        self._say(Stage.DATA, "DATA", 354)
        smtp.send(re.sub(rb"(?m)^\.", b"..", mail))
        self._stage, self._handed_over = Stage.END, True
        smtp.send(b".\r\n")
        self._expect(Stage.END, smtp.getreply(), 250)

    def _say(self, stage: Stage, command: str, *wanted: int) -> None:
        self._stage = stage
        self._expect(stage, self._smtp.docmd(command), *wanted)

    def _expect(self, stage: Stage, answer: tuple[int, bytes], *wanted: int) -> None:
        self._last = Reply.read(*answer)
        if self._last.code not in wanted:
            raise _Over(result(stage, self._last))

    def _leave(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self.deadline.shorten(_FAREWELL)
            if self._smtp.sock is not None and not self.deadline.over:
                self._smtp.docmd("QUIT")
        self._smtp.close()

    def _said(self, error: Exception) -> str:
        """Why a connection came to nothing, in words of ours; smtplib says of much that the other side has gone."""
        errors = (error, error.__context__)
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"the certificate of the mail server does not show that it is {self.account.host}: correct the host or ca="
        if self.deadline.over or any(isinstance(one, TimeoutError) for one in errors):
            return "the mail server did not answer in time"
        if any(isinstance(one, smtplib.SMTPResponseException | TooMuch) for one in errors):
            return "what answers speaks no SMTP"
        if isinstance(error, ssl.SSLError):
            return "no encrypted connection came about: is it the right port, and smtp:// or smtps://?"
        if self._stage is not Stage.CONNECTION:
            return "the connection to the mail server broke off"
        if isinstance(error, ConnectionRefusedError):
            return "there is no mail server at this host and port"
        if isinstance(error, socket.gaierror):
            return "the name of the mail server is not known at present"
        return "the mail server cannot be reached"


def _without_utf8(recipient: Mailbox) -> Result:
    lacking = "the mail server cannot take addresses with other than ASCII letters before the @ (SMTPUTF8)"
    return Rejected(f"RCPT: {lacking}") if recipient.needs_utf8 else Retry(f"MAIL: {lacking}: correct from=")


def _literal(address: str) -> str:
    """How a client without a name of its own calls itself."""
    return f"[IPv6:{address.partition('%')[0]}]" if ":" in address else f"[{address}]"


def _base64(words: str) -> str:
    return base64.b64encode(words.encode()).decode("ascii")
