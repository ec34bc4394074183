"""What is known of the frame that C code runs, and how classes are looked into."""

from __future__ import annotations

import dis
import inspect
from types import CodeType, CoroutineType, FunctionType, GeneratorType
from typing import TYPE_CHECKING, Any, NamedTuple

from greenflow.continuation.frames import Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Inside(NamedTuple):
    """The frame inside."""

    #: The Operation, the generator or the function that C code runs.
    what: Any
    #: The first argument of its frame, as it is now.
    first: Any

    def runs(self, function: Any) -> bool:
        """Whether calling ``function`` is running this frame."""
        if type(function) is Operation:
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


# A rule must run no code of the users', as its flow is being saved: what isinstance()
# and attributes of their objects and classes are asked for may be written in Python.
_mro: Callable[[type], tuple[type, ...]] = vars(type)["__mro__"].__get__
_vars: Callable[[type], Mapping[str, Any]] = vars(type)["__dict__"].__get__


def special(cls: type, name: str) -> Any:
    """Return the class attribute as it stands, unbound, as the interpreter finds it."""
    for base in _mro(cls):
        held = _vars(base)
        if name in held:
            return held[name]
    return None


def attribute_above(cls: type, start: type, name: str) -> Any:
    """Return the class attribute that ``super(start, ...)`` finds for ``cls``."""
    bases = _mro(cls)
    for base in bases[bases.index(start) + 1 :]:
        held = _vars(base)
        if name in held:
            return held[name]
    return None


def is_below(cls: type, base: type) -> bool:
    """Whether it is a subclass by its bases, as C code asks."""
    return any(one is base for one in _mro(cls))


def is_a(value: Any, kind: type) -> bool:
    """Whether it is an instance by its type, as C code asks."""
    return is_below(type(value), kind)


def keeps_first(code: CodeType) -> bool:
    """Whether the first argument of a frame of ``code`` is what it was called with."""
    if code.co_argcount == 0 and not code.co_flags & inspect.CO_VARARGS:
        return False
    first = 0 if code.co_argcount else code.co_kwonlyargcount
    return not rebinds(code, code.co_varnames[first])


def rebinds(code: CodeType, name: str) -> bool:
    """Whether ``code``, or code nested in it, may give another value to ``name``."""
    for instruction in dis.get_instructions(code):
        stores = instruction.opname.startswith(("STORE_", "DELETE_", "LOAD_FAST_AND"))
        held = instruction.argval  # two names, where two instructions are one (3.13)
        if stores and name in (held if type(held) is tuple else (held,)):
            return True
    return any(
        rebinds(nested, name)
        for nested in code.co_consts
        if isinstance(nested, CodeType) and name in nested.co_freevars
    )


def may_be_special(inside: Inside) -> bool:
    """Whether the frame may be a special method's, which C code calls by itself.

    Not ``__next__``: steps of iterators are told apart (sources.py).
    """
    if type(inside.what) is not FunctionType:
        return False
    if not keeps_first(inside.what.__code__):
        return True
    return any(
        name.startswith("__") and name != "__next__" and inside.runs(held)
        for base in _mro(type(inside.first))
        for name, held in _vars(base).items()
    )
