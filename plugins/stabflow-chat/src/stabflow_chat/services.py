"""The chat services that a channel allows, and what an address says of one."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import apprise
import apprise.plugins
from apprise.plugins import N_MGR

from stabflow.errors import InvalidInput, near_miss

from .exchange import can_be_watched
from .quiet import quiet

_load: Callable[[], None] = N_MGR.load_modules
with warnings.catch_warnings(), quiet():
    warnings.simplefilter("ignore")  # of what apprise imports, some is deprecated in some versions of Python
    _load()

DEFAULT = ("dingtalk", "feishu", "lark", "mmosts", "slack", "wecombot", "workflows")
"""What is allowed unless the URL says otherwise: services that are asked by HTTPS, and whose answers are understood here."""

_ASSET = apprise.AppriseAsset(
    app_id="stabflow", app_desc="stabflow", app_url="", async_mode=False, secure_logging=True, http_redirects=False
)
_LONGEST = 2_000
_parts: Callable[..., dict[str, Any] | None] = apprise.plugins.url_to_dict
_ALIKE = {"workflow": "workflows"}


def read_allowed(url: str) -> tuple[str, ...]:
    """The schemes that the URL of a channel allows; `InvalidInput` where it is none, or allows what cannot be."""
    rest = url.partition(":")[2].removeprefix("//")
    _, mark, query = rest.partition("?")
    name, _, value = query.partition("=")
    if (rest and not rest.startswith("?")) or (mark and name != "allow"):
        raise InvalidInput.at(
            "url", "the URL of a chat channel has more in it than allow=", "write chat: or chat:?allow=wecombot,slack"
        )
    allowed = tuple(value.split(",")) if mark else DEFAULT
    with quiet():
        for scheme in allowed:
            _check_scheme(scheme)
    return allowed


def _check_scheme(scheme: str) -> None:
    if not re.fullmatch(r"[a-z0-9]{1,30}", scheme) or scheme not in N_MGR:
        known = near_miss(scheme, DEFAULT) if scheme.isascii() else ""
        shown = f"{scheme!r}, which" if re.fullmatch(r"[a-z0-9]{1,30}", scheme) else "something that"
        _refuse_url(f"allows {shown} apprise does not know", f"name services as apprise's addresses begin; {known}")
    if not can_be_watched(N_MGR[scheme]):
        _refuse_url(
            f"allows {scheme!r}, whose answers cannot be seen: it does not speak HTTP, or works on this machine",
            "leave it out; for mail there is stabflow-mail",
        )


def recognise(address: str, allowed: Sequence[str]) -> apprise.NotifyBase:
    """The service at an address of apprise, made anew, so that none waits for another; `InvalidInput`, which does not quote it,
    where it is none."""
    with quiet():
        fit = address.isprintable() and len(address) <= _LONGEST
        parts = _parts(address, secure_logging=True) if fit else None
        if not parts:
            _refuse("is no address that apprise knows (NOMATCH)", "write it as apprise documents for the service")
        scheme = str(parts["schema"])
        if _ALIKE.get(scheme, scheme) not in allowed and scheme not in allowed:
            cure = f"this channel allows {', '.join(allowed)}: use one of them, or add it to allow= in the URL"
            _refuse(f"is of {scheme}, which this channel does not allow", cure)
        options = {str(name).lower() for name in parts.get("qsd", {})}
        service = apprise.Apprise.instantiate(parts, asset=_ASSET)
        if service is None:
            _refuse(f"begins like one of {scheme}, and is not complete or not right", "compare it with apprise's page")
        if not service.verify_certificate:
            _refuse("leaves certificates unchecked (verify=no)", "leave that out")
        if options & {"format", "overflow", "retry", "attach"}:
            _refuse(
                "has format=, overflow=, retry= or attach= in it", "leave them out: messages are plain text, sent once"
            )
        if len(service) != 1:
            _refuse("has several targets, of which some could take a message and some not", "make a list, one in each")
    return service


def _refuse(problem: str, cure: str) -> NoReturn:
    raise InvalidInput.at("address", f"what stands there {problem}", cure)


def _refuse_url(problem: str, cure: str) -> NoReturn:
    raise InvalidInput.at("url", f"the URL of a chat channel {problem}", cure)
