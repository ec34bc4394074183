"""Runs the old and the new side of random edits, and an oracle that knows both.

The oracle is no flow: it runs one module that has both sides, and from the answer on
that
a flow waited for, each frame takes the side that the flow's frame took.
"""

from __future__ import annotations

import ast
import re
import sys
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from greenflow import Continuation
from greenflow.continuation import pinning
from greenflow.continuation.editing.parts import variable_names
from greenflow.continuation.upgrading import loading
from greenflow.continuation.upgrading.trees import Text, Unmatched
from greenflow.errors import CodeChanged
from tests.upgrading.random_programs import PRELUDE

if TYPE_CHECKING:
    from collections.abc import Callable

WAITS_MAX: Final = 60
_STEPS_MAX: Final = 1000
_NAMES: Final = "out, enter, tick"

#: Which of two a decorated function is depends on when its name is read.
_ORACLE: Final = """
class Both:
    def __init__(self, old, new):
        self.old, self.new = old, new
def when_new(function):
    return Both(function, decorated(function))
def when_old(function):
    return Both(decorated(function), function)
def read(found):
    both = found if isinstance(found, Both) else Both(found, found)
    if late and not is_new():
        return lambda *a, **k: (both.new if is_new() else both.old)(*a, **k)
    chosen = both.new if is_new() else both.old
    return chosen if is_new() or not old_values else remaining_old(chosen)
"""


class Endless(BaseException):
    """An edit made a loop of it that does not end."""


def answer(number: int) -> int:
    return (number * 7 + 3) % 10


