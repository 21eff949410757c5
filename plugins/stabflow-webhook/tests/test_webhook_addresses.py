"""Where a notice may go: addresses that can be none, those that lead inside, and what the channel's URL allows by name."""

from __future__ import annotations

import ipaddress
import traceback
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from stabflow_webhook import WebhookNotifier
from stabflow_webhook.address import read_address
from stabflow_webhook.networks import Reach, reach

from stabflow.errors import InvalidInput
from stabflow.ports.notifier import Message, Rejected

Channel = Callable[..., WebhookNotifier]
Messages = Callable[..., Message]

PUBLIC = [
    "8.8.8.8",
    "1.0.0.1",
    "100.63.255.255",
    "100.128.0.0",
    "172.32.0.0",
    "223.255.255.255",
    "2606:4700::1111",
    "240e::1",
]
INSIDE = [
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "::1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:0:10.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::7f00:1",
    "64:ff9b:1:ffff:ffff:ffff:808:808",
    "100::1",
    "2001:1::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1",
    "2001:10::1",
    "2001:db8::1",
    "2002:a00:1::",
    "2002:808:808::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "4000::1",
]
NOWHERE = [
    "0.0.0.0",
    "0.1.2.3",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "ff02::1",
    "ff02::1%eth0",
    "::ffff:0.0.0.0",
    "::ffff:224.0.0.1",
    "64:ff9b::0.0.0.0",
    "64:ff9b::255.255.255.255",
    "2002:e000:1::1",
    "2001:0:4136:e378:8000:63bf:ffff:ffff",  # Teredo, of a client at 0.0.0.0
    "",
    "hooks.example",
]


@pytest.mark.parametrize(
    ("address", "leads"),
    [
        *((one, Reach.PUBLIC) for one in PUBLIC),
        *((one, Reach.INSIDE) for one in INSIDE),
        *((one, Reach.NOWHERE) for one in NOWHERE),
    ],
)
def test_where_an_address_leads(address: str, leads: Reach) -> None:
    assert reach(address) is leads


