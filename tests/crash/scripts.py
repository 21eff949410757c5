"""The scripts by name, so that another process can be told which one to do; and the files with which they begin."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import attrs

from . import earlier
from .acts import act
from .disk import Folder
from .script import Step, ack, append, appends, claim, everything, full_act, notice, read

CHECKPOINT_EVERY = 8
"""So many pages in the log, and it is written back: soon enough for a short run to see it several times."""

OLD_ACTS = 6


def named(name: str) -> tuple[Sequence[Step], int]:
    """The steps of a script, and how many of them its files already hold: "everything", or "from 1" (the schema's version); or
    "too early", in which an act is acknowledged before it is written."""
    if name == "everything":
        return everything(), 0
    if name == "too early":
        steps = appends(4)
        late = [Step("none", lambda _store, _hands: None), *steps]
        return [attrs.evolve(step, do=before.do) for step, before in zip(steps, late, strict=False)], 0
    assert name.startswith("from "), name
    new = [full_act(OLD_ACTS), full_act(OLD_ACTS + 1)]
    old = [append(act(number)) for number in range(OLD_ACTS)]
    return [*old, append(new[0]), claim(1), ack(notice(OLD_ACTS, "unit")), read(), append(new[1])], OLD_ACTS


def files_of(name: str) -> Folder:
    """What is in the folder before the script begins."""
    if not name.startswith("from "):
        return {}
    with tempfile.TemporaryDirectory() as folder:
        return earlier.make(Path(folder), int(name.removeprefix("from ")), OLD_ACTS)
