"""A disk that fails at one operation, or from one on."""

from __future__ import annotations

import errno

import apsw
import attrs

from .disk import Op


@attrs.define
class Fault:
    """Makes operation number ``at`` fail, and those after it if ``lasting``."""

    at: int
    error: type[Exception]
    lasting: bool = False
    seen: int = 0
    hit: Op | None = None
    over: bool = False

    def __call__(self, op: Op) -> Exception | None:
        self.seen += not self.over
        if self.over or self.seen < self.at or (self.hit and not self.lasting):
            return None
        if self.error is apsw.FullError and op.kind not in {"create", "write", "link"}:
            return None  # a full disk fails only what needs room
        self.hit = self.hit or op
        if op.kind in {"link", "sync folder"}:
            return OSError(errno.ENOSPC if self.error is apsw.FullError else errno.EIO, "planted")
        return self.error("planted")
