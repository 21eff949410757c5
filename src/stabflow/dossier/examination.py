"""What can be said of a dossier's acts before any is tried: every name is known, and every value fits its field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import attrs

from ..case import item_id, kind_of
from ..decision.fields import STATES_NOTHING, coerce
from ..errors import Fault, FaultyInput, near_miss
from ..language import Field, FieldType, Procedure, Transition
from ..values import Actor, Value
from .form import Form
from .toml import in_toml, told_in_toml
from .values import Verb


@attrs.frozen
class ActForm:
    """An act as far as it could be read."""

    form: Form
    verb: Verb
    what: str | None
    trigger: str | None
    item: str | None
    role: str | None
    refused: bool


class Examiner:
    """Examines acts in their order against the procedure, counting the items that they add.

    ``is_doubtful``: an act that could not be read may have opened the case; nothing more is said about that.
    """

    def __init__(
        self, procedure: Procedure, actors: Mapping[str, Actor], handles: Sequence[str], faults: list[Fault]
    ) -> None:
        self.procedure = procedure
        self.actors = actors
        self.handles = handles
        self.faults = faults
        self.opened = False
        self.is_doubtful = False
        self.added: Counter[str] = Counter()

    def examine(self, act: ActForm) -> dict[str, Value]:
        """The values that ``act`` states, in their types; what is wrong with it is noted."""
        if act.verb is not Verb.OPEN and not self.opened and not self.is_doubtful:
            act.form.fault("", "comes before the case is opened", "begin with an act that has open = true")
            self.is_doubtful = True
        if act.role is not None:
            fields = {name for _, cycle in self.procedure.lifecycles() for name in _actor_fields(cycle.fields)}
            known = {*self.procedure.roles, *fields}
            if act.role not in known:
                act.form.fault("role", f"unknown role {act.role!r}", near_miss(act.role, known))
        match act.verb:
            case Verb.OPEN:
                return self._open(act)
            case Verb.APPOINT | Verb.RELIEVE:
                self._appointment(act)
                return {}
            case Verb.DELEGATE | Verb.END_DELEGATION | Verb.RECUSE:
                if act.what not in self.procedure.roles:
                    problem = f"unknown role {act.what or ''!r}"
                    act.form.fault(act.verb.value, problem, near_miss(act.what or "", self.procedure.roles))
                return {}
            case Verb.STOP_CLOCK | Verb.RESUME_CLOCK:
                if act.what is not None:
                    self._item(act, act.verb.value, act.what)
                return {}
            case Verb.ADD:
                return self._add(act)
            case Verb.FIRE:
                return self._fire(act)
            case Verb.AMEND:
                return self._amend(act)

    def _open(self, act: ActForm) -> dict[str, Value]:
        if self.opened:
            act.form.fault("open", "the case is open already", "give another matter a dossier of its own")
        self.opened = self.opened or not act.refused
        rows = self._creating(act, None, "open")
        return self._values(act, None, rows)

    def _appointment(self, act: ActForm) -> None:
        name, role = act.what or "", self.procedure.roles.get(act.what or "")
        appointed = [one for one, defined in self.procedure.roles.items() if not defined.standing]
        if role is None:
            act.form.fault(act.verb.value, f"unknown role {name!r}", near_miss(name, appointed))
        elif role.standing:
            cure = "fill it under [[offices]]"
            if act.verb is Verb.RELIEVE:
                cure = "relieve ends a role of the case; end an office in Python: engine.withdraw(…)"
            act.form.fault(act.verb.value, f"{name!r} is a standing office", cure)

    def _add(self, act: ActForm) -> dict[str, Value]:
        kind = act.what or ""
        if kind not in self.procedure.items:
            act.form.fault("add", f"unknown kind {kind!r}", near_miss(kind, self.procedure.items))
            return {}
        if not act.refused:
            self.added[kind] += 1
        return self._values(act, kind, self._creating(act, kind, "add"))

    def _creating(self, act: ActForm, kind: str | None, key: str) -> list[Transition]:
        rows = [row for row in self.procedure.lifecycle(kind).creating() if not row.by_time]
        names = [row.trigger for row in rows]
        if not rows:
            act.form.fault(key, "only time creates this, no person may", "leave the act out")
        elif act.trigger is not None and act.trigger not in names:
            act.form.fault("trigger", f"unknown trigger {act.trigger!r}", near_miss(act.trigger, names))
        elif act.trigger is None and len(rows) > 1 and (kind is None or "add" not in names):
            act.form.fault("trigger", "is missing: there are several ways to create this", "one of " + ", ".join(names))
        wanted = act.trigger or ("add" if "add" in names and len(rows) > 1 else None)
        return [row for row in rows if wanted in (None, row.trigger)]

    def _fire(self, act: ActForm) -> dict[str, Value]:
        trigger, kind = act.what or "", None
        if act.item is not None:
            kind = self._item(act, "item", act.item)
            if kind is None:
                return {}
        rows = [row for row in self.procedure.lifecycle(kind).transitions if row.source and not row.by_time]
        names = {row.trigger for row in rows}
        if trigger not in names:
            act.form.fault(
                "fire", f"unknown trigger {trigger!r} of {kind or 'the case'}", self._meant(trigger, kind, names)
            )
            return {}
        return self._values(act, kind, [row for row in rows if row.trigger == trigger])

    def _meant(self, trigger: str, kind: str | None, names: Iterable[str]) -> str:
        if kind is None:
            for other, defined in self.procedure.items.items():
                if trigger in {row.trigger for row in defined.transitions if row.source}:
                    return f'{other} has it: name the item, such as item = "{other}-1"'
        return near_miss(trigger, names)

    def _amend(self, act: ActForm) -> dict[str, Value]:
        kind = None if act.what is None else self._item(act, "amend", act.what)
        if act.what is not None and kind is None:
            return {}
        values = self._values(act, kind, None)
        if not act.form.table.get("with"):
            act.form.fault("with", "nothing is amended", "give the fields with their right values")
        return values

    def _item(self, act: ActForm, key: str, item: str) -> str | None:
        kind, number = kind_of(item), item.rpartition("-")[2]
        if (
            kind not in self.procedure.items
            or not (number.isascii() and number.isdigit())
            or item != item_id(kind, int(number))
        ):
            known = [item_id(one, n) for one, count in self.added.items() for n in range(1, count + 1)]
            known += [item_id(one, 1) for one, defined in self.procedure.items.items() if defined.preset is not None]
            if key != "item":
                known.append("case")
            act.form.fault(key, f"unknown item {item!r}", near_miss(item, known))
            return None
        defined = self.procedure.items[kind]
        others = defined.preset is not None or any(row.by_time for row in defined.creating())
        if not others and not 1 <= int(number) <= self.added[kind]:
            known = [item_id(kind, n) for n in range(1, self.added[kind] + 1)]
            problem = f"there is no {item!r} yet" if known else f"no {kind} has been added yet"
            act.form.fault(key, problem, near_miss(item, known) if known else "add it first")
            return None
        return kind

    def _values(self, act: ActForm, kind: str | None, rows: Sequence[Transition] | None) -> dict[str, Value]:
        """``with`` in the types of its fields. ``rows`` could state them (``None``: any field may be given)."""
        given = act.form.table.get("with", {})
        fields = self.procedure.lifecycle(kind).fields
        if not isinstance(given, Mapping):
            act.form.fault("with", "is not a table", "write { field = value, … }")
            return {}
        if rows is not None and not rows:
            return {}
        expected = list(fields) if rows is None else list(dict.fromkeys(name for row in rows for name in row.set))
        values: dict[str, Value] = {}
        for name, value in given.items():
            if name not in expected:
                problem = f"{name!r} is not stated by this act" if name in fields else f"unknown field {name!r}"
                act.form.fault(f"with.{name}", problem, near_miss(name, expected) if expected else STATES_NOTHING)
            else:
                found = self._value(act, name, fields[name], value)
                if found is not None:
                    values[name] = found
        for name in expected if rows is not None else ():
            if name not in given and not fields[name].optional and all(name in row.set for row in rows or ()):
                act.form.fault(f"with.{name}", "is missing", "this act must state it")
        return values

    def _value(self, act: ActForm, name: str, field: Field, value: object) -> Value | None:
        path = f"with.{name}"
        if field.type is FieldType.ACTOR:
            if not isinstance(value, str) or value not in self.handles:
                act.form.fault(path, f"unknown office-holder {in_toml(value)}", near_miss(str(value), self.handles))
                return None
            return self.actors[value].id if value in self.actors else None
        try:
            coerced = coerce(self.procedure, field, value)
            return coerced if act.form.names_nobody(path, value) else None
        except FaultyInput as error:
            for fault in (told_in_toml(one, value) for one in error.faults):
                act.form.fault(path, fault.problem, fault.cure)
            return None


def _actor_fields(fields: Mapping[str, Field]) -> Iterable[str]:
    return (name for name, field in fields.items() if field.type is FieldType.ACTOR)
