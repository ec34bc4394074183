"""What tests of the debugger share: a store, a session's words, other processes."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

import greenflow
from greenflow.debugger import FlowPdb, Session, debug
from tests.conftest import Child, child_environment
from tests.debugger.terminal import SECONDS_MAX, SHOP, StartTerminal, Terminal

_FILE = "target_shop.py"

Elsewhere = Callable[[str], str]
Start = Callable[..., "subprocess.Popen[str]"]


class Journal:
    """What flows did, in order, in any process."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self) -> list[str]:
        return self.path.read_text().splitlines() if self.path.exists() else []


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the test's store is."""
    return tmp_path / "store"


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journal:
    path = tmp_path / "journal"
    monkeypatch.setenv("JOURNAL", str(path))
    return Journal(path)


@pytest.fixture
def store(place: Path, journal: Journal) -> Iterator[greenflow.Store]:
    """A store of this process, the default one of the test."""
    opened = greenflow.open(place)
    with opened:
        yield opened
    opened.close()


@pytest.fixture
def elsewhere(child: Child, place: Path, store: greenflow.Store) -> Elsewhere:
    """Run code in another process on the store; return what it printed."""
    begin = "import greenflow\nfrom tests.debugger import target_shop as shop\n"

    def run(code: str) -> str:
        env = {"GREENFLOW_STORE": str(place)}
        return child("-c", begin + dedent(code), env=env).stdout.strip()

    return run


@pytest.fixture
def finish(elsewhere: Elsewhere) -> Callable[[Any], str]:
    """Let a flow run to its end in another process; return its result's text."""

    def run(flow: greenflow.Flow[Any]) -> str:
        return elsewhere(
            f"""
            flow = greenflow.get({flow.id!r})
            try:
                flow.resume("an answer")
            except greenflow.FlowBusy:
                pass  # it does not wait in suspend(), or has one
            greenflow.run()
            print(flow.result(0))
            """
        )

    return run


@pytest.fixture
def cli(child: Child, place: Path) -> Callable[..., str]:
    """Run ``greenflow ...``; return what it tells. ``code`` is its exit code."""

    def run(*arguments: str, code: int | None = 0) -> str:
        env = {"GREENFLOW_STORE": str(place), "NO_COLOR": "1"}
        done = child("-m", "greenflow.cli", *arguments, env=env, code=code)
        return str(done.stdout + done.stderr)

    return run


@pytest.fixture
def flow(
    child: Child, tmp_path: Path, store: greenflow.Store, place: Path
) -> greenflow.Flow[Any]:
    """The flow of the sample, which waits."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").write_text("")
    (tmp_path / "shop" / "approval.py").write_text(SHOP)
    code = """
    import greenflow
    from shop.approval import Order, approval
    greenflow.options(id="appr-7f3a").spawn(approval, Order(7, 1200))
    greenflow.run()
    """
    child(code, env={"GREENFLOW_STORE": str(place)})
    return store.get("appr-7f3a")


@pytest.fixture
def debugger(tmp_path: Path, place: Path, journal: Journal) -> Iterator[StartTerminal]:
    started: list[Terminal] = []

    def start(*arguments: str) -> Terminal:
        started.append(Terminal([*arguments], tmp_path, place))
        return started[-1]

    yield start
    for terminal in started:
        terminal.process.close(force=True)


def waiting(function: Callable[..., Any], *args: Any) -> greenflow.Flow[Any]:
    """Return a flow of a function that ran until it waits."""
    flow = greenflow.spawn(function, *args)
    greenflow.run()
    return flow


def shell_of(session: Session, *words: str) -> FlowPdb:
    """Return a debugger that is told these words, and then that there are no more."""
    text = "".join(f"{word}\n" for word in words)
    return FlowPdb(session, StringIO(text), StringIO())


def talk(
    flow: greenflow.Flow[Any], *words: str, mode: Any = None, at: int | None = None
) -> str:
    """Debug a flow, say these words, and return what was answered, prompts left in."""
    return converse(Session(flow, at, mode), *words)


def converse(session: Session, *words: str) -> str:
    shell = shell_of(session, *words)
    debug(shell)
    return shell.stdout.getvalue()


def answers(text: str) -> list[str]:
    """Return what was said behind each prompt."""
    found, number = [], text.split("(flow ")
    for part in number[1:]:
        found.append(part.partition(") ")[2].rstrip("\n"))
    return found


def until(condition: Callable[[], Any]) -> None:
    end = time.monotonic() + SECONDS_MAX
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.01)


@pytest.fixture
def worker(place: Path, journal: Journal, tmp_path: Path) -> Iterator[Start]:
    """Start ``greenflow worker`` on the test's store; it is killed with the test."""
    started: list[subprocess.Popen[str]] = []

    def start(*options: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "greenflow", "worker", *options],
            cwd=tmp_path,
            env={**child_environment(), "GREENFLOW_STORE": str(place)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate(timeout=SECONDS_MAX)


@pytest.fixture(autouse=True)
def no_rc_of_somebody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep pdb from reading the .pdbrc of who runs the tests."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))


def shown(path: Path) -> str:
    return os.path.relpath(path)


def line_of(function: Callable[..., Any], text: str, *, after: int = 0) -> int:
    lines, first = inspect.getsourcelines(function)
    numbers = [first + at for at, line in enumerate(lines) if text in line]
    return numbers[after]


def stops(text: str) -> list[tuple[int, str]]:
    """Return where it stopped: the line and the function, in order."""
    found = []
    for line in text.splitlines():
        line = line.rpartition(") > ")[2] if ") > " in line else line
        head, _, rest = line.removeprefix("> ").partition(f"{_FILE}(")
        if rest and not head.startswith("  "):
            number, _, name = rest.partition(")")
            found.append((int(number), name.partition("(")[0]))
    return found
