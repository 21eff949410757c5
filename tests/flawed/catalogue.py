"""Procedures with one planted flaw each, and their repaired twins.

A theme is a short sound procedure, in a TOML file beside this one. A flaw is an edit of it: what stands there, and what is
planted in its place. ``shared`` edits are made in the flawed procedure and in its twin.
"""

from __future__ import annotations

import functools
from pathlib import Path

import attrs

from stabflow.language import Procedure, loads
from stabflow.reasoning.report import Status

Edit = tuple[str, str]

HERE = Path(__file__).parent
HEAD = (HERE / "head.toml").read_text(encoding="utf-8")
END = "@end"
"""Stands for the end of the file in an edit."""


@attrs.frozen(kw_only=True)
class Flaw:
    """``why`` it is one; ``property`` and ``trace`` are what is to be found of it: triggers, each item with its act. ``stuck``:
    the case that walked the trace can never come to an end."""

    name: str
    theme: str
    why: str
    property: str
    planted: tuple[Edit, ...]
    trace: tuple[str, ...] = ()
    stated: tuple[tuple[str, object], ...] = ()
    shared: tuple[Edit, ...] = ()
    status: Status = Status.FLAWED

    @property
    def stuck(self) -> bool:
        return self.property == "ends"

    @functools.cached_property
    def flawed(self) -> Procedure:
        return made(self.theme, (*self.shared, *self.planted))

    @functools.cached_property
    def twin(self) -> Procedure:
        return made(self.theme, self.shared)


def made(theme: str, edits: tuple[Edit, ...] = ()) -> Procedure:
    """The procedure of a theme, edited."""
    return loads(text_of(theme, edits))


def text_of(theme: str, edits: tuple[Edit, ...] = ()) -> str:
    """Its text."""
    text = HEAD + (HERE / f"{theme}.toml").read_text(encoding="utf-8") + END
    for old, new in edits:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {theme}"
        text = text.replace(old, new)
    return text.replace(END, "")


def row(trigger: str, source: str, dest: str | None = None, **more: str) -> str:
    """A row of the case, by the head."""
    lines = [f'trigger = "{trigger}"', f"source = {source}", 'by = ["head"]']
    lines += [f'dest = "{dest}"'] if dest is not None else []
    lines += [f"{key} = {value}" for key, value in more.items()]
    return "\n[[transitions]]\n" + "\n".join(lines) + "\n"


def added(text: str) -> Edit:
    """Something at the end of the file."""
    return END, text + END


def wanted(asked: str) -> Edit:
    """A property of the author's."""
    return added('\n[[properties]]\ntitle = { en = "wanted", zh = "应证" }\n' + asked + "\n")


WAY = ("open", "weigh", "plan", "write", "submit")
ANSWER = '{ trigger = "answer", source = "raised", dest = "answered", by = ["clerk"], set = ["weight"] },'
WITHDRAW = '{ trigger = "withdraw", source = "raised", dest = "withdrawn", by = ["clerk"] },'
VOTE = 'dest = "cast", by = ["head"], set = ["seat"], requires = [{ case = ["voting"] }] }'
VOTES = '{ items = "vote", since = "voting", at_least = 3 },'
EVERY = '{ items = "objection", every = ["answered", "withdrawn"] },'
NO_OBJECTIONS_BY_LAW = 'never = [{ case = ["settled"] }, { items = "objection", in = ["raised"], at_least = 1 }]'
PAID = '{ value = "paid", is = true },'
CONTESTED = '{ when = { value = "contested", is = true }, items = "paper", where = { grade = "good" }, at_least = 1 },'
ANY = '{ any = [{ value = "paid", is = false }, { value = "contested", is = true }] }'
ADD_PAPER = '{ trigger = "add", dest = "drafted", by = ["clerk"] },'
PLAIN_REFUSAL = (f"requires = [{ANY}]", "")

