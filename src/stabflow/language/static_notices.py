"""The static rules on notices: an occasion that comes, somebody who hears of it, words that can be filled in and name nobody."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from ..calendar import Duration
from ..errors import Fault, near_miss, nearest
from ..personal import CURE as PERSONAL_CURE
from ..personal import named_in
from ..requirements.base import duration_faults
from ..text import LANGUAGES
from .lifecycle import Field, FieldType, State, Transition
from .notice_rules import ACCOUNTABLE, EVERY_KIND, OF_DUTIES, NoticeRule, Occasion
from .notice_template import FIELDS, fields_of, mistakes
from .parts import Draft
from .paths import path_text
from .scope import DraftScope

_TOLD = frozenset({FieldType.BOOL, FieldType.INT, FieldType.DECIMAL, FieldType.CHOICE, FieldType.DATE})
"""The types of fields that a notice may tell: what is free text, a file or a person stays in the record."""

NEVER_DUE = "nothing falls due"
UNSUPERVISED = "nobody supervises anybody in this procedure: nothing goes up"

_NEEDED = {Occasion.BEFORE_DUE: "lead", Occasion.ENTERED: "in", Occasion.FIRED: "triggers"}
_KEYS = {
    "lead": (Occasion.BEFORE_DUE,),
    "in": (Occasion.BEFORE_DUE, Occasion.DUE, Occasion.ESCALATED, Occasion.ENTERED),
    "triggers": (Occasion.FIRED,),
}
_HOW = {
    "lead": 'say how long before: lead = ["3 working days"]',
    "in": "name the states that are entered",
    "triggers": "name the rows by their triggers",
}


def notice_faults(draft: Draft) -> Iterator[Fault]:
    """Every static fault of the notices."""
    seen: set[str] = set()
    for index, rule in enumerate(draft.notices):
        path = path_text("notices", index)
        if rule.name in seen:
            yield Fault(f"{path}.name", f"there are two notices {rule.name!r}", "give one of them another name")
        seen.add(rule.name)
        for fault in (*_whom(draft, rule), *_occasion(draft, rule), *_of_what(draft, rule), *_words(draft, rule)):
            yield fault.under(path)


def _whom(draft: Draft, rule: NoticeRule) -> Iterator[Fault]:
    if not rule.to:
        yield Fault("to", "names nobody", f"name roles, or {ACCOUNTABLE!r}: whoever owes what the notice speaks of")
    if ACCOUNTABLE in rule.to and ACCOUNTABLE in draft.roles:
        yield Fault("to", f"{ACCOUNTABLE!r} is also a role", "give the role another name")
    for role in rule.to:
        if role != ACCOUNTABLE and role not in draft.roles:
            yield Fault("to", f"unknown role {role!r}", near_miss(role, (*draft.roles, ACCOUNTABLE)))
    if ACCOUNTABLE in rule.to and rule.on not in OF_DUTIES:
        ends = [name for name, state in _states(draft, rule) if state.final]
        if ends:
            yield Fault("to", f"nobody is accountable in {ends[0]!r}, where all ends", "name the roles that are told")


def _occasion(draft: Draft, rule: NoticeRule) -> Iterator[Fault]:
    needed = _NEEDED.get(rule.on, "")
    given = {"lead": rule.lead, "in": rule.in_, "triggers": rule.triggers}
    if needed and not given[needed]:
        yield Fault(needed, f"is missing: the notice is on {rule.on.value!r}", _HOW[needed])
    for key, occasions in _KEYS.items():
        if given[key] and rule.on not in occasions:
            of = " or ".join(repr(one.value) for one in occasions)
            yield Fault(key, f"a notice on {rule.on.value!r} has none", f"leave it out, or make the notice one on {of}")
    if rule.on is Occasion.ESCALATED and not any(role.supervises for role in draft.roles.values()):
        yield Fault("on", UNSUPERVISED, "leave the notice out")
    yield from _leads(draft, rule)


def _leads(draft: Draft, rule: NoticeRule) -> Iterator[Fault]:
    scope = DraftScope(draft, None)
    limits = [scope.limit(state.within) for _, state in _states(draft, rule) if state.within is not None]
    are_known = not any(state.until for _, state in _states(draft, rule)) and not rule.of_everything
    for number, lead in enumerate(rule.lead):
        path = path_text("lead", number)
        found = list(duration_faults(scope, path, lead))
        yield from found
        if lead in rule.lead[:number]:
            yield Fault(path, f"{lead} is there twice", "leave one out")
        long = scope.limit(lead)
        longer = [
            isinstance(one, Duration) and isinstance(long, Duration) and long.surely_longer_than(one) for one in limits
        ]
        if longer and ((are_known and all(longer)) or (rule.in_ and any(longer))):
            yield Fault(path, f"{long} is longer than the limit: it would never be sent", "give a shorter one")


def _of_what(draft: Draft, rule: NoticeRule) -> Iterator[Fault]:
    if EVERY_KIND in rule.of:
        if len(rule.of) > 1:
            yield Fault("of", f"{EVERY_KIND!r} stands for all there is, and more is named", "name one or the other")
        if rule.on not in OF_DUTIES:
            of = ", ".join(sorted(one.value for one in OF_DUTIES))
            yield Fault("of", f"{EVERY_KIND!r} is of what is owed alone: {of}", "name the kinds of item")
    for kind in rule.of:
        if kind != EVERY_KIND and kind not in draft.items:
            yield Fault("of", f"unknown kind {kind!r}", near_miss(kind, draft.items))
    kinds = _kinds(draft, rule)
    if not kinds:
        return
    for key, named, known in (("in", rule.in_, _states_of), ("triggers", rule.triggers, _triggers_of)):
        there = [known(draft, kind) for kind in kinds]
        every = dict.fromkeys(name for names in there for name in names)
        for name in named:
            if name not in every:
                what = "state" if key == "in" else "trigger"
                yield Fault(key, f"unknown {what} {name!r}", near_miss(name, every))
        if named and not rule.of_everything and all(name in every for name in named):
            for one, names in zip(kinds, there, strict=True):
                if not set(names) & set(named):
                    yield Fault("of", f"{one!r} has none of {', '.join(named)}", "leave that kind out")
    yield from _limits(draft, rule)


def _limits(draft: Draft, rule: NoticeRule) -> Iterator[Fault]:
    """What is never due."""
    if rule.on not in OF_DUTIES:
        return
    states = _states(draft, rule)
    endless = [name for name, state in states if not state.within and not state.until]
    vacancies = rule.of_everything and any(role.vacant_within for role in draft.roles.values())
    if rule.in_:
        for name in endless:
            yield Fault("in", f"{NEVER_DUE} in {name!r}, which has no limit", "name states that have one")
    elif len(endless) == len(states) and not vacancies:
        yield Fault(
            "on",
            f"{NEVER_DUE} of what this speaks of: no state of it has a limit",
            "give a state one, or leave the notice out",
        )


def _kinds(draft: Draft, rule: NoticeRule) -> list[str | None]:
    if rule.of_everything:
        return [None, *draft.items]
    if not rule.of:
        return [None]
    meant = [kind if kind in draft.items else nearest(kind, draft.items) for kind in rule.of]
    return [kind for kind in dict.fromkeys(meant) if kind is not None]


def _states_of(draft: Draft, kind: str | None) -> Collection[str]:
    return draft.lifecycle(kind).states


def _triggers_of(draft: Draft, kind: str | None) -> Collection[str]:
    return [row.trigger for row in draft.lifecycle(kind).transitions]


def _states(draft: Draft, rule: NoticeRule) -> list[tuple[str, State]]:
    """The states in which that is, or will be, of which the notice speaks."""
    found: list[tuple[str, State]] = []
    for kind in _kinds(draft, rule):
        cycle = draft.lifecycle(kind)
        if rule.on is Occasion.FIRED:
            wanted: Collection[str] = {
                name
                for row in cycle.transitions
                if row.trigger in rule.triggers
                for name in _leads_to(draft, kind, row)
            }
        else:
            wanted = rule.in_ or cycle.states
        found += [(name, state) for name, state in cycle.states.items() if name in wanted]
    return found


def _leads_to(draft: Draft, kind: str | None, row: Transition) -> Collection[str]:
    return draft.lifecycle(kind).sources(row) if row.dest is None else (row.dest,)


# Words


def _words(draft: Draft, rule: NoticeRule) -> Iterator[Fault]:
    if not rule.text:
        yield Fault("text", "says nothing", "write at least one paragraph, in both languages")
    known = _tellable(draft, rule)
    for path, words in [("subject", rule.subject), *((_paragraph(rule, n), one) for n, one in enumerate(rule.text))]:
        for language in LANGUAGES:
            yield from _template(draft, rule, f"{path}.{language}", words.get(language), known)


def _paragraph(rule: NoticeRule, number: int) -> str:
    return "text" if len(rule.text) == 1 else path_text("text", number)


def _template(draft: Draft, rule: NoticeRule, path: str, words: str, known: Mapping[str, str]) -> Iterator[Fault]:
    for problem, cure in mistakes(words):
        yield Fault(path, problem, cure)
    for name in fields_of(words) if known else ():
        why = known.get(name)
        if why is None:
            right = [one for one, against in known.items() if not against]
            yield Fault(path, f"unknown field {name!r}", near_miss(name, right))
        elif why:
            yield Fault(path, f"{{{name}}} {why}", "leave it out")
    found = named_in(words)
    if found is not None:
        yield Fault(path, f"has what looks like {found.en}", PERSONAL_CURE)


def _tellable(draft: Draft, rule: NoticeRule) -> Mapping[str, str]:
    """Every name that a template can have, and what speaks against it here: "" where nothing does."""
    kinds = _kinds(draft, rule)
    if not kinds:  # which is told, and there is no knowing what such a kind has
        return {}
    fields: dict[str, str] = {}
    for kind in kinds:
        for name, field in {**draft.facts, **draft.lifecycle(kind).fields}.items():
            fields[name] = fields.get(name, "") or _untold(field)
    for name, against in fields.items():
        if name not in draft.facts and not all(name in draft.lifecycle(kind).fields for kind in kinds):
            fields[name] = against or "is a field of only some of what the notice speaks of"
    both = "is both a word of every template and a field of the procedure"
    return fields | {name: both if fields.get(name) == "" else _unknown_here(draft, rule, name) for name in FIELDS}


def _untold(field: Field) -> str:
    if field.type not in _TOLD:
        return f"is a {field.type.value}, which stays in the record"
    return "" if field.suppress_below is None else "counts people, and small counts are not for everybody"


def _unknown_here(draft: Draft, rule: NoticeRule, name: str) -> str:
    if name == "lead" and rule.on is not Occasion.BEFORE_DUE:
        return f"is known on {Occasion.BEFORE_DUE.value!r} alone"
    if name in ("trigger", "by_role") and rule.on in OF_DUTIES:
        return "is known where somebody did something, and nobody did"
    if name == "kind" and (not rule.of or rule.of_everything):
        return "is known where the notice is of kinds of item"
    if name == "outcome" and not all(state.outcome for _, state in _states(draft, rule)):
        return "is known in states with an outcome alone"
    return ""
