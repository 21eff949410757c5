"""The exception tree: whose each error is, what it carries, what it says to do next."""

from __future__ import annotations

import copy
import inspect
import pickle
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stabflow import errors
from stabflow.errors import (
    Blocker,
    ClockInDoubt,
    CommitUnknown,
    ContractTooNew,
    Corrupt,
    Cure,
    Fault,
    FaultyInput,
    FeedReset,
    IdempotencyMismatch,
    InvalidInput,
    LeaseLost,
    NotCleared,
    NotPermitted,
    NotYourRole,
    PluginError,
    ProcedureError,
    ProcedureNotProved,
    Refused,
    StabflowError,
    StoreError,
    StoreUnavailable,
    Unmet,
    Unsupported,
    VersionConflict,
    near_miss,
    nearest,
)
from stabflow.stores.memory import MemoryStore
from stabflow.text import Text, same

ACT = Text("submit the report", "送审")
BLOCKER = Blocker(
    kind="items",
    text=Text("at least 1 report needed", "至少需要1份报告"),
    have=same(0),
    need=same(1),
    clause=("二.5", "四"),
    cure=(Cure("unit", Text("unit", "评估主体")), Cure("chair", Text("chair", "主席"))),
    facts={"kind": "report", "count": 0},
)

EVERY_ERROR: list[StabflowError] = [
    ProcedureError([Fault("a.b", "is wrong", "mend it"), Fault("c", "too")], what="site.toml"),
    InvalidInput.at("x", "is missing", "add it"),
    Refused(ACT, [BLOCKER]),
    Unmet(ACT, [BLOCKER, BLOCKER]),
    NotPermitted(ACT, state="asking", trigger="submit", permitted=["weigh"], blocker=BLOCKER),
    NotYourRole(ACT, [BLOCKER], roles=["unit"], held=["chair"]),
    StoreError("x"),
    VersionConflict("case/1", 3, 5),
    IdempotencyMismatch("case/1", "k"),
    StoreUnavailable("the disk is full"),
    CommitUnknown("the line broke"),
    Corrupt("row 7"),
    FeedReset("2b.7.aa"),
    LeaseLost(7, 12),
    Unsupported("leases", "claiming work"),
    ContractTooNew("schema 9"),
    ClockInDoubt(datetime(2026, 1, 5, tzinfo=UTC), datetime(2027, 1, 5, tzinfo=UTC), timedelta(days=7)),
    PluginError("budget", "raised ValueError"),
    ProcedureNotProved([Fault("states.a", "flawed: x", "mend it")], procedure="p@1", digest="ab" * 32),
]


def test_every_error_has_its_place_in_the_tree() -> None:
    tree = {
        ProcedureError: FaultyInput,
        ProcedureNotProved: ProcedureError,
        InvalidInput: FaultyInput,
        FaultyInput: StabflowError,
        Refused: StabflowError,
        NotPermitted: Refused,
        NotYourRole: Refused,
        Unmet: Refused,
        NotCleared: StabflowError,
        StoreError: StabflowError,
        VersionConflict: StoreError,
        IdempotencyMismatch: StoreError,
        StoreUnavailable: StoreError,
        CommitUnknown: StoreError,
        Corrupt: StoreError,
        FeedReset: StoreError,
        LeaseLost: StoreError,
        Unsupported: StoreError,
        ContractTooNew: StoreError,
        ClockInDoubt: StabflowError,
        PluginError: StabflowError,
    }
    assert {error: error.__bases__ for error in tree} == {error: (base,) for error, base in tree.items()}
    defined = {
        value
        for value in vars(errors).values()
        if inspect.isclass(value) and issubclass(value, Exception) and value.__module__ == errors.__name__
    }
    assert defined == {*tree, StabflowError}
    assert all(error.__name__ in (errors.__doc__ or "") for error in defined - {FaultyInput})


@pytest.mark.parametrize("error", EVERY_ERROR, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])  # noqa: S301
def test_an_error_keeps_its_facts_between_processes(error: StabflowError, again: Any) -> None:
    other = again(error)
    assert type(other) is type(error)
    assert str(other) == str(error)
    assert other.args == error.args
    assert vars(other) == vars(error)
    assert str(error)


# Faults


def test_a_fault_is_its_place_its_problem_and_its_cure() -> None:
    assert str(Fault("roles.head", "is empty", "name one")) == "roles.head: is empty (name one)"
    assert str(Fault("roles.head", "is empty")) == "roles.head: is empty"


@pytest.mark.parametrize(
    ("path", "prefix", "expected"),
    [
        ("title", "roles.head", "roles.head.title"),
        ("[0].title", "transitions", "transitions[0].title"),
        ("", "roles.head", "roles.head"),
        ("title", "", "title"),
        ("", "", ""),
    ],
)
def test_a_fault_seen_from_further_outside(path: str, prefix: str, expected: str) -> None:
    fault = Fault(path, "is empty", "name one")
    assert fault.under(prefix) == Fault(expected, "is empty", "name one")


def test_faults_are_told_all_at_once() -> None:
    error = EVERY_ERROR[0]
    assert isinstance(error, ProcedureError)
    assert str(error) == "site.toml has 2 faults:\n  a.b: is wrong (mend it)\n  c: too"
    assert [fault.path for fault in error.faults] == ["a.b", "c"]
    assert ProcedureError([Fault("x", "y"), Fault("a", "b"), Fault("x", "y")]).faults == (
        Fault("x", "y"),
        Fault("a", "b"),
    )
    assert str(InvalidInput.at("x", "is missing")) == "the request has 1 fault:\n  x: is missing"
    assert str(ProcedureError([])) == "the procedure has 0 faults:"
    assert InvalidInput(iter([Fault("x", "y")]), what="act 3").what == "act 3"


