"""Procedures in which a correction is a way round, and their repaired twins: without corrections there is nothing to be found."""

from __future__ import annotations

import attrs

from stabflow.case import Case
from stabflow.language import Procedure, Transition
from stabflow.reasoning.stage import Stage

from .brief import OUTCOME, STEPS, act, drafted, facts, kind, row, states, wanted
from .live import comes_to


@attrs.frozen(kw_only=True)
class Way:
    """``property``: what is broken when something is ``corrected`` (the trigger of the row that stated it)."""

    name: str
    property: str
    corrected: str
    flawed: Procedure
    twin: Procedure

    def broken(self, stage: Stage, case: Case) -> bool:
        """Whether the property is broken in a case that went the way."""
        if self.property == "five_steps":
            *_, before, last = [act for act in case.acts if not act.amends]
            return (case.state, before.source, last.source) == ("decided_so", "in_plan", "aside")
        (wanted_, *_) = self.flawed.properties or (None,)
        if wanted_ is not None and wanted_.never:
            return stage.holds(wanted_.never, case, None, None, Transition(trigger="ask"), {})
        ends = {name for name, state in self.flawed.states.items() if state.final and name != "lost"}
        return comes_to(self.flawed, case, lambda one: one.state in ends, most=500) is not True


def _level(*asked: str) -> Procedure:
    """Only what is low comes so far that something is on record, only what is high ends early: screened as low, it goes back and
    is high."""
    return drafted(
        facts(grade='"choice"\nof = "grade"'),
        states("a", "b", final=["early", "ended", "left"]),
        row("open", dest="a", sets="grade"),
        row("go", "a", "b", '{ value = "grade", is = "good" }'),
        row("back", "b", "a"),
        row("quit", "a", "early", ", ".join(['{ value = "grade", is = "bad" }', *asked])),
        row("end", "b", "ended"),
        row("leave", "a", "left"),
        kind("note", act("add", dest="done", requires='{ case = ["b"] }'), stands=""),
        wanted('never = [{ case = ["early"] }, { items = "note", at_least = 1 }]'),
    )


def _stuck(ends_too: str, *more: str) -> Procedure:
    """What is bad ends at once unless something is on record, what is good goes on."""
    return drafted(
        facts(grade='"choice"\nof = "grade"'),
        states("a", "b", final=["ended", *(["lost"] if more else [])]),
        row("open", dest="a", sets="grade"),
        row("go", "a", "b", '{ value = "grade", is = ["good", "fair"] }'),
        row("back", "b", "a"),
        row("quit", "a", "ended", ends_too),
        row("end", "b", "ended"),
        kind("note", act("add", dest="done", requires='{ case = ["b"] }'), stands=""),
        *more,
    )


BAD, NO_NOTE = '{ value = "grade", is = "bad" }', '{ items = "note", at_most = 0 }'
LOSE = row("lose", "a", "lost", BAD)
LEADS = wanted('leads_to = [[{ case = ["a"] }], [{ case = ["ended"] }]]')


def _items(requires: str, *, sets: str = "level", asks: str = "") -> Procedure:
    """What is high is ordered upon, and only where nothing is high the case ends: ordered upon, it goes back and is low."""
    return drafted(
        states("a", "b", final=["ended", "stopped"]),
        row("open", dest="a"),
        row("escalate", "a", "b", '{ items = "risk", where = { level = "bad" }, at_least = 1 }'),
        row("back", "b", "a"),
        row("stop", "b", "stopped"),
        row("stop", "a", "stopped"),
        row("end", "a", "ended", requires),
        kind(
            "risk",
            act("add", dest="open", requires='{ case = ["a"] }'),
            act("rate", "open", "done", asks, sets),
            more='fields.level = { type = "choice", of = "grade" }\n'
            + 'fields.harm = { type = "bool" }' * ("harm" in sets),
        ),
        kind("order", act("add", dest="done", requires='{ case = ["b"] }'), stands=""),
        wanted('never = [{ case = ["ended"] }, { items = "order", at_least = 1 }]'),
    )


NONE_HIGH = '{ items = "risk", where = { level = "bad" }, at_most = 0 }'
NO_ORDER = '{ items = "order", at_most = 0 }'
HARM = '{ any = [{ value = "harm", is = false }, { value = "level", is = "bad" }] }'


NOT_READY, CALM = '{ value = "ready", is = false }', '{ value = "urgent", is = false }'


