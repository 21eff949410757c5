"""Messages for the checks: plain ones, and those with everything in them that goes wrong on the way."""

from __future__ import annotations

import hashlib
import random

from ...ports.notifier import Message

LONG = 20_000

TEXTS = {
    "two lines": "The reply is due.\nPlease answer.",
    "Chinese": "请在三个工作日内答复：\n一、交通局；\n二、规划局。",
    "combining characters": "cafe\u0301 A\u030a \u1112\u1161\u11ab, and caf\u00e9 \u00c5 \ud55c: they stay as they are",
    "from right to left": "שלום (a) \u202eabc\u202c العربية 12\u200f",
    "beyond the first plane": "𠀀𪚥 🏛️ 👩\u200d⚖️ 𝒜",
    "what ends a line elsewhere": "one\u2028two\u2029three\u0085four\x0cfive",
    "what means something elsewhere": "<b>&amp; &lt;</b> {case} {0} %s %% $HOME \\n \\u4e2d =3D =?utf-8?q?x?= `*_~[a](b)",
    "dots and lines of mail": ".\n..\n.dot\nFrom here\n>From there\nTo: nobody\n\nBcc: nobody",
    "blanks and empty lines": "  indented\n\n\n\tby a tab\n \nlast",
    "a line without an end": "x" * 3_000 + " " + "字" * 2_000,
}
"""Texts that come out as they went in."""

SUBJECTS = {
    "Chinese": "催告：关于“环城路拓宽”一案的答复将于明日到期",
    "a long one": "关于社会稳定风险评估程序中第一阶段调查结果公示期满后应当答复的通知——" * 4,
    "what means something elsewhere": '<b>"Due", {case}; a@b, c: %s \\ \u202eabc\u202c 𠀀',
    "a long word": "x" * 300,
}
"""Subjects that come out as they went in."""

FORGED = "x-forged"
INJECTIONS = {
    "a line": "Due\nX-Forged: yes",
    "a line of the network": "Due\r\nX-Forged: yes\r\nBcc: forged@example.org",
    "an end of the head": "Due\r\n\r\nforged text",
    "a return": "Due\rX-Forged: yes",
    "a folded line": "Due\r\n X-Forged: yes\r\n\tX-Forged: yes",
    "encoded lines": "=?utf-8?q?Due=0D=0AX-Forged:_yes?=",
    "an end of the text": "Due\r\n.\r\nMAIL FROM:<forged@example.org>\r\n",
    "other ends of lines": "Due\u2028X-Forged: yes\u0085X-Forged: yes\x0bX-Forged: yes",
}
"""Subjects that would forge something, were they written as they are."""

UNWRITABLE = {
    "NUL": "before \x00 after",
    "what steers a terminal": "before \x1b[31m\x08\x07 after",
    "half a character": "before \ud800 after",
    "what is no character": "before \ufffe\uffff after",
}
"""What some channel cannot write."""


def message(
    number: int,
    to: str,
    *,
    subject: str = "Reply due",
    text: str = "The reply is due.\nPlease answer.",
    attempt: int = 1,
    more: str = "",
) -> Message:
    """A message whose id is that of its ``number``; ``more`` stands among its facts."""
    facts = {"notice": "reply_due", "case": "five-step-环城路-1", "role": "assessment_unit", "body": "transport-bureau"}
    return Message(
        id=hashlib.sha256(f"message {number}".encode()).hexdigest()[:40],
        to=to,
        subject=subject,
        text=text,
        language="zh" if number % 2 else "en",
        facts=facts | ({"more": more} if more else {}),
        created_at="2026-11-23T08:00:00.000000Z",
        attempt=attempt,
    )


_BLOCKS = [
    (0x20, 0x7E), (0xA1, 0x17F), (0x300, 0x36F), (0x5D0, 0x5EA), (0x4E00, 0x9FFF), (0x1F300, 0x1F5FF), (0x20000, 0x2A6DF),
]  # fmt: skip


def any_text(chance: random.Random, length: int) -> str:
    """A text of all kinds of characters, but for those that only steer something; its lines do not end in blanks."""
    found = []
    for _ in range(length):
        first, last = chance.choice(_BLOCKS)
        found.append("\n" if chance.random() < 0.03 else chr(chance.randint(first, last)))
    lines = "".join(found).split("\n")
    return "\n".join(line.rstrip() for line in ("a", *lines, "z"))
