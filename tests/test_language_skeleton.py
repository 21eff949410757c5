"""From a config of ``transitions`` to a skeleton: the rows agree with the live machine, nothing in the config is ever called, and
nothing half-known runs."""

from __future__ import annotations

import copy
import enum
import itertools
import json
import re
import tomllib
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from language_kit import changed, faults_of, put
from skeletons import PERMIT, Config, completed, loaded, machine, refusal
from transitions import Machine, MachineError
from transitions.extensions.markup import MarkupMachine

import stabflow
from stabflow.errors import ProcedureError
from stabflow.language import from_transitions, loads

# What a skeleton says


def test_a_skeleton_says_what_the_config_says_and_marks_the_rest() -> None:
    skeleton = from_transitions(PERMIT)
    tables = tomllib.loads(skeleton.toml)
    gap, gaps = "TODO", ["TODO"]
    assert tables == {
        "procedure": {
            "format": 1,
            "id": "street-permit",
            "version": gap,
            "title": {"en": "Street permit", "zh": gap},
            "source": gap,
            "timezone": gap,
        },
        "states": {
            "draft": {"accountable": gap, "within": gap},
            "in_review": {"accountable": gap, "within": gap},
            "granted": {"final": True},
            "u5ba1u6838u4e0du901au8fc7": {
                "title": {"en": gap, "zh": "审核不通过"},
                "accountable": gap,
                "within": gap,
            },
        },
        "transitions": [
            {"trigger": "open", "dest": "draft", "by": gaps},
            {
                "trigger": "submit",
                "source": "draft",
                "dest": "in_review",
                "by": gaps,
                "requires": [
                    {"value": "TODO: is_complete", "is": True},
                    {"value": "TODO: is_locked", "is": False},
                ],
            },
            {"trigger": "note", "source": "*", "by": gaps},
            {"trigger": "renew", "source": "draft", "dest": "draft", "by": gaps},
            {"trigger": "renew", "source": "in_review", "dest": "in_review", "by": gaps},
            {
                "trigger": "grant",
                "source": "in_review",
                "dest": "granted",
                "by": gaps,
                "requires": [{"value": "TODO: rules.permits.may_grant", "is": True}],
            },
            {
                "trigger": "u5426u51b3",
                "title": {"en": gap, "zh": "否决"},
                "source": "in_review",
                "dest": "u5ba1u6838u4e0du901au8fc7",
                "by": gaps,
            },
        ],
    }


def test_every_thing_that_was_not_carried_as_it_stood_is_noted_with_its_place() -> None:
    skeleton = from_transitions(PERMIT)
    assert skeleton.notes == (
        "name: is carried as the title, and the id 'street-permit' is made of it",
        "queued: True is dropped: acts are recorded one after the other",
        "auto_transitions: to_draft, to_InReview, to_granted, … are not carried: they lead from everywhere, past every row",
        "initial: a case begins in 'draft' by the row 'open'",
        "states[1].on_enter: 'notify_office' is not called: a procedure calls nothing",
        "states[1].timeout: 86400 (seconds) is dropped: time moves nothing here; what is owed in a state, and until when, is "
        "said with `accountable` and `within`",
        "states[1].on_timeout[0]: 'expire' is not called: a procedure calls nothing",
        "states[1]: 'InReview' is named 'in_review' here",
        "states[3]: '审核不通过' is named 'u5ba1u6838u4e0du901au8fc7' here",
        "states[3]: no row of its own leads on from it; if a case ends there, write final = true in place of accountable and "
        "within",
        "transitions[0].conditions: 'is_complete' must hold: it is not asked here, and a gap in `requires` stands for it",
        "transitions[0].unless[0]: 'is_locked' must not hold: it is not asked here, and a gap in `requires` stands for it",
        "transitions[1]: leads from 'granted' as well, and here no row leaves a final state",
        "transitions[2].after: 'log_it' is not called: a procedure calls nothing",
        "transitions[3][3]: 'rules.permits.may_grant' must hold: it is not asked here, and a gap in `requires` stands for it",
        "transitions[4]: '否决' is named 'u5426u51b3' here",
    )
    comments = " ".join(line.removeprefix("# ") for line in skeleton.toml.splitlines() if line.startswith("#"))
    assert [note for note in skeleton.notes if f"config {note}" not in comments] == []