def _steps(back: str) -> Procedure:
    """What is ready can be put aside and decided; it goes back as not ready, at least while nothing is urgent. In the plan it is
    found urgent, and then corrected to have been ready."""
    return drafted(
        facts(ready='"bool"', urgent='"bool"'),
        states(*STEPS, "aside", final=["decided_so", "dropped"], **STEPS, decided_so=OUTCOME),
        row("open", dest="in_investigate", sets="urgent"),
        row("analyze", "in_investigate", "in_analyze"),
        row("plan", "in_analyze", "in_plan"),
        row("tell", "in_plan", sets="urgent"),
        row("report", "in_plan", "in_report", CALM),
        row("review", "in_report", "in_review"),
        row("sign", "in_review", sets="ready"),
        row("send_back", "in_review", "in_plan", back, "ready"),
        row("decide", "in_review", "decided_so"),
        row("put_aside", ["in_plan", "in_review"], "aside", '{ value = "ready", is = true }'),
        row("decide_aside", "aside", "decided_so"),
        row("drop", "aside", "dropped"),
    )


def _rated(ends: str) -> Procedure:
    """While nothing is flagged only what is bad is rated so; flagged, it goes back, and may be anything."""
    level = '{ when = { value = "flag", is = false }, value = "level", is = "bad" }'
    return drafted(
        facts(flag='"bool"'),
        states("a", "b", "c", final=["ended"]),
        row("open", dest="a", sets="flag", requires='{ value = "flag", is = false }'),
        row("go", "a", "b", '{ items = "risk", every = "done" }, { value = "flag", is = false }'),
        row("back", "b", "a", '{ value = "flag", is = true }', "flag"),
        row("on", "a", "c", '{ value = "flag", is = true }, { items = "risk", at_least = 1 }'),
        row("drop", "a", "ended", '{ items = "risk", at_most = 0 }'),
        row("end", "c", "ended", ends),
        kind(
            "risk",
            act("add", dest="open", requires='{ case = ["a"] }, { value = "flag", is = false }'),
            act("rate", "open", "done", level, "level"),
            more='fields.level = { type = "choice", of = "grade" }',
        ),
    )


def _forgotten(uses: str) -> Procedure:
    """What is rated as fair counts for nothing; it goes back, and is good."""
    return drafted(
        states("s", "a", "b", final=["ended", "stopped"]),
        row("open", dest="s"),
        row("begin", "s", "a"),
        row(
            "go",
            "a",
            "b",
            '{ items = "risk", every = "done" }, { items = "risk", where = { level = "good" }, at_most = 0 }',
        ),
        row("back", "b", "a"),
        row("stop", ["a", "b"], "stopped"),
        row("use", "a", "ended", uses),
        kind(
            "risk",
            act("add", dest="open", requires='{ case = ["s"] }'),
            act("rate", "open", "done", sets="level"),
            more='fields.level = { type = "choice", of = "grade" }',
        ),
        kind("note", act("add", dest="done", requires='{ case = ["b"] }'), stands=""),
        wanted('never = [{ case = ["ended"] }, { items = "note", at_least = 1 }]'),
    )


GOOD = '{ items = "risk", where = { level = "good" }, at_least = 1 }'

WAYS = (
    Way(
        name="counted for nothing, corrected to what counts",
        property="authors",
        corrected="rate",
        flawed=_forgotten(GOOD),
        twin=_forgotten(f"{GOOD}, {NO_NOTE}"),
    ),
    Way(
        name="screened as low, corrected to high after a return",
        property="authors",
        corrected="open",
        flawed=_level(),
        twin=_level(NO_NOTE),
    ),
    Way(
        name="corrected to what neither ends nor goes on",
        property="ends",
        corrected="open",
        flawed=_stuck(f"{BAD}, {NO_NOTE}"),
        twin=_stuck(BAD),
    ),
    Way(
        name="corrected to what is lost",
        property="authors",
        corrected="open",
        flawed=_stuck(f"{BAD}, {NO_NOTE}", LOSE, LEADS),
        twin=_stuck(BAD, LOSE, LEADS),
    ),
    Way(
        name="items corrected so that none is high",
        property="authors",
        corrected="rate",
        flawed=_items(NONE_HIGH),
        twin=_items(f"{NONE_HIGH}, {NO_ORDER}"),
    ),
    Way(
        name="two fields of an item corrected together",
        property="authors",
        corrected="rate",
        flawed=_items(NONE_HIGH, sets="level harm", asks=HARM),
        twin=_items(f"{NONE_HIGH}, {NO_ORDER}", sets="level harm", asks=HARM),
    ),
    Way(
        name="sent back as not ready, corrected when it is urgent",
        property="five_steps",
        corrected="send_back",
        flawed=_steps(NOT_READY.replace("{", '{ when = { value = "urgent", is = false },', 1)),
        twin=_steps(NOT_READY),
    ),
    Way(
        name="rated under a condition that holds no longer",
        property="ends",
        corrected="rate",
        flawed=_rated('{ items = "risk", where = { level = "bad" }, at_least = 1 }'),
        twin=_rated('{ items = "risk", at_least = 1 }'),
    ),
)
