"""The random histories, as a check; Hypothesis is imported when it is made, not before."""

from __future__ import annotations

from ..registry import Level, check
from ..storage import Storage


@check("All", Level.MACHINE)
def random_histories_go_as_in_memory(storage: Storage) -> None:
    """Whatever is appended, claimed and asked in whatever order by two handles, the answers are those of the store in memory."""
    from ..machine import Histories
    from ..search import search_for_a_difference

    search_for_a_difference(storage, Histories)