@given(st.ip_addresses())
@example(ipaddress.ip_address("2001:1ff:ffff::"))
def test_what_python_knows_as_not_global_is_never_public(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if (
        address.is_private
        or address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_reserved
    ):
        assert reach(str(address)) is not Reach.PUBLIC


GOOD = [
    ("https://hooks.example/notices", "hooks.example", 443, "/notices"),
    ("HTTPS://Hooks.EXAMPLE", "hooks.example", 443, "/"),
    ("https://hooks.example?token=a%20b", "hooks.example", 443, "/?token=a%20b"),
    ("https://hooks.example./a;b=c/@me:1?x[]=1&y=?", "hooks.example", 443, "/a;b=c/@me:1?x[]=1&y=?"),
    ("https://hooks.example:8443/", "hooks.example", 8443, "/"),
    ("https://hooks.example:443/", "hooks.example", 443, "/"),
    ("https://my_host.example/", "my_host.example", 443, "/"),
    ("https://交通局.example/", "xn--tlqr54a0r4b.example", 443, "/"),
    ("https://xn--tlqr54a0r4b.example/", "xn--tlqr54a0r4b.example", 443, "/"),
    ("https://ＨＯＯＫＳ。example/", "hooks.example", 443, "/"),
    ("https://8.8.8.8/", "8.8.8.8", 443, "/"),
    ("https://[2606:4700:0::1111]:8443/", "2606:4700::1111", 8443, "/"),
]


@pytest.mark.parametrize(("address", "host", "port", "requested"), GOOD)
def test_good_addresses(address: str, host: str, port: int, requested: str) -> None:
    target = read_address(address, ())
    assert (target.secure, target.host, target.port, target.requested) == (True, host, port, requested)


def test_what_a_request_says_as_host() -> None:
    assert read_address("https://hooks.example:443/", ()).authority == "hooks.example"
    assert read_address("https://hooks.example:8443/", ()).authority == "hooks.example:8443"
    assert read_address("https://[2606:4700::1111]/", ()).authority == "[2606:4700::1111]"
    assert read_address("http://hooks.example:443/", {"hooks.example"}).authority == "hooks.example:443"
    assert read_address("http://hooks.example/", {"hooks.example"}).authority == "hooks.example"


BAD = {
    "is no web address": [
        "",
        "s3cret",
        "hooks.example/s3cret",
        "ftp://s3cret/",
        "file:///s3cret",
        "https:/s3cret",
        "//s3cret/",
    ],
    "has blanks, control characters": [
        " https://s3cret.example/",
        "https://s3cret.example/\r\nX: y",
        "https://s3cret.example/\x00",
        "https://s3cret .example/",
        "https://s3cret.example\t/",
        "https://s3cret.example\u3000/",
        "https://s3cret.example\u200d/",
        "https://s3cret\u200d.example/",
        "https://s3cret.example\\@other.example/",
        "https://hooks.example/" + "s3cret" * 400,
    ],
    "has a user or a password": [
        "https://s3cret@hooks.example/",
        "https://u:s3cret@hooks.example/",
        "https://@hooks.example/",
    ],
    "has a part after #": [
        "https://hooks.example/#s3cret",
        "https://hooks.example/#",
        "https://hooks.example#@other.example/",
    ],
    "has characters in its path": [
        "https://hooks.example/s3crét",
        'https://hooks.example/"s3cret"',
        "https://hooks.example/%zz",
    ],
    "has a host that can be none": [
        "https://",
        "https:///s3cret",
        "https://:443/s3cret",
        "https://s3cret.example:/",
        "https://s3cret.example:x/",
        "https://s3cret.example:1:2/",
        "https://s3cret.example:-1/",
        "https://s3cret.example:999999/",
        "https://s3cret..example/",
        "https://.s3cret.example/",
        "https://-s3cret.example/",
        "https://s3cret-.example/",
        "https://" + "s3cret" * 11 + ".example/",
        "https://" + "s3cret." * 40 + "example/",
        "https://s3cr%65t.example/",
        "https://s3cret,example/",
        "https://s3cretß.example/",
        "https://s3cret℀.example/",
        "https://::1/",
        "https://[::1/",
        "https://::1]/",
    ],
    "has a port": ["https://hooks.example:0/s3cret", "https://hooks.example:65536/s3cret"],
    "has a port at which": [
        "https://hooks.example:25/s3cret",
        "https://hooks.example:80/s3cret",
        "https://hooks.example:1023/",
    ],
    "has something in brackets": [
        "https://[s3cret]/",
        "https://[]/",
        "https://[fe80::1%25eth0]/",
        "https://[fe80::1%eth0]/",
        "https://[8.8.8.8]/",
    ],
    "has a host in digits": [
        "https://0x7f.1/",
        "https://2130706433/",
        "https://127.1/",
        "https://0177.0.0.1/",
        "https://127.0.0.01/",
        "https://127.0.0.1.1/",
        "https://256.1.1.1/",
        "https://0x7f000001/",
        "https://hooks.0x/",
        "https://127.0.0.0x1/",
        "https://hooks.123/",
        "https://１２７.１/",
    ],
    "leads inside": [
        *(f"https://{one}/s3cret" for one in INSIDE if ":" not in one),
        *(f"https://[{one}]/s3cret" for one in INSIDE if ":" in one and "%" not in one),
        "https://127.0.0.1./",
        "https://１２７.０.０.１/",
        "https://127。0。0。1/",
    ],
    "goes without TLS": ["http://hooks.example/s3cret", "http://127.0.0.1/s3cret", "HTTP://8.8.8.8/s3cret"],
}


def told(error: BaseException) -> str:
    """All that may reach a log."""
    chain = [one for one in (error, error.__cause__, error.__context__) if one]
    return "".join("".join(traceback.format_exception(one)) + repr(vars(one)) + repr(one.args) for one in chain)


@pytest.mark.parametrize(("problem", "address"), [(problem, one) for problem, all_ in BAD.items() for one in all_])
def test_bad_addresses_are_told_without_being_quoted(
    channel: Channel, message: Messages, problem: str, address: str
) -> None:
    notifier = channel("webhook:")
    with pytest.raises(InvalidInput) as refused:
        notifier.check_address(address)
    (fault,) = refused.value.faults
    assert (fault.path, fault.problem[: 3 + len(problem)]) == ("address", f"it {problem}")
    assert "s3cr" not in told(refused.value)
    assert "Expected" not in told(refused.value)
    result = notifier.send(message(address), within=5)
    assert result == Rejected(f"the address cannot be used: {fault.problem}")


@pytest.mark.parametrize("one", [one for one in NOWHERE[:-2] if "%" not in one])
def test_what_is_no_single_machine_is_refused_even_where_it_is_allowed(channel: Channel, one: str) -> None:
    host = f"[{one}]" if ":" in one else one
    for url in ("webhook:", f"webhook:?allow={one}"):
        with pytest.raises(InvalidInput):
            channel(url).check_address(f"https://{host}/")


def test_what_is_allowed_by_name() -> None:
    allowed = {"hooks.internal", "10.0.0.1", "fd00::1"}
    for address in (
        "http://hooks.internal/",
        "http://HOOKS.internal.:25/",
        "https://10.0.0.1:8/",
        "http://[fd00:0::1]/",
    ):
        read_address(address, allowed)
    for address in ("http://other.internal/", "http://a.hooks.internal/", "https://10.0.0.2/", "https://[fd00::2]/"):
        with pytest.raises(InvalidInput, match="allow=HOST in the channel"):
            read_address(address, allowed)


@given(st.text(max_size=60) | st.text("htps:/@[]%.0x127#?\\ a", max_size=40).map("https://".__add__))
def test_any_text_is_an_address_or_is_refused(address: str) -> None:
    try:
        target = read_address(address, ())
    except InvalidInput:
        return
    assert target.is_name or reach(target.host) is Reach.PUBLIC
    assert (target.authority + target.requested).isascii()
    assert not set(target.authority + target.requested) & set("\r\n \\#")