def test_it_says_exactly_what_is_lacking() -> None:
    skeleton = from_transitions(PERMIT)
    with pytest.raises(ProcedureError) as caught:
        loads(skeleton.toml)
    assert skeleton.lacks == caught.value.faults
    assert all(fault.cure for fault in skeleton.lacks)
    assert [fault.path for fault in skeleton.lacks] == [
        *(f"procedure.{key}" for key in ("version", "title.zh", "source", "timezone")),
        *(f"states.{state}.{key}" for state in ("draft", "in_review") for key in ("accountable", "within")),
        *(f"states.u5ba1u6838u4e0du901au8fc7.{key}" for key in ("title.en", "accountable", "within")),
        "transitions[0].by",
        "transitions[1].by",
        "transitions[1].requires[0].value",
        "transitions[1].requires[1].value",
        "transitions[2].by",
        "transitions[3].by",
        "transitions[4].by",
        "transitions[5].by",
        "transitions[5].requires[0].value",
        "transitions[6].by",
        "transitions[6].title.en",
        "states.u5ba1u6838u4e0du901au8fc7",
    ]
    assert skeleton.lacks[-1].problem == "has no way to an end"


def test_each_gap_alone_keeps_it_from_being_a_procedure() -> None:
    skeleton = from_transitions(machine(name="made"))
    procedure = loaded(skeleton.toml)
    assert str(procedure) == "made@1"
    assert [row.trigger for row in procedure.transitions] == ["open", "go", "end"]
    assert procedure.states["c"].final
    assert len(skeleton.lacks) == skeleton.toml.count('"TODO"') == 4 + 2 * 2 + 3
    tables = completed(skeleton.toml)
    for lack in skeleton.lacks:
        place = re.sub(r"\[(\d+)\]", r"/\1", lack.path).replace(".", "/")
        assert faults_of(changed(tables, put(place, "TODO"))) == (lack,)


def test_the_same_config_gives_the_same_skeleton_and_is_left_as_it_was() -> None:
    before = copy.deepcopy(PERMIT)
    first = from_transitions(PERMIT)
    assert before == PERMIT
    assert first == from_transitions(json.loads(json.dumps(PERMIT)))
    assert first == stabflow.from_transitions(PERMIT)
    with pytest.raises(AttributeError):
        first.toml = ""  # type: ignore[misc]


# Agreement with the live machine

STATES = {"a": "a", "Draft": "draft", "in review": "in_review", "closed": "closed_stage", "审核": "u5ba1u6838"}
TRIGGERS = {"go": "go", "openUp": "open_up", "open": "open", "通过": "u901au8fc7"}


class Model:
    """Every condition holds, and callbacks do nothing, so that the first row that leads from a state is the one that answers."""

    state: str

    def holds(self) -> bool:
        return True

    def holds_too(self) -> bool:
        return True

    def fails(self) -> bool:
        return False

    def noted(self) -> None: ...


@st.composite
def configs(draw: st.DrawFn) -> Config:
    names = draw(st.lists(st.sampled_from([*STATES]), min_size=1, max_size=5, unique=True))
    states: list[Any] = []
    for name in names:
        form = draw(st.sampled_from(["text", "text", "table", "final"]))
        table = {"name": name, "on_enter": "noted"} | ({"final": True} if form == "final" else {})
        states.append(name if form == "text" else table)
    some = st.sampled_from(names)
    rows: list[Any] = []
    leads_through = draw(st.integers(0, 2)) > 0
    if leads_through:  # so that many of them become procedures
        rows = [["go", *pair] for pair in itertools.pairwise(names)]
        states[-1] = {"name": names[-1], "final": True} if draw(st.booleans()) else names[-1]
    for _ in range(draw(st.integers(0, 4))):
        row: Config = {
            "trigger": draw(st.sampled_from([*TRIGGERS])),
            "source": draw(st.just("*") | some | st.lists(some, min_size=1, unique=True)),
            "dest": draw(some | some | st.sampled_from(["=", None])),
        }
        guards = draw(st.lists(st.sampled_from(["holds", "holds_too"]), max_size=2, unique=True))
        as_list = draw(st.booleans())
        if guards:
            row["conditions"] = guards if len(guards) > 1 or as_list else guards[0]
        if not as_list:
            row |= draw(st.sampled_from([{}, {}, {"unless": "fails"}, {"before": "noted", "after": ["noted"]}]))
        rows.append([*row.values()] if as_list else row)
    config: Config = {"states": states, "transitions": rows, "initial": names[0] if leads_through else draw(some)}
    if draw(st.integers(0, 5)) == 0 and len(names) > 1:
        config["ordered_transitions"] = True
    return config