FLAWS = (
    # The five steps
    Flaw(
        name="outcome_without_review",
        theme="assessment",
        why="what was written may be approved though nobody reviewed it",
        property="five_steps",
        planted=(added(row("wave_through", '"writing"', "underway")),),
        trace=("open", "weigh", "plan", "write", "wave_through"),
    ),
    Flaw(
        name="step_left_out",
        theme="assessment",
        why="the plan may be left out on the way",
        property="five_steps",
        planted=(('source = "planning"\ndest = "writing"', 'source = ["weighing", "planning"]\ndest = "writing"'),),
        trace=("open", "weigh", "write", "submit", "judge", "approve"),
    ),
    Flaw(
        name="review_skipped_after_a_return",
        theme="assessment",
        why="a report that was reviewed once, and sent back, need not be reviewed again",
        property="five_steps",
        planted=(
            added(row("confirm", '"writing"', "underway", requires='[{ elapsed = "1 days", since = "reviewing" }]')),
        ),
        trace=(*WAY, "send_back", "confirm"),
    ),
    Flaw(
        name="gate_opens_before_the_review",
        theme="assessment",
        why="the gate stands open while the report is being written",
        property="five_steps",
        planted=(('in = ["underway"]', 'in = ["underway", "writing"]'),),
        shared=(('requires = [{ value = "grade", is = ["good", "fair"] }]\n@end', "@end"),),
        trace=("open", "weigh", "plan", "write"),
    ),
    Flaw(
        name="gate_opens_on_what_was_known_before",
        theme="assessment",
        why="what opened the gate after an earlier review opens it again before the next one",
        property="five_steps",
        planted=(('in = ["underway"]', 'in = ["underway", "writing"]'),),
        trace=(*WAY, "judge", "send_back"),
    ),
    Flaw(
        name="gate_open_after_a_material_change",
        theme="assessment",
        why="what is new changes the matter, and the case goes on as if nothing had happened",
        property="five_steps",
        planted=(('source = "underway"\ndest = "surveying"', 'source = "underway"'),),
        trace=(*WAY, "judge", "approve", "report_news"),
    ),
    Flaw(
        name="outcome_after_a_material_change",
        theme="assessment",
        why="what is new leads back into the pause, and from there on without any step",
        property="five_steps",
        shared=(
            ("[states]\n", '[states]\npaused = { accountable = "clerk", open_ended = true }\n'),
            added(row("pause", '"underway"', "paused") + row("stop", '"paused"', "surveying")),
        ),
        planted=(
            ('source = "underway"\ndest = "surveying"', 'source = "underway"\ndest = "paused"'),
            (
                'trigger = "stop"\nsource = "paused"\nby = ["head"]\ndest = "surveying"',
                'trigger = "stop"\nsource = "paused"\nby = ["head"]\ndest = "refused"',
            ),
        ),
        trace=(*WAY, "judge", "approve", "report_news", "stop"),
    ),
    Flaw(
        name="gate_that_never_opens",
        theme="assessment",
        why="the gate asks for a grade with which nothing gets so far",
        property="gate",
        planted=(
            (
                'requires = [{ value = "grade", is = ["good", "fair"] }]\n@end',
                'requires = [{ value = "grade", is = "bad" }]\n@end',
            ),
        ),
    ),
    Flaw(
        name="outcome_out_of_reach",
        theme="assessment",
        why="only what is good may be stated, and only what is bad is refused",
        property="outcomes",
        planted=(('set = ["grade"]\n', 'set = ["grade"]\nrequires = [{ value = "grade", is = ["good", "fair"] }]\n'),),
    ),
    # Cases that get stuck
    Flaw(
        name="objection_answered_too_early_only",
        theme="hearing",
        why="an objection raised while votes are cast can no longer be answered",
        property="ends",
        shared=(
            (WITHDRAW, WITHDRAW.replace(" },", ', requires = [{ case = ["hearing"] }] },')),
            ('source = "voting"\ndest = "hearing"', 'source = "voting"'),
        ),
        planted=((ANSWER, ANSWER.replace(" },", ', requires = [{ case = ["hearing"] }] },')),),
        trace=("open", "call_vote", "add objection"),
    ),
    Flaw(
        name="withdrawn_is_not_answered",
        theme="hearing",
        why="what was withdrawn is asked to be answered, for ever",
        property="ends",
        planted=((EVERY, '{ items = "objection", every = ["answered"] },'),),
        trace=("open", "add objection", "withdraw objection"),
    ),
    Flaw(
        name="votes_wanted_in_the_wrong_state",
        theme="hearing",
        why="votes of the voting are wanted, and can only be cast at the hearing before it",
        property="ends",
        planted=((VOTE, VOTE.replace("voting", "hearing")),),
        trace=("open",),
    ),
    Flaw(
        name="more_votes_than_seats",
        theme="hearing",
        why="each seat votes once, there are three seats, and four votes are wanted",
        property="ends",
        shared=(('title = { en = "vote", zh = "表决" }', 'title = { en = "vote", zh = "表决" }\nunique = ["seat"]'),),
        planted=((VOTES, VOTES.replace("3", "4")),),
        trace=("open",),
    ),
    Flaw(
        name="vote_spoilt_for_good",
        theme="hearing",
        why="a spoilt vote keeps its seat, and all three seats are wanted",
        property="ends",
        shared=(
            ('title = { en = "vote", zh = "表决" }', 'title = { en = "vote", zh = "表决" }\nunique = ["seat"]'),
            (
                "states.cast = { final = true }",
                'states.cast = { accountable = "head", open_ended = true }\nstates.spoilt = { final = true }',
            ),
            (VOTE + ",", VOTE + ',\n  { trigger = "spoil", source = "cast", dest = "spoilt", by = ["head"] },'),
            (VOTES, VOTES.replace("at_least", 'in = ["cast"], at_least')),
        ),
        planted=(('source = "voting"\ndest = "hearing"', 'source = "voting"'),),
        trace=("open", "call_vote", "add vote", "spoil vote"),
    ),
    Flaw(
        name="requirements_that_contradict",
        theme="hearing",
        why="three votes are wanted, and no more than two allowed",
        property="ends",
        planted=((VOTES, VOTES + ' { items = "vote", since = "voting", at_most = 2 },'),),
        trace=("open",),
    ),
    Flaw(
        name="one_too_many",
        theme="hearing",
        why="exactly three votes are wanted, a fourth may be cast, and none is ever taken back",
        property="ends",
        shared=(('source = "voting"\ndest = "hearing"', 'source = "voting"'),),
        planted=((VOTES, VOTES.replace("at_least", "equals")),),
        trace=("open", "call_vote", *("add vote",) * 4),
    ),
    Flaw(
        name="counted_since_a_state_never_entered",
        theme="hearing",
        why="votes since the appeal are wanted, and no case that gets here was ever appealed",
        property="ends",
        shared=(
            (
                "settled = { final = true }",
                'settled = { final = true }\nappealed = { accountable = "head", open_ended = true }\nvoid = { final = true }',
            ),
            added(row("annul", '"appealed"', "void") + row("reopen", '"hearing"', "appealed")),
        ),
        planted=(
            (VOTES, VOTES.replace('since = "voting"', 'since = "appealed"')),
            ('source = "voting"\ndest = "hearing"', 'source = "voting"'),
        ),
        trace=("open", "call_vote"),
    ),
    Flaw(
        name="veto_for_good",
        theme="hearing",
        why="a weighty objection bars the decision, and nothing ever lifts it",
        property="ends",
        planted=((VOTES, VOTES + ' { items = "objection", where = { weight = "bad" }, at_most = 0 },'),),
        trace=("open", "add objection", "answer objection"),
        stated=(("weight", "bad"),),
    ),
    Flaw(
        name="draft_left_behind",
        theme="permit",
        why="what is drafted during the examination must be filed, and can be filed only before it",
        property="ends",
        shared=(
            PLAIN_REFUSAL,
            (CONTESTED, '{ items = "paper", every = ["filed"] },'),
            ('trigger = "refuse"\nsource = "examined"', 'trigger = "refuse"\nsource = "applied"'),
        ),
        planted=(
            (
                'dest = "filed", by = ["clerk"], set = ["grade"] }',
                'dest = "filed", by = ["clerk"], set = ["grade"], requires = [{ case = ["applied"] }] }',
            ),
        ),
        trace=("apply", "state", "examine", "add paper"),
    ),
    Flaw(
        name="contested_and_too_late",
        theme="permit",
        why="what is contested needs a good paper, and papers are drafted before the examination only",
        property="ends",
        shared=((f"requires = [{ANY}]", 'requires = [{ value = "contested", is = false }]'),),
        planted=((ADD_PAPER, ADD_PAPER.replace(" },", ', requires = [{ case = ["applied"] }] },')),),
        trace=("apply", "state", "examine"),
        stated=(("contested", True),),
    ),
    Flaw(
        name="fact_stated_nowhere_in_reach",
        theme="permit",
        why="whether it is paid is asked before the grant, and stated only after it",
        property="ends",
        shared=(PLAIN_REFUSAL, ('trigger = "refuse"\nsource = "examined"', 'trigger = "refuse"\nsource = "applied"')),
        planted=(('trigger = "pay"\nsource = "examined"', 'trigger = "pay"\nsource = "granted"'),),
        trace=("apply", "state", "examine"),
    ),
    Flaw(
        name="number_stated_nowhere_in_reach",
        theme="permit",
        why="the fee is asked for at the examination, and stated only after it",
        property="ends",
        shared=(('set = ["paid"]', 'set = ["paid", "fee"]'),),
        planted=(('set = ["contested", "fee"]', 'set = ["contested"]'),),
        trace=("apply",),
    ),
    Flaw(
        name="day_stated_too_late",
        theme="permit",
        why="the permit runs until a day that is stated only while it runs: it can never begin",
        property="ends",
        shared=(
            PLAIN_REFUSAL,
            ('trigger = "refuse"\nsource = "examined"', 'trigger = "refuse"\nsource = "applied"'),
            added(row("extend", '"granted"', set='["expiry"]')),
        ),
        planted=(('set = ["owner", "expiry"]', 'set = ["owner"]'),),
        trace=("apply", "state", "examine"),
    ),
    Flaw(
        name="nobody_named",
        theme="permit",
        why="only its owner can end the permit, and none need be named",
        property="ends",
        planted=(('owner = { type = "actor" }', 'owner = { type = "actor", optional = true }'),),
        trace=("apply", "state", "examine", "pay", "add paper", "file paper", "grant"),
    ),
    Flaw(
        name="value_that_no_row_permits",
        theme="permit",
        why="a bad paper is wanted, and only good and fair ones are filed",
        property="ends",
        shared=(
            (
                'dest = "filed", by = ["clerk"], set = ["grade"] }',
                'dest = "filed", by = ["clerk"], set = ["grade"], requires = [{ value = "grade", is = ["good", "fair"] }] }',
            ),
            (f"requires = [{ANY}]", 'requires = [{ value = "contested", is = false }]'),
        ),
        planted=((CONTESTED, CONTESTED.replace('"good"', '"bad"')),),
        trace=("apply", "state", "examine"),
        stated=(("contested", True),),
    ),
    Flaw(
        name="neither_alternative_left",
        theme="permit",
        why="it is granted when refunded or contested, nothing is ever refunded, and refused only when contested too",
        property="ends",
        shared=((f"requires = [{ANY}]", 'requires = [{ value = "contested", is = true }]'),),
        planted=(
            (PAID, '{ any = [{ value = "paid", is = false }, { value = "contested", is = true }] },'),
            ('set = ["paid"]\n', 'set = ["paid"]\nrequires = [{ value = "paid", is = true }]\n'),
        ),
        trace=("apply", "state", "examine"),
        stated=(("contested", False),),
    ),
    Flaw(
        name="all_or_nothing",
        theme="permit",
        why="only what is paid and uncontested is granted, only what is uncontested refused",
        property="ends",
        shared=((f"requires = [{ANY}]", 'requires = [{ value = "contested", is = false }]'),),
        planted=((PAID, '{ all = [{ value = "paid", is = true }, { value = "contested", is = false }] },'),),
        trace=("apply", "state", "examine"),
        stated=(("contested", True),),
    ),
    Flaw(
        name="hangs_on_a_number",
        theme="permit",
        why="where the fee is high what is contested is stuck, and no search follows how high it is",
        property="ends",
        shared=(PLAIN_REFUSAL, ('trigger = "refuse"\nsource = "examined"', 'trigger = "refuse"\nsource = "applied"')),
        planted=((PAID, '{ when = { value = "fee", at_least = 50 }, value = "contested", is = false },'),),
        status=Status.INCOMPLETE,
    ),
    Flaw(
        name="only_time_can_help",
        theme="permit",
        why="what is contested needs a paper, and papers come only of a duty that is overdue",
        property="ends",
        shared=(PLAIN_REFUSAL, ('trigger = "refuse"\nsource = "examined"', 'trigger = "refuse"\nsource = "applied"')),
        planted=((ADD_PAPER, '{ trigger = "add", dest = "drafted", on = ["overdue"] },'),),
        status=Status.INCOMPLETE,
    ),
    Flaw(
        name="list_laid_out_too_early",
        theme="checklist",
        why="points of this round of checking are wanted, and are laid out only while the draft is written",
        property="ends",
        planted=(('at = "checking" }', 'at = "drafting" }'),),
        trace=("open",),
    ),
    Flaw(
        name="point_met_too_late",
        theme="checklist",
        why="points can be met only once the case is sent back, when new ones are laid out for the next checking",
        property="ends",
        planted=(('requires = [{ case = ["checking"] }]', 'requires = [{ case = ["drafting"] }]'),),
        trace=("open",),
    ),
    Flaw(
        name="both_lost",
        theme="transport",
        why="a train may be cancelled whatever the way, so that both may be lost",
        property="ends",
        planted=((', { value = "way", is = "rail" }', ""),),
        trace=("load", "add lorry", "add train", "break_down lorry", "cancel train"),
    ),
    Flaw(
        name="both_lost_and_urgent",
        theme="transport",
        why="only what is urgent asks for the trains, a fact of which the lorries alone know nothing; then both may be lost",
        property="ends",
        shared=(
            (
                'way = { type = "choice", of = "way" }',
                'way = { type = "choice", of = "way" }\nurgent = { type = "bool" }',
            ),
            ('set = ["way"]', 'set = ["way", "urgent"]'),
            ('{ items = "train", every', '{ when = { value = "urgent", is = true }, items = "train", every'),
        ),
        planted=((', { value = "way", is = "rail" }', ""),),
        trace=("load", "add lorry", "add train", "break_down lorry", "cancel train"),
        stated=(("urgent", True),),
    ),
    # What can never be done, or never comes about
    Flaw(
        name="row_that_nobody_can_fire",
        theme="permit",
        why="to be refused it must be paid and not paid",
        property="rows",
        planted=((ANY, '{ value = "paid", is = false }, { value = "paid", is = true }'),),
    ),
    Flaw(
        name="waiting_since_a_state_that_comes_after",
        theme="permit",
        why="a time is to run since the grant, which comes after, before it can be refused",
        property="rows",
        planted=((ANY, '{ elapsed = "1 days", since = "granted" }'),),
    ),
    Flaw(
        name="state_never_reached",
        theme="assessment",
        why="what is bad is to be paused, and only what is not bad comes so far",
        property="rows",
        shared=(
            ("[states]\n", '[states]\npaused = { accountable = "clerk", open_ended = true }\n'),
            added(
                row("pause", '"underway"', "paused", requires='[{ value = "grade", is = "fair" }]')
                + row("stop", '"paused"', "surveying")
            ),
        ),
        planted=(('requires = [{ value = "grade", is = "fair" }]', 'requires = [{ value = "grade", is = "bad" }]'),),
    ),
    Flaw(
        name="alternative_that_never_holds",
        theme="permit",
        why="a paper that is good and drafted at once is one way out of two, and no draft has a grade",
        property="requirements",
        planted=(
            (
                ANY,
                '{ any = [{ value = "paid", is = false }, '
                '{ items = "paper", in = ["drafted"], where = { grade = "good" }, at_least = 1 }] }',
            ),
        ),
    ),
    Flaw(
        name="condition_that_never_holds",
        theme="permit",
        why="what is asked of bad papers is never asked, as no paper is bad",
        property="requirements",
        shared=(
            (
                'dest = "filed", by = ["clerk"], set = ["grade"] }',
                'dest = "filed", by = ["clerk"], set = ["grade"], requires = [{ value = "grade", is = ["good", "fair"] }] }',
            ),
        ),
        planted=(
            (
                ANY,
                '{ when = { items = "paper", where = { grade = "bad" }, at_least = 1 }, value = "paid", is = false }',
            ),
        ),
    ),
    Flaw(
        name="requirement_that_keeps_nobody",
        theme="permit",
        why="the examination is asked to be applied for, where it always is",
        property="needless",
        status=Status.WARNING,
        planted=(
            (
                'requires = [{ value = "fee", at_most = 100 }]',
                'requires = [{ value = "fee", at_most = 100 }, { case = ["applied"] }]',
            ),
        ),
    ),
    # Whom it may concern
    Flaw(
        name="escalation_to_nobody",
        theme="permit",
        why="the clerk is accountable, and nobody supervises the clerk",
        property="escalation",
        planted=((', supervises = ["clerk"]', ""),),
    ),
    Flaw(
        name="evidence_of_an_earlier_round",
        theme="hearing",
        why="votes of an earlier voting count after what was heard since",
        property="since",
        status=Status.WARNING,
        planted=((VOTES, VOTES.replace('since = "voting", ', "")),),
    ),
    # What must be concluded, and what the author wants
    Flaw(
        name="left_open_by_another_end",
        theme="hearing",
        why="the decision asks every objection to be concluded, and dropping the matter does not",
        property="concluded",
        shared=(
            ("settled = { final = true }", "settled = { final = true }\ndropped = { final = true }"),
            added(
                row(
                    "drop",
                    '"hearing"',
                    "dropped",
                    requires='[{ items = "objection", every = ["answered", "withdrawn"] }]',
                )
            ),
        ),
        planted=(('\nrequires = [{ items = "objection", every = ["answered", "withdrawn"] }]\n@end', "@end"),),
        status=Status.WARNING,
        trace=("open", "add objection", "drop"),
    ),
    Flaw(
        name="never_concluded",
        theme="hearing",
        why="nothing may be decided with an objection open, and no row asks for that",
        property="authors",
        planted=((EVERY, ""),),
        trace=("open", "call_vote", "add objection", *("add vote",) * 3, "decide"),
    ),
    Flaw(
        name="never",
        theme="permit",
        why="nothing may be granted unpaid, and what was paid is taken back after it",
        property="authors",
        shared=(wanted('never = [{ case = ["granted"] }, { value = "paid", is = false }]'),),
        planted=(('trigger = "pay"\nsource = "examined"', 'trigger = "pay"\nsource = ["examined", "granted"]'),),
        trace=("apply", "state", "examine", "pay", "add paper", "file paper", "grant", "pay"),
    ),
    Flaw(
        name="always",
        theme="permit",
        why="there are never to be two papers, and nothing keeps anybody from adding another",
        property="authors",
        shared=(
            wanted('always = [{ items = "paper", at_most = 1 }]'),
            (ADD_PAPER, ADD_PAPER.replace(" },", ', requires = [{ items = "paper", at_most = 0 }] },')),
        ),
        planted=((', requires = [{ items = "paper", at_most = 0 }] },', " },"),),
        trace=("apply", "add paper", "add paper"),
    ),
    Flaw(
        name="before",
        theme="permit",
        why="what is filed is filed before the examination, and one paper is filed after it",
        property="authors",
        shared=(
            wanted('before = [[{ case = ["examined"] }], [{ items = "paper", in = ["filed"], at_least = 1 }]]'),
            (
                'dest = "filed", by = ["clerk"], set = ["grade"] }',
                'dest = "filed", by = ["clerk"], set = ["grade"], requires = [{ case = ["examined"] }] }',
            ),
        ),
        planted=((', requires = [{ case = ["examined"] }] }', " }"),),
        trace=("apply", "add paper", "file paper"),
    ),
    Flaw(
        name="leads_to",
        theme="permit",
        why="what is examined can still be refused, and what nobody contests can not",
        property="authors",
        shared=(wanted('leads_to = [[{ case = ["examined"] }], [{ case = ["refused"] }]]'),),
        planted=((ANY, '{ value = "contested", is = true }'),),
        trace=("apply", "state", "examine"),
        stated=(("contested", False),),
    ),
)

SOUND = {
    "seven are wanted": made("hearing", ((VOTES, VOTES.replace("3", "7")),)),
    **{theme: made(theme) for theme in ("assessment", "checklist", "hearing", "permit", "transport")},
}
"""Procedures that are proved, without a flaw beside them."""
