"""Code of the program that was started, ``__main__``: no other program can import it.

The rule: wherever the very same program runs (the same file with the same contents),
its functions and classes are the live ones and share its globals, as those of any
module do. Elsewhere they come from the stored copy, with one set of globals for all
functions of one load, holding what they use.
"""

from __future__ import annotations

import builtins
import sys
import uuid
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from greenflow.continuation import tags
from greenflow.continuation.code import code_hash

#: (path, digest of the contents) of a program.
Key = tuple[str, str]

_MARK = "__greenflow_main__"


def _read_key() -> Key:
    path = getattr(sys.modules.get("__main__"), "__file__", None)
    if isinstance(path, str):
        try:
            real = Path(path).resolve()
            return str(real), sha256(real.read_bytes()).hexdigest()[:16]
        except OSError:
            pass
    # a prompt, -c, standard input: no other process runs the same program
    return "", uuid.uuid4().hex


#: Read when greenflow is imported: the file may change while the program runs.
KEY: Key = _read_key()


def _live_globals() -> dict[str, Any]:
    return sys.modules["__main__"].__dict__


# --- names ---


def name_of(function: FunctionType) -> tuple[Key, str, bytes] | None:
    """Return what a function of ``__main__`` is found by in the same program."""
    if function.__module__ != "__main__" or "<" in function.__qualname__:
        return None
    return (
        key_of(function.__globals__),
        function.__qualname__,
        code_hash(function.__code__),
    )


def key_of(namespace: dict[str, Any]) -> Key:
    """Return the program that these globals belong to."""
    if namespace is _live_globals():
        return KEY
    mark = namespace.get(_MARK)
    return mark if isinstance(mark, tuple) else ("", "")


def live_function(key: Key, qualname: str, expected: bytes) -> FunctionType | None:
    """Return the live function of that name, if this is the same program."""
    found = find_live(key, qualname)
    if isinstance(found, classmethod | staticmethod):
        found = found.__func__
    elif isinstance(found, property):
        found = found.fget
    if type(found) is FunctionType and code_hash(found.__code__) == expected:
        return found
    return None


def find_live(key: Key, qualname: str) -> Any:
    """Return what ``__main__`` holds under that name, if this is the same program."""
    if tuple(key) != KEY:
        return None
    found: Any = sys.modules["__main__"]
    for name in qualname.split("."):
        try:
            found = vars(found).get(name)
        except TypeError:
            return None
    return found


def is_live(function: FunctionType, qualname: str) -> bool:
    """Return whether this is the live function of that name, which stays as it is."""
    if function.__globals__ is not _live_globals():
        return False
    return live_function(KEY, qualname, code_hash(function.__code__)) is function


# --- globals ---


class Namespace:
    """The globals of functions, as a value that is written once in one dump."""

    def __init__(self, globals_: dict[str, Any], module: str | None) -> None:
        self.globals = globals_
        self.module = module

    def used_by(self, code: CodeType) -> dict[str, Any]:
        """Return the globals that ``code`` names; nothing if a module has them."""
        if self.module is not None:
            return {}
        names = _names(code)
        return {
            name: self.globals[name] for name in sorted(names & self.globals.keys())
        }

    def __reduce__(self) -> tuple[Any, ...]:
        if self.module is not None:
            return _module_globals, (self.module,)
        return _new_globals, (key_of(self.globals), self.globals.get("__name__"))


class Namespaces:
    """The namespaces of one dump, by identity of the globals."""

    def __init__(self) -> None:
        self._known: dict[int, Namespace] = {}

    def of(self, function: FunctionType) -> Namespace:
        """Return the namespace of a function."""
        globals_ = function.__globals__
        known = self._known.get(id(globals_))
        if known is None:
            known = Namespace(globals_, _module_of(globals_))
            self._known[id(globals_)] = known
        return known


def fill_namespace(globals_: dict[str, Any], used: dict[str, Any]) -> None:
    """Give globals that were made for a load what a function uses."""
    if globals_ is _live_globals():
        return
    for name, value in used.items():
        globals_.setdefault(name, value)


def _module_of(globals_: dict[str, Any]) -> str | None:
    name = globals_.get("__name__")
    if not isinstance(name, str) or name == "__main__":
        return None
    module = sys.modules.get(name)
    return name if module is not None and module.__dict__ is globals_ else None


def _names(code: CodeType) -> set[str]:
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _names(constant)
    return names


def _module_globals(name: str) -> dict[str, Any]:
    return import_module(name).__dict__


def _new_globals(key: Key, name: str | None) -> dict[str, Any]:
    if tuple(key) == KEY:
        return _live_globals()
    return {"__name__": name, "__builtins__": builtins, _MARK: tuple(key)}


tags.register("module_globals", _module_globals)
tags.register("new_globals", _new_globals)
