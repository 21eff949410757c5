"""What is refused when a procedure is made: every fault that needs no search, all of them at once, each with its path.

The rules between the parts of the whole stand here; those within one lifecycle in `stabflow.language.static_lifecycle`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..calendar import zone
from ..errors import Fault, InvalidInput, near_miss
from ..requirements import Requirement
from ..values import is_name
from .lifecycle import FieldType
from .parts import Draft
from .scope import DraftScope
from .static_lifecycle import lifecycle_faults, requirement_faults

FORMAT = 1
RESERVED = frozenset({"item", "by", "role", "basis", "key", "at", "if_version", "reason"})
"""Words of the calls that carry field values; a field of such a name could not be stated."""

_ID = re.compile(r"[a-z][a-z0-9-]*\Z")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.]*\Z")
_PERSONAL = re.compile(
    r"(^|_)(petitioners?|complainants?|visitors?|protesters?|suspects?|persons?|people_names?|residents?_names?|full_name|"
    r"first_name|last_name|surname|id_card|id_number|identity_card|passport|phone|mobile|telephone|email|home_address|"
    r"address|birth(day|date)?|date_of_birth|gender|sex|ethnicity|religion|faces?|photos?_of|fingerprint|biometric|"
    r"location_trail|social_network|sentiment|mood|attitude_of|household_register|wechat|qq|bank_account)(_|$)"
)
_PERSONAL_ZH = re.compile(
    "姓名|身份证|身份證|电话|電話|手机|手機|住址|上访人|上訪人|信访人|信訪人|人脸|人臉|出生|民族成分|户籍|戶籍"
)


def faults(draft: Draft) -> Iterator[Fault]:
    """Every static fault of ``draft``."""
    yield from _identity(draft)
    yield from _names(draft)
    yield from _lists(draft)
    yield from _clauses(draft)
    yield from _roles(draft)
    yield from _separations(draft)
    for kind, _ in draft.lifecycles():
        yield from lifecycle_faults(draft, kind)
    yield from _gate(draft)
    yield from _properties(draft)


def _identity(draft: Draft) -> Iterator[Fault]:
    if draft.format != FORMAT:
        yield Fault("procedure.format", f"format {draft.format} is not known", f"this version reads format {FORMAT}")
    if not _ID.match(draft.id):
        yield Fault(
            "procedure.id", f"{draft.id!r} is not an id", "use small letters, digits and hyphens, such as five-step"
        )
    if not _VERSION.match(draft.version):
        yield Fault(
            "procedure.version", f"{draft.version!r} is not a version", "use digits, letters and dots, such as 1.2"
        )
    if not draft.source.strip():
        yield Fault("procedure.source", "is empty", "name the document the procedure carries out")
    if draft.timezone is not None:
        try:
            zone(draft.timezone)
        except InvalidInput as error:
            yield Fault("procedure.timezone", error.faults[0].problem, error.faults[0].cure)
    else:
        limited = any(state.within or state.until for _, cycle in draft.lifecycles() for state in cycle.states.values())
        if limited:
            yield Fault("procedure.timezone", "is missing, and there are limits", 'name one, such as "Asia/Shanghai"')


def _named(draft: Draft) -> Iterator[tuple[str, str]]:
    for table in ("lists", "parameters", "roles", "facts", "states", "items"):
        for name in getattr(draft, table):
            yield f"{table}.{name}", name
    for list_name, entries in draft.lists.items():
        for name in entries:
            yield f"lists.{list_name}.{name}", name
    for index, row in enumerate(draft.transitions):
        yield f"transitions[{index}].trigger", row.trigger
    for kind, cycle in draft.items.items():
        for table in ("fields", "states"):
            for name in getattr(cycle, table):
                yield f"items.{kind}.{table}.{name}", name
        for index, row in enumerate(cycle.transitions):
            yield f"items.{kind}.transitions[{index}].trigger", row.trigger


def _names(draft: Draft) -> Iterator[Fault]:
    for path, name in _named(draft):
        if not is_name(name):
            yield Fault(path, f"{name!r} is not a name", "use small letters, digits and _, beginning with a letter")
    for name in draft.facts:
        if name in draft.parameters:
            yield Fault(f"facts.{name}", "is also a parameter", "give one of them another name")
    for kind, cycle in draft.items.items():
        for name in cycle.fields:
            for table, taken in (("facts", draft.facts), ("parameters", draft.parameters)):
                if name in taken:
                    yield Fault(
                        f"items.{kind}.fields.{name}", f"stands also in {table}", "give one of them another name"
                    )
    for path, name, title in _field_names(draft):
        if name in RESERVED:
            yield Fault(
                path,
                f"{name!r} is a word of the calls that state fields",
                f"choose another; reserved: {', '.join(sorted(RESERVED))}",
            )
        if name in draft.roles:
            yield Fault(path, f"{name!r} is also a role", "give one of them another name")
        if _PERSONAL.search(name) or _PERSONAL_ZH.search(title):
            yield Fault(
                path,
                "names or describes a member of the public",
                "stabflow assesses decisions, never people: record counts, groups and positions instead",
            )


def _field_names(draft: Draft) -> Iterator[tuple[str, str, str]]:
    for kind, cycle in draft.lifecycles():
        prefix = "facts" if kind is None else f"items.{kind}.fields"
        for name, field in cycle.fields.items():
            yield f"{prefix}.{name}", name, "" if field.title is None else field.title.zh + " " + field.title.en
    for kind, item in draft.items.items():
        yield f"items.{kind}", kind, item.title.zh


def _lists(draft: Draft) -> Iterator[Fault]:
    for list_name, entries in draft.lists.items():
        if not entries:
            yield Fault(f"lists.{list_name}", "has no entries", "add one, or leave the list out")
        for name, entry in entries.items():
            if entry.of is not None:
                yield from _entry_faults(draft, f"lists.{list_name}.{name}.of", entry.of)


def _entry_faults(draft: Draft, path: str, reference: str) -> Iterator[Fault]:
    list_name, _, entry = reference.partition(".")
    if list_name not in draft.lists:
        yield Fault(path, f"unknown list {list_name!r}", near_miss(list_name, draft.lists))
    elif entry not in draft.lists[list_name]:
        yield Fault(path, f"unknown entry {entry!r} of {list_name}", near_miss(entry, draft.lists[list_name]))


def _citations(draft: Draft) -> Iterator[tuple[str, tuple[str, ...]]]:
    for list_name, entries in draft.lists.items():
        for name, entry in entries.items():
            yield f"lists.{list_name}.{name}.clause", entry.clause
    for table in ("parameters", "roles", "items"):
        for name, part in getattr(draft, table).items():
            yield f"{table}.{name}.clause", part.clause
    for index, separation in enumerate(draft.separations):
        yield f"separations[{index}].clause", separation.clause
    for kind, cycle in draft.lifecycles():
        prefix = "" if kind is None else f"items.{kind}."
        for name, field in cycle.fields.items():
            yield f"{prefix}{'facts' if kind is None else 'fields'}.{name}.clause", field.clause
        for name, state in cycle.states.items():
            yield f"{prefix}states.{name}.clause", state.clause
        for index, row in enumerate(cycle.transitions):
            yield f"{prefix}transitions[{index}].clause", row.clause
            for number, requirement in enumerate(row.requires):
                for part in _with_parts(requirement):
                    yield f"{prefix}transitions[{index}].requires[{number}].clause", part.clause
    if draft.gate is not None:
        yield "gate.clause", draft.gate.clause
        for number, requirement in enumerate(draft.gate.requires):
            for part in _with_parts(requirement):
                yield f"gate.requires[{number}].clause", part.clause
    for index, wanted in enumerate(draft.properties):
        yield f"properties[{index}].clause", wanted.clause


def _with_parts(requirement: Requirement) -> Iterator[Requirement]:
    yield requirement
    for part in (*requirement.when, *requirement.parts()):
        yield from _with_parts(part)


def _clauses(draft: Draft) -> Iterator[Fault]:
    cited: set[str] = set()
    for path, clauses in _citations(draft):
        for clause in clauses:
            cited.add(clause)
            if clause not in draft.clauses:
                yield Fault(path, f"unknown clause {clause!r}", near_miss(clause, draft.clauses))
    for clause, said in draft.clauses.items():
        if clause not in cited and not said.deviation:
            yield Fault(
                f'clauses."{clause}"',
                "nothing carries it",
                "cite it where it is carried out, or declare a deviation with its reason",
            )


def _roles(draft: Draft) -> Iterator[Fault]:
    for name, role in draft.roles.items():
        path = f"roles.{name}"
        for key in ("supervises", "appointed_by"):
            for other in getattr(role, key):
                if other not in draft.roles:
                    yield Fault(f"{path}.{key}", f"unknown role {other!r}", near_miss(other, draft.roles))
        if role.holders is not None and role.holders < 1:
            yield Fault(
                f"{path}.holders",
                f"{role.holders} seats cannot be filled",
                "give a whole number from 1, or leave it out",
            )
        for key in ("responds_within", "vacant_within"):
            limit = getattr(role, key)
            if isinstance(limit, str) and DraftScope(draft, None).duration(limit) is None:
                yield Fault(
                    f"{path}.{key}",
                    f"{limit!r} is neither a duration nor a parameter with one",
                    'such as "5 working days"',
                )
        if role.body is not None:
            yield from _body_faults(draft, f"{path}.body", role.body)
    yield from _supervision_circles(draft)
    yield from _unfillable(draft)


def _body_faults(draft: Draft, path: str, body: str) -> Iterator[Fault]:
    if "." in body:
        yield from _entry_faults(draft, path, body)
        return
    fact = draft.facts.get(body)
    if fact is None:
        yield Fault(path, f"{body!r} is neither a fact nor list.entry", near_miss(body, draft.facts))
    elif fact.type is not FieldType.CHOICE or fact.many:
        yield Fault(path, f"the fact {body!r} is not one choice from a list", "name a fact that is a choice")


def _supervision_circles(draft: Draft) -> Iterator[Fault]:
    for name in draft.roles:
        seen: set[str] = set()
        below = list(draft.roles[name].supervises)
        while below:
            role = below.pop()
            if role == name:
                yield Fault(f"roles.{name}.supervises", "supervision runs in a circle", "let escalation end somewhere")
                break
            if role in draft.roles and role not in seen:
                seen.add(role)
                below.extend(draft.roles[role].supervises)


def _unfillable(draft: Draft) -> Iterator[Fault]:
    fillable = {name for name, role in draft.roles.items() if role.standing}
    grew = True
    while grew:
        more = {
            name
            for name, role in draft.roles.items()
            if name not in fillable and any(by in fillable or by not in draft.roles for by in role.appointed_by)
        }
        grew = bool(more)
        fillable |= more
    for name in draft.roles:
        if name not in fillable:
            yield Fault(
                f"roles.{name}.appointed_by",
                "the role can never be filled",
                "let a standing office, or a role it fills, appoint",
            )


def _separations(draft: Draft) -> Iterator[Fault]:
    for index, separation in enumerate(draft.separations):
        path = f"separations[{index}].roles"
        if len(separation.roles) < 2:
            yield Fault(path, "separates fewer than two roles", "name two or more")
        if len(set(separation.roles)) != len(separation.roles):
            yield Fault(path, "separates a role from itself, which leaves nobody", "name each role once")
        for role in separation.roles:
            if role not in draft.roles:
                yield Fault(path, f"unknown role {role!r}", near_miss(role, draft.roles))


def _gate(draft: Draft) -> Iterator[Fault]:
    if draft.gate is None:
        return
    if not draft.gate.in_:
        yield Fault("gate.in", "names no state", "name the states in which another system may go ahead")
    for state in draft.gate.in_:
        if state not in draft.states:
            yield Fault("gate.in", f"unknown state {state!r}", near_miss(state, draft.states))
    yield from requirement_faults(draft, None, "gate.requires", draft.gate.requires)


def _properties(draft: Draft) -> Iterator[Fault]:
    for index, wanted in enumerate(draft.properties):
        path = f"properties[{index}]"
        given = [key for key in ("never", "always", "before", "leads_to") if getattr(wanted, key)]
        if len(given) != 1:
            yield Fault(
                path, f"has {', '.join(given) or 'nothing to prove'}", "give one of never, always, before, leads_to"
            )
        for key in ("never", "always"):
            yield from requirement_faults(draft, None, f"{path}.{key}", getattr(wanted, key))
        for key in ("before", "leads_to"):
            pair = getattr(wanted, key)
            if pair and len(pair) != 2:
                yield Fault(f"{path}.{key}", f"has {len(pair)} parts", "give two lists of requirements")
            for number, side in enumerate(pair):
                yield from requirement_faults(draft, None, f"{path}.{key}[{number}]", side)
