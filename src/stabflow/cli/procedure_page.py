"""A procedure so that a clerk recognises it, clause by clause: everything that it says, in the order of its steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..calendar import Duration
from ..engine.proofs import is_released
from ..language import Lifecycle, Procedure, State, Step, Transition
from ..language.canonical_form import canonical_form
from ..language.lifecycle import STEP_TITLES
from ..language.manifest import manifest, notes
from ..reports.notice_words import notice_text
from ..reports.procedure_words import (
    also_called,
    carried_text,
    cited,
    entry_title,
    field_rules,
    kind_rules,
    outcomes,
    outcomes_text,
    role_rules,
    row_text,
    separation_text,
    state_text,
    with_clause,
)
from ..reports.rule_words import gate_rules, property_text, requirement_rules
from ..text import Text, listing, say, worded
from .page import Column, Page

MOST_CARRIERS = 3
"""So many carriers of a clause are named on a page; the generated pages of docs/procedures name all."""


def show_procedures(page: Page, procedures: Sequence[Procedure]) -> None:
    """Print the procedures known by name."""
    for number, procedure in enumerate(procedures):
        if number:
            page.gap()
        page.title(say("{name}  {title}", "{name}  {title}", name=str(procedure), title=procedure.title))
        rows = [
            (page.said(Text("source", "来源")), page.said(worded(procedure.source))),
            (page.said(Text("outcomes", "决定结果")), page.said(outcomes_text(procedure))),
            (page.said(Text("proof", "证明")), page.said(_proof(procedure))),
            (page.said(Text("digest", "摘要值")), procedure.digest),
        ]
        if noted := notes(procedure):
            rows.append((page.said(Text("notes", "疑点")), page.said(_noted([*noted]))))
        if procedure.timezone is not None:
            rows.insert(1, (page.said(Text("time zone", "时区")), procedure.timezone))
        page.table([Column(firm=True, style="dim"), Column()], rows)


def _noted(clauses: Sequence[str]) -> Text:
    """How many clauses of the source have a note."""
    many = "s" if len(clauses) > 1 else ""
    return say(
        "on {n} clause{many} of the source: `stabflow procedures NAME` prints them",
        "原文{n}处，见`stabflow procedures NAME`",
        n=len(clauses),
        many=many,
    )


def _proof(procedure: Procedure) -> Text:
    """Whether the procedure is proved, and what the five steps have to do with it."""
    if not is_released(procedure):
        return Text("not by a release: `stabflow check` tells", "未随版本发布证明，请运行`stabflow check`")
    if procedure.gate is None and not outcomes(procedure):
        return Text(
            "proved when released; the five steps: not applicable, it has neither outcomes nor a gate",
            "发布时已证明；五个步骤：不适用，既无决定结果，也无实施关口",
        )
    return Text("proved when released, the five steps too", "发布时已证明，包括五个步骤")


def procedure_json(procedure: Procedure) -> dict[str, object]:
    """What a procedure is called and identified by, as plain JSON values."""
    proof, source = _proof(procedure), worded(procedure.source)
    return {
        "procedure": procedure.id,
        "version": procedure.version,
        "title": {"en": procedure.title.en, "zh": procedure.title.zh},
        "source": {"en": source.en, "zh": source.zh},
        "outcomes": [one.value for one in outcomes(procedure)],
        "proved": is_released(procedure),
        "proof": {"en": proof.en, "zh": proof.zh},
        "notes": [{"clause": name, "en": note.en, "zh": note.zh} for name, note in notes(procedure).items()],
        "digest": procedure.digest,
    }


def definition_json(procedure: Procedure) -> dict[str, object]:
    """The whole procedure, in the canonical form of which the digest is taken."""
    return {**procedure_json(procedure), "definition": canonical_form(procedure)}


def show_procedure(page: Page, procedure: Procedure) -> None:
    """Print all of ``procedure``."""
    show_procedures(page, [procedure])
    _show_roles(page, procedure)
    _show_parameters(page, procedure)
    _show_lists(page, procedure)
    if procedure.facts:
        page.heading(Text("Facts of a case", "案件事实"))
        _show_fields(page, procedure, None)
    page.heading(Text("The steps of a case", "案件各步骤"))
    _show_rows(page, procedure, None, procedure.case.creating(), indent=4)
    for step in (*Step, None):
        states = {name: state for name, state in procedure.states.items() if state.step is step}
        if states:
            page.gap()
            if step is not None:
                page.line("  ", (page.said(STEP_TITLES[step]).capitalize(), "bold cyan"))
            _show_states(page, procedure, None, states, indent=4)
    for kind, defined in procedure.items.items():
        _show_kind_head(page, kind, defined.title)
        for rule in kind_rules(procedure, kind):
            page.paragraph(rule, indent=2, mark="-  ")
        _show_fields(page, procedure, kind)
        _show_rows(page, procedure, kind, defined.creating(), indent=2)
        _show_states(page, procedure, kind, defined.states, indent=2)
    if procedure.gate is not None:
        page.heading(Text("The gate", "实施关口"))
        for rule in gate_rules(procedure, procedure.gate):
            page.paragraph(rule, indent=2, mark="-  ")
    if procedure.notices:
        page.heading(Text("What offices are told", "通知"))
        for told in procedure.notices:
            page.paragraph(notice_text(procedure, told), indent=2, mark="-  ")
            for words in (told.subject, *told.text):
                page.paragraph(words, indent=5, style="dim")
    if procedure.properties:
        page.heading(Text("What is to be proved", "应予证明的性质"))
        for one in procedure.properties:
            page.paragraph(property_text(procedure, one), indent=2, mark="-  ")
    _show_clauses(page, procedure)


def _show_kind_head(page: Page, kind: str, title: Text) -> None:
    said = page.said(title)
    page.heading(said, "" if said == kind else kind)


def _show_roles(page: Page, procedure: Procedure) -> None:
    page.heading(Text("Roles", "角色"))
    rows = [
        (page.said(role.title), name, page.said(role_rules(procedure, name)), page.said(cited(role.clause)))
        for name, role in procedure.roles.items()
    ]
    columns = [Column(Text("role", "角色")), Column(Text("name", "标识"), style="dim")]
    page.table([*columns, Column(Text("how", "产生与监督")), Column(Text("clause", "条款"))], rows)
    for one in procedure.separations:
        page.paragraph(separation_text(procedure, one), indent=2, mark="-  ")


def _show_parameters(page: Page, procedure: Procedure) -> None:
    if not procedure.parameters:
        return
    page.heading(Text("Numbers and periods", "数值与期限"))
    rows = []
    for name, one in procedure.parameters.items():
        value = one.value.title() if isinstance(one.value, Duration) else Text(str(one.value), str(one.value))
        verified = Text("verified", "已核实") if one.verified else Text("not verified", "未核实")
        source = verified if one.source is None else say("{v}: {s}", "{v}：{s}", v=verified, s=worded(one.source))
        title = page.said(procedure.field_title(name))
        rows.append((title, name, page.said(value), page.said(with_clause(source, one.clause))))
    page.table([Column(), Column(whole=True, style="dim"), Column(firm=True), Column(style="dim")], rows)


def _show_lists(page: Page, procedure: Procedure) -> None:
    """What can be chosen where, by the names one writes."""
    if not procedure.lists:
        return
    page.heading(Text("Lists", "选项"))
    for name, entries in procedure.lists.items():
        page.gap()
        page.line("  ", (name, "bold"))
        rows = []
        for entry_name, entry in entries.items():
            title = with_clause(entry.title, entry.clause)
            if entry.of is not None:
                of = entry_title(procedure, entry.of)
                title = say("{title} (belongs to: {of})", "{title}（属于：{of}）", title=title, of=of)
            rows.append((page.said(also_called(title, entry.aliases)), entry_name))
        page.table([Column(), Column(whole=True, style="dim")], rows, indent=4)


def _show_fields(page: Page, procedure: Procedure, kind: str | None) -> None:
    """What can be stated: titles, names, and what may be said there."""
    rows = [
        (page.said(procedure.field_title(name, kind)), name, page.said(with_clause(field_rules(field), field.clause)))
        for name, field in procedure.lifecycle(kind).fields.items()
    ]
    page.table([Column(), Column(whole=True, style="dim"), Column(style="dim")], rows)


def _show_states(
    page: Page, procedure: Procedure, kind: str | None, states: Mapping[str, State], *, indent: int
) -> None:
    cycle = procedure.lifecycle(kind)
    for name in states:
        page.paragraph(state_text(procedure, kind, name), indent=indent, style="bold")
        _show_rows(page, procedure, kind, _leaving(cycle, name), indent=indent + 2)


def _leaving(cycle: Lifecycle, state: str) -> list[Transition]:
    return [row for row in cycle.transitions if row.source and state in cycle.sources(row)]


def _show_rows(page: Page, procedure: Procedure, kind: str | None, rows: Sequence[Transition], *, indent: int) -> None:
    for row in rows:
        page.paragraph(row_text(procedure, kind, row), indent=indent, mark="·  ")
        if row.set:
            parts = [say("{t} ({n})", "{t}（{n}）", t=procedure.field_title(name, kind), n=name) for name in row.set]
            stated = say("states: {stated}", "填报：{stated}", stated=listing(parts))
            page.paragraph(stated, indent=indent + 3, mark="-  ", style="dim")
        for rule in requirement_rules(procedure, kind, row.requires):
            page.paragraph(rule, indent=indent + 3, mark="-  ", style="dim")


def _show_clauses(page: Page, procedure: Procedure) -> None:
    if not procedure.clauses:
        return
    page.heading(Text("Clauses of the source", "来源条款"))
    rows = [
        (one.id, page.said(one.clause.title or ""), page.said(carried_text(one, most=MOST_CARRIERS)))
        for one in manifest(procedure)
    ]
    page.table([Column(firm=True), Column(), Column(style="dim")], rows)
    noted = notes(procedure)
    if noted:
        page.heading(Text("Notes on the source", "原文疑点"))
    for name, note in noted.items():
        page.paragraph(say("{name}: {note}", "{name}：{note}", name=name, note=note), indent=2, mark="-  ")
