"""The names that a requirement may use where it stands, read off a draft."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import attrs

from ..calendar import Duration
from .lifecycle import Field, FieldType, Step
from .parts import Draft


@attrs.frozen
class DraftScope:
    """The scope of a requirement on the lifecycle of ``kind`` (``None``: of the case)."""

    draft: Draft
    kind: str | None

    @functools.cached_property
    def _types(self) -> Mapping[str, str]:
        parameters = {
            name: "duration" if isinstance(parameter.value, Duration) else "int"
            for name, parameter in self.draft.parameters.items()
        }
        fields = {**self.draft.facts, **self.draft.lifecycle(self.kind).fields}
        return parameters | {name: field.type.value for name, field in fields.items()}

    def value_type(self, name: str) -> str | None:
        return self._types.get(name)

    def value_names(self) -> frozenset[str]:
        return frozenset(self._types)

    def choices(self, name: str) -> frozenset[str] | None:
        return self._entries(self.draft.field_of(name, self.kind))

    def _entries(self, field: Field | None) -> frozenset[str] | None:
        entries = None if field is None else self.draft.lists.get(field.of or "")
        return None if entries is None else frozenset(entries)

    def parameter(self, name: str) -> int | Duration | None:
        parameter = self.draft.parameters.get(name)
        return None if parameter is None else parameter.value

    def parameter_names(self) -> frozenset[str]:
        return frozenset(self.draft.parameters)

    def limit(self, limit: Duration | str) -> int | Duration | None:
        """``limit`` itself, or what the parameter of this name holds."""
        return limit if isinstance(limit, Duration) else self.parameter(limit)

    def kinds(self) -> frozenset[str]:
        return frozenset(self.draft.items)

    def kind_states(self, kind: str) -> frozenset[str]:
        return frozenset(self.draft.items[kind].states)

    def kind_field_type(self, kind: str, field: str) -> str | None:
        found = self.draft.items[kind].fields.get(field)
        return None if found is None else found.type.value

    def kind_fields(self, kind: str) -> frozenset[str]:
        return frozenset(self.draft.items[kind].fields)

    def kind_choices(self, kind: str, field: str) -> frozenset[str] | None:
        return self._entries(self.draft.items[kind].fields.get(field))

    def case_states(self) -> frozenset[str]:
        return frozenset(self.draft.states)

    def steps(self) -> frozenset[str]:
        return frozenset(step.value for step in Step)

    def own_states(self) -> frozenset[str]:
        return frozenset(self.draft.lifecycle(self.kind).states)

    def own_triggers(self) -> frozenset[str]:
        return frozenset(row.trigger for row in self.draft.lifecycle(self.kind).transitions)

    def own_actor_fields(self) -> frozenset[str]:
        fields = self.draft.lifecycle(self.kind).fields
        return frozenset(name for name, field in fields.items() if field.type is FieldType.ACTOR)

    def roles(self) -> frozenset[str]:
        return frozenset(self.draft.roles)

    def holders(self, role: str) -> int | None:
        return self.draft.roles[role].holders
