"""What there is of plugins, and whether it works. Only what is allowed is imported."""

from __future__ import annotations

import enum
from collections.abc import Sequence

import attrs

from ..errors import PluginError
from ..ports.hooks import Plugin, StoreScheme
from .built_ins import BUILT_INS
from .discovery import Installed, clash, installed
from .equipment import Equipment, equip_with, loaded, unknown
from .rules import Owner, hooks_of


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

    ``allowed``: it is built in or listed. ``problem`` says why it does not work. ``plugin`` and its ``stores`` are there where it
    was imported and works; of the others nothing but their metadata is known.
    """

    name: str
    distribution: str = ""
    version: str = ""
    entry_point: str = ""
    status: Status
    allowed: bool = False
    problem: str = ""
    plugin: Plugin | None = None
    stores: tuple[StoreScheme, ...] = ()

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
            "hooks": None if self.plugin is None else list(hooks_of(self.plugin)),
            "stores": None if self.plugin is None else stores,
            "contract": None if self.plugin is None else self.plugin.contract,
        }


def survey(listed: Sequence[str], *, version: str) -> tuple[Standing, ...]:
    """Every built-in (of stabflow ``version``), then what is ``listed``, in its order, then what is installed besides. What is
    listed is imported and looked at as if an engine was opened with it; the rest is not touched."""
    here = installed()
    equipment = equip_with(())
    standings = [
        Standing(
            name=name,
            distribution="stabflow",
            version=version,
            status=Status.BUILT_IN,
            allowed=True,
            plugin=plugin,
            stores=_stores(plugin, equipment),
        )
        for name, plugin in BUILT_INS.items()
    ]
    members: dict[tuple[str, str], tuple[Plugin, Owner]] = {}
    for name in listed:
        called = [one for one in here if one.name == name]
        standings += [_listed(one, here, members) for one in called] or [_missing(name, here)]
    standings += [_not_listed(one, here) for one in here if one.name not in listed]
    return tuple(standings)


def _listed(
    one: Installed, here: Sequence[Installed], members: dict[tuple[str, str], tuple[Plugin, Owner]]
) -> Standing:
    """How an installed plugin stands that may be imported. If it works beside ``members``, it is one of them from then on; they
    go by distribution and value, because two names of one value are one plugin."""
    if problem := clash(one, here):
        return _standing(one, Status.CONFLICT, allowed=True, problem=problem)
    try:
        plugin, owner = loaded(one)
        equipment = equip_with([*(members | {(one.distribution, one.value): (plugin, owner)}).values()])
    except PluginError as error:
        return _standing(one, Status.BROKEN, allowed=True, problem=error.problem)
    members[one.distribution, one.value] = plugin, owner
    return _standing(one, Status.LISTED, allowed=True, plugin=plugin, stores=_stores(plugin, equipment))


def _not_listed(one: Installed, here: Sequence[Installed]) -> Standing:
    problem = clash(one, here)
    return _standing(one, Status.CONFLICT if problem else Status.INSTALLED, problem=problem)


def _missing(name: str, here: Sequence[Installed]) -> Standing:
    fault = unknown(name, name, here)
    return Standing(name=name, status=Status.MISSING, allowed=True, problem=f"{fault.problem}; {fault.cure}")


def _standing(
    one: Installed,
    status: Status,
    *,
    allowed: bool = False,
    problem: str = "",
    plugin: Plugin | None = None,
    stores: tuple[StoreScheme, ...] = (),
) -> Standing:
    return Standing(
        name=one.name,
        distribution=one.distribution,
        version=one.version,
        entry_point=one.value,
        status=status,
        allowed=allowed,
        problem=problem,
        plugin=plugin,
        stores=stores,
    )


def _stores(plugin: Plugin, equipment: Equipment) -> tuple[StoreScheme, ...]:
    """The schemes that ``plugin`` brought to ``equipment``."""
    owner = Owner.of(plugin).name
    return tuple(one for scheme, one in equipment.stores.items() if equipment.brought_by[scheme] == owner)
