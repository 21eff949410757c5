from __future__ import annotations

import base64
import re
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stabflow_mail.letter import header_text, letter
from stabflow_mail.mailbox import read_mailbox

from stabflow.ports.notifier import Message

OFFICE = read_mailbox("稳评办公室 <notices@example.org>")
UNIT = read_mailbox("unit@example.org")
Make = Callable[..., Message]


def read(mail: bytes) -> EmailMessage:
    return cast(EmailMessage, message_from_bytes(mail, policy=default))


def test_a_mail_in_chinese(message: Make) -> None:
    subject = "环城路拓宽工程社会稳定风险评估：第三步报告将于三个工作日后到期（2026年11月26日），请及时办理"
    text = "案件 five-step-1：\n报告尚未提交。\n.\n..\n"
    mail = letter(message(subject=subject, text=text, language="zh"), OFFICE, read_mailbox("评估三处 <unit@例子.公司>"))
    assert mail.isascii()
    assert max(map(len, mail.split(b"\r\n"))) <= 78
    found = read(mail)
    assert found["Subject"] == subject
    assert found["From"] == "稳评办公室 <notices@example.org>"
    assert found["To"] == "评估三处 <unit@xn--fsqu00a.xn--55qx5d>"
    assert found.get_content().replace("\r\n", "\n") == text
    assert found["Content-Language"] == "zh"
    assert found["Auto-Submitted"] == "auto-generated"
    assert found["Message-ID"] == f"<{'0f' * 16}@example.org>"
    assert found["Date"] == "Mon, 23 Nov 2026 08:00:00 +0000"
    assert found.get_content_type() == "text/plain"
    assert found.defects == []


def test_the_same_message_is_the_same_bytes(message: Make) -> None:
    first, again = message(text="评估\n"), message(text="评估\n", attempt=7)
    assert letter(first, OFFICE, UNIT) == letter(again, OFFICE, UNIT)


def test_an_id_that_is_no_word_of_a_mail(message: Make) -> None:
    ids = ["a.b", "a..b", ".a", "a@b", "<a>", "a:b", "x.612e2e62"]
    found = [str(read(letter(message(id=one), OFFICE, UNIT))["Message-ID"]) for one in ids]
    assert found[0] == "<a.b@example.org>"
    assert len(set(found[:-1])) == len(ids) - 1
    assert all(re.fullmatch(r"<[A-Za-z0-9.]+@example\.org>", one) for one in found)


@pytest.mark.parametrize("created_at", ["2026-11-23", "yesterday", "2026-11-23T08:00:00+08:00", ""])
def test_what_is_no_moment(message: Make, created_at: str) -> None:
    with pytest.raises(ValueError, match="does not match format"):
        letter(message(created_at=created_at), OFFICE, UNIT)


INJECTIONS = [
    "Due\r\nBcc: other@example.org",
    "Due\nBcc: other@example.org",
    "Due\rBcc: other@example.org",
    "Due\r\n\r\nAnother text",
    "Due\u2028Bcc: other@example.org",
    "Due\x0bBcc: other@example.org",
    "=?utf-8?q?Due=0D=0ABcc:_other@example.org?=",
    "=?utf-8?b?RHVlDQpCY2M6IG90aGVyQGV4YW1wbGUub3Jn?=",
    "Due\0",
    "Due\x1b[2J",
    "\ud83d",
]


@pytest.mark.parametrize("words", INJECTIONS)
def test_nobody_adds_a_header(message: Make, words: str) -> None:
    plain = read(letter(message(), OFFICE, UNIT))
    found = read(letter(message(subject=words, text=words), OFFICE, UNIT))
    assert found.keys() == list(plain)
    assert found["To"] == "unit@example.org"
    assert "Bcc" not in found
    assert not re.search("[\r\n\0\x1b]", str(found["Subject"]))


def test_a_text_that_looks_encoded_reads_as_it_was_written(message: Make) -> None:
    assert read(letter(message(subject="=?utf-8?b?5L2g?= x"), OFFICE, UNIT))["Subject"] == "=?utf-8?b?5L2g?= x"


WORDS = st.text(
    st.one_of(st.sampled_from('风险评估 通知，（）ab=?_utfq.,:;-"<>é𝒳\r\n\t\0'), st.characters()), max_size=120
)


@given(WORDS)
def test_a_header_says_what_was_meant(words: str) -> None:
    """Read by hand: what a reader of another make does, after RFC 2047."""
    written = header_text(words)
    assert written.isascii()
    assert "\r" not in written
    assert all(line.startswith(" =?utf-8?b?") for line in written.split("\n")[1:])
    assert all(len(line) <= 75 for line in written.split("\n"))
    parts = re.findall(r"=\?utf-8\?b\?([A-Za-z0-9+/=]*)\?=", written)
    if parts:
        assert "\n ".join(f"=?utf-8?b?{part}?=" for part in parts) == written
        read_again = "".join(base64.b64decode(part).decode() for part in parts)
    else:
        read_again = written
    kept = re.sub("[\r\n\x0b\x0c\x85\u2028\u2029]+", " ", words)
    expected = " ".join("".join(_meant(one) for one in kept).split())
    assert read_again == expected


def _meant(character: str) -> str:
    code = ord(character)
    control = code in range(32) or code in range(0x7F, 0xA0) or code in (0xFFFE, 0xFFFF)
    return "\ufffd" if (control and character not in "\t\n\x0c\x85") or 0xD800 <= code < 0xE000 else character


@given(WORDS)
def test_a_text_says_what_was_meant(words: str) -> None:
    message = Message(
        id="1", to="", subject="", text=words, language="zh", facts={}, created_at="2026-11-23T08:00:00.000000Z"
    )
    mail = letter(message, OFFICE, UNIT)
    assert mail.isascii()
    assert mail.endswith(b"\r\n")
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n|\0", mail)
    assert max(map(len, mail.split(b"\r\n"))) <= 998
    lines = re.split("\r\n|\r", words)
    wanted = "\n".join("".join(map(_meant, line)) for line in lines).rstrip("\n") + "\n"
    assert read(mail).get_content().replace("\r\n", "\n") == wanted


def test_an_address_that_is_not_ascii_stands_as_it_is(message: Make) -> None:
    mail = letter(message(), OFFICE, read_mailbox("处长 <评估@例子.公司>"))
    assert "<评估@xn--fsqu00a.xn--55qx5d>".encode() in mail
    assert read(mail)["Subject"] == "Due in 3 working days"
