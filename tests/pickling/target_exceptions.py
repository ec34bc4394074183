"""Exceptions of all kinds, each raised where a traceback tells it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path


class Custom(Exception):
    """Its ``__init__`` takes other arguments than it hands on, and must not be run."""

    runs = 0

    def __init__(self, code, *, detail):
        Custom.runs += 1
        super().__init__(f"code {code}")
        self.code = code
        self.detail = detail


class Slotted(Exception):
    __slots__ = ("extra",)


class CustomOS(OSError):
    def __init__(self, number, where):
        super().__init__(number, "told", where)
        self.where = where


class OwnReduce(Exception):
    def __init__(self, a, b):
        super().__init__(a + b)
        self.pair = (a, b)

    def __reduce__(self):
        return type(self), self.pair


class OwnState(Exception):
    def __getstate__(self):
        return {"kept": self.kept}

    def __setstate__(self, state):
        self.kept = ["restored", state["kept"]]


class Group(ExceptionGroup):
    def derive(self, excs):
        return Group(self.message, excs)


def raised(error):
    """Return the error as it is when it was raised and caught."""
    try:
        raise error
    except BaseException as caught:
        return caught


def caught(function):
    try:
        function()
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def chained():
    try:
        {}["missing"]
    except KeyError as error:
        try:
            raise ValueError("from") from error
        except ValueError:
            raise RuntimeError("during") from None


def recursive(n):
    if n == 0:
        raise ValueError("deep")
    recursive(n - 1)


def on_several_lines(value):
    return value + len(
        value["x"],
    )


def own_state():
    error = OwnState("x")
    error.kept = 1
    return error


ERRORS = {
    "plain": lambda: raised(ValueError("x", 1)),
    "without arguments": lambda: raised(ValueError()),
    "key": lambda: caught(lambda: {}["missing"]),
    "os": lambda: caught(lambda: Path("/no/such/file").read_text()),
    "os two files": lambda: raised(OSError(1, "x", "a", None, "b")),
    "blocking": lambda: raised(BlockingIOError(11, "x", 7)),
    "unicode decode": lambda: caught(lambda: b"\xff".decode()),
    "unicode encode": lambda: caught(lambda: "é".encode("ascii")),
    "syntax": lambda: caught(lambda: compile("x = = 1\n", "f.py", "exec")),
    "stop": lambda: raised(StopIteration([1])),
    "import": lambda: caught(lambda: __import__("no_such_module_xyz")),
    "exit": lambda: raised(SystemExit(3)),
    "name": lambda: caught(lambda: no_such_name),  # noqa: F821
    "attribute": lambda: caught(lambda: object().no_such),
    "interrupt": lambda: raised(KeyboardInterrupt()),
    "json": lambda: caught(lambda: json.loads("[1,")),
    "subprocess": lambda: raised(subprocess.CalledProcessError(2, ["x"], b"out")),
    "custom": lambda: raised(Custom(5, detail=[1])),
    "slotted": lambda: raised(slotted()),
    "custom os": lambda: raised(CustomOS(2, "here")),
    "own reduce": lambda: raised(OwnReduce("a", "b")),
    "chained": lambda: caught(chained),
    "recursive": lambda: caught(lambda: recursive(30)),
    "several lines": lambda: caught(lambda: on_several_lines({})),
    "group": lambda: raised(ExceptionGroup("g", [ValueError(1), raised(KeyError(2))])),
    "base group": lambda: raised(BaseExceptionGroup("g", [SystemExit(1)])),
    "own group": lambda: raised(Group("g", [ValueError(1)])),
    "division": lambda: caught(lambda: 1 / 0),
    "memory": lambda: raised(MemoryError("m")),
}


def slotted():
    error = Slotted("s")
    error.extra = [1]
    return error
