"""What is known of the frame that C code runs, and how classes are looked into."""

from __future__ import annotations

from types import CoroutineType, FunctionType, GeneratorType
from typing import Any, NamedTuple

from greenflow.continuation.frames import Operation


class Inside(NamedTuple):
    """The frame inside."""

    #: The Operation, the generator or the function that C code runs.
    what: Any
    #: The first argument of its frame, as it is now.
    first: Any

    def runs(self, function: Any) -> bool:
        """Whether calling ``function`` is running this frame."""
        if isinstance(function, Operation):
            return function is self.what
        return (
            type(function) is FunctionType
            and type(self.what) is FunctionType
            and function.__code__ is self.what.__code__
        )

    def is_method(self, cls: type, name: str) -> bool:
        """Whether this is the method ``name`` of objects of ``cls``."""
        return self.runs(special(cls, name))

    def is_generator(self) -> bool:
        """Whether one step of a generator or coroutine runs."""
        return isinstance(self.what, GeneratorType | CoroutineType)


def special(cls: type, name: str) -> Any:
    """Return the class attribute as it stands, unbound, as the interpreter finds it."""
    for base in cls.__mro__:
        if name in base.__dict__:
            return base.__dict__[name]
    return None