# Refusals


def test_a_refusal_tells_every_reason_with_clause_and_cure() -> None:
    refusal = Unmet(ACT, [BLOCKER, Blocker("case", Text("it is closed", "已办结"))])
    assert refusal.describe() == str(refusal) == (
        "refused: submit the report\n"
        "  - at least 1 report needed [clauses 二.5, 四] — can be cured by: unit, chair\n"
        "  - it is closed"
    )  # fmt: skip
    assert refusal.describe("zh") == (
        "已拒绝：送审\n  - 至少需要1份报告〔二.5、四〕——可由评估主体、主席补正\n  - 已办结"
    )  # fmt: skip
    assert len(refusal.blockers) == 2


def test_a_refusal_as_plain_values() -> None:
    said = NotYourRole(ACT, [BLOCKER], roles=["unit"], held=[]).as_dict("zh")
    assert said == {
        "refused": "NotYourRole",
        "act": "送审",
        "blockers": [
            {
                "kind": "items",
                "text": "至少需要1份报告",
                "have": "0",
                "need": "1",
                "clause": ["二.5", "四"],
                "cure": [{"role": "unit", "title": "评估主体"}, {"role": "chair", "title": "主席"}],
                "facts": {"kind": "report", "count": 0},
            }
        ],
    }
    assert Unmet(ACT, [BLOCKER]).as_dict()["blockers"][0]["text"] == "at least 1 report needed"  # type: ignore[index]


def test_what_the_particular_refusals_carry() -> None:
    not_permitted, not_your_role = EVERY_ERROR[4], EVERY_ERROR[5]
    assert isinstance(not_permitted, NotPermitted)
    assert (not_permitted.state, not_permitted.trigger, not_permitted.permitted) == ("asking", "submit", ("weigh",))
    assert not_permitted.blockers == (BLOCKER,)
    assert isinstance(not_your_role, NotYourRole)
    assert (not_your_role.roles, not_your_role.held) == (("unit",), ("chair",))


def test_a_blocker_can_be_kept_in_a_set() -> None:
    assert len({BLOCKER, copy.copy(BLOCKER)}) == 1


# Stores and plugins


def test_a_store_error_says_what_to_do_next() -> None:
    conflict = VersionConflict("case/1", 3, 5)
    assert (conflict.stream, conflict.expected, conflict.actual) == ("case/1", 3, 5)
    assert "case/1 stands at version 5, and this act was to follow version 3: nothing was written" in str(conflict)
    assert "faster" not in str(conflict)  # whoever named an old version has lost no race
    assert "decide anew" in str(conflict)
    mismatch = IdempotencyMismatch("case/1", "k")
    assert (mismatch.stream, mismatch.key) == ("case/1", "k")
    assert "use a fresh key" in str(mismatch)
    unsupported = Unsupported("leases", "claiming work")
    assert unsupported.capability == "leases"
    assert str(unsupported) == "claiming work needs a store with leases, which this one does not declare"
    with pytest.raises(Unsupported, match="does not declare: open one that does, such as one on PostgreSQL"):
        MemoryStore().join(object())
    plugin = PluginError("budget", "raised ValueError")
    assert plugin.plugin == "budget"
    assert str(plugin) == "plugin budget: raised ValueError"


# Near misses


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("objecton", ["objection", "opinion"], "objection"),
        ("Head", ["head", "unit"], "head"),
        ("HEAD", ["head"], "head"),
        ("assessment-unit", ["assessment_unit"], "assessment_unit"),
        ("zzz", ["head"], None),
        ("", ["head"], None),
        ("head", [], None),
        ("评估主题", ["评估主体", "审查小组"], "评估主体"),
    ],
)
def test_the_nearest_word_is_the_one_that_was_meant(word: str, known: list[str], meant: str | None) -> None:
    assert nearest(word, known) == meant
    assert nearest(word, set(known)) == meant
    assert nearest(word, dict.fromkeys(known)) == meant


def test_a_near_miss_is_suggested_else_what_could_stand_there() -> None:
    assert near_miss("hed", ["head", "unit"]) == "did you mean 'head'?"
    assert near_miss("zzz", ["unit", "head", "head"]) == "known: head, unit"
    assert near_miss("zzz", []) == "none is known here: declare it first, or leave it out"
    assert near_miss("zzz", [f"name_{n:02}" for n in range(13)]).endswith("name_10, name_11, …")
    assert near_miss("zzz", [f"name_{n:02}" for n in range(12)]).endswith("name_10, name_11")


@given(st.text(), st.sets(st.text(), max_size=5))
def test_a_suggestion_is_always_one_of_the_known(word: str, known: set[str]) -> None:
    assert nearest(word, known) in {None, *known}
    assert near_miss(word, known)


def test_of_very_many_or_very_long_words_none_is_compared() -> None:
    assert nearest("name_1x", [f"name_{n}" for n in range(200)]) is not None
    assert nearest("name_1x", [f"name_{n}" for n in range(201)]) is None
    assert nearest("x" * 201, ["x" * 200]) is None


def test_a_suggestion_does_not_depend_on_the_order() -> None:
    assert nearest("ab", ["AB", "ab"]) == nearest("ab", ["ab", "AB"])
