"""A dossier: a matter, its office-holders and dated acts in order, rehearsed in memory before anything is written."""

from .running import Run, Tried, rehearse, run
from .values import Dossier, NotAsExpected, PlannedAct, PlannedOffice, Verb

__all__ = ["Dossier", "NotAsExpected", "PlannedAct", "PlannedOffice", "Run", "Tried", "Verb", "rehearse", "run"]
