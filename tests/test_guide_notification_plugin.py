"""docs/how-to/write-a-notification-plugin.md, followed literally: each command, each edit, and what is printed."""

from __future__ import annotations

from pathlib import Path

import pytest
from guides import HOW_TO, build_wheel, check_blocks, follow, stranger

GUIDE = HOW_TO / "write-a-notification-plugin.md"


def test_every_block_is_one_that_can_be_followed() -> None:
    check_blocks(GUIDE.read_text("utf-8"))


@pytest.mark.packaging
def test_the_guide_leads_to_a_notifier_that_passes(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    follow(GUIDE.read_text("utf-8"), stranger(tmp_path, build_wheel(tmp_path_factory.mktemp("shelf"))))
