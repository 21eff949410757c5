"""What plugins have to say against a command: their blockers stand among those of the rows, and each names its plugin.

A check that fails is no yes. It becomes a blocker too, so that nothing happens, and it says what failed: the type of the error
and its place, never its message, which may quote anything and would stay on record for ever.
"""

from __future__ import annotations

import traceback
import unicodedata
from collections.abc import Callable
from datetime import datetime

import attrs

from ..case import Case, frozen
from ..errors import ANY_VALUE, Blocker
from ..text import LANGUAGES, Text, same, say
from .commands import Command

VETO, FAILED = "plugin", "plugin_failed"
"""The kinds of blockers that come from a check: the plugin's own, and that it failed."""

CHECK_HOOK = "stabflow_check_command"
MAX_SAID = 200
RAISED = (Exception, SystemExit)
"""What a plugin raises, it has failed by; only who sits at the keyboard interrupts."""

Ask = Callable[[Case | None, Command, datetime], object]


@attrs.frozen
class Failure:
    """That a plugin failed: in which hook, with which type of error, and where (module, line and function)."""

    plugin: str
    hook: str
    error: str
    place: str

    @classmethod
    def of(cls, plugin: str, hook: str, error: BaseException, module: str) -> Failure:
        """What is said of ``error``: nothing that it quotes. Its place is the last one in the package of ``module``, the plugin's
        own."""
        root = module.partition(".")[0]
        frames = [
            (frame, line, str(frame.f_globals.get("__name__")))
            for frame, line in traceback.walk_tb(error.__traceback__)
        ]
        own = [one for one in frames if one[2].partition(".")[0] == root]
        place = ""
        for frame, line, module in (own or frames)[-1:]:
            place = f"{module}:{line} {frame.f_code.co_qualname}"
        return cls(_brief(plugin), hook, _brief(type(error).__name__), _brief(place))

    @classmethod
    def by_answering(cls, plugin: str, hook: str, answer: object) -> Failure:
        """That it answered what is no answer."""
        return cls(_brief(plugin), hook, _brief(f"answered {type(answer).__name__}"), "")


def _brief(words: str) -> str:
    """``words`` as they can be stored: of bounded length, without what nobody sees."""
    return "".join(one for one in unicodedata.normalize("NFC", words) if one.isprintable())[:MAX_SAID]


@attrs.frozen
class CheckFailed(Blocker):
    """The blocker that a check which failed becomes."""

    failure: Failure = attrs.field(kw_only=True)


@attrs.frozen
class Check:
    """A plugin's say in every command: ``ask`` answers a blocker, or ``None`` where nothing stands against it."""

    plugin: str
    ask: Ask
    module: str

    def blocker(self, case: Case | None, command: Command, now: datetime) -> Blocker | None:
        """What the plugin has against ``command``; fails closed, whatever it raises or answers."""
        try:
            answer = self.ask(case, _read_only(command), now)
            if answer is None:
                return None
            if not isinstance(answer, Blocker) or not isinstance(answer.text, Text):
                return self._failed(Failure.by_answering(self.plugin, CHECK_HOOK, answer))
            return self._named(answer)
        except RAISED as error:
            return self._failed(Failure.of(self.plugin, CHECK_HOOK, error, self.module))

    def _named(self, answer: Blocker) -> Blocker:
        """The plugin's blocker as one that says where it comes from, read once as its readers will."""
        facts = {**answer.facts, "plugin": self.plugin, "kind": str(answer.kind)}
        text = say("{text} (plugin {plugin})", "{text}（插件{plugin}）", text=answer.text, plugin=self.plugin)
        named = attrs.evolve(answer, kind=VETO, text=text, facts=facts, compares=(ANY_VALUE,))
        for language in LANGUAGES:
            named.as_dict(language)
        return named

    def _failed(self, failure: Failure) -> Blocker:
        return CheckFailed(
            kind=FAILED,
            text=say(
                "plugin {plugin} was asked and failed ({error}), so this is not done: mend the plugin, or leave it out",
                "询问插件{plugin}时其运行失败（{error}），故不予办理：请修复或停用该插件",
                plugin=self.plugin,
                error=failure.error,
            ),
            have=same(failure.error),
            need=Text("an answer", "答复"),
            facts={"plugin": self.plugin, "error": failure.error, "place": failure.place},
            failure=failure,
        )


def _read_only(command: Command) -> Command:
    """The command, for others to read: what they write into its values must not be what is decided after a lost race."""
    values = getattr(command, "values", None)
    return command if values is None else attrs.evolve(command, values=frozen(values))  # type: ignore[call-arg]
