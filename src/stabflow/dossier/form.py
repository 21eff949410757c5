"""Reading one table of a TOML file: every key accounted for, every fault kept with its path."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar, cast

from ..errors import Fault, FaultyInput, near_miss
from ..personal import faults_in
from ..text import BOTH_LANGUAGES, LANGUAGES, Text
from ..values import Basis, clean_text, utc
from .toml import in_toml, told_in_toml

T = TypeVar("T")
MAX_NOTE = 2_000


def as_written(at: datetime) -> str:
    """A time in the zone in which the file has it."""
    return at.isoformat().replace("+00:00", "Z")


class Form:
    """A table being read. What is wrong with it is added to ``faults``, and reading goes on."""

    def __init__(
        self, table: object, path: str, faults: list[Fault], keys: Sequence[str], *, cure: str | None = None
    ) -> None:
        self.path = path
        self.faults = faults
        if not isinstance(table, Mapping):
            self.fault("", "is not a table", cure or f"write a table with {', '.join(keys[:4])} …")
            table = {}
        self.table: Mapping[str, object] = table
        for key in self.table:
            if key not in keys:
                self.fault(key, "unknown key", near_miss(key, keys))

    def at(self, key: str) -> str:
        """The path of ``key``."""
        return ".".join(part for part in (self.path, key) if part)

    def fault(self, key: str, problem: str, cure: str = "") -> None:
        """Note a fault at ``key``."""
        self.faults.append(Fault(self.at(key), problem, cure))

    def read(self, key: str, make: Callable[[object], T], *, required: bool = True) -> T | None:
        """What ``make`` makes of the value of ``key``; ``None``, and a fault noted, where it is missing or does not fit."""
        if key not in self.table:
            if required:
                self.fault(key, "is missing", "add it")
            return None
        try:
            made = make(self.table[key])
            if self.names_nobody(key, made if isinstance(made, Basis) else self.table[key]):
                return made
        except FaultyInput as error:
            for fault in (told_in_toml(one, self.table[key]) for one in error.faults):
                inner = fault.path.rpartition(".")[2] if isinstance(self.table[key], Mapping) else ""
                inner = "" if inner == key else inner
                self.fault(f"{key}.{inner}" if inner else key, fault.problem, fault.cure)
        except OverflowError:
            self.fault(key, "lies outside the years 1 to 9999", "give another time")
        return None

    def names_nobody(self, key: str, value: object) -> bool:
        """Whether no text in ``value`` names a person by number; where one does, a fault is noted at its place."""
        personal = faults_in({key: value})
        for fault in personal:
            self.fault(fault.path, fault.problem, fault.cure)
        return not personal

    def text(self, key: str, *, max_length: int, required: bool = True, one_line: bool = False) -> str | None:
        """The text of ``key``."""

        def make(value: object) -> str:
            return clean_text(value, key, max_length=max_length, one_line=one_line)

        return self.read(key, make, required=required)

    def time(self, key: str) -> datetime | None:
        """The time of ``key``, in the zone in which it is written: it must have one."""
        value = self.table.get(key)
        return None if self.read(key, lambda given: utc(given, key)) is None else cast(datetime, value)

    def flag(self, key: str, *, required: bool = True) -> bool | None:
        """Yes or no."""
        if key not in self.table and not required:
            return None
        value = self.read(key, lambda found: found)
        if value is not None and not isinstance(value, bool):
            self.fault(key, f"{in_toml(value)} is not true or false", "write true or false without quotes")
            return None
        return value

    def words(self, key: str, *, max_length: int, required: bool = True) -> Text | None:
        """A text in both languages, each on one line: ``{ en = "…", zh = "…" }``."""
        if key not in self.table:
            if required:
                self.fault(key, "is missing", BOTH_LANGUAGES)
            return None
        inner = Form(self.table[key], self.at(key), self.faults, LANGUAGES, cure=BOTH_LANGUAGES)
        if not isinstance(self.table[key], Mapping):
            return None
        en, zh = (inner.text(one, max_length=max_length, one_line=True) for one in LANGUAGES)
        return None if en is None or zh is None else Text(en, zh)

    def basis(self) -> Basis | None:
        """Why an act may be done: text, or ``{ text = "…", digest = "…" }``."""
        value = self.table.get("basis")
        if not isinstance(value, Mapping):
            return self.read("basis", Basis)
        inner = Form(value, self.at("basis"), self.faults, ("text", "digest"))
        if "text" not in value:
            inner.fault("text", "is missing", "add it")
            return None
        return self.read("basis", lambda _: Basis(value["text"], value.get("digest")))

    def tables(self, key: str, *, required: bool = False) -> Sequence[object]:
        """The tables of an array such as ``[[acts]]``."""
        value = self.table.get(key)
        if value is None:
            if required:
                self.fault(key, "is missing", f"write [[{key}]]")
            return ()
        if not isinstance(value, list):
            self.fault(key, "is not a list of tables", f"write [[{key}]]")
            return ()
        if not value and required:
            self.fault(key, "is empty", f"write [[{key}]]")
        return value
