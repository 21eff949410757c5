#!/usr/bin/env python3
"""Set stabflow up and run it from a checkout, with nothing but Python 3.11 or newer.

    python3 dev.py demo [ARG ...]          watch a matter go through the five steps; installs the core and `cli` only
    python3 dev.py test [PYTEST-ARG ...]   the tests; with arguments in one process, so that --pdb and -s work
    python3 dev.py test slow [ARG ...]     the slow suites (STABFLOW_SHORT=1 cuts them short)
    python3 dev.py test cluster [ARG ...]  faults on a PostgreSQL cluster, in minutes (STABFLOW_SHORT=1: one of them)
    python3 dev.py check                   lint, format, types, the examples in the documents, the wheel
    python3 dev.py bench [NAME ...]        the benchmarks, or those named
    python3 dev.py lab [--update]          the crash laboratory: every fault, everywhere, and the table of what was lost
    python3 dev.py cluster start           such a cluster to look at and to break; see examples/cluster/README.md
    python3 dev.py mutate PATH ...         which changes of these modules no test would notice

The first run makes `.venv` beside this file. It is made afresh when a pyproject.toml, the Python or the place of the
checkout changed, and when it is no longer whole; so nothing in it outlives the line that asked for it.
"""

import sys

if sys.version_info < (3, 11):  # whatever stands above must be read by older Pythons too, so that they can say this
    sys.stderr.write("stabflow needs Python 3.11 or newer, and this is %s.\n" % sys.version.split()[0])
    sys.stderr.write("Run dev.py with a newer one, for example: python3.11 dev.py\n")
    sys.exit(4)

import contextlib
import hashlib
import json
import os
import subprocess
import sysconfig
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "stabflow-dev.json"
PATHS = sysconfig.get_paths(scheme="venv", vars={"base": str(VENV), "platbase": str(VENV)})
PURPOSES = ("demo", "all", "bench", "cluster", "mutate")
"""What `.venv` may be for, each holding what those before it need."""
GROUPS = ("bench", "cluster", "mutation")
"""The dependency groups of the purposes after "all"."""
ENVIRONMENT, INPUT, INTERRUPTED = 4, 2, 130


class Stop(Exception):
    """Set-up cannot go on: a message for whoever typed the command, and the exit status."""

    def __init__(self, message: str, status: int = ENVIRONMENT) -> None:
        super().__init__(message)
        self.status = status


def say(message: str) -> None:
    """Tell how set-up goes, beside the output of the command itself."""
    print(f"dev.py: {message}", file=sys.stderr, flush=True)


# What is installed


def plugins() -> list[Path]:
    """The plugin distributions of this checkout."""
    return sorted(project.parent for project in ROOT.glob("plugins/*/pyproject.toml"))


