"""What is refused when a procedure is made: every fault that needs no search, all of them at once, each with its path.

The rules between the parts of the whole stand here, those on roles, on lifecycles and on rows in modules of their own. What one
fault causes is not accused again: where a name is unknown, the one that was probably meant counts as named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..errors import Fault, InvalidInput, near_miss, nearest
from ..requirements import TimeElapsed
from ..text import Text
from ..values import NAME_CURE, is_name
from ..zones import zone
from .citations import places, required
from .gaps import gap_faults
from .lifecycle import FieldType, Outcome
from .parts import ANY, Draft
from .paths import path_text
from .static_lifecycle import lifecycle_faults
from .static_notices import notice_faults
from .static_numbers import number_faults
from .static_roles import entry_faults, role_faults, separation_faults
from .static_rows import requirement_faults

FORMAT = 1
RESERVED = frozenset(
    {"actor", "at", "basis", "by", "case_id", "if_version", "item", "key", "reason", "role", "trigger", "unproved"}
)
"""Words of the calls that carry field values; a field of such a name could not be stated."""

UNCITED = "nothing carries it"

_ID = re.compile(r"[a-z][a-z0-9-]{0,63}\Z")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.]{0,31}\Z")
_DATA = re.compile(
    r"(^|_)(full_name|first_name|last_name|surname|(people|villagers?|residents?|owners?|tenants?|households?)_names?|names?_of_(people|villagers?|residents?|owners?|tenants?)|"
    r"id_?card(_no|_number)?|id_no|id_number|identity_card|citizen_?id|person_(id|no|number)|passport|license_plate|nickname|"
    r"phone|mobile|telephone|email|contacts?|(home|postal|residential)_address|birth(day|date)?|date_of_birth|gender|sex|ethnicity|"
    r"religion|faces?|photos?_of|fingerprints?|biometrics?|location_trail|whereabouts|social_network|sentiment|mood|attitude_of|"
    r"household_register|wechat|qq|bank_account|blacklist|watch_?list|criminal_record|political_background|relatives)(_|$)|^address$"
)
_PEOPLE = re.compile(
    r"(^|_)(petitioners?|complainants?|visitors?|protesters?|suspects?|persons?|individuals?|citizens?|applicants?|whistleblowers?|"
    r"agitators?|activists?|ringleaders?|troublemakers?|informants?|drug_users?|key_people)(_|$)"
)
_TITLE_ZH = re.compile(
    "姓名|名单|名單|名录|名錄|前科|重点人员|重點人員|联系人|聯繫人|证件号|證件號|带头人|帶頭人|立场评分|维权人士|維權人士|投诉人|投訴人|举报人|舉報人|挑头人|挑頭人|联系方式|聯繫方式|身份证|身份證|电话|電話|手机|手機|住址|上访人|上訪人|信访人|信訪人|人脸|人臉|出生|民族成分|户籍|戶籍"
)
_TITLE_EN = re.compile(
    r"\b(full names?|surnames?|id (card|number)|identity card|passport|(tele|mobile )?phone number|home address|"
    r"dates? of birth|ethnicity|religion|fingerprints?|whereabouts|"
    r"blacklist|criminal record|names? of (the )?(petitioner|complainant|visitor|protester|resident)s?)\b",
    re.IGNORECASE,
)


def faults(draft: Draft) -> Iterator[Fault]:
    """Every static fault of ``draft``; a gap is told as a gap, and as nothing else."""
    gaps = tuple(gap_faults(draft))
    yield from gaps
    open_places = {fault.path for fault in gaps}
    yield from (fault for fault in _faults(draft) if fault.path not in open_places)


def _faults(draft: Draft) -> Iterator[Fault]:
    yield from _identity(draft)
    yield from _names(draft)
    yield from _personal(draft)
    yield from _lists(draft)
    yield from _clauses(draft)
    yield from role_faults(draft)
    yield from separation_faults(draft)
    for kind, _ in draft.lifecycles():
        yield from lifecycle_faults(draft, kind)
    yield from _gate(draft)
    yield from _properties(draft)
    yield from notice_faults(draft)


# Identity and names


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
    if draft.timezone is not None:
        try:
            zone(draft.timezone)
        except InvalidInput as error:
            yield Fault("procedure.timezone", error.faults[0].problem, error.faults[0].cure)
    elif _reads_the_calendar(draft):
        yield Fault("procedure.timezone", "is missing, and there are limits", 'name one, such as "Asia/Shanghai"')


def _reads_the_calendar(draft: Draft) -> bool:
    cycles = [cycle for _, cycle in draft.lifecycles()]
    return (
        any(state.within or state.until for cycle in cycles for state in cycle.states.values())
        or any(row.every for cycle in cycles for row in cycle.transitions)
        or any(role.responds_within or role.vacant_within for role in draft.roles.values())
        or any(isinstance(one.part, TimeElapsed) for one in required(draft))
    )


def _named(draft: Draft) -> Iterator[tuple[str, str]]:
    for table in ("lists", "parameters", "roles", "facts", "states", "items"):
        for name in getattr(draft, table):
            yield path_text(table, name), name
    for list_name, entries in draft.lists.items():
        for name in entries:
            yield path_text("lists", list_name, name), name
    for index, row in enumerate(draft.transitions):
        yield path_text("transitions", index, "trigger"), row.trigger
    for kind, cycle in draft.items.items():
        for table in ("fields", "states"):
            for name in getattr(cycle, table):
                yield path_text("items", kind, table, name), name
        for index, row in enumerate(cycle.transitions):
            yield path_text("items", kind, "transitions", index, "trigger"), row.trigger
    for index, rule in enumerate(draft.notices):
        yield path_text("notices", index, "name"), rule.name


def _names(draft: Draft) -> Iterator[Fault]:
    for path, name in _named(draft):
        if not is_name(name):
            yield Fault(path, f"{name!r} is not a name", NAME_CURE)
    cure = "give one of them another name"
    for kind, cycle in draft.lifecycles():
        for name in cycle.fields:
            path = path_text("facts", name) if kind is None else path_text("items", kind, "fields", name)
            if name in draft.parameters:
                yield Fault(path, f"{name!r} is also a parameter", cure)
            if kind is not None and name in draft.facts:
                yield Fault(path, f"{name!r} is also a fact", cure)
            if name in draft.roles:
                yield Fault(path, f"{name!r} is also a role", cure)
            if name in RESERVED:
                yield Fault(
                    path,
                    f"{name!r} is a word of the calls that state fields",
                    f"choose another; reserved: {', '.join(sorted(RESERVED))}",
                )


def _personal(draft: Draft) -> Iterator[Fault]:
    """What a procedure calls by the name of a person, or asks of one; people may be counted, told and heard. Clauses are left
    out: they say what the source says."""
    named: list[tuple[str, str, Text | None, bool]] = []
    for kind, cycle in draft.lifecycles():
        own = () if kind is None else ("items", kind)
        for name, field in cycle.fields.items():
            path = path_text(*own, "facts" if kind is None else "fields", name)
            named.append((path, name, field.title, field.type is FieldType.INT))
        named += [(path_text(*own, "states", name), name, state.title, True) for name, state in cycle.states.items()]
        named += [
            (path_text(*own, "transitions", index), row.trigger, row.title, True)
            for index, row in enumerate(cycle.transitions)
        ]
    named += [(path_text("items", name), name, item.title, False) for name, item in draft.items.items()]
    named += [(path_text("roles", name), name, role.title, False) for name, role in draft.roles.items()]
    named += [(path_text("notices", index), rule.name, rule.title, True) for index, rule in enumerate(draft.notices)]
    for list_name, entries in draft.lists.items():
        named.append((path_text("lists", list_name), list_name, None, False))
        named += [(path_text("lists", list_name, name), name, entry.title, False) for name, entry in entries.items()]
    for path, name, title, counts in named:
        people = not counts and _PEOPLE.search(name)
        titled = title is not None and (_TITLE_ZH.search(title.zh) or _TITLE_EN.search(title.en))
        if people or titled or _DATA.search(name):
            yield Fault(
                path,
                "names or describes a member of the public",
                "stabflow assesses decisions, never people: record counts, groups and positions instead",
            )


# Lists and clauses


def _lists(draft: Draft) -> Iterator[Fault]:
    for list_name, entries in draft.lists.items():
        if not entries:
            yield Fault(path_text("lists", list_name), "has no entries", "add one, or leave the list out")
        for name, entry in entries.items():
            if entry.of is None or entry.of == ANY:
                continue
            path = path_text("lists", list_name, name, "of")
            found = list(entry_faults(draft, path, entry.of))
            yield from found
            if not found and _belongs_to_itself(draft, f"{list_name}.{name}"):
                yield Fault(path, "belongs to itself in the end", "let the chain of `of` end somewhere")


def _belongs_to_itself(draft: Draft, reference: str) -> bool:
    above, seen = reference, set[str]()
    while above not in seen:
        seen.add(above)
        list_name, _, name = above.partition(".")
        entry = draft.lists.get(list_name, {}).get(name)
        if entry is None or entry.of is None or entry.of == ANY:
            return False
        above = entry.of
    return above == reference


def _clauses(draft: Draft) -> Iterator[Fault]:
    cited: set[str | None] = set()
    for place in places(draft):
        for clause in place.part.clause:
            cited.add(clause if clause in draft.clauses else nearest(clause, draft.clauses))
            if clause not in draft.clauses:
                yield Fault(f"{place.path}.clause", f"unknown clause {clause!r}", near_miss(clause, draft.clauses))
    for clause, said in draft.clauses.items():
        if clause not in cited and said.deviation is None:
            yield Fault(
                path_text("clauses", clause),
                UNCITED,
                "cite it where it is carried out, or declare a deviation with its reason",
            )


# The gate, and what is to be proved


def _gate(draft: Draft) -> Iterator[Fault]:
    if draft.gate is None:
        return
    if not draft.gate.in_:
        yield Fault("gate.in", "names no state", "name the states in which another system may go ahead")
    for state in draft.gate.in_:
        if state not in draft.states:
            yield Fault("gate.in", f"unknown state {state!r}", near_miss(state, draft.states))
        elif draft.states[state].outcome in (Outcome.DEFER, Outcome.PROHIBIT):
            yield Fault("gate.in", f"{state!r} is a decision not to go ahead", "name states in which one may")
    yield from requirement_faults(draft, None, "gate.requires", draft.gate.requires, acting=False)
    yield from number_faults(draft, None, None, "gate.requires", draft.gate.requires)


def _properties(draft: Draft) -> Iterator[Fault]:
    for index, wanted in enumerate(draft.properties):
        path = path_text("properties", index)
        given = [key for key in ("never", "always", "before", "leads_to") if getattr(wanted, key)]
        if len(given) != 1:
            yield Fault(
                path,
                f"has {' and '.join(given) or 'nothing to prove'}",
                "give exactly one of never, always, before and leads_to",
            )
        for key in ("never", "always"):
            yield from requirement_faults(draft, None, f"{path}.{key}", getattr(wanted, key), acting=False)
        for key in ("before", "leads_to"):
            pair = getattr(wanted, key)
            if pair and (len(pair) != 2 or not all(pair)):
                yield Fault(f"{path}.{key}", "is no pair", "give two lists of requirements: [[…], […]]")
            for number, side in enumerate(pair):
                yield from requirement_faults(draft, None, f"{path}.{key}[{number}]", side, acting=False)
