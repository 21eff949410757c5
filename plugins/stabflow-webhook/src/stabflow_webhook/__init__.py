"""Notices to other systems by HTTP, as CloudEvents signed after Standard Webhooks: ``webhook:?source=https://office.example``."""

from __future__ import annotations

from collections.abc import Iterable

from stabflow import Plugin, hookimpl
from stabflow.ports.hooks import NotifierScheme

from .notifier import WebhookNotifier

__all__ = ["WebhookNotifier", "WebhookPlugin", "plugin"]


class WebhookPlugin(Plugin):
    """Brings the notifier for channels whose URL begins with ``webhook:``."""

    contract = 1

    @hookimpl
    def stabflow_notifiers(self) -> Iterable[NotifierScheme]:
        return (NotifierScheme("webhook", WebhookNotifier),)


plugin = WebhookPlugin()
"""What the entry point names."""
