"""What went wrong, said on standard error, and the exit status it has.

0 yes · 1 the answer is no (a refusal) · 2 bad input, a stale version and a store that cannot be used as it is among it ·
3 incomplete · 4 the environment · 70 a bug · 130 interrupted.
"""

from __future__ import annotations

import logging
import sys
import traceback
from contextlib import suppress

import attrs

from ..dossier import NotAsExpected
from ..errors import (
    ClockInDoubt,
    ContractTooNew,
    FaultyInput,
    IdempotencyMismatch,
    NotCleared,
    PluginError,
    ProcedureNotProved,
    Refused,
    StabflowError,
    StoreError,
    StoreUnavailable,
    VersionConflict,
)
from ..text import Language, Text, same, say
from ..values import visible
from .config import mending
from .scaffold import NotMade

YES, NO, BAD_INPUT, INCOMPLETE, ENVIRONMENT, BUG, INTERRUPTED = 0, 1, 2, 3, 4, 70, 130


def status_of(error: BaseException) -> int:
    """The exit status of a command that ended in ``error``."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(error, Refused | NotCleared):
        return NO
    if isinstance(error, FaultyInput | VersionConflict | IdempotencyMismatch | StoreUnavailable | ContractTooNew):
        return BAD_INPUT
    if isinstance(error, NotMade):
        return ENVIRONMENT if error.by_surroundings else BAD_INPUT
    if isinstance(error, StoreError | PluginError | ClockInDoubt | OSError):
        return ENVIRONMENT
    return BUG


def report(error: Exception, language: Language, *, debug: bool, written: tuple[int, int] | None = None) -> int:
    """Say what went wrong, and return the exit status. ``written``: how many are stored of what was to be, such as acts, and how
    many these are."""
    status = status_of(error)
    text = _described(error, language)
    if written is not None:
        text += f"\n  {unfinished(written).get(language)}"
    if debug:
        tell("".join(traceback.format_exception(error)))
    tell(f"stabflow: {text}\n")
    return status


def failure_json(error: Exception, language: Language, written: tuple[int, int] | None = None) -> dict[str, object]:
    """What went wrong as plain JSON values, for programs: the class of the error, the status, the text, and its facts."""
    found: dict[str, object] = {
        "error": type(error).__name__,
        "status": status_of(error),
        "text": _described(error, language),
    }
    if isinstance(error, FaultyInput):
        found["what"] = error.what
        found["faults"] = [attrs.asdict(fault) for fault in error.faults]
    if isinstance(error, NotAsExpected):
        found["act"] = error.act.number
        found["refusal"] = None if error.refusal is None else error.refusal.as_dict(language)
    if isinstance(error, Refused):
        found["refusal"] = error.as_dict(language)
    if isinstance(error, NotCleared):
        found |= error.as_dict(language)
    if written is not None:
        found["written"], found["of"] = written
    return found


def tell(text: str) -> None:
    """Write ``text`` to standard error, if anybody reads that."""
    with suppress(OSError, ValueError):  # nobody reads it, or a plugin has closed it
        sys.stderr.write(visible(text))
        sys.stderr.flush()


class Plain(logging.Formatter):
    """What goes to the log, such as the errors of plugins, as a terminal may read it."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, and the steps that led to an error."""
        return visible(super().format(record))


def unfinished(written: tuple[int, int]) -> Text:
    """How far a run had come, and how to complete it."""
    return say(
        "{n} of {whole} are written; run it again to complete it",
        "{whole}项中已写入{n}项；重新运行即可补全",
        n=written[0],
        whole=written[1],
    )


def _described(error: Exception, language: Language) -> str:
    if isinstance(error, NotAsExpected | Refused | NotCleared | NotMade):
        return error.describe(language)
    if isinstance(error, FaultyInput):
        count = len(error.faults)
        head = Text("{what} has {n} fault{s}:", "{what}有{n}处缺陷：")
        what = _named(error.what)
        if isinstance(error, ProcedureNotProved):
            head = Text("procedure {what} is not proved: it has {n} fault{s}:", "程序{what}未通过证明，有{n}处缺陷：")
            what = same(error.procedure)
        said = say(head.en, head.zh, what=what, n=count, s="" if count == 1 else "s").get(language)
        return said + "".join(f"\n  {fault}" for fault in error.faults)
    if isinstance(error, ClockInDoubt):
        return say(
            "the clock says {now}, more than {most} days after time was last seen to pass, {last}: nothing was written; if the"
            " clock is right, say so: --through TIME --by ID --body ID --basis TEXT",
            "时钟显示{now}，距上次计时（{last}）已逾{most}天：未写入任何内容；如时钟无误，请注明：--through 时间 --by 人员"
            " --body 单位 --basis 依据",
            now=f"{error.now:%Y-%m-%d %H:%M %Z}",
            last=f"{error.last:%Y-%m-%d %H:%M %Z}",
            most=error.most.days,
        ).get(language)
    if isinstance(error, PluginError) and (cure := mending(error.plugin)):
        return say("{error}; {cure}", "{error}；{cure}", error=error, cure=cure).get(language)
    if isinstance(error, StabflowError) or status_of(error) != BUG:
        return str(error)
    return say(
        "this is a bug in stabflow: {what}. Nothing is lost: what was acknowledged is stored. Run it again with --debug,"
        " and report what it prints",
        "这是stabflow的程序错误：{what}。已确认写入的内容不会丢失。请加--debug重新运行，并反馈其输出",
        what=f"{type(error).__name__}: {error}",
    ).get(language)


_NAMES = {
    "the request": "请求",
    "the procedure": "程序",
    "the amendment": "更正",
    "the name of a procedure": "程序名称",
}
_BEGINNINGS = {
    "the store, beside dossier ": "存储与案卷",
    "dossier ": "案卷",
    "procedure ": "程序",
    "calendar ": "工作日历",
}


def _named(what: str) -> Text:
    """What has faults, in both languages; files keep their names, and what is known in English only is the request."""
    if what in _NAMES:
        return Text(what, _NAMES[what])
    for beginning, zh in _BEGINNINGS.items():
        if what.startswith(beginning):
            return Text(what, zh + what.removeprefix(beginning).removesuffix(","))
    return Text(what, what if "/" in what or what.endswith(".toml") else _NAMES["the request"])
