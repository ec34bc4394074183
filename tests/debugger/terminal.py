"""A debugger in a real terminal, and the program of the sample that it is told on."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pexpect

from tests.conftest import child_environment

SECONDS_MAX = 60

#: The functions of the sample; the lines are those that are told below.
SHOP = """\
import os

import greenflow


def ask_boss(order, limit):
    answer = greenflow.recv(topic="boss")
    return answer


def approval(order, limit=500):
    ok = ask_boss(order, limit)
    try:
        note("in try")
        note("in try again")
    except BaseException:
        note("except")
        raise
    finally:
        note("finally")
    return ok, limit


def note(line):
    with open(os.environ["JOURNAL"], "a") as journal:
        print(line, file=journal)


class Order:
    def __init__(self, id, total):
        self.id, self.total = id, total

    def __repr__(self):
        return f"Order(id={self.id})"
"""


class Terminal:
    """A terminal in which a debugger runs."""

    def __init__(self, arguments: list[str], cwd: Path, place: Path) -> None:
        environment = child_environment(
            {
                "GREENFLOW_STORE": str(place),
                "TERM": "dumb",
                "NO_COLOR": "1",
                "PYTHON_BASIC_REPL": "1",
                "PYTHON_COLORS": "0",
                "HOME": str(cwd),
            }
        )
        self.process = pexpect.spawn(
            sys.executable,
            ["-m", "greenflow.cli", "debug", *arguments],
            cwd=str(cwd),
            env=environment,
            encoding="utf-8",
            timeout=SECONDS_MAX,
            dimensions=(50, 200),
            echo=False,
        )

    def prompt(self) -> str:
        """Return what is told before the next prompt."""
        self.process.expect(r"\(flow \d+\) ")
        return re.sub(r"\x1b\[[?0-9;]*[a-zA-Z]|\r", "", self.process.before).strip()

    def say(self, word: str) -> str:
        self.process.sendline(word)
        return self.prompt()

    def end(self) -> tuple[int, str]:
        """Return its exit code, and what it told at last."""
        self.process.expect(pexpect.EOF)
        self.process.close()
        return self.process.exitstatus, self.process.before.replace("\r", "").strip()


StartTerminal = Callable[..., Terminal]
Cli = Callable[..., str]
