"""Procedures from TOML: every fault at once, each with its path and its cure, near misses suggested."""

from __future__ import annotations

import copy
import functools
import tomllib
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path

import attrs

from .. import canonical
from ..errors import Corrupt, Fault, ProcedureError, near_miss
from .canonical_form import IDENTITY
from .definition import Procedure
from .parts import Draft
from .static import faults as static_faults
from .structure import Key, Misfit, path_text, structure

MAX_BYTES = 256 * 1024
_TABLES = tuple(field.name for field in attrs.fields(Draft) if field.init and field.name not in IDENTITY)


def load(path: str | Path) -> Procedure:
    """The procedure in the TOML file ``path``; `ProcedureError` lists every fault of it."""
    return loads(_read(Path(path)), what=str(path))


def loads(text: str | bytes, *, what: str = "the procedure") -> Procedure:
    """The procedure in this TOML text; ``what`` names it in the error."""
    return _from_tables(tables_of(text, what=what, limit=MAX_BYTES), what)


def bundled_names() -> tuple[str, ...]:
    """The procedures that come with stabflow, as ``id@version``, each id's newest version last."""
    found = []
    for folder in resources.files("stabflow").joinpath("procedures").iterdir():
        if folder.is_dir():
            found += [f"{folder.name}@{file.name[:-5]}" for file in folder.iterdir() if file.name.endswith(".toml")]
    return tuple(sorted(found, key=_by_version))


def _by_version(name: str) -> tuple[str, list[tuple[int, str]]]:
    id_, _, version = name.partition("@")
    return id_, [(int(part), "") if part.isdigit() else (-1, part) for part in version.split(".")]


@functools.cache
def bundled(name: str) -> Procedure:
    """The procedure that comes with stabflow under ``name``: an id (its newest version) or ``id@version``."""
    names = bundled_names()
    matching = [one for one in names if name in (one, one.partition("@")[0])]
    if not matching:
        known = {*names, *(one.partition("@")[0] for one in names)}
        raise ProcedureError([Fault(name, "no such procedure", near_miss(name, known))], what="the name of a procedure")
    id_, _, version = matching[-1].partition("@")
    file = resources.files("stabflow").joinpath("procedures", id_, f"{version}.toml")
    return loads(file.read_bytes(), what=f"procedure {matching[-1]}")


def procedure(source: str | Path) -> Procedure:
    """A procedure: a bundled one by name (``"five-step"`` or ``"five-step@1"``), or the TOML file at a path.

    Text that ends in ``.toml`` is a path. Raises `ProcedureError` with every fault.
    """
    if isinstance(source, Path) or source.endswith(".toml"):
        return load(source)
    return bundled(source)


def from_canonical(data: bytes) -> Procedure:
    """The procedure behind the canonical bytes that a store has kept; `Corrupt` when they are none."""
    tables = canonical.decode(data)
    if not isinstance(tables, dict):
        raise Corrupt("the bytes are canonical JSON, but no procedure")
    return _from_tables(tables, "the stored procedure")


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ProcedureError([Fault(str(path), f"cannot be read: {error.strerror}", "check the path")]) from error


def tables_of(text: str | bytes, *, what: str, limit: int) -> dict[str, object]:
    """The tables in TOML ``text`` of at most ``limit`` bytes; `ProcedureError` when it is malformed, huge or too deep."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(data) > limit:
        raise ProcedureError(
            [Fault("(file)", f"is larger than {limit // 1024} KB", "split it, or shorten its texts")], what=what
        )
    try:
        return tomllib.loads(data.decode("utf-8-sig").replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        raise ProcedureError([Fault("(file)", f"is not TOML: {error}", "mend the place named")], what=what) from error
    except UnicodeDecodeError as error:
        raise ProcedureError(
            [Fault("(file)", f"is not UTF-8 at byte {error.start}", "save it as UTF-8")], what=what
        ) from error
    except RecursionError as error:
        raise ProcedureError(
            [Fault("(file)", "is nested too deep", "procedures nest a handful of tables")], what=what
        ) from error


def _from_tables(tables: Mapping[str, object], what: str) -> Procedure:
    try:
        flat, misfits = _flattened(tables)
        draft, more = structure(flat)
        misfits += more
        if misfits:
            found = [misfit.fault() for misfit in map(_relocated, misfits)]
            found += _further(flat, misfits, {str(fault) for fault in found})
            raise ProcedureError(found, what=what)
    except RecursionError as error:
        raise ProcedureError(
            [Fault("(file)", "is nested too deep", "requirements stand at most four deep")], what=what
        ) from error
    assert draft is not None, "structure gives a draft or misfits"
    fields = {field.name: getattr(draft, field.name) for field in attrs.fields(Draft) if field.init}
    try:
        return Procedure(**fields)
    except ProcedureError as error:
        raise ProcedureError(error.faults, what=what) from None


def _flattened(tables: Mapping[str, object]) -> tuple[dict[str, object], tuple[Misfit, ...]]:
    identity = tables.get("procedure")
    misfits: list[Misfit] = []
    if not isinstance(identity, dict):
        misfits.append(Misfit(("procedure",), "is missing", "begin with [procedure]: id, version, title, source"))
        identity = {}
    flat = {key: value for key, value in tables.items() if key in _TABLES}
    for key in tables:
        if key not in _TABLES and key != "procedure":
            misfits.append(Misfit((key,), "unknown table", near_miss(key, (*_TABLES, "procedure"))))
    for key, value in identity.items():
        if key in IDENTITY:
            flat[key] = value
        else:
            misfits.append(Misfit(("procedure", key), "unknown key", near_miss(key, IDENTITY)))
    return flat, tuple(misfits)


def _relocated(misfit: Misfit) -> Misfit:
    if misfit.where and misfit.where[0] in IDENTITY:
        return attrs.evolve(misfit, where=("procedure", *misfit.where))
    return misfit


def _further(flat: dict[str, object], misfits: tuple[Misfit, ...], known: set[str]) -> Iterator[Fault]:
    """The static faults that remain when what does not fit is mended as it was probably meant, or left out.

    What was left out causes faults of its own; those that name it, or stand where it stood, are not reported.
    """
    mended = copy.deepcopy(flat)
    lost: set[str] = set()
    for misfit in sorted(misfits, key=lambda one: [str(key) for key in one.where], reverse=True):
        _mend(mended, misfit, lost)
    draft, still = structure(mended)
    if draft is None or still:
        return
    for fault in static_faults(draft):
        if (
            str(fault) not in known
            and not any(f"'{name}'" in fault.problem for name in lost)
            and fault.path not in lost
        ):
            yield fault


def _mend(tables: dict[str, object], misfit: Misfit, lost: set[str]) -> None:
    parent: object = tables
    where: tuple[Key, ...] = misfit.where
    above: list[tuple[object, Key]] = []
    for key in where[:-1]:
        above.append((parent, key))
        try:
            parent = parent[key]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            return
    if not where or not isinstance(parent, dict):
        return
    last = where[-1]
    if last in parent and misfit.meant is not None and misfit.meant not in parent:
        parent[misfit.meant] = parent.pop(last)
    elif last in parent:
        lost |= {str(last), path_text(where[:-1]), path_text(where)}
        del parent[last]
    elif above and isinstance(above[-1][0], dict):
        holder, key = above[-1]
        lost |= {str(key), path_text(where[:-1])}
        holder.pop(key, None)  # type: ignore[attr-defined]
