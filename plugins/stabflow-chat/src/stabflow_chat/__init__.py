"""Notices of stabflow in chats: ``chat:`` or ``chat:?allow=wecombot,dingtalk``, the addresses being those of apprise."""

from __future__ import annotations

from collections.abc import Iterable

from stabflow import Plugin, hookimpl
from stabflow.ports.hooks import NotifierScheme
from stabflow.ports.notifier import Notifier, Secrets

__all__ = ["ChatPlugin", "plugin"]


class ChatPlugin(Plugin):
    """Brings the notifier for the URL ``chat:``."""

    contract = 1

    @hookimpl
    def stabflow_notifiers(self) -> Iterable[NotifierScheme]:
        return (NotifierScheme("chat", _open),)


def _open(url: str, secrets: Secrets) -> Notifier:
    from .notifier import ChatNotifier  # apprise takes half a second to import

    return ChatNotifier.from_url(url, secrets)


plugin = ChatPlugin()
"""What the entry point names."""
