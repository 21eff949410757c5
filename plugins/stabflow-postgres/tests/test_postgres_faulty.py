"""A store that fails as planned, around one on a real server: without a plan it keeps the contract, also within a transaction."""

from __future__ import annotations

from typing import Any

import pytest
from stabflow_postgres.testing import PostgresHarness

from stabflow.ports.store import Capability, Clock, Store
from stabflow.testing import FaultyStore, check_store
from stabflow.testing.stores.checks import CHECKS


class FaultyHarness(PostgresHarness):
    def open(self, config: Any, clock: Clock) -> Store:
        return FaultyStore(super().open(config, clock))


@pytest.mark.slow
def test_what_is_joined_keeps_the_contract() -> None:
    joined = [one.name for one in CHECKS if Capability.EXTERNAL_TX in one.needs]
    report = check_store(FaultyHarness, only=joined, seed=8)
    report.raise_for_failures()
    assert len(report.covered) == len(joined) > 20
