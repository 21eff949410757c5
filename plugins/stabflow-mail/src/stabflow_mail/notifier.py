"""The notifier: a message becomes a mail, and what the server answers a result."""

from __future__ import annotations

from stabflow.errors import InvalidInput
from stabflow.ports.notifier import Message, Notifier, Rejected, Result, Retry, Secrets

from .address import Account, read_account
from .dialogue import Dialogue
from .letter import letter
from .line import Deadline
from .mailbox import Mailbox, NotAMailbox, read_mailbox

_PART = 0.9
"""Of the time that is given, so that the answer is there before it is over."""


class MailNotifier(Notifier):
    """Hands messages to one mail server, each in a dialogue of its own."""

    contract = 1

    def __init__(self, account: Account) -> None:
        self.account = account
        self._good_password = 0
        self._closed = False

    @classmethod
    def from_url(cls, url: str, secrets: Secrets) -> MailNotifier:
        """For ``smtp://host:587?from=…&user=…`` or ``smtps://…``, with the secret ``password`` where there is a user;
        `InvalidInput` where either is wrong."""
        return cls(read_account(url, secrets))

    def check_address(self, address: str) -> None:
        """`InvalidInput` unless ``address`` is one mail address."""
        _recipient(address)

    def send(self, message: Message, *, within: float) -> Result:
        """Hand the message to the server. What speaks of the address or the message for good is `Rejected`; what an operator can
        mend, such as a wrong password, is `Retry`, like all that passes."""
        if self._closed:
            return Retry("the channel is closed")
        deadline = Deadline(within * _PART)
        try:
            recipient = _recipient(message.to)
            mail = letter(message, self.account.sender, recipient)
        except InvalidInput as error:
            return Rejected(f"the address: {error.faults[0].problem}")
        except ValueError:
            return Rejected("the message cannot be written as a mail")
        dialogue = Dialogue(self.account, deadline)
        became = dialogue.hand_over(mail, recipient, self._passwords())
        if dialogue.good_password >= 0:
            self._good_password = dialogue.good_password
        return became

    def close(self) -> None:
        """Nothing is kept open between messages; what is sent afterwards is `Retry`."""
        self._closed = True

    def _passwords(self) -> tuple[int, ...]:
        """Their numbers, first that which was taken last time: every try of a wrong one counts with the server."""
        first = self._good_password
        return tuple(sorted(range(len(self.account.passwords)), key=lambda number: number != first))


def _recipient(address: str) -> Mailbox:
    try:
        return read_mailbox(address)
    except NotAMailbox as error:
        raise InvalidInput.at("address", f"what stands there {error.problem}", error.cure) from None
