"""The globals of functions that are stored by value.

Those of a module are the module's, wherever it can be imported. Those of the program
itself are its own where the same program runs; elsewhere all functions of one load
share a new dictionary, which holds what they use.
"""

from __future__ import annotations

import builtins
import dis
import sys
from importlib import import_module
from types import CodeType, FunctionType
from typing import Any

from cloudpickle import cloudpickle

from greenflow.continuation import main_module, moves, tags
from greenflow.continuation.code import ByCode

#: In globals that were made for a load: the program that they belong to.
_MARK = "__gf_main__"
_NOBODY: main_module.Key = ("", "")

_GLOBAL_OPS = frozenset(
    dis.opmap[name]
    for name in (
        "LOAD_GLOBAL",
        "STORE_GLOBAL",
        "DELETE_GLOBAL",
        "LOAD_NAME",  # in the body of a class
        "LOAD_FROM_DICT_OR_GLOBALS",
    )
    if name in dis.opmap
)

_used: ByCode[tuple[str, ...]] = ByCode()


class Namespace:
    """The globals of functions, as a value that is written once in one dump."""

    def __init__(self, globals_: dict[str, Any]) -> None:
        self._globals = globals_
        self._module = _module_of(globals_)

    def used_by(self, code: CodeType) -> dict[str, Any] | None:
        """Return the globals that ``code`` uses; None if a module has them."""
        if self._module is not None:
            return None
        held = self._globals
        return {name: held[name] for name in global_names(code) if name in held}

    def __reduce__(self) -> tuple[Any, ...]:
        if self._module is not None:
            return _module_globals, (self._module,)
        name = self._globals.get("__name__")
        return _new_globals, (_program_of(self._globals), name)


class Namespaces:
    """The namespaces of one dump, by identity of the globals."""

    def __init__(self) -> None:
        self._known: dict[int, Namespace] = {}

    def of(self, function: FunctionType) -> Namespace:
        """Return the namespace of a function."""
        globals_ = function.__globals__
        known = self._known.get(id(globals_))
        if known is None:
            known = self._known[id(globals_)] = Namespace(globals_)
        return known


def fill(globals_: dict[str, Any], used: dict[str, Any]) -> None:
    """Give globals that were made for a load what a function uses."""
    if globals_ is main_module.live_globals():
        return
    for name, value in used.items():
        globals_.setdefault(name, value)


def global_names(code: CodeType) -> tuple[str, ...]:
    """Return the names of the globals that the code uses, nested code too."""
    known = _used.get(code)
    if known is None:
        found = {
            instruction.argval: None
            for instruction in dis.get_instructions(code)
            if instruction.opcode in _GLOBAL_OPS
        }
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                found.update(dict.fromkeys(global_names(constant)))
        known = tuple(found)
        _used.put(code, known)
    return known


def submodules(function: FunctionType, used: dict[str, Any]) -> tuple[str, ...]:
    """Return the modules that ``package.module`` in a function by value relies on.

    Importing the package, which is all that its globals tell, need not import them.
    """
    find: Any = cloudpickle._find_imported_submodules  # noqa: SLF001 - no public name
    found = find(function.__code__, used.values())
    return tuple(module.__name__ for module in found)


def _module_of(globals_: dict[str, Any]) -> str | None:
    name = globals_.get("__name__")
    if not isinstance(name, str) or name in main_module.NAMES:
        return None
    module = sys.modules.get(name)
    return name if getattr(module, "__dict__", None) is globals_ else None


def _program_of(globals_: dict[str, Any]) -> main_module.Key:
    if globals_ is main_module.live_globals():
        return main_module.key()
    mark = globals_.get(_MARK)
    return mark if isinstance(mark, tuple) else _NOBODY


def _module_globals(name: str) -> dict[str, Any]:
    try:
        return import_module(name).__dict__
    except ImportError:
        place = moves.now(name, "")
        if place is None:
            raise
        return import_module(place.module).__dict__


def _new_globals(program: main_module.Key, name: str | None) -> dict[str, Any]:
    program = (program[0], program[1])
    if program == main_module.key():
        return main_module.live_globals()
    made = {"__name__": name, "__builtins__": builtins}
    return made if program == _NOBODY else {**made, _MARK: program}


tags.register("module_globals", _module_globals)
tags.register("new_globals", _new_globals)
