"""Whether anybody stood on both sides, as the kit tells it from the records alone: for tests to hold histories against it."""

from __future__ import annotations

from collections.abc import Sequence

from stabflow import Procedure, Record
from stabflow.testing.procedures.sides import Sides


def conflicts(procedure: Procedure, records: Sequence[Record]) -> list[str]:
    """Everything by which somebody judged themselves, acted on two sides, had two votes, or acted although they were recused or
    their delegation was none."""
    sides = Sides(procedure)
    return [f"version {record.version}: {one.text.en}" for record in records for one in sides.broken(record)]


def acted(procedure: Procedure, records: Sequence[Record]) -> dict[str, set[str]]:
    """The roles in which each has acted, or somebody for them."""
    sides = Sides(procedure)
    assert [one for record in records for one in sides.broken(record)] == []
    return sides.acted
