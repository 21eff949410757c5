"""Procedures written in a few words, for one question each."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence

from stabflow.language import Procedure, loads
from stabflow.language.lifecycle import FIVE_STEPS

from .catalogue import HEAD

PEOPLE = 'accountable = "clerk", open_ended = true'


def drafted(*parts: str) -> Procedure:
    """The procedure that the parts make, under the head of the catalogue."""
    return loads(HEAD + "\n".join(parts))


def facts(**types: str) -> str:
    """Facts of these types; a type may be followed by further keys."""
    return "".join(f"[facts.{name}]\ntype = {type_}\n" for name, type_ in types.items())


def states(*names: str, final: Sequence[str] = (), **steps: str) -> str:
    """States of the case; ``steps``: what more is said of one."""
    lines = [f"[states.{name}]\n{PEOPLE.replace(', ', chr(10))}\n{steps.get(name, '')}\n" for name in names]
    return "".join([*lines, *(f"[states.{name}]\nfinal = true\n{steps.get(name, '')}\n" for name in final)])


def row(
    trigger: str,
    source: str | Sequence[str] = (),
    dest: str = "",
    requires: str = "",
    sets: str = "",
    by: str = "clerk",
) -> str:
    """A row of the case."""
    lines = ["[[transitions]]", f'trigger = "{trigger}"', f"by = {json.dumps(by.split())}"]
    lines += [f"source = {json.dumps(source)}"] if source else []
    lines += [f'dest = "{dest}"'] if dest else []
    lines += [f"requires = [{requires}]"] if requires else []
    lines += [f"set = {json.dumps(sets.split())}"] if sets else []
    return "\n".join(lines) + "\n"


def kind(name: str, *rows: str, more: str = "", final: str = "done", stands: str = "open") -> str:
    """A kind of item; its rows as `act` makes them."""
    title = f'title = {{ en = "{name}", zh = "{name}一项" }}'
    open_ = "".join(f"states.{one} = {{ {PEOPLE} }}\n" for one in stands.split())
    ends = "".join(f"states.{one} = {{ final = true }}\n" for one in final.split())
    return f"[items.{name}]\n{title}\n{more}\n{open_}{ends}transitions = [\n" + ",\n".join(rows) + "\n]\n"


def act(trigger: str, source: str = "", dest: str = "", requires: str = "", sets: str = "", by: str = "clerk") -> str:
    """A row of an item."""
    parts = [f'trigger = "{trigger}"', f"by = {json.dumps(by.split())}"]
    parts += [f'source = "{source}"'] if source else []
    parts += [f'dest = "{dest}"'] if dest else []
    parts += [f"requires = [{requires}]"] if requires else []
    parts += [f"set = {json.dumps(sets.split())}"] if sets else []
    return "{ " + ", ".join(parts) + " }"


ADD, FINISH = act("add", dest="open"), act("finish", "open", "done")


def wanted(asked: str) -> str:
    """A property of the author's."""
    return f'[[properties]]\ntitle = {{ en = "wanted", zh = "应证" }}\n{asked}\n'


STEPS = {f"in_{step.value}": f'step = "{step.value}"' for step in FIVE_STEPS}
"""A state for each of the five steps."""


OUTCOME = 'step = "decided"\noutcome = "implement"'


def onward() -> list[str]:
    """The rows that lead from each step to the next, and from the last to ``decided_so``."""
    pairs = [*itertools.pairwise(STEPS)]
    return [*(row(f"to_{there}", here, there) for here, there in pairs), row("decide", "in_review", "decided_so")]


def assessment(*parts: str, more_states: Sequence[str] = (), opens: str = "", **steps: str) -> Procedure:
    """The five steps in their order, decided from the last; ``opens``: what the opening states."""
    return drafted(
        *(part for part in parts if part.startswith("[facts.")),
        states(*STEPS, *more_states, final=["decided_so"], **STEPS, **steps, decided_so=OUTCOME),
        row("open", dest="in_investigate", sets=opens),
        *onward(),
        *(part for part in parts if not part.startswith("[facts.")),
    )
