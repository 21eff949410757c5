"""The conformance kit on a real server."""

from __future__ import annotations

import pytest
from stabflow_mail.conformance import MailHarness

from stabflow.testing import check_notifier

NOT_COVERED = {
    "n3_the_same_id_twice_is_seen_once",  # who gets a mail twice may show it twice
    "n6_the_channels_wish_to_wait_is_passed_on",  # no mail server has a way to say it
}


def check(*only: str) -> None:
    report = check_notifier(MailHarness, only=only or None)
    report.raise_for_failures()
    assert {one.check.name for one in report.not_covered} <= NOT_COVERED, report


def test_what_goes_in_comes_out() -> None:
    check("N1", "N3", "N7", "N8", "N9")


@pytest.mark.slow
def test_every_clause() -> None:
    check()
