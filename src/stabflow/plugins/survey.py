"""What there is of plugins, and whether it works. Only what is allowed is imported."""

from __future__ import annotations

import enum
from collections.abc import Sequence

import attrs

from ..errors import PluginError
from ..ports.hooks import NotifierScheme, StoreScheme
from ..values import visible
from .blame import said
from .discovery import Installed, clash, installed, overtaken
from .equipment import equipped, unknown
from .kits import Kit, built_in_kits, installed_kit


class Status(enum.Enum):
    """How a plugin stands."""

    BUILT_IN = "built-in"
    LISTED = "listed"
    INSTALLED = "installed"
    CONFLICT = "conflict"
    BROKEN = "broken"
    MISSING = "missing"


@attrs.frozen(kw_only=True)
class Standing:
    """One plugin: where it comes from, how it stands, and what it brings.

    ``allowed``: it is built in or listed. ``problem`` says why it does not work. ``contract``, ``hooks``,
    ``stores`` and ``notifiers`` are those that were checked, where it was imported and works; of the others nothing but their
    metadata is known.
    """

    name: str
    distribution: str = ""
    version: str = ""
    entry_point: str = ""
    status: Status
    allowed: bool = False
    problem: str = ""
    contract: int | None = None
    hooks: tuple[str, ...] = ()
    stores: tuple[StoreScheme, ...] = ()
    notifiers: tuple[NotifierScheme, ...] = ()

    @property
    def works(self) -> bool:
        """Whether nothing is wrong with it, as far as is known."""
        return not self.problem

    def as_dict(self) -> dict[str, object]:
        """The same as plain JSON values; ``None`` where that is not known."""
        stores = [
            {"scheme": one.scheme, "capabilities": sorted(each.value for each in one.capabilities)}
            for one in self.stores
        ]
        return {
            "name": self.name,
            "distribution": self.distribution,
            "version": self.version,
            "entry_point": self.entry_point,
            "status": self.status.value,
            "allowed": self.allowed,
            "problem": self.problem or None,
            "hooks": None if self.contract is None else list(self.hooks),
            "stores": None if self.contract is None else stores,
            "notifiers": None if self.contract is None else [one.scheme for one in self.notifiers],
            "contract": self.contract,
        }


def survey(listed: Sequence[str], *, version: str) -> tuple[Standing, ...]:
    """Every built-in (of stabflow ``version``), then what is ``listed``, in its order, then what is installed besides. What is
    listed is imported and looked at as if an engine was opened with it; the rest is not touched."""
    here = installed()
    standings = [
        _brings(
            Standing(name=name, distribution="stabflow", version=version, status=Status.BUILT_IN, allowed=True), kit
        )
        for name, kit in built_in_kits().items()
    ]
    kits: dict[tuple[str, str], Kit] = {}
    for name in listed:
        called = [one for one in here if one.name == name]
        standings += [_listed(one, here, kits) for one in called] or [_missing(name, here)]
    standings += [_not_listed(one, here) for one in here if one.name not in listed]
    return tuple(standings)


def _listed(one: Installed, here: Sequence[Installed], kits: dict[tuple[str, str], Kit]) -> Standing:
    """How an installed plugin stands that may be imported. If it works beside ``kits``, it is one of them from then on; they go
    by distribution and value, because two names of one value are one plugin."""
    if problem := clash(one, here):
        return _standing(one, Status.CONFLICT, allowed=True, problem=problem)
    if (known := kits.get((one.distribution, one.value))) is not None:
        return _brings(_standing(one, Status.LISTED, allowed=True), known)
    try:
        kit = installed_kit(one)
        equipped([*kits.values(), kit])
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever it does, it is told of, and the others too
        problem = visible(str(error.problem)) if type(error) is PluginError else said(error)
        return _standing(one, Status.BROKEN, allowed=True, problem=problem)
    taken = [
        problem
        for scheme in dict.fromkeys((*kit.schemes, *kit.channels))
        if (problem := overtaken(scheme, one.distribution, here))
    ]
    if taken:
        return _standing(one, Status.CONFLICT, allowed=True, problem="; ".join(taken))
    kits[one.distribution, one.value] = kit
    return _brings(_standing(one, Status.LISTED, allowed=True), kit)


def _not_listed(one: Installed, here: Sequence[Installed]) -> Standing:
    problem = clash(one, here)
    return _standing(one, Status.CONFLICT if problem else Status.INSTALLED, problem=problem)


def _missing(name: str, here: Sequence[Installed]) -> Standing:
    fault = unknown(name, name, here)
    return Standing(name=name, status=Status.MISSING, allowed=True, problem=f"{fault.problem}; {fault.cure}")


def _standing(one: Installed, status: Status, *, allowed: bool = False, problem: str = "") -> Standing:
    return Standing(
        name=one.name,
        distribution=one.distribution,
        version=one.version,
        entry_point=one.value,
        status=status,
        allowed=allowed,
        problem=problem,
    )


def _brings(standing: Standing, kit: Kit) -> Standing:
    return attrs.evolve(standing, contract=kit.contract, hooks=kit.hooks, stores=kit.stores, notifiers=kit.notifiers)
