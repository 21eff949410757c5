"""A procedure so that a clerk recognises it: roles, steps in their order, states, rows, kinds of item, clauses and deviations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..calendar import Duration
from ..language import FieldType, Lifecycle, Outcome, Procedure, State, Step, Transition
from ..language.canonical_form import canonical_form
from ..language.lifecycle import OUTCOME_TITLES, STEP_TITLES
from ..language.requirement_text import requirement_text
from ..text import Text, listing, say
from .page import Column, Page
from .words import cited

_TYPES = {
    FieldType.BOOL: "是或否",
    FieldType.INT: "整数",
    FieldType.DECIMAL: "小数",
    FieldType.TEXT: "文本",
    FieldType.CHOICE: "选项",
    FieldType.DATE: "日期",
    FieldType.ACTOR: "任职人员",
    FieldType.FILE: "文件",
}


def show_procedures(page: Page, procedures: Sequence[Procedure]) -> None:
    """Print the procedures known by name."""
    for number, procedure in enumerate(procedures):
        if number:
            page.gap()
        page.title(say("{name}  {title}", "{name}  {title}", name=str(procedure), title=procedure.title))
        rows = [
            (page.said(Text("source", "来源")), procedure.source),
            (page.said(Text("outcomes", "决定")), page.said(_outcomes(procedure))),
            (page.said(Text("digest", "摘要值")), procedure.digest),
        ]
        page.table([Column(firm=True, style="dim"), Column()], rows)


def _outcomes(procedure: Procedure) -> Text:
    found = {state.outcome for state in procedure.states.values() if state.outcome is not None}
    return listing([OUTCOME_TITLES[one] for one in Outcome if one in found], none=Text("none", "无"))


def procedure_json(procedure: Procedure) -> dict[str, object]:
    """What a procedure is called and identified by, as plain JSON values."""
    outcomes = {state.outcome for state in procedure.states.values()}
    return {
        "procedure": procedure.id,
        "version": procedure.version,
        "title": {"en": procedure.title.en, "zh": procedure.title.zh},
        "source": procedure.source,
        "outcomes": [one.value for one in Outcome if one in outcomes],
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
        _show_fields(page, procedure, procedure.case)
    page.heading(Text("The steps of a case", "事项各环节"))
    for step in Step:
        states = {name: state for name, state in procedure.states.items() if state.step is step}
        if states:
            page.gap()
            page.line("  ", (page.said(STEP_TITLES[step]).capitalize(), "bold cyan"))
            _show_states(page, procedure, None, states, indent=4)
    stepless = {name: state for name, state in procedure.states.items() if state.step is None}
    if stepless:
        page.gap()
        _show_states(page, procedure, None, stepless, indent=4)
    for kind, defined in procedure.items.items():
        page.heading(defined.title, kind)
        _show_fields(page, procedure, defined)
        _show_states(page, procedure, kind, defined.states, indent=2, creating=True)
    _show_clauses(page, procedure)


def _show_roles(page: Page, procedure: Procedure) -> None:
    page.heading(Text("Roles", "角色"))
    rows = []
    for name, role in procedure.roles.items():
        how = Text("standing office", "常设职务")
        if role.appointed_by:
            who = listing([procedure.role_title(one) for one in role.appointed_by])
            how = say("appointed by {who}", "由{who}任命", who=who)
        if role.supervises:
            below = listing([procedure.role_title(one) for one in role.supervises])
            how = say("{how}; supervises {below}", "{how}；监督{below}", how=how, below=below)
        rows.append((page.said(role.title), name, page.said(how), page.said(cited(role.clause))))
    columns = [Column(Text("role", "角色")), Column(Text("name", "标识"), style="dim")]
    page.table([*columns, Column(Text("how", "产生与监督")), Column(Text("clause", "条款"))], rows)
    for one in procedure.separations:
        who = listing([procedure.role_title(role) for role in one.roles])
        said = say("nobody acts in two of: {who}", "不得兼任：{who}", who=who)
        page.paragraph(_with_clause(said, one.clause), indent=2, mark="-  ")


def _show_parameters(page: Page, procedure: Procedure) -> None:
    if not procedure.parameters:
        return
    page.heading(Text("Numbers and periods", "数值与期限"))
    rows = []
    for name, one in procedure.parameters.items():
        value = one.value.title() if isinstance(one.value, Duration) else Text(str(one.value), str(one.value))
        verified = Text("verified", "已核实") if one.verified else Text("not verified", "未核实")
        title = page.said(one.title) if one.title is not None else name.replace("_", " ")
        source = verified if one.source is None else say("{v}: {s}", "{v}：{s}", v=verified, s=one.source)
        rows.append((title, name, page.said(value), page.said(source)))
    page.table([Column(), Column(whole=True, style="dim"), Column(firm=True), Column(style="dim")], rows)


def _show_lists(page: Page, procedure: Procedure) -> None:
    """What can be chosen where, by the names one writes."""
    if not procedure.lists:
        return
    page.heading(Text("Lists", "选项"))
    for name, entries in procedure.lists.items():
        page.gap()
        page.line("  ", (name, "bold"))
        page.table(
            [Column(), Column(whole=True, style="dim")],
            [(page.said(entry.title), entry_name) for entry_name, entry in entries.items()],
            indent=4,
        )


def _show_fields(page: Page, procedure: Procedure, cycle: Lifecycle) -> None:
    """What can be stated: titles, names, types, and the list to choose from."""
    rows = []
    for name, field in cycle.fields.items():
        type_ = Text(field.type.value, _TYPES[field.type])
        if field.of is not None:
            type_ = say("{type_}: {of}", "{type_}：{of}", type_=type_, of=field.of)
        title = Text(name.replace("_", " "), name) if field.title is None else field.title
        rows.append((page.said(title), name, page.said(type_)))
    page.table([Column(), Column(whole=True, style="dim"), Column(style="dim")], rows)


def _show_states(
    page: Page,
    procedure: Procedure,
    kind: str | None,
    states: dict[str, State] | object,
    *,
    indent: int,
    creating: bool = False,
) -> None:
    cycle = procedure.lifecycle(kind)
    if creating or (isinstance(states, dict) and next(iter(procedure.states)) in states and kind is None):
        for row in cycle.creating():
            _show_row(page, procedure, kind, row, indent=indent)
    assert hasattr(states, "items")
    for name, state in states.items():
        text = procedure.state_title(name, kind)
        text = say("{text} · {name}", "{text} · {name}", text=text, name=name)
        page.paragraph(_state_line(procedure, cycle, state, text), indent=indent, mark="", style="bold")
        for row in cycle.transitions:
            if row.source and name in cycle.sources(row):
                _show_row(page, procedure, kind, row, indent=indent + 2)


def _state_line(procedure: Procedure, cycle: Lifecycle, state: State, text: Text) -> Text:
    if state.outcome is not None:
        text = say("{text} (outcome: {o})", "{text}（决定：{o}）", text=text, o=OUTCOME_TITLES[state.outcome])
    if state.final:
        text = say("{text} — final", "{text}——终结", text=text)
    if state.accountable is not None:
        text = say("{text} — {who}", "{text}——{who}", text=text, who=procedure.role_title(state.accountable))
    if state.within is not None:
        text = say("{text}, {limit}", "{text}，{limit}", text=text, limit=procedure.duration(state.within).title())
    elif state.until is not None:
        field = cycle.fields.get(state.until)
        until = Text(state.until, state.until) if field is None or field.title is None else field.title
        text = say("{text}, until {until}", "{text}，至{until}", text=text, until=until)
    elif state.open_ended:
        text = say("{text}, open-ended", "{text}，不设期限", text=text)
    return _with_clause(text, state.clause)


def _with_clause(text: Text, clause: Sequence[str]) -> Text:
    return text if not clause else say("{text} [{clause}]", "{text}〔{clause}〕", text=text, clause=cited(clause))


def _show_row(page: Page, procedure: Procedure, kind: str | None, row: Transition, *, indent: int) -> None:
    title = say("{t} · {n}", "{t} · {n}", t=procedure.trigger_title(row.trigger, kind), n=row.trigger)
    if row.dest is not None:
        title = say("{title} → {dest}", "{title} → {dest}", title=title, dest=procedure.state_title(row.dest, kind))
    who = listing([procedure.role_title(one) for one in row.by], none=Text("time", "时间"))
    page.paragraph(
        _with_clause(say("{title}: {who}", "{title}：{who}", title=title, who=who), row.clause),
        indent=indent,
        mark="·  ",
    )
    for line in _row_details(procedure, kind, row):
        page.paragraph(line, indent=indent + 3, mark="-  ", style="dim")


def _row_details(procedure: Procedure, kind: str | None, row: Transition) -> Iterator[Text]:
    if row.set:
        stated = listing(
            [say("{t} ({n})", "{t}（{n}）", t=procedure.field_title(name, kind), n=name) for name in row.set]
        )
        yield say("states: {stated}", "填报：{stated}", stated=stated)
    for one in row.requires:
        yield _with_clause(requirement_text(procedure, kind, one), one.clause)


def _show_clauses(page: Page, procedure: Procedure) -> None:
    if not procedure.clauses:
        return
    page.heading(Text("Clauses of the source", "来源条款"))
    rows = []
    for name, clause in procedure.clauses.items():
        carried = Text("carried", "已落实") if clause.deviation is None else Text("not carried", "不予采用")
        rows.append((name, page.said(clause.title or ""), page.said(carried), clause.deviation or ""))
    page.table([Column(firm=True), Column(), Column(firm=True, style="dim"), Column(style="dim")], rows)
