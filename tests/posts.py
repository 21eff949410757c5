"""An engine with a directory, and notices in its outbox, for the tests of delivery."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import worlds

from stabflow import CaseHandle, Engine, Procedure
from stabflow.decision.notices import Notice
from stabflow.history import notice_codec
from stabflow.ports.store import AppendBatch, Store
from stabflow.stores.memory import MemoryStore
from stabflow.testing import FakeClock, RecordingNotifier, engine_over
from stabflow.text import Text

DIRECTORY = """
format = 1

[channels.mail]
url = "mail:"

[channels.chat]
url = "chat:"

[bodies.office]
channels = ["mail", "chat"]
language = "en"
mail = "office@example.org"
chat = ["room 1", "room 2"]

[bodies.council]
channels = ["mail"]
mail = "council@example.org"
roles.chair.mail = "chair@example.org"
"""


class Town:
    """A small case, whose notices go by mail and chat; both record, and do as they are told."""

    def __init__(
        self, tmp_path: Path, directory: str = DIRECTORY, *, store: Store | None = None, clock: FakeClock | None = None
    ) -> None:
        self.clock = FakeClock(worlds.START) if clock is None else clock
        self.file = tmp_path / "directory.toml"
        self.file.write_text(directory, encoding="utf-8")
        self.mail, self.chat = RecordingNotifier(), RecordingNotifier()
        self.store: Store = MemoryStore(self.clock) if store is None else store
        self.engine = self.another()
        worlds.constituted(self.engine)
        self.case: CaseHandle = worlds.opened(self.engine)
        self._put = 0

    def another(self, store: Store | None = None, *procedures: Procedure) -> Engine:
        """One more engine over the same store, or another handle of it, with the same channels, and ``procedures`` besides."""
        return engine_over(
            self.store if store is None else store,
            procedures=[worlds.small(), *procedures],
            clock=self.clock,
            plugins=[self.mail.plugin("mail"), self.chat.plugin("chat")],
            directory=self.file,
        )

    def notify(self, role: str = "clerk", body: str = "", **facts: str) -> Notice:
        """A notice for a role, in the outbox, with ``facts`` besides those of every notice."""
        self._put += 1
        notice = Notice(
            name="soon",
            origin=f"{self._put:064x}",
            about="case",
            case=self.case.id,
            role=role,
            body=body,
            subject=Text("It is due", "即将到期"),
            text=Text(f"Number {self._put}.", f"第{self._put}号。"),
            facts={"notice": "soon", "case": self.case.id, **facts},
            created_at=self.clock.now,
        )
        put = AppendBatch(
            "system/test", 0, (), outbox=(notice_codec.encode(notice),), key=f"key {self._put}", digest="d"
        )
        self.store.append(put)
        return notice

    def later(self, **time: float) -> None:
        """Let time pass."""
        self.clock.advance(timedelta(**time))

    @property
    def said(self) -> list[str]:
        """What became of the notices of the case: the tag, the channel and the place of each record."""
        return [
            f"{record.tag} {record.event.channel}{record.event.place or ''}".strip()  # type: ignore[attr-defined]
            for record in self.engine.outbox.despatches(self.case.id)
        ]
