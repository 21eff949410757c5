"""What the tests of several documents need: the ids of their clauses spelt out, and their dossiers run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import stabflow
from stabflow import CaseHandle
from stabflow.dossier import Dossier, Run, run

EXAMPLES = Path(__file__).parent.parent / "examples"


def spelt_out(words: str) -> list[str]:
    """The ids of clauses in ``words``, where ``三.2-4`` stands for three of them."""
    found: list[str] = []
    for word in words.split():
        several = re.fullmatch(r"(.*\.)(\d+)-(\d+)", word)
        if several is None:
            found.append(word)
        else:
            found += [f"{several[1]}{n}" for n in range(int(several[2]), int(several[3]) + 1)]
    return found


@contextmanager
def dossier_run(name: str) -> Iterator[tuple[Run, CaseHandle]]:
    """The dossier called ``name``, run, and its case."""
    with stabflow.open("memory:", late_entry=None) as engine:
        done = run(Dossier.load(EXAMPLES / f"{name}.toml"), engine)
        yield done, engine.case(done.case_id)
