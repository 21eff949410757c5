"""The seed of what is drawn by chance, where nobody names one: a fresh one each time, unless a whole run is to be repeated."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

_seed: int | None = None


def named() -> int | None:
    """The seed that the whole run is to have; ``None`` where nobody named one."""
    return _seed


def drawn(seed: int | None = None) -> int:
    """``seed``, if there is one; else that of the whole run (`repeated`); else a fresh one."""
    if seed is not None:
        return seed
    return random.SystemRandom().randrange(2**32) if _seed is None else _seed


@contextmanager
def repeated(seed: int) -> Iterator[None]:
    """While this is entered, what names no seed has this one; pytest's ``--stabflow-seed`` enters it."""
    global _seed  # noqa: PLW0603 - one for the process, as the option is
    before, _seed = _seed, seed
    try:
        yield
    finally:
        _seed = before
