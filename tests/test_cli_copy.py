"""`stabflow copy`: in words, in JSON, by its exit status, and killed again and again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import worlds
from command_line import Run
from conftest import SHORT
from copies import holdings, killed_again_and_again

from stabflow import Engine, Matter
from stabflow.engine.copying import Copied, Stage
from stabflow.stores.sqlite import SqliteStore


@pytest.fixture
def source(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/from.db"
    with worlds.engine_on(url) as engine:
        worlds.opened(worlds.constituted(engine), key="open")
    return url


def test_it_says_what_arrived(stab: Run, source: str, tmp_path: Path) -> None:
    target = f"sqlite:///{tmp_path}/to.db"
    status, said, _ = stab("copy", source, target)
    assert status == 0
    assert said.splitlines()[:2] == [str(tmp_path / "to.db"), "whole, compared and verified"]
    assert [line.split() for line in said.splitlines() if line.startswith("  cases")] == [["cases", "1"]]
    status, said, _ = stab("copy", source, target, "--json")
    told = json.loads(said)
    assert (status, told["added"], told["cases"], told["behind"]) == (0, 0, 1, False)
    assert told["verified"]["cases"] == 1
    assert "已完整复制" in stab("copy", source, target, "--lang", "zh")[1]
    assert "without --no-outbox" in " ".join(stab("copy", source, target, "--no-outbox")[1].split())


def test_what_cannot_be_copied(stab: Run, source: str, tmp_path: Path) -> None:
    assert stab("copy", source, source)[0] == 2
    status, _, said = stab("copy", f"sqlite:///{tmp_path}/not-there.db", f"sqlite:///{tmp_path}/to.db")
    assert (status, "FROM: " in said, "does not exist" in said) == (2, True, True)
    status, _, said = stab("copy", "memory:", f"sqlite:///{tmp_path}/to.db")
    assert (status, "FROM: memory: has no records (correct the URL)" in said) == (2, True)
    assert not (tmp_path / "to.db").exists()
    other = f"sqlite:///{tmp_path}/other.db"
    with worlds.engine_on(other) as engine:
        worlds.opened(worlds.constituted(engine), Matter("road-2", "Road"))
    status, _, said = stab("copy", source, other, "--json")
    assert (status, "has records of its own already" in said) == (2, True)


def test_a_source_that_goes_on_meanwhile_is_told(
    stab: Run, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, copy_to, left = f"sqlite:///{tmp_path}/to.db", Engine.copy_to, [2]

    def busy(self: Engine, to: Engine, *, progress: Any, **more: Any) -> Copied:
        def tell(stage: Stage, count: int, whole: int) -> None:
            progress(stage, count, whole)
            if stage is Stage.CHECKING and left[0]:
                left[0] -= 1
                with worlds.engine_on(source) as engine:
                    engine.case("small-bridge-1-1").fire("restart", by=worlds.CHAIR, basis=worlds.BASIS)

        return copy_to(self, to, progress=tell, **more)

    monkeypatch.setattr(Engine, "copy_to", busy)
    status, said, told = stab("copy", source, target)
    assert (status, "compared and verified" in said) == (3, False)
    assert "FROM has gone on meanwhile" in told
    status, said, _ = stab("copy", source, target, "--json")
    assert (status, json.loads(said)["behind"], json.loads(said)["added"]) == (3, True, 1)
    status, said, _ = stab("copy", source, target, "--json")
    assert (status, json.loads(said)["behind"], json.loads(said)["added"]) == (0, False, 1)


@pytest.mark.slow
def test_killed_again_and_again_it_arrives_whole(stab: Run, tmp_path: Path) -> None:
    source, target = (f"sqlite:///{tmp_path}/{name}.db?synchronous=normal" for name in ("from", "to"))
    with worlds.engine_on(source) as engine:
        worlds.constituted(engine)
        for n in range(4 if SHORT else 20):
            worlds.noted(worlds.opened(engine, Matter(f"road-{n}", "Road"), key="open"))
    assert killed_again_and_again(source, target) > 2
    status, said, _ = stab("copy", source, target, "--json")
    assert (status, json.loads(said)["added"]) == (0, 0)
    stores = [SqliteStore.open(tmp_path / name) for name in ("from.db", "to.db")]
    assert holdings(stores[0]) == holdings(stores[1])
    for store in stores:
        store.close()
