"""The directory of an office: by which channels its bodies are reached, and at which addresses. It is a file beside the store,
read when notices are delivered, so that no record has an address in it.

What is wrong with it is told all at once, with the places, and without quoting an address or a secret.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import attrs

from ..errors import Fault, InvalidInput, near_miss
from ..language.tables import read_file, tables_of
from ..plugins.equipment import scheme_of
from ..ports.notifier import Notifier, Secret, Secrets
from ..text import LANGUAGES, Language
from ..values import clean_id

FORMAT = 1
ANYBODY = "*"
"""Stands for every body that is not named, and for holders who act for none."""

MAX_SECRET = 8 * 1024
_LABEL = re.compile(r"[a-z][a-z0-9_]{0,39}")
_OF_BODY = ("channels", "language", "roles")
_SAY = 'write it as "…", or { env = "NAME" }, or { file = "/path" }'


@attrs.frozen
class Channel:
    """A way to reach people, under its label: the URL of a notifier, and the secrets that it is given."""

    label: str
    url: str = attrs.field(repr=False)
    secrets: Secrets = attrs.field(hash=False)


@attrs.frozen
class Entry:
    """How a body is reached: by which ``channels``, the preferred one first; in which language (``None``: in both); at which
    addresses of each channel, and at which instead for a role."""

    channels: tuple[str, ...]
    language: Language | None
    addresses: Mapping[str, tuple[Secret, ...]] = attrs.field(hash=False)
    of_roles: Mapping[str, Mapping[str, tuple[Secret, ...]]] = attrs.field(hash=False)

    def at(self, channel: str, role: str) -> tuple[Secret, ...]:
        """The addresses of ``role`` in a channel; those of the body where the role has none of its own."""
        return self.of_roles.get(role, {}).get(channel) or self.addresses.get(channel, ())


@attrs.frozen
class Directory:
    """The channels by label, and the entries by body."""

    channels: Mapping[str, Channel] = attrs.field(hash=False)
    bodies: Mapping[str, Entry] = attrs.field(hash=False)

    def entry(self, body: str) -> Entry | None:
        """How ``body`` is reached; ``None`` where it is in no way."""
        return self.bodies.get(body) or self.bodies.get(ANYBODY)

    def ways(self, body: str, role: str) -> tuple[str, ...]:
        """The channels by which ``role`` of ``body`` is reached, the preferred one first."""
        entry = self.entry(body)
        return () if entry is None else tuple(label for label in entry.channels if entry.at(label, role))

    def addresses(self, body: str, role: str, channel: str) -> tuple[Secret, ...]:
        """The addresses of ``role`` of ``body`` in a channel, in their order."""
        entry = self.entry(body)
        return () if entry is None else entry.at(channel, role)


def read_directory(path: str | Path, environment: Mapping[str, str] | None = None) -> Directory:
    """The directory in the TOML file at ``path``; secrets come from ``environment`` (the process's by default) and from files.
    `InvalidInput` with every fault."""
    what = f"directory {path}"
    tables = tables_of(read_file(path, error=InvalidInput), what=what, error=InvalidInput)
    reading = _Reading(os.environ if environment is None else environment, Path(path).parent)
    directory = reading.directory(tables)
    if reading.faults:
        raise InvalidInput(reading.faults, what=what)
    return directory


def check_addresses(directory: Directory, notifiers: Mapping[str, Notifier], what: str) -> None:
    """`InvalidInput` with every address that its channel cannot be sent to."""
    faults: list[Fault] = []
    for body, entry in directory.bodies.items():
        groups = {f"bodies.{body}": entry.addresses}
        groups |= {f"bodies.{body}.roles.{role}": held for role, held in entry.of_roles.items()}
        for place, addresses in groups.items():
            for label, several in addresses.items():
                for n, address in enumerate(several):
                    at = f"{place}.{label}" + (f"[{n}]" if len(several) > 1 else "")
                    faults += _faults_of(at, notifiers[label], address)
    if faults:
        raise InvalidInput(faults, what=what)


def _faults_of(place: str, notifier: Notifier, address: Secret) -> list[Fault]:
    try:
        notifier.check_address(address.value)
    except InvalidInput as error:
        return [Fault(place, fault.problem, fault.cure) for fault in error.faults]
    return []


class _Reading:
    """One reading of one file."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._environment = environment
        self._folder = folder
        self.faults: list[Fault] = []

    def _fault(self, place: str, problem: str, cure: str) -> None:
        self.faults.append(Fault(place, problem, cure))

    def directory(self, tables: Mapping[str, object]) -> Directory:
        self._known("", tables, ("format", "channels", "bodies"))
        if tables.get("format") != FORMAT or isinstance(tables.get("format"), bool):
            self._fault("format", "is missing, or not one that this stabflow reads", f"write format = {FORMAT}")
        if tables.get("channels") == {}:
            self._fault("channels", "has no channel", 'write one, such as channels.mail.url = "log:"')
        channels = {
            label: channel
            for label, table in self._tables("channels", tables.get("channels")).items()
            if (channel := self._channel(label, table)) is not None
        }
        bodies = {
            body: self._body(body, table, channels)
            for body, table in self._tables("bodies", tables.get("bodies")).items()
            if self._is_body(body)
        }
        return Directory(channels, bodies)

    def _known(self, place: str, table: Mapping[str, object], keys: Sequence[str]) -> None:
        for key in table:
            if key not in keys:
                self._fault(f"{place}.{key}".lstrip("."), "is not known here", near_miss(key, keys))

    def _tables(self, place: str, given: object) -> Mapping[str, Mapping[str, object]]:
        if not isinstance(given, dict) or not all(isinstance(one, dict) for one in given.values()):
            self._fault(place, "is missing, or not made of tables", f"write [{place}.…]")
            return {}
        return given

    def _channel(self, label: str, table: Mapping[str, object]) -> Channel | None:
        place = f"channels.{label}"
        self._known(place, table, ("url", "secrets"))
        if not _LABEL.fullmatch(label) or label in _OF_BODY:
            self._fault(place, "cannot be the label of a channel", "use small letters, digits and _, such as mail")
        url = table.get("url")
        if not isinstance(url, str) or not scheme_of(url):
            self._fault(f"{place}.url", "is missing, or no URL", 'write it as text, such as url = "log:"')
            return None
        given = table.get("secrets", {})
        if not isinstance(given, dict):
            self._fault(f"{place}.secrets", "is no table", 'write secrets.password = { env = "NAME" }')
            return None
        return Channel(
            label, url, {name: self._secrets(f"{place}.secrets.{name}", held) for name, held in given.items()}
        )

    def _is_body(self, body: str) -> bool:
        try:
            return body == ANYBODY or bool(clean_id(body, f"bodies.{body}"))
        except InvalidInput as error:
            self.faults += error.faults
            return False

    def _body(self, body: str, table: Mapping[str, object], channels: Mapping[str, Channel]) -> Entry:
        place = f"bodies.{body}"
        self._known(place, table, (*_OF_BODY, *channels))
        given, language = table.get("channels"), table.get("language")
        labels = tuple(one for one in given if isinstance(one, str)) if isinstance(given, list) else ()
        if not labels or not isinstance(given, list) or len(labels) < len(given) or len({*labels}) < len(labels):
            self._fault(f"{place}.channels", "is missing, or no list of channels", 'write channels = ["mail"]')
        for label in labels:
            if label not in channels:
                self._fault(f"{place}.channels", f"{label!r:.60} is no channel", near_miss(label, channels))
        if language is not None and language not in LANGUAGES:
            self._fault(f"{place}.language", "is not known here", 'write "en" or "zh", or leave it out for both')
        addresses = self._addresses(place, table, channels)
        of_roles = {
            role: self._role(f"{place}.roles.{role}", held, channels)
            for role, held in (self._tables(f"{place}.roles", table["roles"]) if "roles" in table else {}).items()
        }
        for label in labels:
            if label in channels and label not in addresses and not any(label in held for held in of_roles.values()):
                self._fault(f"{place}.{label}", "is missing: the body has no address there", f"write {label} = …")
        return Entry(labels, language if language in LANGUAGES else None, addresses, of_roles)

    def _role(
        self, place: str, table: Mapping[str, object], channels: Mapping[str, Channel]
    ) -> Mapping[str, tuple[Secret, ...]]:
        self._known(place, table, tuple(channels))
        return self._addresses(place, table, channels)

    def _addresses(
        self, place: str, table: Mapping[str, object], channels: Mapping[str, Channel]
    ) -> Mapping[str, tuple[Secret, ...]]:
        return {label: self._secrets(f"{place}.{label}", table[label]) for label in channels if label in table}

    def _secrets(self, place: str, given: object) -> tuple[Secret, ...]:
        several = given if isinstance(given, list) else [given]
        if not several:
            self._fault(place, "is an empty list", _SAY)
        found = [self._secret(place if len(several) == 1 else f"{place}[{n}]", one) for n, one in enumerate(several)]
        return tuple(one for one in found if one is not None)

    def _secret(self, place: str, given: object) -> Secret | None:
        if isinstance(given, str) and given:
            return Secret(given)
        if isinstance(given, dict) and len(given) == 1:
            ((key, name),) = given.items()
            looked_up: Mapping[str, Callable[[str, str], str | None]] = {"env": self._variable, "file": self._file}
            if key in looked_up and isinstance(name, str):
                value = looked_up[key](place, name)
                return None if value is None else Secret(value)
        self._fault(place, "is no text, nor said where it is", _SAY)
        return None

    def _variable(self, place: str, name: str) -> str | None:
        value = self._environment.get(name)
        if not value:
            self._fault(place, f"the environment has no {name!r:.60}", "set it where this runs")
        return value or None

    def _file(self, place: str, name: str) -> str | None:
        try:
            text = read_file(self._folder / name, limit=MAX_SECRET, error=InvalidInput).decode("utf-8").strip()
        except (InvalidInput, UnicodeDecodeError):
            text = ""
        if not text or len(text) > MAX_SECRET:
            self._fault(
                place, f"the file {name!r:.120} cannot be read, or has no secret in it", "write the secret there"
            )
            return None
        return text