def live(config: Config) -> Machine:
    return Machine(**copy.deepcopy(config), model=Model(), auto_transitions=False)


def answers(config: Config) -> dict[tuple[str, str], str | None]:
    """Where the live machine goes, driven from every state by every trigger; ``None`` where it refuses."""
    built = live(config)
    found: dict[tuple[str, str], str | None] = {}
    for state in built.states:
        for trigger in built.events:
            built.set_state(state)
            try:
                assert built.events[trigger].trigger(built.model)
                found[state, trigger] = built.model.state
            except MachineError:
                found[state, trigger] = None
    return found


def final_states(config: Config) -> set[str]:
    return {one["name"] for one in config["states"] if isinstance(one, dict) and one.get("final")}


def from_everywhere(config: Config) -> set[str]:
    """The triggers of rows from ``*``, which leave even what is final."""
    heads = [row if isinstance(row, list) else [row["trigger"], row["source"]] for row in config["transitions"]]
    return {trigger for trigger, source, *_ in heads if source == "*"}


def says(toml: str, state: str, trigger: str) -> str | None:
    """Where the first row of the skeleton leads that fits."""
    tables = tomllib.loads(toml)
    for row in tables["transitions"]:
        source = row.get("source", [])
        sources = [source] if isinstance(source, str) else source
        fits = not tables["states"][state].get("final") if source == "*" else state in sources
        if row["trigger"] == trigger and "source" in row and fits:
            return str(row.get("dest", state))
    return None


def disagreements(config: Config, toml: str) -> list[str]:
    """The states and triggers on which the skeleton and the live machine lead to different places."""
    found = []
    finals, wide = final_states(config), from_everywhere(config)
    triggers = {**TRIGGERS, "next_state": "next_state"}
    for (state, trigger), dest in answers(config).items():
        said = says(toml, STATES[state], triggers[trigger])
        if state in finals and trigger in wide:
            continue  # here no row leaves a final state, and a note says so
        if said != (None if dest is None else STATES[dest]):
            found.append(f"{state} --{trigger}--> {dest}, and the skeleton says {said}")
    return found


def contradictory(config: Config) -> bool:
    """Whether the live machine has two rows from one state by one trigger, of which the first wins and the second leads
    elsewhere."""
    for happening in live(config).events.values():
        for rows in happening.transitions.values():
            for index, row in enumerate(rows):
                asked = {(one.func, one.target) for one in row.conditions}
                for earlier in rows[:index]:
                    if {(one.func, one.target) for one in earlier.conditions} <= asked:
                        if earlier.dest != row.dest:
                            return True
                        break
    return False


@given(configs())
def test_the_rows_mean_what_they_mean_to_the_live_machine(config: Config) -> None:
    try:
        skeleton = from_transitions(config)
    except ProcedureError as error:
        event("contradictory")
        assert contradictory(config)
        assert all("always answers first" in fault.problem for fault in error.faults)
        return
    assert not contradictory(config)
    assert disagreements(config, skeleton.toml) == []
    gaps = {fault for fault in skeleton.lacks if "is a gap" in fault.problem}
    real = [fault for fault in skeleton.lacks if fault not in gaps]
    try:
        procedure = loaded(skeleton.toml)
    except ProcedureError as error:
        event("complete, and still no procedure")
        assert list(error.faults) == real
        return
    event("loads when completed")
    assert real == []
    for (state, trigger), dest in answers(config).items():
        name = {**TRIGGERS, "next_state": "next_state"}[trigger]
        move = procedure.tables[None][STATES[state]].get(name)
        if dest is None:
            assert move is None
        elif move is not None:
            assert (move.dest or STATES[state]) == STATES[dest]
        else:
            assert state in final_states(config)


