"""Plugins: what is wrong with one is said with its name, and what one brings is used or fails closed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from functools import partialmethod
from pathlib import Path
from typing import Any

import pytest
import worlds
from worlds import BASIS, BRIDGE, CHAIR, CLERK, NOTE

import stabflow
from stabflow import Blocker, InvalidInput, Plugin, Procedure, ProcedureError, hookimpl
from stabflow.calendar import WEEKENDS, Calendar
from stabflow.errors import PluginError, StoreUnavailable, Unmet
from stabflow.plugins import equip
from stabflow.ports.hooks import CalendarSource, NamedRequirement, StoreScheme
from stabflow.ports.store import Clock, Store
from stabflow.stores.memory import MemoryStore
from stabflow.text import Text


class Stores(Plugin):
    """Brings a store under a scheme of its own."""

    scheme = "cellar"

    def __init__(self, opened: Any = None) -> None:
        self.opened = opened or MemoryStore()

    @hookimpl
    def stabflow_stores(self) -> Iterable[StoreScheme]:
        return (StoreScheme(self.scheme, lambda url, clock: self.opened),)


def test_a_store_of_a_plugin_serves_its_scheme() -> None:
    plugin = Stores()
    engine = worlds.constituted(worlds.engine_on("CELLAR:anything", plugins=[plugin]))
    worlds.noted(worlds.opened(engine))
    assert isinstance(plugin.opened, MemoryStore)
    assert plugin.opened._records
    assert engine.verify().cases == 1
    # There is no global registry: another engine does not know it.
    with pytest.raises(InvalidInput, match="no store serves"):
        stabflow.open("cellar:anything")


@pytest.mark.parametrize(
    ("url", "cure"),
    [
        ("sqlit:///x.db", "did you mean 'sqlite:'"),
        ("memry:", "did you mean 'memory:'"),
        ("mongodb://x", "known: memory:, sqlite:"),
        ("assessments.db", "sqlite:///assessments.db"),
        ("", "sqlite:///"),
        (":", "known"),
        ("sqlite:x.db", "sqlite:///"),
    ],
)
def test_a_url_that_no_store_serves_is_said_with_a_near_one(
    url: str, cure: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInput) as error:
        stabflow.open(url)
    assert cure in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_a_scheme_that_two_claim_names_both() -> None:
    class Other(Stores):
        pass

    with pytest.raises(PluginError) as error:
        equip([Stores(), Other()])
    assert "Other" in error.value.plugin
    assert Stores.__qualname__ in str(error.value)
    Other.scheme = "sqlite"
    with pytest.raises(PluginError, match=r"stabflow\.plugins\.built_ins\.Sqlite already"):
        equip([Other()])


# What is no plugin


class Misspelt(Plugin):
    @hookimpl
    def stabflow_store(self) -> Iterable[StoreScheme]:
        return ()


class Optional(Plugin):
    @hookimpl(optionalhook=True)
    def stabflow_calender(self) -> Iterable[CalendarSource]:
        return ()


class MisspeltUnmarked(Plugin):
    def stabflow_store(self) -> Iterable[StoreScheme]:
        return ()


class OtherName(Plugin):
    @hookimpl
    def stores(self) -> Iterable[StoreScheme]:
        return ()


class Unmarked(Plugin):
    def stabflow_stores(self) -> Iterable[StoreScheme]:
        return ()


class UnmarkedBelow(Unmarked):
    """The override that would never be called stands in a base class."""


class Coroutine(Plugin):
    @hookimpl
    async def stabflow_stores(self) -> Iterable[StoreScheme]:  # type: ignore[override]
        return ()


class AsyncGenerator(Plugin):
    @hookimpl
    async def stabflow_stores(self) -> AsyncIterator[StoreScheme]:  # type: ignore[override]
        yield StoreScheme("x", lambda url, clock: MemoryStore())


class Wrapper(Plugin):
    @hookimpl(wrapper=True)
    def stabflow_stores(self) -> Iterator[Any]:
        return (yield)


class OldWrapper(Plugin):
    @hookimpl(hookwrapper=True)
    def stabflow_stores(self) -> Iterator[Any]:
        yield


class WrongArguments(Plugin):
    @hookimpl
    def stabflow_stores(self, engine: object) -> Iterable[StoreScheme]:  # type: ignore[override]
        return ()


class WrongContract(Plugin):
    contract = 2


class MisspeltCheck(Plugin):
    @hookimpl
    def stabflow_check_commands(self, case: object, command: object, now: object) -> None:
        """It would never be asked."""


class UnmarkedListener(Plugin):
    def stabflow_refused(self, case: object, refusal: object) -> None:
        """It would never be told."""


class CoroutineListener(Plugin):
    @hookimpl
    async def stabflow_recorded(self, case: object, records: object) -> None:  # type: ignore[override]
        """Nobody would await it."""


class WrappingCheck(Plugin):
    @hookimpl(wrapper=True)
    def stabflow_check_command(self, case: object, command: object, now: object) -> Iterator[Any]:  # type: ignore[override]
        yield
        return None  # the veto of another


class UnknownArgument(Plugin):
    @hookimpl
    def stabflow_breach_found(self, case: object, breach: object, engine: object) -> None:  # type: ignore[override]
        """There is no engine to be had."""


class Static(Plugin):
    @hookimpl
    @staticmethod
    def stabflow_stores() -> Iterable[StoreScheme]:  # type: ignore[override]
        return ()


class StaticBelow(Plugin):
    @staticmethod
    @hookimpl
    def stabflow_recorded(case: object, records: object) -> None:  # type: ignore[override]
        """Without the object."""


class OfTheClass(Plugin):
    @classmethod
    @hookimpl
    def stabflow_recorded(cls, case: object, records: object) -> None:  # type: ignore[override]
        """Without the object."""


class Property(Plugin):
    @property
    def stabflow_stores(self) -> Any:
        raise AssertionError("it is not asked")


class MarkedProperty(Plugin):
    @property
    @hookimpl
    def stores(self) -> Any:
        raise AssertionError("it is not asked")


class NoMethod(Plugin):
    stabflow_stores = ()  # type: ignore[assignment]


class Partial(Plugin):
    stabflow_stores = partialmethod(lambda self: ())  # type: ignore[assignment]


class Inner(Plugin):
    class stabflow_stores:  # type: ignore[assignment]  # noqa: N801
        """A class where a method belongs."""


class OnTheObject(Plugin):
    def __init__(self) -> None:
        self.stabflow_recorded = hookimpl(lambda case, records: None)  # type: ignore[method-assign]


class MisspeltOnTheObject(Plugin):
    def __init__(self) -> None:
        self.stabflow_record = lambda case, records: None


class Generator(Plugin):
    @hookimpl
    def stabflow_recorded(self, case: object, records: object) -> Iterator[None]:  # type: ignore[override]
        yield


class ByNameOnly(Plugin):
    @hookimpl
    def stabflow_recorded(self, *, case: object, records: object) -> None:  # type: ignore[override]
        """It is called by place."""


class Whatever(Plugin):
    @hookimpl
    def stabflow_recorded(self, *news: object) -> None:
        """Nothing would come."""


class Keywords(Plugin):
    @hookimpl
    def stabflow_recorded(self, **news: object) -> None:  # type: ignore[override]
        """Nothing would come."""


class MisspeltArgument(Plugin):
    @hookimpl
    def stabflow_recorded(self, case: object, record: object = None) -> None:  # type: ignore[override]
        """It would always be told of nothing."""


class NoSelf(Plugin):
    @hookimpl
    def stabflow_stores() -> Iterable[StoreScheme]:  # type: ignore[misc]
        return ()


class First(Plugin):
    @hookimpl(tryfirst=True)
    def stabflow_stores(self) -> Iterable[StoreScheme]:
        return ()


class UnderAnotherName(Plugin):
    @hookimpl(specname="stabflow_refused")
    def stabflow_recorded(self, case: object, records: object) -> None:
        """It would be told of something else."""


class TextForContract(Plugin):
    contract = "1"  # type: ignore[assignment]


class YesForContract(Plugin):
    contract = True


class NoContract(Plugin):
    contract = None  # type: ignore[assignment]


class OldContract(Plugin):
    contract = 0


class FailingContract(Plugin):
    @property
    def contract(self) -> int:  # type: ignore[override]
        raise OSError("no contract here")


class Exits(Plugin):
    @hookimpl
    def stabflow_calendars(self) -> Iterable[CalendarSource]:
        raise SystemExit("enough")


class WrongCapability(Plugin):
    @hookimpl
    def stabflow_stores(self) -> Iterable[StoreScheme]:
        return (StoreScheme("x", lambda url, clock: MemoryStore(), frozenset({"durable"})),)  # type: ignore[arg-type]


class Nothing(Plugin):
    @hookimpl
    def stabflow_stores(self) -> Iterable[StoreScheme]:
        return None  # type: ignore[return-value]


class WrongThings(Plugin):
    @hookimpl
    def stabflow_stores(self) -> Iterable[StoreScheme]:
        return ("sqlite",)  # type: ignore[return-value]


class WrongScheme(Plugin):
    @hookimpl
    def stabflow_stores(self) -> Iterable[StoreScheme]:
        return (StoreScheme("SQL:", lambda url, clock: MemoryStore()),)


class NotCallable(Plugin):
    @hookimpl
    def stabflow_requirements(self) -> Iterable[NamedRequirement]:
        return (NamedRequirement("x", True),)  # type: ignore[arg-type]


class Raises(Plugin):
    @hookimpl
    def stabflow_calendars(self) -> Iterable[CalendarSource]:
        raise OSError("no calendar here")


class Ducks:
    contract = 1

    @hookimpl
    def stabflow_stores(self) -> Iterable[StoreScheme]:
        return ()


@pytest.mark.parametrize(
    ("plugin", "problem"),
    [
        (Misspelt(), "did you mean 'stabflow_stores'"),
        (Optional(), "did you mean 'stabflow_calendars'"),
        (MisspeltUnmarked(), "did you mean 'stabflow_stores'"),
        (OtherName(), "stores is no hook; did you mean 'stabflow_stores'"),
        (Unmarked(), "not marked"),
        (UnmarkedBelow(), "not marked"),
        (Coroutine(), "coroutine"),
        (AsyncGenerator(), "coroutine"),
        (Wrapper(), "wrapper"),
        (OldWrapper(), "wrapper"),
        (WrongArguments(), "engine"),
        (WrongContract(), "contract 2, which is newer than contract 1 of this stabflow: upgrade stabflow"),
        (MisspeltCheck(), "did you mean 'stabflow_check_command'"),
        (UnmarkedListener(), "not marked"),
        (CoroutineListener(), "coroutine"),
        (WrappingCheck(), "wrapper"),
        (UnknownArgument(), "engine"),
        (Static(), "is a staticmethod, not a method"),
        (StaticBelow(), "is a staticmethod, not a method"),
        (OfTheClass(), "is a classmethod, not a method"),
        (Property(), "is a property, not a method"),
        (MarkedProperty(), "stores is no hook; did you mean 'stabflow_stores'"),
        (NoMethod(), "is a tuple, not a method; write def stabflow_stores(self, …)"),
        (Partial(), "is a partialmethod, not a method"),
        (Inner(), "is a type, not a method"),
        (OnTheObject(), "is set on the object"),
        (MisspeltOnTheObject(), "did you mean 'stabflow_recorded'"),
        (Generator(), "has a yield in it"),
        (ByNameOnly(), "takes 'case' by its name only"),
        (Whatever(), "takes an argument '*news'; the hook gives case, records"),
        (Keywords(), "takes an argument '**news'; the hook gives case, records"),
        (MisspeltArgument(), "takes an argument 'record'; the hook gives case, records"),
        (NoSelf(), "takes no self"),
        (First(), "is marked with tryfirst"),
        (UnderAnotherName(), "is marked with specname"),
        (TextForContract(), "the contract '1', which is no whole number; write contract = 1"),
        (YesForContract(), "the contract True, which is no whole number"),
        (NoContract(), "the contract None, which is no whole number"),
        (OldContract(), "contract 0, which is older than contract 1 of this stabflow: upgrade the plugin"),
        (FailingContract(), "no contract here"),
        (Exits(), "stabflow_calendars failed: SystemExit: enough"),
        (WrongCapability(), "stabflow_stores failed"),
        (Nothing(), "stabflow_stores failed"),
        (WrongThings(), "brought a str, not a StoreScheme"),
        (WrongScheme(), "stabflow_stores failed"),
        (NotCallable(), "stabflow_requirements failed"),
        (Raises(), "no calendar here"),
        (Ducks(), "derive from stabflow.Plugin"),
        (Plugin, "derive from stabflow.Plugin"),
        (None, "derive from stabflow.Plugin"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else None,
)
def test_what_is_wrong_with_a_plugin_is_said_with_its_name(plugin: Any, problem: str) -> None:
    with pytest.raises(PluginError) as error:
        stabflow.open("memory:", plugins=[plugin])
    assert problem in str(error.value)
    assert type(plugin).__name__ in error.value.plugin


@pytest.mark.parametrize("url", ["memory:", "sqlite:///x.db"])
def test_built_ins_say_of_their_stores_what_these_declare(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    scheme = equip().stores[url.partition(":")[0]]
    store = scheme.open(url, None)
    assert store.capabilities == scheme.capabilities
    store.close()


def test_the_same_plugin_twice_is_refused() -> None:
    with pytest.raises(PluginError, match="twice"):
        equip([Stores(), Stores()])


def test_a_plugin_without_hooks_is_harmless() -> None:
    class Idle(Plugin):
        helper = staticmethod(lambda: 1)

        @property
        def costly(self) -> object:
            raise AssertionError("it is not looked at")

        def __init__(self) -> None:
            self.callback = print

    assert equip([Idle()]).names == (f"{__name__}.{Idle.__qualname__}",)


def test_a_hook_that_brings_things_may_yield_them_and_one_may_leave_arguments_out() -> None:
    class Fine(Plugin):
        @hookimpl
        def stabflow_calendars(self) -> Iterable[CalendarSource]:
            yield CalendarSource("mine", lambda: WEEKENDS)

        @hookimpl
        def stabflow_recorded(self, records: object, /) -> None:  # type: ignore[override]
            """It needs no case."""

    assert equip([Fine()]).calendar("mine") is WEEKENDS


# What a plugin brings, and what may go wrong when it is used


@pytest.mark.parametrize(
    ("opened", "problem"),
    [
        (object(), "gave an object, not a Store"),
        (type("Old", (MemoryStore,), {"contract": 0})(), "its store was written for contract 0, which is older"),
        (type("New", (MemoryStore,), {"contract": 2})(), "its store was written for contract 2, .*: upgrade stabflow"),
        (type("Odd", (MemoryStore,), {"contract": "1"})(), "its store has the contract '1', which is no whole number"),
    ],
)
def test_a_store_that_is_none_is_the_plugins_error(opened: Any, problem: str) -> None:
    with pytest.raises(PluginError, match=problem) as error:
        stabflow.open("cellar:", plugins=[Stores(opened)])
    assert "Stores" in error.value.plugin


def test_a_store_that_cannot_be_opened_says_so() -> None:
    def opening(error: Exception) -> Plugin:
        class Broken(Plugin):
            @hookimpl
            def stabflow_stores(self) -> Iterable[StoreScheme]:
                def open_(url: str, clock: Clock | None) -> Store:
                    raise error

                return (StoreScheme("broken", open_),)

        return Broken()

    with pytest.raises(PluginError, match=r"Broken.*no driver"):
        stabflow.open("broken:", plugins=[opening(ImportError("no driver"))])
    with pytest.raises(StoreUnavailable):
        stabflow.open("broken:", plugins=[opening(StoreUnavailable("down"))])


def test_calendars_and_procedures_come_from_plugins() -> None:
    def never() -> Calendar:
        raise AssertionError("nobody asked for it")

    class Brings(Plugin):
        @hookimpl
        def stabflow_calendars(self) -> Iterable[CalendarSource]:
            return (
                CalendarSource("WEEKENDS", lambda: WEEKENDS),
                CalendarSource("UNUSED", never),
                CalendarSource("NONE", lambda: None),  # type: ignore[arg-type, return-value]
            )

        @hookimpl
        def stabflow_procedures(self) -> Iterable[Procedure]:
            return (worlds.small(),)

    engine = stabflow.open("memory:", plugins=[Brings()], calendar="WEEKENDS", clock=worlds.FakeClock())
    case = worlds.opened(worlds.constituted(engine))
    due = case.value.due
    assert due is not None
    assert due.calendar == WEEKENDS.digest
    for calendar in ("UNUSED", "NONE"):
        with pytest.raises(PluginError, match="Brings"):
            stabflow.open("memory:", plugins=[Brings()], calendar=calendar)
    other = worlds.small(find='by = ["clerk", "chair"]', put='by = ["clerk"]')
    with pytest.raises(ProcedureError, match="small@1"):
        stabflow.open("memory:", plugins=[Brings()], procedures=[other])


ASKING = worlds.loads(
    worlds.SMALL.replace('id = "small"', 'id = "asking"').replace(
        'requires = [{ items = "check"',
        'requires = [{ plugin = "budget", with = { year = 2026 } }, { items = "check"',
    )
)


def asking(check: Callable[..., Any] | None) -> Any:
    """A case about to be settled, which a plugin has a say in."""

    class Budget(Plugin):
        @hookimpl
        def stabflow_requirements(self) -> Iterable[NamedRequirement]:
            return () if check is None else (NamedRequirement("budget", check),)

    engine = worlds.engine_on("memory:", procedures=[ASKING], plugins=[Budget()])
    engine.constitute("asking", "chair", CHAIR, basis=BASIS)
    case = engine.open_case("asking", BRIDGE, by=CHAIR, basis=BASIS)
    case.appoint("clerk", CLERK, by=CHAIR, basis=BASIS)
    case.appoint("auditor", worlds.AUDITOR, by=CHAIR, basis=BASIS)
    case.fire("do", item=case.add("note", by=CLERK, basis=BASIS, **NOTE), by=CLERK, basis=BASIS)
    case.fire("submit", by=CLERK, basis=BASIS, urgent=False)
    case.fire("pass", item="check-1", by=worlds.AUDITOR, basis=BASIS)
    return case


def test_a_requirement_of_a_plugin_blocks_and_lets_pass() -> None:
    seen: list[Any] = []
    answers: list[Blocker | None] = [Blocker(kind="budget", text=Text("no money", "没有资金")), None]

    def check(view: Any, table: Any) -> Blocker | None:
        seen.append((view.case_state, view.actor, dict(table)))
        return answers[0]

    case = asking(check)
    with pytest.raises(Unmet, match="no money") as refusal:
        case.fire("settle", by=CHAIR, basis=BASIS)
    assert [blocker.kind for blocker in refusal.value.blockers] == ["budget"]
    assert [blocker.kind for blocker in case.blockers("settle", by=CHAIR)] == ["budget"]
    assert case.state == "deciding"
    answers[0] = None
    assert case.fire("settle", by=CHAIR, basis=BASIS).plugins[0].endswith("Budget")
    assert set(map(repr, seen)) == {repr(("deciding", CHAIR.id, {"year": 2026}))}


@pytest.mark.parametrize("answer", [False, True, "no", 0, (), Text("no", "否")], ids=repr)
def test_a_requirement_that_answers_anything_else_fails_closed(answer: Any) -> None:
    case = asking(lambda view, table: answer)
    _fails_closed(case, "not a Blocker or None")


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("oops"), KeyError("x"), InvalidInput.at("x", "y"), RecursionError()]
)
def test_a_requirement_that_raises_fails_closed(error: Exception) -> None:
    def check(view: Any, table: Any) -> Blocker | None:
        raise error

    case = asking(check)
    _fails_closed(case, "failed")


def test_a_requirement_that_is_a_coroutine_fails_closed() -> None:
    class Awaited:
        def __call__(self, view: Any, table: Any) -> Any:
            return (one for one in ())

    _fails_closed(asking(Awaited()), "generator")


def test_a_requirement_that_no_plugin_answers_fails_closed() -> None:
    _fails_closed(asking(None), "budget", owner="budget")


def _fails_closed(case: Any, problem: str, owner: str = "Budget") -> None:
    before = case.history()
    for key in (None, "k"):
        with pytest.raises(PluginError, match=problem) as error:
            case.fire("settle", by=CHAIR, basis=BASIS, key=key)
        assert owner in str(error.value)
    with pytest.raises(PluginError), case.acting(CHAIR, basis=BASIS) as act:
        act.fire("settle")
    assert case.history() == before
    assert case.state == "deciding"
