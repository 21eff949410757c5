"""The channels of a directory, opened, each with its crew; opened anew when the directory, or a secret, is another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import SimpleQueue

import attrs

from ..errors import Fault, InvalidInput
from ..ports.notifier import Notifier, Secrets
from .crews import Crew, Job
from .directory import Channel, Directory, check_addresses, read_directory

AT_ONCE = 8
"""So many messages of a channel are handed over at once."""

WITHIN = 10.0
"""So many seconds one of them may take."""


@attrs.frozen
class Open:
    """A directory, with the crew of each channel by its label; what they have finished comes into one queue."""

    directory: Directory
    crews: Mapping[str, Crew] = attrs.field(hash=False)
    finished: SimpleQueue[Job]


class Post:
    """The directory at a path and its channels, each opened by what ``opener_for`` gives for the URLs of all of them. One
    delivery at a time uses them."""

    def __init__(
        self,
        path: str | Path,
        opener_for: Callable[[Iterable[str]], Callable[[str, Secrets], Notifier]],
        *,
        at_once: int = AT_ONCE,
        within: float = WITHIN,
    ) -> None:
        self._path = Path(path)
        self._opener_for = opener_for
        self.at_once, self.within = at_once, within
        self._turn = threading.Lock()
        self._finished: SimpleQueue[Job] = SimpleQueue()
        self._open: Open | None = None
        self._closing = threading.Event()

    @property
    def is_closing(self) -> bool:
        """Whether it was told to close: a delivery that is under way comes to its end."""
        return self._closing.is_set()

    @contextmanager
    def opened(self) -> Iterator[Open]:
        """The directory as its file has it now, with its channels; `InvalidInput` with every fault, and then what is open stays
        open."""
        with self._turn:
            directory = read_directory(self._path)
            if self._open is None or self._open.directory != directory:
                self._open = self._anew(directory, self._open)
            yield self._open

    def _anew(self, directory: Directory, before: Open | None) -> Open:
        """The directory with its channels; those that are as they were ``before`` stay open, the others of then are closed."""
        kept: dict[str, Crew] = {}
        if before is not None:
            same = before.directory.channels.items() & directory.channels.items()
            kept = {label: before.crews[label] for label, _ in same}
        with ExitStack() as undone:
            crews = {
                **kept,
                **self._crews([one for one in directory.channels.values() if one.label not in kept], undone),
            }
            notifiers = {label: crew.notifier for label, crew in crews.items()}
            check_addresses(directory, notifiers, f"directory {self._path}")
            undone.pop_all()
        for label, crew in ({} if before is None else before.crews).items():
            if label not in kept:
                crew.close()
        return Open(directory, crews, self._finished)

    def _crews(self, channels: Sequence[Channel], undone: ExitStack) -> Mapping[str, Crew]:
        open_notifier = self._opener_for([channel.url for channel in channels])
        faults: list[Fault] = []
        crews: dict[str, Crew] = {}
        for channel in channels:
            try:
                notifier = open_notifier(channel.url, channel.secrets)
            except InvalidInput as error:
                faults += [attrs.evolve(one, path=f"channels.{channel.label}.{one.path}") for one in error.faults]
            else:
                crew = Crew(notifier, size=self.at_once, within=self.within, finished=self._finished)
                undone.callback(crew.close)
                crews[channel.label] = crew
        if faults:
            raise InvalidInput(faults, what=f"directory {self._path}")
        return crews

    def close(self) -> None:
        """Have a delivery that is under way come to its end, and close the notifiers."""
        self._closing.set()
        with self._turn:
            for crew in () if self._open is None else self._open.crews.values():
                crew.close()
            self._open = None
