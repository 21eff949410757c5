"""The folder of a new plugin, made from the templates: the whole of it, or nothing."""

from __future__ import annotations

import errno
import keyword
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import attrs

from .. import __version__
from ..errors import StabflowError
from ..plugins.built_ins import BUILT_INS
from ..plugins.discovery import installed
from ..text import Language, Text, say

Kind = Literal["store", "notifier", "accountability"]

LONGEST = 30
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", re.ASCII)
_PLACE = re.compile(r"@([a-z]+|Class)@")
_SUFFIX = ".in"
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class NotMade(StabflowError):
    """The folder of a new plugin was not made, and nothing of it is left; ``reasons`` lists why, each with its cure.
    ``by_surroundings``: another folder or disk will do, and the request was right."""

    def __init__(self, reasons: Sequence[Text], *, by_surroundings: bool) -> None:
        self.reasons = tuple(reasons)
        self.by_surroundings = by_surroundings
        super().__init__(self.describe())

    def describe(self, language: Language = "en") -> str:
        """Every reason, one on a line."""
        head = Text("no plugin was made:", "未生成插件：").get(language)
        return head + "".join(f"\n  {reason.get(language)}" for reason in self.reasons)


@attrs.frozen
class Names:
    """What a plugin called ``name`` is called where: the distribution, the module, the scheme or entry point, the classes."""

    name: str

    @property
    def distribution(self) -> str:
        """Such as ``stabflow-my-ledger``; also that of the folder."""
        return f"stabflow-{self.name}"

    @property
    def module(self) -> str:
        """Such as ``stabflow_my_ledger``."""
        return self.distribution.replace("-", "_")

    def places(self) -> Mapping[str, str]:
        """What stands for ``@…@`` in a template."""
        major, minor = __version__.split(".")[:2]
        return {
            "scheme": self.name,
            "dist": self.distribution,
            "module": self.module,
            "Class": "".join(part.capitalize() for part in self.name.split("-")),
            "bounds": f">={__version__},<{major}.{int(minor) + 1}",
            "variable": self.module.upper(),
            "dot": ".",
        }


def faults_of(name: str) -> tuple[Text, ...]:
    """Why a plugin cannot be called so, each reason with its cure."""
    if not _NAME.fullmatch(name):
        return (
            say(
                "{name} is no name of a plugin: write small letters, digits and single hyphens between them, beginning with a"
                " letter, such as my-ledger",
                "{name}不能作为插件名称：请用小写字母、数字及其间的单个连字符，以字母开头，例如my-ledger",
                name=repr(name),
            ),
        )
    names = Names(name)
    found: list[Text] = []
    if len(name) > LONGEST:
        found.append(
            say(
                "{name} has {n} characters: take at most {most}",
                "{name}有{n}个字符：最多{most}个",
                name=name,
                n=len(name),
                most=LONGEST,
            )
        )
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        found.append(say("{name} is a word of Python: take another", "{name}是Python的关键字：请换一个名称", name=name))
    if name.startswith("stabflow"):
        found.append(
            say(
                "{name} begins with stabflow, which is put before the name anyway: leave it out",
                "{name}以stabflow开头，而生成时会自动加上：请省去",
                name=name,
            )
        )
    if name in BUILT_INS:
        found.append(
            say("{name} is built into stabflow: take another name", "{name}是stabflow内置的：请换一个名称", name=name)
        )
    elif taken := _taken(names):
        found.append(
            say(
                "{name} is installed here already, by {taken}: take another name, or uninstall that",
                "{name}在此已由{taken}安装：请换一个名称，或先将其卸载",
                name=name,
                taken=taken,
            )
        )
    return tuple(found)


def _taken(names: Names) -> str:
    """What is installed here under one of these names, or nothing."""
    for one in installed():
        if one.name == names.name:
            return one.label()
    with suppress(metadata.PackageNotFoundError):
        return f"{names.distribution} {metadata.version(names.distribution)}"
    return names.module if find_spec(names.module) is not None else ""


def make(name: str, kind: Kind, folder: Path) -> Path:
    """Make the folder of a new plugin in ``folder``, and return it; `NotMade` when it could not be made whole."""
    if faults := faults_of(name):
        raise NotMade(faults, by_surroundings=False)
    names = Names(name)
    target = folder / names.distribution
    if os.path.lexists(target):
        raise NotMade([_is_there(target)], by_surroundings=False)
    # It is made beside its place and moved there whole: what is there is there wholly. Nothing is synced: should the power fail
    # just then, it is made anew.
    beside = folder / f".{names.distribution}.{secrets.token_hex(4)}"
    try:
        beside.mkdir()
        for path, text in rendered(names, kind):
            place = beside / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8", newline="\n")
        beside.rename(target)
    except OSError as error:
        shutil.rmtree(beside, ignore_errors=True)
        raise NotMade([_why(error, folder, target)], by_surroundings=not os.path.lexists(target)) from error
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    return target


def rendered(names: Names, kind: Kind) -> Iterator[tuple[str, str]]:
    """The files of a new plugin: the path of each below its folder, and its text."""
    places = names.places()
    templates = resources.files("stabflow").joinpath("templates")
    for part in ("common", kind):
        for path, file in _files(templates.joinpath(part)):
            text = file.read_text(encoding="utf-8")
            yield _filled(path.removesuffix(_SUFFIX), places), _filled(text, places)


def _files(folder: Traversable, above: str = "") -> Iterator[tuple[str, Traversable]]:
    for one in sorted(folder.iterdir(), key=lambda one: one.name):
        if one.is_dir():
            yield from _files(one, f"{above}{one.name}/")
        else:
            yield above + one.name, one


def _filled(text: str, places: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda place: places[place[1]], text)


def _is_there(target: Path) -> Text:
    return say(
        "{target} is there already, and nothing is overwritten: take another name, or move it away",
        "{target}已存在，不会覆盖：请换一个名称，或先将其移走",
        target=target,
    )


def _why(error: OSError, folder: Path, target: Path) -> Text:
    if os.path.lexists(target):
        return _is_there(target)
    if not folder.is_dir():
        return say(
            "there is no folder {folder}: make it first, or give another with --folder",
            "文件夹{folder}不存在：请先建立，或用--folder另行指定",
            folder=folder,
        )
    if error.errno in _DISK_FULL:
        return say(
            "the disk of {folder} is full: make room, or give another folder with --folder",
            "{folder}所在磁盘已满：请腾出空间，或用--folder另行指定文件夹",
            folder=folder,
        )
    return say(
        "nothing can be written to {folder} ({what}): give another folder with --folder, or correct its rights",
        "无法写入{folder}（{what}）：请用--folder另行指定文件夹，或更正其权限",
        folder=folder,
        what=error.strerror or type(error).__name__,
    )