PLANTED: Config = {
    "states": ["a", "Draft", {"name": "closed", "final": True}],
    "initial": "a",
    "transitions": [["go", "a", "Draft"], ["openUp", "*", "="], ["通过", ["a", "Draft"], "closed"], ["open", "*", "a"]],
}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param('dest = "draft"\nby', 'dest = "closed_stage"\nby', id="another dest"),
        pytest.param('trigger = "go"', 'trigger = "gone"', id="another trigger"),
        pytest.param('source = "*"\ndest = "a"', 'source = "a"\ndest = "a"', id="a state left out of *"),
        pytest.param('source = "draft"\ndest = "draft"', 'source = "draft"\ndest = "a"', id="= leads elsewhere"),
        pytest.param('source = ["a", "draft"]', 'source = "a"', id="a source left out"),
        pytest.param('dest = "closed_stage"\n', "", id="a row that stays"),
    ],
)
def test_a_row_that_means_something_else_would_be_seen(old: str, new: str) -> None:
    toml = from_transitions(PLANTED).toml
    assert disagreements(PLANTED, toml) == []
    opening, _, rest = toml.rpartition('trigger = "open"\ndest')
    assert old in rest
    assert disagreements(PLANTED, f'{opening}trigger = "open"\ndest{rest.replace(old, new)}')


# Habits of transitions, each by its meaning


def rows_of(config: Config) -> list[tuple[str, Any, Any]]:
    tables = tomllib.loads(from_transitions(config).toml)
    return [(row["trigger"], row.get("source"), row.get("dest")) for row in tables["transitions"][1:]]


def test_rows_that_say_the_same_again_are_left_out_where_they_do() -> None:
    config = machine(transitions=[["go", "a", "b"], ["go", "*", "b"], ["go", "a", "b", "is_due"], ["end", "b", "c"]])
    assert rows_of(config) == [("go", "a", "b"), ("go", ["b", "c"], "b"), ("end", "b", "c")]
    notes = from_transitions(config).notes
    assert (
        "transitions[1]: is left out from 'a', where transitions[0] always answers first, with the same state" in notes
    )
    assert (
        "transitions[2]: is left out from 'a', where transitions[0] always answers first, with the same state" in notes
    )


@pytest.mark.parametrize(
    "second",
    [
        ["go", "a", "c"],
        ["go", "*", "c"],
        ["go", "a", None],
        ["go", "a", "="],
        {"trigger": "go", "source": ["b", "a"], "dest": "c", "conditions": "is_due"},
    ],
)
def test_of_two_rows_none_wins_in_silence(second: Any) -> None:
    (fault,) = refusal(machine(transitions=[["go", "a", "b"], ["end", "b", "c"], second]))
    assert fault.path == "transitions[2]"
    assert fault.problem == "'go' from 'a' leads elsewhere in transitions[0], which always answers first"
    assert fault.cure == "two answers are two triggers: give each its own, or take one out"


@pytest.mark.parametrize("second", [{}, {"conditions": "is_late"}, {"unless": "is_due"}])
def test_two_answers_by_condition_are_noted_and_lacking(second: Config) -> None:
    first = {"trigger": "go", "source": ["a", "b"], "dest": "b", "conditions": "is_due"}
    skeleton = from_transitions(
        machine(transitions=[first, {"trigger": "go", "source": "a", "dest": "c", **second}, ["end", "b", "c"]])
    )
    assert (
        "transitions[1]: answers 'go' from 'a' where the conditions of transitions[0] fail: two answers are two triggers, "
        "and each needs its own"
    ) in skeleton.notes
    (lack,) = [fault for fault in skeleton.lacks if "is a gap" not in fault.problem]
    assert str(lack) == (
        "transitions[2]: a second row from 'a' by 'go'; transitions[1] is the first "
        "(two answers are two triggers: give each its own trigger)"
    )


def test_callables_are_the_same_condition_if_they_are_the_same_object() -> None:
    model = Model()
    rows = [
        {"trigger": "go", "source": "a", "dest": "b", "conditions": model.holds},
        {"trigger": "go", "source": "a", "dest": "c", "conditions": model.holds},
    ]
    assert [fault.path for fault in refusal(machine(transitions=[*rows, ["end", "b", "c"]]))] == ["transitions[1]"]
    rows[1]["conditions"] = Model().holds
    assert len(from_transitions(machine(transitions=[*rows, ["end", "b", "c"]])).lacks) > 0


