"""Procedures from TOML, from the package, from a store: every fault at once, each with its path and its cure."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import attrs

from .. import canonical
from ..errors import Corrupt, Fault, InvalidInput, ProcedureError, near_miss
from .definition import Procedure
from .parts import Draft
from .static import faults
from .structure import read
from .tables import read_file, tables_of


def load(path: str | Path) -> Procedure:
    """The procedure in the TOML file ``path``; `ProcedureError` lists every fault of it."""
    return loads(read_file(path), what=str(path))


def loads(text: str | bytes, *, what: str = "the procedure") -> Procedure:
    """The procedure in this TOML text; ``what`` names it in the error."""
    return _procedure(tables_of(text, what=what), what, stored=False)


def from_canonical(data: bytes) -> Procedure:
    """The procedure behind the canonical bytes that a store has kept; `Corrupt` when they are not those of any."""
    tables = canonical.decode(data)
    if not isinstance(tables, dict):
        raise Corrupt("the bytes are canonical JSON, but no procedure")
    try:
        procedure = _procedure(tables, "the stored procedure", stored=True)
    except ProcedureError as error:
        raise Corrupt(f"the bytes are canonical JSON, but no procedure: {error}") from error
    if procedure.canonical != data:
        raise Corrupt(f"the bytes describe {procedure}, but are not its canonical form")
    return procedure


def _procedure(tables: Mapping[str, object], what: str, *, stored: bool) -> Procedure:
    draft, reading = read(tables, stored=stored)
    if reading.faults:
        further = [fault for fault in faults(draft) if not reading.explains(fault)]
        raise ProcedureError([*reading.faults, *further], what=what)
    try:
        return Procedure(**{field.name: getattr(draft, field.name) for field in attrs.fields(Draft) if field.init})
    except ProcedureError as error:
        raise ProcedureError(error.faults, what=what) from None


def procedure(source: str | Path) -> Procedure:
    """A procedure: a bundled one by name (``"five-step"`` or ``"five-step@1"``), or the TOML file at a path.

    Text that ends in ``.toml`` is a path. Raises `ProcedureError` with every fault.
    """
    if not isinstance(source, str | Path):
        raise InvalidInput.at("source", f"a {type(source).__name__} names no procedure", _NAME_ONE)
    if isinstance(source, Path) or source.endswith(".toml"):
        return load(source)
    return bundled(source)


def given(procedure_: Procedure | str | Path, place: str) -> Procedure:
    """The procedure that somebody gave under the name ``place``: itself, or what `procedure` makes of its name or path."""
    if isinstance(procedure_, Procedure):
        return procedure_
    if not isinstance(procedure_, str | Path):
        raise InvalidInput.at(
            place, f"a {type(procedure_).__name__} is no procedure", f"give a Procedure, or {_NAME_ONE[5:]}"
        )
    return procedure(procedure_)


_NAME_ONE = (
    'give the name of one that comes with stabflow, such as "five-step", or the path of a file that ends in .toml'
)

# Those that come with stabflow


@functools.cache
def bundled_names() -> tuple[str, ...]:
    """The procedures that come with stabflow, as ``id@version``, each id's newest version last."""
    from importlib import resources

    found = []
    for folder in resources.files("stabflow").joinpath("procedures").iterdir():
        if folder.is_dir():
            found += [f"{folder.name}@{file.name[:-5]}" for file in folder.iterdir() if file.name.endswith(".toml")]
    return tuple(sorted(found, key=by_version))


@functools.cache
def bundled_digests() -> Mapping[str, str]:
    """The digest of each procedure that comes with stabflow as it was released, by ``id@version``. Every one was proved then."""
    from importlib import resources

    lines = resources.files("stabflow").joinpath("procedures", "digests.lock").read_text("utf-8").splitlines()
    return MappingProxyType(dict(line.split() for line in lines if line and not line.startswith("#")))


def by_version(name: str) -> tuple[str, list[tuple[int, str]]]:
    """A key that sorts names ``id@version`` by id, and the versions of each as they follow: 2 before 10."""
    id_, _, version = name.partition("@")
    return id_, [(int(part), "") if part.isdigit() else (-1, part) for part in version.split(".")]


@functools.cache
def bundled(name: str) -> Procedure:
    """The procedure that comes with stabflow under ``name``: an id (its newest version) or ``id@version``."""
    from importlib import resources

    names = bundled_names()
    matching = [one for one in names if name in (one, one.partition("@")[0])]
    if not matching:
        known = {*names, *(one.partition("@")[0] for one in names)}
        raise ProcedureError([Fault(name, "no such procedure", near_miss(name, known))], what="the name of a procedure")
    id_, _, version = matching[-1].partition("@")
    file = resources.files("stabflow").joinpath("procedures", id_, f"{version}.toml")
    return loads(file.read_bytes(), what=f"procedure {matching[-1]}")
