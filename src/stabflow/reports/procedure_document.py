"""A procedure as a document: how a case moves, and clause by clause what carries its source out. In Markdown, for people and
for documentation; the pages of docs/procedures are made by it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..language import Procedure, Transition
from ..language.lifecycle import STEP_TITLES
from ..language.manifest import Carried, manifest
from ..text import Language, Text, joined, listing, same, say, worded
from .notice_words import notice_to, notice_when, rule_title
from .procedure_words import cited, fired_by, limit_text, outcomes_text
from .rule_words import requirement_rules

_NOTHING = Text("–", "–")


def procedure_document(procedure: Procedure, language: Language = "en") -> str:
    """``procedure`` in Markdown: what it is, who acts, how a case and its items move; then every clause of its source with what
    carries it, the declared deviations, and the notes on the source."""
    return "\n".join(_lines(procedure, language)) + "\n"


def _lines(procedure: Procedure, language: Language) -> Iterator[str]:
    clauses = manifest(procedure)
    yield from _about(procedure, clauses, language)
    yield from _roles(procedure, language)
    yield from _states(procedure, language)
    yield from _heading(Text("How a case moves", "案件流转"), language)
    yield from _rows(procedure, None, procedure.transitions, language)
    for kind, item in procedure.items.items():
        yield from _heading(item.title, language, level=3)
        yield from _rows(procedure, kind, item.transitions, language)
    yield from _notices(procedure, language)
    yield from _clauses(clauses, language)


def _about(procedure: Procedure, clauses: Sequence[Carried], language: Language) -> Iterator[str]:
    yield f"# {procedure}: {_escaped(procedure.title.get(language))}"
    yield ""
    yield _escaped(procedure.title.get(_other(language)))
    yield ""
    yield from _table(
        (Text("", ""), Text("", "")),
        [
            (Text("source", "来源"), worded(procedure.source)),
            (Text("outcomes", "决定结果"), outcomes_text(procedure)),
            (Text("gate", "实施关口"), _gate(procedure)),
            (Text("clauses", "条款"), _counted(clauses)),
            (Text("digest", "摘要值"), f"`{procedure.digest}`"),
        ],
        language,
    )


def _roles(procedure: Procedure, language: Language) -> Iterator[str]:
    yield from _heading(Text("Who", "角色"), language)
    yield from _table(
        (Text("role", "角色"), Text("name", "标识"), Text("also called", "又称"), Text("clause", "条款")),
        [
            (role.title, f"`{name}`", listing([same(one) for one in role.aliases]), cited(role.clause))
            for name, role in procedure.roles.items()
        ],
        language,
    )


def _states(procedure: Procedure, language: Language) -> Iterator[str]:
    yield from _heading(Text("Where a case stands", "案件所处状态"), language)
    yield from _table(
        (
            Text("state", "状态"),
            Text("step", "步骤"),
            Text("accountable", "责任主体"),
            Text("limit", "期限"),
            Text("clause", "条款"),
        ),
        [
            (
                say("{title} `{name}`", "{title} `{name}`", title=procedure.state_title(name), name=name),
                _NOTHING if state.step is None else STEP_TITLES[state.step],
                _NOTHING if state.accountable is None else procedure.role_title(state.accountable),
                limit_text(procedure, None, state),
                cited(state.clause),
            )
            for name, state in procedure.states.items()
        ],
        language,
    )


def _notices(procedure: Procedure, language: Language) -> Iterator[str]:
    if not procedure.notices:
        return
    yield from _heading(Text("What offices are told", "通知"), language)
    yield from _table(
        (
            Text("notice", "通知"),
            Text("when", "时机"),
            Text("to", "发送对象"),
            Text("words", "内容"),
            Text("clause", "条款"),
        ),
        [
            (
                say("{title} `{name}`", "{title} `{name}`", title=rule_title(rule), name=rule.name),
                notice_when(procedure, rule),
                notice_to(procedure, rule),
                joined([rule.subject, *rule.text], Text(" / ", " / ")),
                cited(rule.clause),
            )
            for rule in procedure.notices
        ],
        language,
    )


def _clauses(clauses: Sequence[Carried], language: Language) -> Iterator[str]:
    other = _other(language)
    not_carried, notes = _with_deviation(clauses), _with_note(clauses)
    yield from _heading(Text("Clause by clause", "逐条落实"), language)
    yield from _table(
        (Text("clause", "条款"), Text("says", "内容"), Text("", ""), Text("carried by", "由何落实")),
        [
            (one.id, one.clause.title or _NOTHING, _in(other, one.clause.title), _carriers(one, language))
            for one in clauses
        ],
        language,
    )
    if not_carried:
        yield from _heading(Text("What is not carried out, and why", "不予采用及理由"), language)
        yield from _table(
            (Text("clause", "条款"), Text("says", "内容"), Text("why", "理由"), Text("", "")),
            [
                (one.id, one.clause.title or _NOTHING, one.deviation or _NOTHING, _in(other, one.deviation))
                for one in not_carried
            ],
            language,
        )
    if notes:
        yield from _heading(Text("Where the source contradicts itself or leaves a blank", "原文疑点"), language)
        yield from _table(
            (Text("clause", "条款"), Text("note", "说明"), Text("", "")),
            [(one.id, one.clause.note or _NOTHING, _in(other, one.clause.note)) for one in notes],
            language,
        )


def _with_deviation(clauses: Sequence[Carried]) -> Sequence[Carried]:
    return [one for one in clauses if one.deviation is not None]


def _with_note(clauses: Sequence[Carried]) -> Sequence[Carried]:
    return [one for one in clauses if one.clause.note is not None]


def _other(language: Language) -> Language:
    """The other language of the two, in which a page repeats what the source itself says."""
    return "zh" if language == "en" else "en"


def _in(language: Language, text: Text | None) -> str:
    """``text`` in ``language``, whatever the page is in."""
    return "" if text is None else text.get(language)


def _counted(clauses: Sequence[Carried]) -> Text:
    return say(
        "{n}: {carried} carried, {deviations} with a declared deviation, {notes} with a note on the source",
        "共{n}条：已落实{carried}条，声明偏离{deviations}条，注明原文疑点{notes}条",
        n=len(clauses),
        carried=sum(bool(one.carriers) for one in clauses),
        deviations=len(_with_deviation(clauses)),
        notes=len(_with_note(clauses)),
    )


def _gate(procedure: Procedure) -> Text:
    if procedure.gate is None:
        return Text("none: it clears nothing", "无，不作放行")
    return listing([procedure.state_title(one) for one in procedure.gate.in_])


def _rows(procedure: Procedure, kind: str | None, rows: Sequence[Transition], language: Language) -> Iterator[str]:
    cycle = procedure.lifecycle(kind)

    def state(name: str) -> Text:
        return procedure.state_title(name, kind)

    def sources(row: Transition) -> Text:
        if "*" in row.source:
            return Text("every state that is not final", "各未终结状态")
        return listing([state(one) for one in cycle.sources(row)], none=_NOTHING)

    yield from _table(
        (
            Text("act", "流转规则"),
            Text("from", "自"),
            Text("to", "至"),
            Text("by", "由"),
            Text("states", "填报"),
            Text("asks for", "前置要求"),
            Text("clause", "条款"),
        ),
        [
            (
                say(
                    "{title} `{name}`",
                    "{title} `{name}`",
                    title=row.title or procedure.trigger_title(row.trigger, kind),
                    name=row.trigger,
                ),
                sources(row) if row.source else _NOTHING,
                _NOTHING if row.dest is None else state(row.dest),
                fired_by(procedure, row),
                listing([procedure.field_title(one, kind) for one in row.set]),
                joined([*requirement_rules(procedure, kind, row.requires)], Text("; ", "；")),
                cited(row.clause),
            )
            for row in rows
        ],
        language,
    )


def _carriers(one: Carried, language: Language) -> str:
    found = "; ".join(f"{carrier.title.get(language)} `{carrier.path}`" for carrier in one.carriers)
    return found or Text("not carried: see below", "不予采用，见下").get(language)


def _heading(text: Text, language: Language, *, level: int = 2) -> Iterator[str]:
    yield ""
    yield f"{'#' * level} {_escaped(text.get(language))}"
    yield ""


def _table(head: Sequence[Text], rows: Iterable[Sequence[Text | str]], language: Language) -> Iterator[str]:
    yield _row([one.get(language) for one in head])
    yield "|" + "---|" * len(head)
    for row in rows:
        yield _row([one.get(language) if isinstance(one, Text) else one for one in row])


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(map(_escaped, cells)) + " |"


def _escaped(words: str) -> str:
    """``words`` of an author, which are neither markup nor a link, and end no cell."""
    return words.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("](", "]\\(")