def dependency_group(name: str) -> list[str]:
    """The requirements of a dependency group of pyproject.toml; pip before 25.1 cannot read one itself."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    found: list[str] = []
    for entry in groups[name]:
        found += [entry] if isinstance(entry, str) else dependency_group(entry["include-group"])
    return found


def for_tests(plugin: Path) -> str:
    """A plugin as pip installs it for the tests: with its extra ``testing``, where it has one."""
    project = tomllib.loads((plugin / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    more = "[testing]" if "testing" in project.get("optional-dependencies", {}) else ""
    return f"./{plugin.relative_to(ROOT).as_posix()}{more}"


def wanted(purpose: str) -> list[str]:
    """What pip installs for ``purpose``: "demo" is the core and the command line, "all" what the tests need, the others more."""
    if purpose == "demo":
        return ["-e", ".[cli]"]
    editable = [word for plugin in plugins() for word in ("-e", for_tests(plugin))]
    more = [word for group in GROUPS[: PURPOSES.index(purpose) - 1] for word in dependency_group(group)]
    return ["-e", ".[cli,ics,testing]", *editable, *dependency_group("dev"), *more]


def fingerprint() -> str:
    """Changes with everything that `.venv` is made from."""
    made_from = [str(ROOT), sys.base_prefix, sys.version, *wanted("demo"), *wanted("mutate")]
    projects = [ROOT / "pyproject.toml", *(plugin / "pyproject.toml" for plugin in plugins())]
    made_from += [project.read_text(encoding="utf-8") for project in projects]
    return hashlib.sha256(json.dumps(made_from).encode()).hexdigest()


def program(name: str) -> str:
    """Where `.venv` has a program."""
    return str(Path(PATHS["scripts"], name + (".exe" if os.name == "nt" else "")))


def distributions() -> list[str]:
    """The names of the distributions that lie in `.venv`."""
    return sorted({found.name.split("-")[0] for found in Path(PATHS["purelib"]).glob("*.dist-info")})


def defect(stamp: dict[str, object]) -> str | None:
    """Why `.venv` must be made afresh, or None when it is whole and up to date."""
    if not VENV.exists():
        return "there is none yet"
    if not stamp:
        return "nobody finished the one that is there"
    if stamp.get("fingerprint") != fingerprint():
        return "a pyproject.toml, the Python or the place of the checkout changed"
    names = stamp.get("distributions")
    if not isinstance(names, list) or not set(names) <= set(distributions()):
        return "something was removed from it"
    try:
        subprocess.run([program("python"), "-I", "-c", ""], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return "its Python does not start"
    return None


def read_stamp() -> dict[str, object]:
    """What the last finished installation left behind, or nothing."""
    try:
        return dict(json.loads(STAMP.read_text(encoding="utf-8")))
    except (OSError, TypeError, ValueError):
        return {}


def make_venv() -> None:
    """Make an empty `.venv`, or say which system package is missing."""
    try:
        import ensurepip  # noqa: F401
        import venv
    except ImportError as error:
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        raise Stop(
            f"this Python ({sys.executable}) has no module {error.name!r}, so it cannot make a virtual environment.\n"
            f"On Debian and Ubuntu the system package {package} is missing: apt install {package} (or python3-venv).\n"
            "Elsewhere, install a complete Python 3.11 or newer."
        ) from None
    try:
        venv.create(VENV, clear=True, symlinks=os.name != "nt", with_pip=True, prompt="stabflow")
    except subprocess.CalledProcessError as error:
        raise Stop(f"{(error.output or b'').decode(errors='replace')}\n.venv could not be made; see above") from None
    except OSError as error:
        raise Stop(f".venv could not be made: {error}") from None


def install(purpose: str) -> None:
    """Have `.venv` hold what ``purpose`` needs; costs next to nothing when it already does."""
    with one_at_a_time():
        stamp = read_stamp()
        reason = defect(stamp)
        if not reason and stamp.get("purpose") in PURPOSES[PURPOSES.index(purpose) :]:
            return
        if reason:
            say(f"making .venv with Python {sys.version.split()[0]}: {reason}")
            make_venv()
        STAMP.unlink(missing_ok=True)
        what = wanted(purpose)
        say(f"installing {' '.join(word for word in what if word != '-e')} (takes a moment)")
        command = [program("python"), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "-q", *what]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            raise Stop(f"{done.stdout.decode(errors='replace')}\npip could not install what is needed; see above")
        found = {"fingerprint": fingerprint(), "purpose": purpose, "distributions": distributions()}
        STAMP.write_text(json.dumps(found), encoding="utf-8")


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let two commands started together not build the same `.venv`; where files cannot be locked, hope."""
    with Path(__file__).open("rb") as file:
        with contextlib.suppress(ImportError, OSError):
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


# What is run


def run(name: str, *arguments: str, **environment: str) -> int:
    """Run a program of `.venv` in the checkout; its exit status, 128 + n when signal n ended it.

    What it compiles is kept for the next process, whatever PYTHONDONTWRITEBYTECODE says: the tests start some hundred, and
    collecting them compiles every test anew.
    """
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", **environment}
    status = subprocess.call([program(name), *arguments], cwd=ROOT, env=env)
    return status if status >= 0 else 128 - status


def demo(arguments: list[str]) -> int:
    """The demonstration."""
    install("demo")
    return run("stabflow", "demo", *arguments)


