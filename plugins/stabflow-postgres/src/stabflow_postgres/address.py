"""The URL of a PostgreSQL store: what of it is for us, what for libpq, and how it is shown without its secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import NoReturn
from urllib.parse import quote, unquote

import attrs
import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict

from stabflow.errors import InvalidInput

from . import schema as schemas

SECRETS = ("password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key")
"""Parameters of libpq that nobody may read in a message."""

OURS = ("schema", "deadline", "connections", "patience", "durable")

_DEFAULTS = {
    "application_name": "stabflow",
    "connect_timeout": "5",
    "target_session_attrs": "read-write",
    "tcp_user_timeout": "5000",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
}
"""What libpq is told unless the URL says otherwise; of several hosts it takes the one that can be written to."""

_FORM = "write postgresql://user@host:5432/database?schema=stabflow"


@attrs.frozen
class Address:
    """Where a store is, and how it is used.

    ``parameters`` go to libpq. ``deadline``: seconds after which an answer is waited for no longer; ``connections``: how many a
    handle has at most, and ``patience``: seconds for which a thread waits for one of them. Without ``durable`` a server may be
    used that can lose what it has acknowledged.
    """

    parameters: Mapping[str, str] = attrs.field(repr=False)
    schema: str = "stabflow"
    deadline: float = 10.0
    connections: int = 10
    patience: float = 10.0
    durable: bool = True

    def __str__(self) -> str:
        """The URL without what is secret."""
        known = self.parameters
        hosts = known.get("host", "").split(",")
        ports = known.get("port", "").split(",")
        ports = ports * len(hosts) if len(ports) == 1 else ports
        where = ",".join(
            quote(host, safe="") + (f":{port}" if port else "") for host, port in zip(hosts, ports, strict=False)
        )
        user = f"{quote(known['user'], safe='')}@" if "user" in known else ""
        return f"postgresql://{user}{where}/{quote(known.get('dbname', ''), safe='')}?schema={self.schema}"

    def without_secrets(self, text: object) -> str:
        """A message of libpq or of the server in one line, in which no secret of the URL is to be read."""
        told = " ".join(str(text).split())
        for name in SECRETS:
            if secret := self.parameters.get(name):
                told = told.replace(secret, "***")
        return told


def read_url(url: str) -> Address:
    """The address in a URL; `InvalidInput`, which repeats no part that may be secret, when it is none."""
    scheme, separator, _ = url.partition("://")
    if scheme.lower() not in ("postgresql", "postgres") or not separator:
        _refuse("does not name a PostgreSQL store", _FORM)
    base, _, query = url.partition("?")
    host, _, path = base.partition("://")[2].partition("/")
    if "@" in path or host.count("@") > 1:  # the rest of a password would be shown as a host
        _refuse("has an @ in the user or the password", "write %40 there, and %2F for /")
    ours: dict[str, str] = {}
    theirs: list[str] = []
    for option in filter(None, query.split("&")):
        name, _, value = option.partition("=")
        if name in OURS:
            ours[name] = unquote(value)
        else:
            theirs.append(option)
    rest = base[len(scheme) :] + (f"?{'&'.join(theirs)}" if theirs else "")
    try:
        found = conninfo_to_dict(f"postgresql{rest}")
    except (psycopg.Error, UnicodeError):  # what it says may repeat the password
        found = None
    if found is None:
        _refuse_unknown(theirs)
    if found is None or not re.fullmatch(r"[0-9,]*", str(found.get("port") or "")):
        _refuse("cannot be read by libpq", f"{_FORM}, other parameters as libpq names them, % signs written %25")
    parameters = {name: str(value) for name, value in found.items() if value is not None}
    schema = ours.get("schema", "stabflow")
    if not schemas.is_name(schema):
        _refuse(f"has the schema {schema!r}", "use small letters, digits and _, and do not begin with pg_")
    return Address(
        parameters=_DEFAULTS | parameters | {"client_encoding": "utf8"},
        schema=schema,
        deadline=_number(ours, "deadline", 10.0),
        connections=int(_number(ours, "connections", 10.0, least=1.0)),
        patience=_number(ours, "patience", 10.0, least=0.0),
        durable=_durable(ours.get("durable", "yes")),
    )


def _refuse_unknown(options: Sequence[str]) -> None:
    """Refuse the first parameter that libpq does not know by its name, where that cannot be a piece of a password."""
    known = {one.keyword.decode() for one in pq.Conninfo.get_defaults()} | {"ssl"}
    if any("@" in option for option in options):
        return
    for option in options:
        name, separator, _ = option.partition("=")
        if name in SECRETS or not separator or not re.fullmatch(r"[A-Za-z_]{1,40}", name):
            return
        if name not in known:
            meant = get_close_matches(name, [*OURS, *sorted(known)], 1)
            cure = f"write {meant[0]}=" if meant else "leave it out, or name it as libpq does"
            _refuse(f"has the parameter {name!r}, which nobody knows", cure)


def _durable(value: str) -> bool:
    if value not in ("yes", "no"):
        _refuse(f"has durable={value!r}", "write durable=yes or durable=no")
    return value == "yes"


def _number(options: Mapping[str, str], name: str, default: float, least: float = 0.05) -> float:
    value = options.get(name)
    if value is None:
        return default
    if not re.fullmatch(r"[0-9]{1,5}(\.[0-9]{1,3})?", value) or float(value) < least:
        _refuse(f"has {name}={value!r}", f"write a number from {least:g} to 99999")
    return float(value)


def _refuse(problem: str, cure: str) -> NoReturn:
    raise InvalidInput.at("store", f"the URL {problem}", cure)
