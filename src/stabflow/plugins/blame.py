"""Whose fault something is, said so that it can be mended: the plugin by its name, what it raised, and where."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import attrs

from ..errors import PluginError
from ..values import visible

_MOST = 500


@attrs.frozen
class Owner:
    """Whose something is: a plugin, with its class, and the distribution with which it was installed, where it was.

    ``name`` is what messages and records say: that of its entry point, else module and class.
    """

    name: str
    module: str = ""
    class_name: str = ""
    distribution: str = ""
    version: str = ""

    @classmethod
    def of(cls, plugin: object, name: str = "", distribution: str = "", version: str = "") -> Owner:
        """The owner that ``plugin`` is."""
        try:
            module, class_name = visible(str(type(plugin).__module__)), visible(str(type(plugin).__qualname__))
        except KeyboardInterrupt:
            raise
        except BaseException:  # noqa: BLE001 - a class that does not tell its name
            module, class_name = "", "a class without a name"
        return cls(name or f"{module}.{class_name}".lstrip("."), module, class_name, distribution, version)

    def label(self) -> str:
        """It, and where it comes from."""
        if not self.distribution:
            return self.name
        return f"{self.name} ({self.class_name} of {self.distribution} {self.version}".rstrip() + ")"

    def error(self, problem: str) -> PluginError:
        """What is wrong with it."""
        return PluginError(
            self.name,
            visible(problem),
            distribution=self.distribution,
            version=self.version,
            class_name=self.class_name if self.distribution else "",
        )


@contextmanager
def blaming(error_of: Callable[[str], PluginError], doing: str, module: str = "", cure: str = "") -> Iterator[None]:
    """Whatever is raised within, by code of a plugin, is its `PluginError`; only who sits at the keyboard interrupts."""
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise error_of(f"{doing} failed: {said(error, module)}{cure}") from error


def said(error: BaseException, module: str = "") -> str:
    """What a plugin raised, in one bounded line, and the place in the code of ``module``, as far as that is known; an error that
    cannot even say itself is told by its type."""
    try:
        words = " ".join(str(error).split())[:_MOST]
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - its own words are a plugin's code too
        words = "its words cannot be had"
    try:
        name, place = str(type(error).__name__)[:_MOST], place_of(error, module)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001
        name, place = "an error", ""
    return visible(f"{name}: {words}" if words else name) + place


def place_of(error: BaseException, module: str) -> str:
    """Where something was raised, in parentheses, or nothing: the file and the line of what is no Python, else of the last step
    that was taken in the package of ``module``."""
    root = module.partition(".")[0]
    if isinstance(error, SyntaxError) and error.filename and not error.filename.startswith("<"):
        return f" ({visible(error.filename)}, line {error.lineno})"
    own = [
        (frame.f_code.co_filename, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if root and str(frame.f_globals.get("__name__")).partition(".")[0] == root
    ]
    return f" ({visible(own[-1][0])}, line {own[-1][1]})" if own else ""


def with_article(noun: str) -> str:
    """The noun with its article."""
    return f"{'an' if noun[:1].lower() in (*'aeio',) else 'a'} {noun}"
