"""What docs/how-to/back-up-postgresql.md has an operator write is what the cluster of the tests is told; and refusals."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from examples.cluster.backups import put_back
from examples.cluster.cluster import Cluster
from examples.cluster.layout import ClusterError, Layout
from examples.cluster.network import network_of
from examples.cluster.settings import of_all_nodes, restoring

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "back-up-postgresql.md").read_text(encoding="utf-8")


def lines(settings: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """Settings as they stand in YAML."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield f"{indent}{name}:"
            yield from lines(value, f"{indent}  ")
        else:
            yield f"{indent}{name}: {'true' if value is True else value}"


def test_patroni_is_told_to_begin_with_the_backup(tmp_path: Path) -> None:
    layout = Layout.made(tmp_path, namespaces=False)
    node = layout.nodes[0]
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    moment = re.search('recovery_target_time: "(.*)"', block)
    assert moment is not None
    told = block.replace("/srv/postgresql/data", str(node.data)).replace("/backup", str(layout.backup)).replace('"', "")
    assert list(lines({"bootstrap": restoring(layout, node, moment[1])})) == told.splitlines()


def test_the_log_is_archived_by_the_same_command(tmp_path: Path) -> None:
    layout = Layout.made(tmp_path, namespaces=False)
    (command,) = re.findall("^archive_command = '(.*)'$", PAGE, re.MULTILINE)
    parameters = of_all_nodes(layout)["postgresql"]["parameters"]
    assert parameters["archive_command"] == command.replace("/backup", str(layout.backup))


NOW = datetime(2026, 11, 29, 6, 5, tzinfo=UTC)


@pytest.mark.parametrize("moment", ["yesterday", "2026-11-29 14:05:00", ""])
def test_what_is_no_moment_stops_nothing(tmp_path: Path, moment: str) -> None:
    cluster = Cluster(layout := Layout.made(tmp_path, namespaces=False), network_of(layout))
    with pytest.raises(ClusterError, match="is no moment"):
        put_back(cluster, moment, now=NOW)


@pytest.mark.parametrize(
    ("moment", "why"),
    [
        ("2026-11-29 14:05:01+08", "2026-11-29 14:05:01\\+08 is still to come"),
        ("2026-11-29 05:59:59+00", "is before the end of the backup, 2026-11-29 06:00:00\\+00:00"),
    ],
)
def test_a_moment_that_cannot_be_stops_nothing(tmp_path: Path, moment: str, why: str) -> None:
    cluster = Cluster(layout := Layout.made(tmp_path, namespaces=False), network_of(layout))
    manifest = layout.backup / "base" / "backup_manifest"
    manifest.parent.mkdir()
    manifest.touch()
    ended = (NOW - timedelta(minutes=5)).timestamp()
    os.utime(manifest, (ended, ended))
    with pytest.raises(ClusterError, match=why):
        put_back(cluster, moment, now=NOW)
