"""The words in which a refusal names code, callables and types."""

from __future__ import annotations

import functools
from types import (
    BuiltinMethodType,
    FunctionType,
    MethodDescriptorType,
    MethodType,
    MethodWrapperType,
    WrapperDescriptorType,
)
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import CodeType


#: The kinds of instruction whose first operand is what they call.
CALLS = frozenset({"root", "call", "call_kw", "call_ex"})

_NAMED = frozenset(
    {
        *(BuiltinMethodType, FunctionType, MethodDescriptorType, MethodType),
        *(MethodWrapperType, WrapperDescriptorType),
        type(functools.lru_cache(lambda: None)),
    }
)


def place(code: CodeType, offset: int) -> str:
    """Return function, file and line of an instruction."""
    positions = list(code.co_positions())
    unit = offset // 2
    line = positions[unit][0] if unit < len(positions) else None
    return f"{code.co_qualname}() {code.co_filename}:{line or code.co_firstlineno}"


def describe(op: str, operands: tuple[Any, ...], instruction: str) -> str:
    """Return what C code the pending instruction waits for, in words."""
    if not operands:
        return f"a special method or C code ({instruction})"
    value = operands[0]
    if op == "for_iter":
        return f"the next item of a {type_name(type(value))}"
    if op == "send":
        return f"a {type_name(type(value))}"
    if op in CALLS:
        return f"{callable_name(value)}()"
    kinds = dict.fromkeys(type_name(type(operand)) for operand in operands)
    return f"{instruction} of a {' and a '.join(kinds)}"


def type_name(cls: type) -> str:
    """Return module and name of a class."""
    get = type.__getattribute__  # not what a metaclass has
    return f"{get(cls, '__module__')}.{get(cls, '__qualname__')}"


def callable_name(value: Any) -> str:
    """Return module and name of a callable."""
    if issubclass(type(value), type):
        return type_name(value)
    if type(value) not in _NAMED:  # its attributes may be code of the users'
        return type_name(type(value))
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    module = getattr(value, "__module__", None)
    return f"{module}.{name}" if isinstance(module, str) else str(name)


def inner_name(inner: Any) -> str:
    """Return the name of what C code runs."""
    name = getattr(inner, "__qualname__", None) or getattr(inner, "__name__", "?")
    return f"{name}()"
