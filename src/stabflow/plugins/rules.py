"""What a plugin must be before any of its hooks is called. Whatever would be called wrongly, or never, is refused by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import FunctionType

import pluggy

from ..errors import PluginError, near_miss
from ..ports.hooks import CONTRACT, PROJECT, Plugin
from .blame import Owner, blaming, said, with_article

HOOKS = tuple(name for name in vars(Plugin) if name.startswith(f"{PROJECT}_"))
_MARK = f"{PROJECT}_impl"


class Manager(pluggy.PluginManager):
    """Looks at nothing but hooks: pluggy before 1.7 reads every attribute of a plugin, its properties too."""

    def __init__(self) -> None:
        super().__init__(PROJECT)
        self.add_hookspecs(Plugin)

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        """What the mark of a hook says."""
        return super().parse_hookimpl_opts(plugin, name) if name in HOOKS else None


def admit(plugin: object, owner: Owner) -> tuple[int, Mapping[str, Callable[..., object]]]:
    """The contract of ``plugin``, and what to call for each hook that it implements; `PluginError` says why it is not called.

    It is looked at once: what it answers another time is its own affair.
    """
    try:
        contract = _check(plugin, owner)
        manager = Manager()
        manager.register(plugin, name=owner.name)
    except (PluginError, KeyboardInterrupt):
        raise
    except pluggy.PluginValidationError as error:
        raise owner.error(str(error)) from error
    except BaseException as error:
        raise owner.error(f"looking at it failed: {said(error, owner.module)}") from error
    calls = {hook: one.function for hook in HOOKS for one in getattr(manager.hook, hook).get_hookimpls()}
    return contract, calls


def check_contract(owner: Owner, what: str, thing: object, base: type, ours: int) -> int:
    """The contract of ``thing``, a ``base``; it is refused unless it was written for ``ours``. What is installed says so itself:
    ``base`` would always say that it is up to date."""
    write = f"write contract = {ours} in the class {type(thing).__qualname__}, if it was written for that"
    with blaming(owner.error, f"asking {what} for its contract", owner.module, f"; {write}"):
        stated: object = thing.contract  # type: ignore[attr-defined]
        shown = f"{stated!r:.60}"
    if type(stated) is not int:
        raise owner.error(f"{what} has the contract {shown}, which is no whole number; {write}")
    if stated > ours:
        raise owner.error(
            f"{what} was written for contract {stated}, which is newer than contract {ours} of this stabflow: upgrade stabflow"
        )
    if stated < ours:
        newer = f"upgrade {owner.distribution}" if owner.distribution else "upgrade the plugin"
        raise owner.error(
            f"{what} was written for contract {stated}, which is older than contract {ours} of this stabflow: {newer}"
        )
    says = any(
        "contract" in vars(one) for one in (thing, *type(thing).__mro__) if one is not base and hasattr(one, "__dict__")
    )
    if owner.distribution and not says:
        raise owner.error(f"{what} does not say for which contract it was written; {write}")
    return stated


def _check(plugin: object, owner: Owner) -> int:
    if not isinstance(plugin, Plugin):
        raise owner.error("it does not derive from stabflow.Plugin; give an instance of a class that does")
    contract = check_contract(owner, "it", plugin, Plugin, CONTRACT)
    for attribute in sorted({*dir(type(plugin)), *vars(plugin)}):
        on_object = attribute in vars(plugin)
        found = vars(plugin)[attribute] if on_object else inspect.getattr_static(type(plugin), attribute, None)
        options = _mark_of(found)
        if options is None and not attribute.startswith(f"{PROJECT}_"):
            continue
        if attribute not in HOOKS:
            meant = f"{PROJECT}_{attribute.removeprefix(f'{PROJECT}_')}"
            raise owner.error(f"{attribute} is no hook; {near_miss(meant, HOOKS)}")
        if on_object:
            raise owner.error(f"{attribute} is set on the object; a hook is a method of its class")
        if found is not vars(Plugin)[attribute] and (problem := _wrong(attribute, found, options)):
            raise owner.error(f"{attribute} {problem}")
    return contract


def _mark_of(found: object) -> dict[str, object] | None:
    """What `hookimpl` has written on an attribute, or on the function in it, without asking the attribute anything."""
    inner = found.__func__ if isinstance(found, staticmethod | classmethod) else None
    inner = found.fget if isinstance(found, property) else inner
    for one in (found, inner):
        options = inspect.getattr_static(one, _MARK, None)
        if isinstance(options, dict):
            return options
    return None


def _wrong(hook: str, found: object, options: dict[str, object] | None) -> str:
    """Why ``found`` would be called wrongly or never, or nothing."""
    if not isinstance(found, FunctionType):
        return f"is {with_article(type(found).__name__)}, not a method; write def {hook}(self, …), marked with @stabflow.hookimpl"
    if options is None:
        return "is not marked with @stabflow.hookimpl, so it would never be called"
    if inspect.iscoroutinefunction(found) or inspect.isasyncgenfunction(found):
        return "is a coroutine; hooks are plain functions"
    if options.get("wrapper") or options.get("hookwrapper"):
        return "is a wrapper; hooks cannot wrap one another"
    if asked := [name for name, value in options.items() if value]:
        return f"is marked with {', '.join(asked)}; mark it with @stabflow.hookimpl alone: the order is that of the plugins"
    if inspect.isgeneratorfunction(found) and not _brings(hook):
        return (
            "has a yield in it, so it would answer a generator and do nothing; hooks of this kind are plain functions"
        )
    return _wrong_arguments(hook, found)


def _wrong_arguments(hook: str, function: FunctionType) -> str:
    gives = arguments_of(hook)
    offered = f"the hook gives {', '.join(gives)}" if gives else "the hook gives none"
    taken = [*inspect.signature(function).parameters.values()]
    if not taken or taken[0].kind not in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD):
        return f"takes no self; write def {hook}(self, …)"
    for one in taken[1:]:
        if one.name not in gives or one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD):
            return f"takes an argument {str(one).partition(':')[0]!r}; {offered}"
        if one.kind is one.KEYWORD_ONLY:
            return f"takes {one.name!r} by its name only; leave the * out"
    return ""


def _brings(hook: str) -> bool:
    """Whether ``hook`` answers things one after the other, so that a ``yield`` is right in it."""
    return str(inspect.signature(vars(Plugin)[hook]).return_annotation).startswith("Iterable[")


def arguments_of(hook: str) -> tuple[str, ...]:
    """The names of what ``hook`` is called with."""
    return tuple(inspect.signature(vars(Plugin)[hook]).parameters)[1:]
