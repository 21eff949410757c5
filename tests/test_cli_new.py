"""`stabflow new plugin`: a whole distribution, or nothing and the reason why."""

from __future__ import annotations

import errno
import os
import re
import tomllib
from pathlib import Path

import pytest

import stabflow
from stabflow.cli import main, scaffold
from stabflow.cli.scaffold import LONGEST, Names, NotMade, make, rendered
from stabflow.text import LANGUAGES

KINDS: tuple[scaffold.Kind, ...] = ("store", "notifier", "accountability")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_store_is_made_unless_something_else_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "plugin", "my-ledger"]) == 0
    said = capsys.readouterr().out
    assert "stabflow-my-ledger is made: a store" in said
    assert "stabflow conformance stabflow_my_ledger.testing:Harness" in said
    assert files(Path("stabflow-my-ledger")) == {
        ".github/workflows/ci.yml",
        ".gitignore",
        "README.md",
        "pyproject.toml",
        "src/stabflow_my_ledger/__init__.py",
        "src/stabflow_my_ledger/journal.py",
        "src/stabflow_my_ledger/py.typed",
        "src/stabflow_my_ledger/store.py",
        "src/stabflow_my_ledger/testing.py",
        "tests/test_contract.py",
        "tests/test_engine.py",
        "tests/test_journal.py",
        "tests/test_store.py",
    }
    assert [path.name for path in Path().iterdir()] == ["stabflow-my-ledger"]


def test_a_notifier_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "plugin", "my-pager", "--notifier"]) == 0
    said = capsys.readouterr().out
    assert "stabflow-my-pager is made: a notifier" in said
    assert "stabflow conformance stabflow_my_pager.testing:Harness" in said
    assert "Then begin with src/stabflow_my_pager/notifier.py." in said
    assert files(Path("stabflow-my-pager")) == {
        ".github/workflows/ci.yml",
        ".gitignore",
        "README.md",
        "pyproject.toml",
        "src/stabflow_my_pager/__init__.py",
        "src/stabflow_my_pager/exchange.py",
        "src/stabflow_my_pager/notifier.py",
        "src/stabflow_my_pager/py.typed",
        "src/stabflow_my_pager/testing.py",
        "tests/test_contract.py",
        "tests/test_notifier.py",
    }


def test_rules_of_the_house_are_made_in_chinese(capsys: pytest.CaptureFixture[str]) -> None:
    Path("plugins").mkdir()
    assert main(["new", "plugin", "house", "--accountability", "--folder", "plugins", "--lang", "zh"]) == 0
    said = capsys.readouterr().out
    assert "已生成plugins/stabflow-house：问责插件" in said
    assert "conformance" not in said
    assert "src/stabflow_house/rules.py" in files(Path("plugins/stabflow-house"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_place_is_filled_in_and_the_project_says_what_it_is(kind: scaffold.Kind) -> None:
    folder = make("my-ledger", kind, Path())
    for path, text in rendered(Names("my-ledger"), kind):
        assert not re.search("@[A-Za-z]+@", path + text), path
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["name"] == "stabflow-my-ledger"
    assert project["entry-points"]["stabflow"] == {"my-ledger": "stabflow_my_ledger:plugin"}
    assert project["dependencies"] == [f"stabflow>={stabflow.__version__},<0.2"]
    assert "testing" in project["optional-dependencies"]
    ran = re.findall("run: (.*)", (folder / ".github/workflows/ci.yml").read_text("utf-8"))
    conformance = [] if kind == "accountability" else ["stabflow conformance stabflow_my_ledger.testing:Harness"]
    assert ran == ['pip install -e ".[testing]"', "ruff check", "mypy", "pytest", *conformance]


@pytest.mark.parametrize(
    ("name", "en", "zh"),
    [
        ("Ledger", "small letters", "小写字母"),
        ("my_ledger", "such as my-ledger", "例如my-ledger"),
        ("7ledger", "beginning with a letter", "以字母开头"),
        ("my--ledger", "single hyphens", "单个连字符"),
        ("ledger-", "between them", "其间"),
        ("ledger\n", "small letters", "小写字母"),
        ("", "small letters", "小写字母"),
        ("../ledger", "small letters", "小写字母"),
        ("账本", "small letters", "小写字母"),
        ("class", "is a word of Python", "Python的关键字"),
        ("match", "is a word of Python", "Python的关键字"),
        ("sqlite", "is built into stabflow", "stabflow内置"),
        ("memory", "is built into stabflow", "stabflow内置"),
        ("stabflow-ledger", "leave it out", "请省去"),
        ("example", "by stabflow-example", "已由stabflow-example"),
        ("l" * (LONGEST + 1), f"at most {LONGEST}", f"最多{LONGEST}个"),
    ],
)
def test_a_bad_name_is_refused(name: str, en: str, zh: str, capsys: pytest.CaptureFixture[str]) -> None:
    for language, words in zip(LANGUAGES, (en, zh), strict=True):
        assert main(["new", "plugin", "--lang", language, "--", name]) == 2
        assert words in capsys.readouterr().err
    assert list(Path().iterdir()) == []


def test_everything_wrong_with_a_name_is_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "plugin", "stabflow-" + "l" * LONGEST]) == 2
    said = capsys.readouterr().err
    assert "at most" in said
    assert "leave it out" in said


