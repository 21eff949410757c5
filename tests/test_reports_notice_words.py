"""What a procedure lets offices know, in sentences."""

from __future__ import annotations

import pytest
from notified import NOTIFIED

from stabflow.language import loads
from stabflow.reports.notice_words import notice_text
from stabflow.reports.procedure_document import procedure_document

PROCEDURE = loads(
    NOTIFIED.replace(
        'name = "late"\non = "due"\nof = "*"',
        'name = "late"\non = "due"\nof = ["hazard", "round"]\nin = ["found", "owed"]',
    )
)
WORDS = {
    "soon": (
        "soon · soon — 3 working days and 1 working day before whatever is owed falls due → who is accountable",
        "soon · soon——各项应尽职责到期前3个工作日、1个工作日 → 责任主体",
    ),
    "late": (
        "late · late — when “hazard” and “weekend round” in “found” or “owed” is overdue → who is accountable",
        "late · late——处于“found”或“owed”的“隐患”、“周末巡查”逾期时 → 责任主体",
    ),
    "gone_up": (
        "gone up · gone_up — when whatever is owed is overdue and has gone up → those to whom it has gone",
        "gone up · gone_up——各项应尽职责逾期上报时 → 受报单位",
    ),
    "handed_back": (
        "handed back · handed_back — upon “hand back” of the case → who is accountable, board [3]",
        "handed back · handed_back——案件办理“hand back”时 → 责任主体、上级单位〔3〕",
    ),
    "closed": (
        "closed · closed — when the case comes to “closed” → inspector, board",
        "closed · closed——案件进入“办结”时 → 排查人、上级单位",
    ),
    "raised": (
        "raised · raised — when “finding” comes to “raised” → who is accountable, judge [4]",
        "raised · raised——“问题认定”进入“raised”时 → 责任主体、认定人〔4〕",
    ),
}


@pytest.mark.parametrize("name", WORDS)
def test_a_notice_reads_as_a_sentence_in_both_languages(name: str) -> None:
    (rule,) = [one for one in PROCEDURE.notices if one.name == name]
    said = notice_text(PROCEDURE, rule)
    assert (said.en, said.zh) == WORDS[name]


def test_the_document_has_a_table_of_them_where_there_are_any() -> None:
    assert "| handed back `handed_back` | upon “hand back” of the case |" in procedure_document(PROCEDURE)
    assert "## 通知" in procedure_document(PROCEDURE, "zh")
    assert "What offices are told" not in procedure_document(loads(NOTIFIED.partition("[[notices]]")[0]))
