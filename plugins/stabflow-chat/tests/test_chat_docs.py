"""What the page shows of a directory can be read, and opened."""

from __future__ import annotations

from pathlib import Path

from stabflow.engine.directory import check_addresses, read_directory
from stabflow.plugins import equip

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "send-notices-to-chats.md"


def test_the_directory_of_the_page(tmp_path: Path) -> None:
    text = PAGE.read_text("utf-8").split("```toml\n")[1].split("```")[0]
    others = text.replace(
        "[bodies.transport-bureau]", '[channels.mail]\nurl = "log:"\n\n[bodies.transport-bureau]\nmail = "x"'
    )
    (tmp_path / "directory.toml").write_text(others, encoding="utf-8")
    directory = read_directory(tmp_path / "directory.toml", {"TRANSPORT_ROBOT": "wecombot://693a91f6-7xxx-4bc4"})
    equipment = equip(channels=[one.url for one in directory.channels.values()])
    opened = {label: equipment.open_notifier(one.url, one.secrets) for label, one in directory.channels.items()}
    check_addresses(directory, opened, "the page")
