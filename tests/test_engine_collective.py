"""Decisions of several: every vote and every dissent stays, with its reasons, and only who may vote votes; on the real engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import five_steps
import pytest
import worlds
from command_line import Run
from five_steps import ASSESSOR, CHIEF, HIGHER, MEMBERS, OVERSEERS, REVIEWERS, TEXT, toward

import stabflow
from stabflow import Actor, CaseHandle, Engine, InvalidInput, Matter, Procedure, ProcedureError, Refused
from stabflow.decision.events import Migrated
from stabflow.errors import NotYourRole
from stabflow.language import loads

AGAINST = "the bank is soft, and nobody has measured it"
LAST = date(2026, 12, 31)
BASIS = "minutes 40"


def version(number: str, *pairs: tuple[str, str]) -> Procedure:
    text = TEXT.replace('version = "1"', f'version = "{number}"', 1)
    for find, put in pairs:
        assert find in text, find
        text = text.replace(find, put, 1)
    return loads(text)


VOTE = TEXT[TEXT.index("[items.vote]") :]
VOTE = VOTE[: VOTE.index("\n\n")]
MEMBERS_LEND = version("2", ("[roles.member]", "[roles.member]\ndelegable = true"))


def at_the_vote(engine: Engine, procedure: str | Procedure = "five-step@1") -> CaseHandle:
    """A case in which the decision body is about to vote."""
    five_steps.constitute(engine)
    case = engine.open_case(procedure, Matter("bridge", "Bridge"), by=CHIEF, basis="plan", unproved="allow")
    while case.state != "deciding":
        step = toward(case.value, "approved")
        assert step is not None
        step.take(case)
    return case


def voted(case: CaseHandle, *, against: Actor = MEMBERS[4]) -> str:
    """Four for, and one against; the id of the dissent."""
    for member in MEMBERS[:4]:
        case.add("vote", by=member, basis=BASIS, position="implement", grounds="g")
    return case.add("vote", by=against, basis=BASIS, position="prohibit", grounds=AGAINST)


@pytest.fixture(params=["memory", "sqlite"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    url = "memory:" if request.param == "memory" else f"sqlite:///{tmp_path}/s.db?synchronous=normal"
    return stabflow.open(url, clock=worlds.FakeClock(), procedures=[MEMBERS_LEND])


def decided(case: CaseHandle) -> None:
    while case.state == "deciding":
        step = toward(case.value, "approved")
        assert step is not None
        step.take(case)


def dissent_of(case: CaseHandle, dissent: str) -> tuple[object, object, str]:
    vote = case.value.items[dissent]
    return vote.fields["position"], vote.fields["grounds"], vote.adder


def test_a_dissent_stays_through_the_decision_and_every_later_round(engine: Engine) -> None:
    case = at_the_vote(engine)
    dissent = voted(case)
    added = next(record for record in case.history() if getattr(record.event, "item", None) == dissent)
    assert added.event.values == {"position": "prohibit", "grounds": AGAINST}  # type: ignore[attr-defined]
    decided(case)
    assert case.state == "approved"
    new = {"circumstances": ["new_risk"], "circumstance_account": "a crack"}
    case.fire("reassess", by=OVERSEERS[0], basis=BASIS, **new)
    while case.state != "deciding":
        step = toward(case.value, "approved")
        assert step is not None
        step.take(case)
    assert any(item.superseded for item in case.value.items.values()) or case.value.round > 1
    vote = case.value.items[dissent]
    assert (vote.state, vote.superseded) == ("cast", False)
    assert dissent_of(case, dissent) == ("prohibit", AGAINST, MEMBERS[4].id)
    assert added in case.history()
    assert engine.verify().cases == 1


ATTACKS: dict[str, Callable[[CaseHandle, str], object]] = {
    f"{name} by {who.id}": act  # type: ignore[misc]
    for who in (MEMBERS[4], MEMBERS[0], CHIEF, HIGHER, REVIEWERS[0], OVERSEERS[0], ASSESSOR)
    for name, act in {
        "amend the position": lambda case, vote, who=who: case.amend(
            vote, by=who, basis=BASIS, reason="a slip", position="implement"
        ),
        "amend the grounds": lambda case, vote, who=who: case.amend(
            vote, by=who, basis=BASIS, reason="a slip", grounds="none"
        ),
        "retire": lambda case, vote, who=who: case.fire("retire", item=vote, by=who, basis=BASIS),
        "withdraw": lambda case, vote, who=who: case.fire("withdraw", item=vote, by=who, basis=BASIS),
        "vote over it": lambda case, vote, who=who: case.fire(
            "add", item=vote, by=who, basis=BASIS, position="implement", grounds="g"
        ),
    }.items()
}


def test_a_dissent_is_neither_edited_nor_retired_by_anybody(engine: Engine) -> None:
    case = at_the_vote(engine)
    dissent = voted(case)
    before = case.value
    for name, act in ATTACKS.items():
        with pytest.raises((Refused, InvalidInput)):
            pytest.fail(f"{name}: {act(case, dissent)}")
        assert case.value == before, name
    # nor by those who can recuse or withdraw who cast it: the vote stays, and counts
    case.recuse("member", MEMBERS[4], by=CHIEF, basis=BASIS, reason="kin of the builder")
    engine.withdraw("five-step", "member", MEMBERS[3], basis=BASIS)
    assert dissent_of(case, dissent) == ("prohibit", AGAINST, MEMBERS[4].id)
    decided(case)
    assert case.state == "approved"
    assert engine.verify().cases == 1


MIGRATIONS = {
    "no grounds": (
        (
            VOTE,
            VOTE.replace('set = ["position", "grounds"]', 'set = ["position"]').replace(
                'fields.grounds = { type = "text", max_length = 4000, title = { en = "grounds", zh = "理由" } }\n', ""
            ),
        ),
    ),
    "not one's own": ((VOTE, VOTE.replace('unique = ["actor"]\n', "")),),
    "to be struck out": (
        (
            VOTE,
            VOTE.replace(
                "states.cast = { final = true,",
                'states.struck = { final = true }\nstates.cast = { accountable = "decision_body", open_ended = true,',
            ).replace(
                "transitions = [",
                'transitions = [\n  { trigger = "strike", source = "cast", dest = "struck", by = ["decision_body"] },',
            ),
        ),
    ),
    "called otherwise": ((VOTE, VOTE.replace("[items.vote]", "[items.ballot]")),),
    "without that position": (
        ('prohibit = { title = { en = "do not implement", zh = "不得实施" }, clause = ["D5.四.4", "R.10"] }', ""),
    ),
}  # fmt: skip


@pytest.mark.slow  # each version is proved first
@pytest.mark.parametrize("name", MIGRATIONS)
def test_no_other_version_hides_a_dissent(name: str) -> None:
    pairs = MIGRATIONS[name]
    if name == "called otherwise":
        pairs = (*pairs, *[('items = "vote"', 'items = "ballot"')] * TEXT.count('items = "vote"'))
    if name == "without that position":
        pairs = (*pairs, *_no_prohibiting())
    other = version("9", *pairs)
    engine = stabflow.open("memory:", clock=worlds.FakeClock(), procedures=[other])
    case = at_the_vote(engine)
    dissent = voted(case)
    with pytest.raises(Refused) as caught:
        engine.migrate(case, other, by=CHIEF, basis=BASIS)
    assert {blocker.kind for blocker in caught.value.blockers} == {"migration"}
    assert all(blocker.text.zh for blocker in caught.value.blockers)
    assert dissent_of(case, dissent) == ("prohibit", AGAINST, MEMBERS[4].id)
    assert not any(isinstance(record.event, Migrated) for record in case.history())


def _no_prohibiting() -> list[tuple[str, str]]:
    return [('where = { position = "prohibit" }', 'where = { position = "defer" }')] * TEXT.count(
        'where = { position = "prohibit" }'
    )


@pytest.mark.slow  # each version is proved first
def test_a_version_that_keeps_it_all_keeps_the_dissent() -> None:
    other = version("9", ('title = { en = "vote", zh = "表决" }', 'title = { en = "ballot", zh = "投票" }'))
    engine = stabflow.open("memory:", clock=worlds.FakeClock(), procedures=[other])
    case = at_the_vote(engine)
    dissent = voted(case)
    engine.migrate(case, other, by=CHIEF, basis=BASIS)
    assert dissent_of(case, dissent) == ("prohibit", AGAINST, MEMBERS[4].id)
    with pytest.raises(Refused):
        case.amend(dissent, by=MEMBERS[4], basis=BASIS, reason="r", grounds="none")


def test_no_procedure_has_a_row_by_which_a_vote_is_changed() -> None:
    row = '{ trigger = "change", source = "cast", by = ["member"], set = ["position"] },'
    open_vote = VOTE.replace("final = true,", 'accountable = "member", open_ended = true,', 1)
    with pytest.raises(ProcedureError, match="is one person's own"):
        version("9", (VOTE, open_vote.replace("transitions = [", f"transitions = [\n  {row}")))


# Who votes


def kinds(act: Callable[[], object]) -> list[str]:
    with pytest.raises(Refused) as caught:
        act()
    return [blocker.kind for blocker in caught.value.blockers]


def cast(case: CaseHandle, by: Actor) -> Callable[[], object]:
    return lambda: case.add("vote", by=by, basis=BASIS, position="implement", grounds="g")


def test_who_was_recused_or_left_or_stands_in_does_not_vote_beside_the_others(engine: Engine) -> None:
    case = at_the_vote(engine, MEMBERS_LEND)
    deputy = Actor("deputy", body="county")
    case.recuse("member", MEMBERS[0], by=MEMBERS[0], basis=BASIS, reason="owns land there")
    with pytest.raises(NotYourRole) as caught:
        cast(case, MEMBERS[0])()
    (blocker,) = caught.value.blockers
    assert blocker.kind == "recused"
    assert "owns land there" in blocker.text.en
    assert [cure.role for cure in blocker.cure] == ["member"]  # the others
    engine.withdraw("five-step", "member", MEMBERS[1], basis=BASIS)
    assert kinds(cast(case, MEMBERS[1])) == ["role"]
    case.delegate("member", deputy, by=MEMBERS[2], basis=BASIS, until=LAST, reason="ill")
    cast(case, deputy)()
    assert kinds(cast(case, MEMBERS[2])) == ["unique"]
    assert kinds(cast(case, deputy)) == ["unique"]
    cast(case, MEMBERS[3])()
    assert kinds(cast(case, MEMBERS[3])) == ["unique"]
    assert len(case.value.of_kind("vote")) == 2
    assert "items" in kinds(lambda: case.fire("prohibit", by=CHIEF, basis=BASIS, decision_reasons="r"))  # no quorum
    cast(case, MEMBERS[4])()
    assert len(case.value.of_kind("vote")) == 3
    assert engine.verify().cases == 1


@pytest.mark.parametrize("reviewer", [REVIEWERS[0], ASSESSOR])
def test_nobody_lends_their_vote_to_who_reviewed_or_wrote(engine: Engine, reviewer: Actor) -> None:
    case = at_the_vote(engine, MEMBERS_LEND)
    to = Actor(reviewer.id, body="county")
    ask = {"by": MEMBERS[2], "basis": BASIS, "until": LAST, "reason": "ill"}
    assert kinds(lambda: case.delegate("member", to, **ask)) == ["separation"]


# A finding


def concerned(engine: Engine, whom: Actor) -> tuple[CaseHandle, str]:
    lent = version(
        "3",
        ("[roles.oversight]", "[roles.oversight]\ndelegable = true"),
        ("[roles.higher_body]", "[roles.higher_body]\ndelegable = true"),
    )
    five_steps.constitute(engine)
    case = engine.open_case(lent, Matter("bridge", "Bridge"), by=CHIEF, basis="plan", unproved="allow")
    raised = case.add("finding", by=OVERSEERS[0], basis=BASIS, breach="untrue_facts", account="a")
    case.fire("notify", item=raised, by=OVERSEERS[0], basis=BASIS, concerned=whom)
    case.fire("reply", item=raised, by=whom, basis=BASIS, defence="d")
    return case, raised


JUDGED = {"event_followed": False, "responsibility": "remedy_only", "weight": "ordinary", "grounds": "g"}


@pytest.mark.parametrize("whose", ["unit", "main", "direct"])
def test_a_breach_is_one_thing_and_who_is_responsible_another(engine: Engine, whose: str) -> None:
    case, finding = concerned(engine, OVERSEERS[1])
    judging: dict[str, Any] = {"item": finding, "by": HIGHER, "basis": BASIS}
    assert kinds(lambda: case.fire("uphold", **judging, **{**JUDGED, "responsibility": whose})) == ["value"]
    case.fire("uphold", **judging, **{**JUDGED, "responsibility": whose, "event_followed": True})
    assert case.value.items[finding].fields["responsibility"] == whose


def test_a_finding_is_not_decided_by_who_is_concerned_nor_for_them(engine: Engine) -> None:
    case, finding = concerned(engine, OVERSEERS[1])
    deputy = Actor("deputy", body="petitions")
    case.delegate("oversight", deputy, by=OVERSEERS[1], basis=BASIS, until=LAST, reason="ill")
    for who in (OVERSEERS[0], OVERSEERS[1], deputy):
        for trigger, said in (("uphold", JUDGED), ("dismiss", {"grounds": "g"})):
            assert kinds(
                lambda who=who, trigger=trigger, said=said: case.fire(
                    trigger, item=finding, by=who, basis=BASIS, **said
                )
            ) == ["independent_of"]
    third = Actor("overseer-9", body="petitions")
    engine.constitute("five-step", "oversight", third, basis=BASIS)
    case.fire("dismiss", item=finding, by=third, basis=BASIS, grounds="g")
    assert engine.verify().cases == 1


def test_nor_by_a_delegate_who_raised_it_nor_by_the_one_for_whom_they_did(engine: Engine) -> None:
    case, finding = concerned(engine, CHIEF)
    deputy = Actor("deputy", body="prefecture")
    case.delegate("higher_body", deputy, by=HIGHER, basis=BASIS, until=LAST, reason="ill")
    case.fire("uphold", item=finding, by=deputy, basis=BASIS, **JUDGED)
    case.end_delegation("higher_body", deputy, by=HIGHER, basis=BASIS)
    case.fire("confirm_remedy", item=finding, by=HIGHER, basis=BASIS, remedy="done")
    other = case.add("finding", by=OVERSEERS[0], basis=BASIS, breach="untrue_facts", account="a")
    case.fire("notify", item=other, by=OVERSEERS[0], basis=BASIS, concerned=deputy)
    case.fire("reply", item=other, by=deputy, basis=BASIS, defence="d")
    case.delegate("higher_body", Actor("deputy-2", body="prefecture"), by=HIGHER, basis=BASIS, until=LAST, reason="ill")
    case.fire("uphold", item=other, by=Actor("deputy-2", body="prefecture"), basis=BASIS, **JUDGED)
    assert engine.verify().cases == 1


def test_who_is_concerned_replies_also_when_recused(engine: Engine) -> None:
    case, _ = concerned(engine, CHIEF)
    case.recuse("oversight", OVERSEERS[1], by=HIGHER, basis=BASIS, reason="kin")
    raised = case.add("finding", by=OVERSEERS[0], basis=BASIS, breach="untrue_facts", account="a")
    case.fire("notify", item=raised, by=OVERSEERS[0], basis=BASIS, concerned=OVERSEERS[1])
    case.fire("reply", item=raised, by=OVERSEERS[1], basis=BASIS, defence="d")
    assert kinds(
        lambda: case.fire("dismiss", item=raised, by=OVERSEERS[1], basis=BASIS, grounds="g", role="oversight")
    ) == ["recused", "independent_of"]
    assert engine.verify().cases == 1


def test_escalation_in_a_circle_is_refused_before_anything_runs() -> None:
    circle = ("[roles.oversight]", '[roles.oversight]\nsupervises = ["higher_body"]')
    with pytest.raises(ProcedureError) as caught:
        version("9", circle)
    told = [fault for fault in caught.value.faults if "supervision runs in a circle" in fault.problem]
    assert [fault.path for fault in told] == ["roles.oversight.supervises"]


# For people


def test_a_dissent_is_on_the_page_of_the_case_and_in_its_history(stab: Run) -> None:
    with stabflow.open("sqlite:///stabflow.db", clock=worlds.FakeClock()) as engine:
        case = at_the_vote(engine)
        dissent = voted(case)
        decided(case)
        case_id = case.id
    said = " ".join(stab("show", case_id, columns=200)[1].split())
    assert f"{dissent} cast position: do not implement" in said
    assert AGAINST in said
    assert AGAINST in " ".join(stab("show", case_id, "--lang", "zh", columns=200)[1].split())
    (told,) = [item for item in json.loads(stab("show", case_id, "--json")[1])["items"] if item["item"] == dissent]
    assert told["fields"] == {"position": "prohibit", "grounds": AGAINST}
    records = json.loads(stab("history", case_id, "--json")[1])["records"]
    assert [one["event"]["values"]["grounds"] for one in records if one["event"].get("item") == dissent] == [AGAINST]
    assert dissent in stab("history", case_id, columns=200)[1]