class Told:
    """What a program tells, and how many of its frames began."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.began = self.steps = 0

    def module(self) -> ModuleType:
        module = ModuleType("fuzz_out")
        for each in (self.out, self.enter, self.tick):
            setattr(module, each.__name__, _by_name(each))
        return module

    def out(self, what: object) -> None:
        self.tick()
        self.told.append(re.sub(" at 0x[0-9a-f]+", "", repr(what)))

    def enter(self, is_new: bool = True) -> int:
        self.tick()
        self.began += 1
        return self.began

    def tick(self) -> bool:
        self.steps += 1
        if self.steps > _STEPS_MAX:
            raise Endless
        return True


def _by_name(method: Any) -> Callable[..., Any]:
    def function(*args: Any) -> Any:
        return method(*args)

    function.__module__, function.__qualname__ = "fuzz_out", method.__name__
    return function


class Oracle(Told):
    """Runs both sides: the old one up to an answer, then also the new one."""

    def __init__(self, turns_at: int, kept: set[int], values: str = "") -> None:
        """Make one that turns at the answer of a number.

        Args:
            turns_at: the number.
            kept: the frames that stay old.
            values: what becomes of a function that was a value when it turned: "late":
                it gets the decorator that there is, "old": it is in its old code.
        """
        super().__init__()
        self._values, self._stays_old = values, False
        self._turns_at, self._kept = turns_at, kept
        self.is_new = turns_at < 0
        self._new: set[int] = set()
        self._number = self.turned = 0

    def suspend(self, what: object = None) -> int:
        self.out(("waits", what))
        number, self._number = self._number, self._number + 1
        if self._number > WAITS_MAX:
            raise Endless
        if number == self._turns_at:
            self.is_new, self.turned = True, len(self.told)
        return answer(number)

    def enter(self, is_new: bool = True) -> int:
        frame = super().enter()
        if not self.is_new:
            if frame not in self._kept:
                self._new.add(frame)
        elif is_new and not self._stays_old:
            self._new.add(frame)
        self._stays_old = False
        return frame

    def remaining_old(self, function: Any) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            self._stays_old = self.is_new
            return function(*args, **named)

        return call

    def now(self, frame: int) -> bool:
        return self.is_new and frame in self._new

    def run(self, source: str) -> list[Any]:
        names = {
            each.__name__: each
            for each in (self.suspend, self.enter, self.now, self.out, self.tick)
        }
        space: dict[str, Any] = {"__name__": "oracle", "is_new": lambda: self.is_new}
        space.update(late=self._values == "late", old_values=self._values == "old")
        space["remaining_old"] = self.remaining_old
        sys.modules["fuzz_out"] = self.module()
        exec(compile(_prelude(), "prelude", "exec"), space)
        exec(_ORACLE, space)
        space.update(names)
        exec(compile(source, "oracle.py", "exec"), space)
        try:
            self.told.append(("returned", repr(space["f"](3))))
        except Exception as error:
            self.told.append(("raised", _kind(error)))
        return self.told[self.turned :]


def _prelude() -> str:
    return PRELUDE.format(names=_NAMES)


def _kind(error: Exception) -> str:
    # Which variables a function has is the same on both sides of the oracle only.
    return "NameError" if isinstance(error, NameError) else type(error).__name__


class Frames(NamedTuple):
    """The frames that were in old code: those that got out of it, and those not."""

    moved: list[int | None]
    kept: list[int | None]
    reasons: list[str]


class Program:
    """One side of an edit, that runs as flows do."""

    def __init__(self, source: str, file: str, told: Told) -> None:
        """Import it: it is the module that flows find from now on."""
        self.text = _prelude() + "from greenflow import suspend\n" + source
        sys.modules["fuzz_out"] = told.module()
        self._module = sys.modules["fuzz_app"] = ModuleType("fuzz_app")
        exec(compile(self.text, file, "exec"), self._module.__dict__)
        self._told = told

    def states(self) -> list[tuple[bytes, int]]:
        """Run it; return where it waited, and how many frames had begun."""
        found: list[tuple[bytes, int]] = []

        def save(k: Continuation) -> None:
            found.append((k.dumps(), self._told.began))

        try:
            k = Continuation.start(self._module.f, 3)
        except Exception as error:
            self._told.told.append(("raised", _kind(error)))
            return []
        self.finish(k, 0, save)
        return found

    def finish(self, k: Any, number: int, save: Callable[[Any], None]) -> None:
        told = self._told
        while not k.done:
            told.out(("waits", k.value))
            save(k)
            if number >= WAITS_MAX:
                raise Endless
            try:
                k.resume(answer(number))
            except Exception as error:
                told.told.append(("raised", _kind(error)))
                return
            number += 1
        told.told.append(("returned", repr(k.value)))


def go_on(k: Any, told: Told, number: int, program: Program) -> list[Any]:
    """Return what a flow does that waits for the answer of that number."""
    try:
        k.resume(answer(number))
    except Exception as error:
        return [*told.told, ("raised", _kind(error))]
    program.finish(k, number + 1, lambda _: None)
    return told.told


def load(
    state: bytes, texts: dict[str, str], monkeypatch: Any, policy: str
) -> tuple[Any, Frames]:
    """Load a state as workers do; return what became of its frames."""
    frames = Frames([], [], [])
    original = loading.move_of

    def move_of(record: Any, *others: Any) -> Any:
        names = variable_names(record.code)
        held = record.variables[names.index("_f")] if "_f" in names else None
        frame = held if isinstance(held, int) else None
        try:
            move = original(record, *others)
        except Unmatched as unmatched:
            frames.kept.append(frame)
            frames.reasons.append(str(unmatched))
            raise
        frames.moved.append(frame)
        return move

    def text(code: CodeType) -> list[Text]:
        return [Text(1, texts[code.co_filename])]

    try:
        return Continuation.loads(state), frames
    except CodeChanged:
        if policy == "pinned":
            return pinning.load(state), frames
    monkeypatch.setattr(loading, "move_of", move_of)
    try:
        return loading.load(state, text).continuation, frames
    finally:
        monkeypatch.setattr(loading, "move_of", original)


def renamed(function: Any, old: str, new: str) -> None:
    """Give a variable of a function another name."""
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and node.id == old:
            node.id = new
        elif isinstance(node, ast.Nonlocal):
            node.names = [new if each == old else each for each in node.names]
