from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stabflow_mail import MailNotifier
from stabflow_mail.mailbox import NotAMailbox, ascii_host, read_mailbox

from stabflow import InvalidInput

CHANNEL = MailNotifier.from_url("smtp://mail.example.org?from=notices@example.org", {})


@pytest.mark.parametrize(
    ("given", "name", "written"),
    [
        ("unit-3@transport.example.org", "", "unit-3@transport.example.org"),
        ("first.last+stab@Example.ORG", "", "first.last+stab@example.org"),
        (" 评估处 <unit@example.org> ", "评估处", "unit@example.org"),
        ('"Office, the third" <unit@example.org>', "Office, the third", "unit@example.org"),
        ("<unit@example.org>", "", "unit@example.org"),
        ("unit@例子.公司", "", "unit@xn--fsqu00a.xn--55qx5d"),
        ("unit@例子。公司", "", "unit@xn--fsqu00a.xn--55qx5d"),
        ("评估@例子.公司", "", "评估@xn--fsqu00a.xn--55qx5d"),
        ("unit@xn--strae-oqa.example", "", "unit@xn--strae-oqa.example"),
        ("root@mailhost", "", "root@mailhost"),
        ("o'neil/x=1!#$%&*?^_`{|}~@example.org", "", "o'neil/x=1!#$%&*?^_`{|}~@example.org"),
    ],
)
def test_an_address(given: str, name: str, written: str) -> None:
    CHANNEL.check_address(given)
    found = read_mailbox(given)
    assert (found.name, found.written) == (name, written)
    assert found.needs_utf8 == (not written.isascii())


@pytest.mark.parametrize(
    "given",
    [
        "",
        " ",
        "office",
        "@example.org",
        "office@",
        "unit@@example.org",
        "a@b@example.org",
        "unit@example..org",
        "unit@-example.org",
        "unit@exa_mple.org",
        "unit@127.0.0.1",
        "unit@[127.0.0.1]",
        "unit@straße.example",
        ".unit@example.org",
        "unit.@example.org",
        "un..it@example.org",
        '"un it"@example.org',
        "un it@example.org",
        "un\u3000it@example.org",
        "unit(x)@example.org",
        "a@example.org, b@example.org",
        "a@example.org,b@example.org",
        "a@example.org;b@example.org",
        "A, B <a@example.org>",
        "a@example.org <b@example.org>",
        "Unit <a@example.org> <b@example.org>",
        "Unit <a@example.org",
        'Un"it <a@example.org>',
        "mailto:a@example.org?subject=x",
        "unit@example.org\r\nBcc: other@example.org",
        "unit@example.org\r\nRCPT TO:<other@example.org>",
        "Unit\nBcc: x <a@example.org>",
        "un\0it@example.org",
        "un\u202eit@example.org",
        "un\u2028it@example.org",
        "\ud800@example.org",
        "unit>@example.org",
        f"{'x' * 65}@example.org",
        f"{'评' * 22}@example.org",
        f"unit@{'x' * 64}.org",
        f"unit@{'x.' * 127}org",
        f"{'n' * 201} <unit@example.org>",
        "https://example.org/hook",
    ],
)
def test_what_is_none(given: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        CHANNEL.check_address(given)
    (fault,) = caught.value.faults
    assert fault.path == "address"
    assert fault.problem
    assert fault.cure
    words = fault.problem + fault.cure
    assert not given.strip() or given not in words


@given(st.text())
def test_whatever_is_taken_can_stand_in_a_dialogue(given: str) -> None:
    try:
        found = read_mailbox(given)
    except NotAMailbox:
        return
    assert not set('<>\r\n\0 \t,;"\\') & set(found.written)
    assert found.domain.isascii()
    assert read_mailbox(found.written).written == found.written


@given(st.text(st.sampled_from("ab-.评例。ß1Ａ"), max_size=12))
def test_the_name_of_a_host_is_ascii_or_none(given: str) -> None:
    try:
        found = ascii_host(given)
    except NotAMailbox:
        return
    assert found.isascii()
    assert ascii_host(found) == found