def test_a_module_that_is_there_keeps_its_name(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "stabflow_mine.py").touch()
    monkeypatch.syspath_prepend(tmp_path / "path")
    assert main(["new", "plugin", "mine"]) == 2
    assert "by stabflow_mine" in capsys.readouterr().err


def test_nothing_is_overwritten(capsys: pytest.CaptureFixture[str]) -> None:
    Path("stabflow-one").mkdir()
    Path("stabflow-two").write_text("mine", "utf-8")
    Path("stabflow-three").symlink_to("nowhere")
    before = files(Path())
    for name in ("one", "two", "three"):
        for language, words in zip(LANGUAGES, ("nothing is overwritten", "不会覆盖"), strict=True):
            assert main(["new", "plugin", name, "--lang", language]) == 2
            assert words in capsys.readouterr().err
    assert files(Path()) == before
    assert list(Path("stabflow-one").iterdir()) == []
    assert Path("stabflow-two").read_text("utf-8") == "mine"


def test_who_makes_the_folder_meanwhile_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.rename

    def late(path: Path, target: Path) -> Path:
        target.mkdir()
        (target / "mine").touch()
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", late)
    with pytest.raises(NotMade, match="nothing is overwritten") as refused:
        make("ledger", "store", Path())
    assert not refused.value.by_surroundings
    assert files(Path()) == {"stabflow-ledger/mine"}


def test_a_folder_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    for language, words in zip(LANGUAGES, ("there is no folder nowhere", "文件夹nowhere不存在"), strict=True):
        assert main(["new", "plugin", "ledger", "--folder", "nowhere", "--lang", language]) == 4
        assert words in capsys.readouterr().err
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    ("number", "en", "zh"),
    [
        (errno.ENOSPC, "is full: make room", "磁盘已满"),
        (errno.EROFS, "correct its rights", "更正其权限"),
        (errno.EACCES, "give another folder with --folder", "更正其权限"),
    ],
)
def test_whatever_fails_in_the_middle_nothing_is_left(
    number: int, en: str, zh: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    count = sum(1 for _ in rendered(Names("ledger"), "store"))
    write = Path.write_text
    for last in range(count):
        language, words = (("en", en), ("zh", zh))[last % 2]
        written: list[Path] = []

        def failing(path: Path, *arguments: str, last: int = last, written: list[Path] = written, **more: str) -> int:
            if len(written) == last:
                write(path, "half")
                raise OSError(number, os.strerror(number))
            written.append(path)
            return write(path, *arguments, **more)

        monkeypatch.setattr(Path, "write_text", failing)
        assert main(["new", "plugin", "ledger", "--lang", language]) == 4
        assert words in capsys.readouterr().err
        assert len(written) == last
        assert list(Path().iterdir()) == []


def test_who_interrupts_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_text", interrupted)
    assert main(["new", "plugin", "ledger"]) == 130
    assert list(Path().iterdir()) == []


def test_a_folder_that_cannot_be_written(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "mkdir", refused)
    assert main(["new", "plugin", "ledger"]) == 4
    assert "(Permission denied): give another folder with --folder, or correct its rights" in capsys.readouterr().err
