"""What a feature of the corpus is: a plain function, and what it must do.

The modules ``features_*.py`` hold the functions. Each calls suspend() one or more times
and returns a value that depends on everything it kept over the suspends; nothing of it
may depend on the process (addresses, depth below the flow, order of sets of text).
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any


@dataclass(frozen=True)
class Throw:
    """An answer that is raised at the suspend() instead of being returned."""

    kind: type[BaseException]
    arguments: tuple[object, ...] = ()

    def make(self) -> BaseException:
        return self.kind(*self.arguments)


@dataclass(frozen=True)
class Raised:
    """The end of a run by an exception."""

    kind: type[BaseException]
    text: str


@dataclass
class Run:
    """What is seen of a run from outside: what it suspended with, and how it ended."""

    asks: list[object] = field(default_factory=list)
    end: object = None


@dataclass(frozen=True)
class Feature:
    """One row of the corpus.

    ``frames`` is the room its stack needs under the recursion limit; ``long`` marks
    what takes too many steps or too much time to be repeated a hundred times.
    """

    name: str
    module: str
    attribute: str
    line: int
    arguments: tuple[object, ...]
    sends: tuple[object, ...]
    expected: Run
    frames: int
    long: bool

    @property
    def function(self) -> Callable[..., Any]:
        """The function as its module has it now: modules are loaded anew."""
        return getattr(sys.modules[self.module], self.attribute)


FEATURES: dict[str, Feature] = {}


def feature(
    *,
    sends: Any = (None,),
    asks: Any = (None,),
    gives: object = None,
    args: tuple[object, ...] = (),
    name: str = "",
    frames: int = 0,
    long: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Put the function into the corpus; ``gives`` is its result, or Raised."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        topic = function.__module__.rpartition("features_")[2]
        called = f"{topic}.{name or function.__name__}"
        line = function.__code__.co_firstlineno
        assert called not in FEATURES or FEATURES[called].line == line, called
        assert len(tuple(sends)) == len(tuple(asks)), called
        FEATURES[called] = Feature(
            name=called,
            module=function.__module__,
            attribute=function.__name__,
            line=line,
            arguments=args,
            sends=tuple(sends),
            expected=Run(list(asks), gives),
            frames=frames,
            long=long,
        )
        return function

    return add


MODULES = (
    "async",
    "awaiting",
    "calls",
    "classes",
    "closures",
    "comprehensions",
    "coroutines",
    "exceptions",
    "exhausting",
    "expressions",
    "frames",
    "generators",
    "generators_more",
    "generators_thrown",
    "groups",
    "handlers",
    "iterators",
    "lines",
    "lookups",
    "managers",
    "owned",
    "shapes",
    "statements",
    "with",
)


def module_of(name: str) -> ModuleType:
    return importlib.import_module(f"tests.core.features_{name}")


def load() -> dict[str, Feature]:
    """Return the whole corpus, by name."""
    for name in MODULES:
        module_of(name)
    return FEATURES


@contextmanager
def replaced_suspend(stand_in: Callable[..., Any]) -> Iterator[None]:
    """Let the features call ``stand_in`` where they call suspend()."""
    modules = [module_of(name) for name in MODULES]
    real = modules[0].suspend
    for module in modules:
        module.suspend = stand_in
    try:
        yield
    finally:
        for module in modules:
            module.suspend = real


def ended(error: BaseException) -> Raised:
    return Raised(type(error), str(error))


def run_plainly(item: Feature) -> Run:
    """Call the function with a suspend() that is answered at once: the model."""
    run, answers = Run(), iter(item.sends)

    def answered(payload: object = None) -> object:
        run.asks.append(payload)
        answer = next(answers)
        if isinstance(answer, Throw):
            raise answer.make()
        return answer

    with replaced_suspend(answered):
        try:
            run.end = item.function(*item.arguments)
        except Exception as error:
            run.end = ended(error)
    return run
