"""A procedure in print: whatever it says stands on its page, in both languages, in good sentences."""

from __future__ import annotations

import io
import re

from command_line import GRANT, Run
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from procedure_changes import revisions
from rich.console import Console

from stabflow.cli.page import Page
from stabflow.cli.procedure_page import show_procedure
from stabflow.language import Procedure, loads
from stabflow.reasoning.diff import changes
from stabflow.reasoning.difference import Aspect
from stabflow.testing.procedures.drawn import procedures


def printed(procedure: Procedure) -> str:
    """The page in both languages, without the digest, which would tell any two apart."""
    said = io.StringIO()
    for language in ("en", "zh"):
        show_procedure(Page(Console(file=said, width=140), language), procedure)
    return said.getvalue().replace(procedure.digest, "")


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_whatever_a_procedure_says_stands_on_its_page(data: st.DataObject) -> None:
    old = data.draw(procedures())
    revision = data.draw(revisions(old))
    assume(revision is not None)
    assert revision is not None
    told = [one for one in changes(old, revision.procedure) if one.aspect is not Aspect.ARRANGEMENT]
    assume(bool(told))
    assert printed(old) != printed(revision.procedure), (revision.where, [one.path for one in told])


def flat(out: str) -> str:
    return " ".join(out.split())


def test_the_rules_of_the_five_steps_stand_on_the_page(stab: Run) -> None:
    out = flat(stab("procedures", "five-step", columns=200)[1])
    for said in (
        "The gate",
        "another system may go ahead only in “to be implemented” or “implementing under control” [D2.一, D5.四.5]",
        "What is to be proved",
        "no case ends with an objection unanswered — never: “the case stands in",
        "that was not reviewed — not before “the case stands in ‘reviewing’”: “the case stands in ‘to be implemented’”",
        "— wherever “the case stands in ‘deciding’”, it can still come to “the case stands in ‘not to be implemented’”",
        "no two by the same person while the case stands in one state",
        "each time the case enters “analyzing”, one for each entry of the list “aspect” is laid out, in “to be assessed”",
        "scope_items choice: scope; one or several",
        "it sends the case back",
        "may be left out",
        "opinion (since “reviewing”): at least 2 (“opinions needed”)",
        "vote (since “deciding”): more than half of all have position “implement”",
        "“parts of the report” includes “facts of the matter”",
        "under clauses D4.三, D5.一.2",
    ):
        assert said in out, said
    zh = re.sub(r"\s+", "", stab("procedures", "five-step", "--lang", "zh", columns=200)[1])
    for said in (
        "实施关口",
        "仅在“决定实施”或“实施管控中”时，其他系统方可实施〔D2.一、D5.四.5〕",
        "应予证明的性质",
        "异议未答复不得结案——任何时候均不得：",
        "案件处于同一状态期间，不得有两项办理人相同",
        "“报告所含部分”包括“事项相关情况”",
    ):
        assert said in zh, said


def test_a_kind_that_is_called_as_it_is_titled_is_named_once(stab: Run) -> None:
    out = stab("procedures", GRANT)[1]
    assert "opinion  opinion" not in out
    assert "\nopinion\n" in out


def test_numbers_and_texts_have_their_bounds(stab: Run) -> None:
    out = flat(stab("procedures", GRANT, columns=140)[1])
    assert "amount int; from 1 to 5000" in out
    assert "reasons text; at most 1000 characters" in out
    assert "standing office; supervises grants desk, expert, cashier; 1 seat" in out
    assert "not before “opinion: at least 2”: “the case stands in ‘approved’”" in out
    assert "金额 amount 整数；1至5000" in flat(stab("procedures", GRANT, "--lang", "zh", columns=140)[1])


def test_the_parts_of_a_requirement_have_their_clauses() -> None:
    text = GRANT.read_text(encoding="utf-8")
    asked = '{ value = "complete", is = true }'
    parts = '{{ any = [{{ value = "complete", is = true{} }}, {{ value = "amount", at_most = 9, clause = "4" }}] }}'
    bare, cited = (loads(text.replace(asked, parts.format(clause))) for clause in ("", ', clause = "2"'))
    assert "“papers are complete” is “yes”, or “amount” at most 9 [4]" in flat(printed(bare))
    assert "“papers are complete” is “yes” [2], or “amount” at most 9 [4]" in flat(printed(cited))
