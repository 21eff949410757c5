"""Notices of stabflow by mail: ``smtp://mail.example.org:587?from=notices@example.org&user=notices``."""

from __future__ import annotations

from collections.abc import Iterable

from stabflow import Plugin, hookimpl
from stabflow.ports.hooks import NotifierScheme

from .notifier import MailNotifier

__all__ = ["MailNotifier", "MailPlugin", "plugin"]


class MailPlugin(Plugin):
    """Brings the notifier for URLs that begin with ``smtp://`` or ``smtps://``."""

    contract = 1

    @hookimpl
    def stabflow_notifiers(self) -> Iterable[NotifierScheme]:
        return tuple(NotifierScheme(scheme, MailNotifier.from_url) for scheme in ("smtp", "smtps"))


plugin = MailPlugin()
"""What the entry points name."""
