"""Where something stands in a procedure, as text: ``items.hazard.transitions[2].by``."""

from __future__ import annotations

import re

Key = str | int
_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")


def path_text(*where: Key) -> str:
    """The path through these keys and indices; keys that TOML wants quoted are quoted, and shown without control characters."""
    text = ""
    for key in where:
        if isinstance(key, int):
            text += f"[{key}]"
        else:
            shown = key if _BARE.match(key) else '"' + repr(key)[1:-1].replace('"', '\\"') + '"'
            text += f".{shown}" if text else shown
    return text