@pytest.mark.parametrize(("attribute", "prefix"), [({}, "to_"), ({"model_attribute": "place"}, "to_place_")])
def test_automatic_triggers_are_not_carried(attribute: Config, prefix: str) -> None:
    config = machine(**attribute)
    del config["auto_transitions"]
    skeleton = from_transitions(config)
    assert (
        f"auto_transitions: {prefix}a, {prefix}b, {prefix}c are not carried: they lead from everywhere, past every row"
        in skeleton.notes
    )
    assert rows_of(config) == [("go", "a", "b"), ("end", "b", "c")]
    config["transitions"] = [*config["transitions"], [f"{prefix}b", "a", "c"]]
    (fault,) = refusal(config)
    assert fault.path == "transitions[2]"
    assert fault.problem == f"'{prefix}b' is made by auto_transitions as well, which leads to 'b' and answers first"
    assert rows_of(config | {"auto_transitions": False})[-1] == (f"{prefix}b", "a", "c")
    assert not any("auto_transitions" in note for note in from_transitions(machine()).notes)


def test_ordered_transitions_are_written_out() -> None:
    config = machine(initial="b", ordered_transitions=True)
    assert rows_of(config)[2:] == [("next_state", "b", "c"), ("next_state", "c", "a"), ("next_state", "a", "b")]
    assert "ordered_transitions: is written out as rows of the trigger 'next_state', one for each state" in (
        from_transitions(config).notes
    )
    (fault,) = refusal({"states": ["a"], "initial": "a", "ordered_transitions": True})
    assert fault.path == "ordered_transitions"


def test_what_no_row_leaves_is_final_and_what_is_final_is_not_left_from_everywhere() -> None:
    skeleton = from_transitions(machine())
    assert "states[2]: is final, for no row leads from it" in skeleton.notes
    config = machine(states=["a", "b", {"name": "c", "final": True}], transitions=[["end", "*", "c"], ["go", "a", "b"]])
    assert rows_of(config)[0] == ("end", "*", "c")
    assert (
        "transitions[0]: leads from 'c' as well, and here no row leaves a final state" in from_transitions(config).notes
    )
    assert loaded(from_transitions(config).toml).tables[None]["c"] == {}
    config["transitions"] = [["end", ["a", "b"], "c"], ["go", "a", "b"], ["back", "c", "a"]]
    (lack,) = [fault for fault in from_transitions(config).lacks if "is a gap" not in fault.problem]
    assert lack.problem == "'c' is final, and 'back' leaves it"


class Stage(enum.Enum):
    DRAFT = 1
    InReview = "x"
    DONE = "DRAFT"


class Word(str, enum.Enum):  # noqa: UP042
    FILED = "filed!"
    DONE = "done!"


@pytest.mark.parametrize("listed", [Stage, [*Stage], [{"name": Stage.DRAFT}, Stage.InReview, "DONE"]])
def test_members_of_an_enum_are_states_by_their_names(listed: Any) -> None:
    config = {
        "states": listed,
        "initial": Stage.DRAFT,
        "transitions": [["go", Stage.DRAFT, Stage.InReview], ["end", [Stage.InReview], "DONE"]],
    }
    tables = tomllib.loads(from_transitions(config).toml)
    assert [*tables["states"]] == ["draft", "in_review", "done"]
    assert rows_of(config) == [("go", "draft", "in_review"), ("end", "in_review", "done")]
    built = Machine(**config, auto_transitions=False)
    assert [*built.states] == ["DRAFT", "InReview", "DONE"]


def test_a_textual_enum_is_its_name_as_a_state_and_its_value_as_a_trigger() -> None:
    config: Config = {"states": Word, "initial": Word.FILED, "transitions": [[Word.DONE, Word.FILED, Word.DONE]]}
    assert rows_of(config) == [("done", "filed", "done")]
    assert [*Machine(**config, auto_transitions=False).events] == ["done!"]


def test_what_a_markup_machine_writes_is_read() -> None:
    config = machine(states=["a", {"name": "b", "on_enter": "noted"}, "c"])
    written = MarkupMachine(**copy.deepcopy(config), model=Model()).markup
    assert rows_of(written) == rows_of(config)


def test_bare_values_where_transitions_takes_them() -> None:
    assert rows_of({"states": "a", "initial": "a", "transitions": {"trigger": "go", "source": "a", "dest": None}}) == [
        ("go", "a", None)
    ]
    assert from_transitions({"states": ("a", "b"), "initial": "a", "transitions": (("go", "a", "b"),)}).toml
    assert from_transitions({"states": ["initial"], "transitions": None}).toml
