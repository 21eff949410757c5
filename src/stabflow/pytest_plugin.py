"""What pytest gets from an installed stabflow: fixtures for tests of procedures and hosts, and ``--stabflow-seed``.

pytest imports this in every project of an environment that has stabflow, so it imports nothing of stabflow before a fixture is
asked for. A fixture of the same name in a test, a class, a module or a ``conftest.py`` takes the place of one of these; ``-p
no:stabflow`` leaves all of them out.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .engine import Engine
    from .ports.store import Store
    from .testing.clock import FakeClock

if "stabflow.testing" not in sys.modules:  # pytest warns of what is imported already
    pytest.register_assert_rewrite("stabflow.testing")

_REPEATING = pytest.StashKey[ExitStack]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.getgroup("stabflow").addoption(
        "--stabflow-seed",
        type=int,
        metavar="N",
        help="The seed of an earlier run, to repeat what stabflow.testing drew by chance.",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Let the run have the seed that was given; Hypothesis too, which draws from our strategies, unless it was given its own."""
    seed = config.getoption("--stabflow-seed")
    if seed is not None:
        if config.getoption("--hypothesis-seed", default=seed) is None:
            config.option.hypothesis_seed = str(seed)
        from .testing import chance

        config.stash[_REPEATING] = ExitStack()
        config.stash[_REPEATING].enter_context(chance.repeated(seed))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Let later runs in this process have their own."""
    if _REPEATING in config.stash:
        config.stash[_REPEATING].close()


def pytest_report_header(config: pytest.Config) -> str | None:
    """Tell the seed, where one was given."""
    seed = config.getoption("--stabflow-seed")
    return None if seed is None else f"stabflow: seed {seed}"


@pytest.fixture
def fake_clock() -> FakeClock:
    """A clock that stands until the test turns it; the fixtures `memory_store` and `engine` go by it."""
    from .testing.clock import FakeClock

    return FakeClock()


@pytest.fixture
def memory_store(fake_clock: FakeClock) -> Iterator[Store]:
    """An empty store in memory. Override it to have the fixture `engine` over another store."""
    from .stores.memory import MemoryStore

    store = MemoryStore(fake_clock)
    yield store
    store.close()


@pytest.fixture
def engine(memory_store: Store, fake_clock: FakeClock) -> Iterator[Engine]:
    """An engine over `memory_store` that tells the time by `fake_clock`; it knows the bundled procedures."""
    from .engine.opening import engine_over

    with engine_over(memory_store, clock=fake_clock) as opened:
        yield opened
