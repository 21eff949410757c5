"""N8: several threads use a notifier at once."""

from __future__ import annotations

import sys
import threading

from ....ports.notifier import Delivered, Message, Result
from ... import expectation as expect
from ..channel import Channel
from ..registry import Level, check
from .intact import is_whole

THREADS = 6


@check("N8", Level.THREADS)
def messages_of_several_threads_come_out_whole(channel: Channel) -> None:
    """What several threads send at once through one notifier is delivered, each message once, whole, at its own address."""
    notifier = channel.open()
    each = 5 * channel.effort
    batches = [
        [
            channel.message(
                number * 1_000 + n,
                number % 3,
                subject=f"{number} and {n}",
                text=f"{number} and {n}\n" + f"行{number} " * 300 + "。",
            )
            for n in range(each)
        ]
        for number in range(THREADS)
    ]
    results: dict[str, Result | BaseException] = {}
    ready = threading.Barrier(THREADS)

    def work(messages: list[Message]) -> None:
        ready.wait()
        for sent in messages:
            try:
                results[sent.id] = channel.send(notifier, sent, within=30.0)
            except BaseException as error:  # noqa: BLE001 - it is told
                results[sent.id] = error

    threads = [threading.Thread(target=work, args=(messages,), daemon=True) for messages in batches]
    sys.setswitchinterval(1e-5)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bad = [one for one in results.values() if not isinstance(one, Delivered)]
    expect.equal(bad, [], f"what of {len(results)} messages, sent by {THREADS} threads at once, was not delivered")
    expected = {sent.subject: sent for messages in batches for sent in messages}
    received = channel.fresh()
    expect.equal(len(received), len(expected), "how many messages came out")
    for one in received:
        words = one.subject or next((subject for subject in expected if f"{subject}\n" in one.text), one.text[:40])
        sent_as = expected.pop(words, None)
        expect.true(sent_as is not None, "what came out twice, or mixed with another", words)
        if sent_as is not None:
            is_whole(one, sent_as, f"the message {words!r} of a thread")
