"""Which plugins an engine has, and what they bring. Built-ins come in through the same hooks as anyone's.

There is no global plugin manager, and nothing is imported because it is installed: an engine has the built-ins, what it was given
as an object or by its name, and the store that its URL names.
"""

from ..ports.hooks import Plugin
from .equipment import Equipment, Watcher, Watching, equip

__all__ = ["Equipment", "Plugin", "Watcher", "Watching", "equip"]