def test(arguments: list[str]) -> int:
    """The quick suites, the slow ones, those on a cluster, or what the arguments say; spread over the cores unless there are
    arguments."""
    if arguments[:1] == ["cluster"]:
        install("cluster")
        return run("pytest", "examples/cluster", *arguments[1:])
    install("all")
    parallel = ["-n", "auto", "--dist", "worksteal"]
    if arguments[:1] == ["slow"]:
        profile = os.environ.get("HYPOTHESIS_PROFILE", "slow")
        return run("pytest", "-m", "slow", *(arguments[1:] or parallel), HYPOTHESIS_PROFILE=profile)
    return run("pytest", *(arguments or parallel))


def check(arguments: list[str]) -> int:
    """All that is not a test of behaviour; goes on after a failure, so that one run tells all."""
    if arguments:
        raise Stop(f"check takes no arguments, not {' '.join(arguments)!r}", INPUT)
    install("all")
    plugin_sources = [str(path) for path in sorted(ROOT.glob("plugins/*/src"))]
    typed = ["src", "dev.py", "examples/cluster", *map(str, ROOT.glob("tests/typing")), *plugin_sources]
    steps = {
        "lint": ["ruff", "check", "."],
        "format": ["ruff", "format", "--check", "."],
        "types": ["mypy", *typed],
        "documents": ["pytest", "tests/test_docs.py", "-m", "not packaging"],
        "wheel": ["pytest", "-m", "packaging"],
    }
    failed: dict[str, int] = {}
    for name, command in steps.items():
        say(name)
        status = run(*command, MYPYPATH=os.pathsep.join(plugin_sources))
        if status:
            failed[name] = status
    say(f"failed: {', '.join(failed)}" if failed else "all is well")
    return next(iter(failed.values()), 0)


def bench(arguments: list[str]) -> int:
    """The benchmarks; every argument that starts with a dash is passed on to each."""
    programs = {path.stem: path for path in sorted(ROOT.glob("benchmarks/[!_]*.py"))}
    names = [word for word in arguments if not word.startswith("-")] or list(programs)
    unknown = [name for name in names if name not in programs]
    if unknown:
        raise Stop(f"no benchmark {', '.join(unknown)}; there are: {', '.join(programs) or 'none yet'}", INPUT)
    install("bench")
    options = [word for word in arguments if word.startswith("-")]
    return max([run("python", str(programs[name]), *options) for name in names], default=0)


def lab(arguments: list[str]) -> int:
    """The experiments of the crash laboratory, and their table."""
    install("all")
    return run("python", "-m", "crash.lab", *arguments, PYTHONPATH=str(ROOT / "tests"))


def cluster(arguments: list[str]) -> int:
    """The example of a cluster."""
    install("cluster")
    return run("python", "-m", "examples.cluster", *arguments)


def mutate(arguments: list[str]) -> int:
    """Change the modules at these paths in one place after the other, and list the changes that no test noticed."""
    rooms = ROOT / "src"
    paths = [Path(word).resolve() for word in arguments]
    if not paths or not all(path.exists() and path.is_relative_to(rooms) for path in paths):
        raise Stop("name modules or folders below src/stabflow/requirements or src/stabflow/reasoning", INPUT)
    install("mutate")
    names = [".".join(path.relative_to(rooms).with_suffix("").parts) + ".*" for path in paths]
    profile = os.environ.get("HYPOTHESIS_PROFILE", "ci")  # what is drawn anew each time would kill by chance
    if status := run("mutmut", "run", *names, HYPOTHESIS_PROFILE=profile):
        return status
    found = subprocess.run([program("mutmut"), "results"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    print(*(line for line in found.stdout.splitlines() if not line.endswith("not checked")), sep="\n")
    return 0


def main(arguments: list[str]) -> int:
    """Do what the first argument says."""
    verbs = {
        "demo": demo,
        "test": test,
        "check": check,
        "bench": bench,
        "lab": lab,
        "cluster": cluster,
        "mutate": mutate,
    }
    if not arguments or arguments[0] not in verbs:
        asked = arguments[:1] in (["-h"], ["--help"], ["help"])
        print(__doc__.strip(), file=sys.stdout if asked else sys.stderr)
        return 0 if asked else INPUT
    try:
        return verbs[arguments[0]](arguments[1:])
    except Stop as stop:
        say(str(stop))
        return stop.status
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
