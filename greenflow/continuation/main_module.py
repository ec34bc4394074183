"""Code of the program that was started, ``__main__``: no other program can import it.

The rule: wherever the very same program runs (the same file with the same contents),
its functions and classes are the live ones and share its globals, as those of any
module do. Elsewhere they come from the stored copy, with one set of globals for all
functions of one load, holding what they use.
"""

from __future__ import annotations

import os
import sys
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import msgspec

from greenflow.continuation import names
from greenflow.continuation.code import code_hash, is_code
from greenflow.errors import CodeMissing

if TYPE_CHECKING:
    from collections.abc import Iterator

#: (path, digest of the contents) of a program.
Key = tuple[str, str]

#: A child of multiprocessing has its parent's program under the second name.
NAMES = frozenset({"__main__", "__mp_main__"})

_DIGEST_CHARS = 32


#: By what anything else of a program is found: key and dotted path.
Held = tuple[Key, str]


class MainName(msgspec.Struct, frozen=True):
    """By what a function of a program is found where that very program runs."""

    key: Key
    path: str
    code_hash: bytes


#: A program, its path and its contents as they were when it was first looked at.
_read: tuple[ModuleType | None, str, bytes] | None = None
_key: Key | None = None
#: The names of functions that were made from a stored copy.
_origins: WeakKeyDictionary[FunctionType, MainName] = WeakKeyDictionary()
#: The same for type variables and cached functions.
_held: WeakKeyDictionary[Any, Held] = WeakKeyDictionary()


def key() -> Key:
    """Return the running program's key; without a file, one of this process alone."""
    global _key
    path, contents = _program()
    if _key is None:
        from hashlib import sha256  # only who refers to the program needs it

        digest = sha256(contents).hexdigest()[:_DIGEST_CHARS]
        _key = path, digest if path else contents.hex()
    return _key


def _program() -> tuple[str, bytes]:
    global _read, _key
    main = sys.modules.get("__main__")
    # A child of multiprocessing gets its __main__ after greenflow was imported.
    if _read is None or _read[0] is not main:
        _read, _key = (main, *_contents(main)), None
    return _read[1:]


def _contents(main: ModuleType | None) -> tuple[str, bytes]:
    path = getattr(main, "__file__", None)
    if isinstance(path, str):
        try:
            real = os.path.realpath(path)
            with open(real, "rb") as file:
                return real, file.read()
        except OSError:
            pass
    # a prompt, -c, standard input: no other process runs the same program
    return "", os.urandom(_DIGEST_CHARS // 2)


def live_globals() -> dict[str, Any]:
    """Return the globals of the running program."""
    return sys.modules["__main__"].__dict__


# --- functions ---


def name_of(function: FunctionType) -> MainName | None:
    """Return what a function of a program is found by; None if it has no name there.

    A function that was made from a stored copy keeps the name that it came with.
    """
    known = _origins.get(function)
    if known is not None:
        return known
    if function.__module__ not in NAMES or "<" in function.__qualname__:
        return None
    for path, found in names.layers(live_globals(), function.__qualname__):
        if found is function:
            return MainName(key(), path, code_hash(function.__code__))
    return None


def live_function(name: MainName) -> FunctionType | None:
    """Return the function of that name, if this is its program. See :func:`name_of`."""
    found = find_live(name.key, name.path)
    if type(found) is FunctionType and is_code(found.__code__, name.code_hash):
        return found
    return None


def keep_name(function: FunctionType, name: MainName) -> None:
    """Let a function made from a stored copy go on under the name it was stored by."""
    _origins[function] = name


# --- anything else ---


def is_of_module(value: Any, path: str) -> bool:
    """Return whether another program finds this very object by its name."""
    module = value.__module__
    return module not in NAMES and find_global(module, path) is value


def find_global(module: object, path: str) -> Any:
    """Return what a module that is imported holds at ``path``; None if nothing."""
    found = sys.modules.get(module) if isinstance(module, str) else None
    return None if found is None else names.find(found.__dict__, path)


def named() -> Iterator[tuple[str, str, Any]]:
    """Yield (module, dotted path, value) of what modules and their classes hold."""
    loaded = list(sys.modules.items())
    for name, module in sorted(loaded, key=lambda item: item[0] in NAMES):
        for attribute, value in dict(getattr(module, "__dict__", ())).items():
            yield name, attribute, value
            # Not every class has a module.
            if isinstance(value, type) and getattr(value, "__module__", "") == name:
                for inner, held in list(vars(value).items()):
                    yield name, f"{attribute}.{inner}", held


def held_name(value: Any, path: str) -> Held | None:
    """Return what a value of a program is found by, if it lies at ``path`` there.

    One that was made from a stored copy keeps the name that it came with.
    """
    known = _held.get(value)
    if known is None and names.find(live_globals(), path) is value:
        known = key(), path
    return known


def keep_held_name(value: Any, held: Held | None) -> None:
    """Let a value made from a stored copy go on under the name it was stored by."""
    if held is not None:
        _held[value] = held


def find_live(program: Key, path: str) -> Any:
    """Return what the program of that key holds at ``path``, if it is this one."""
    return names.find(live_globals(), path) if tuple(program) == key() else None


def live_module(program: Key) -> ModuleType:
    """Return the module ``__main__``, if it is the program of that key.

    Raises:
        CodeMissing: another program runs.
    """
    if tuple(program) != key():
        raise CodeMissing(
            f"a value is the module __main__ of {program[0] or 'another process'}",
            hint="go on in that program, or move the code to a module that can be "
            "imported",
        )
    return sys.modules["__main__"]


# The file may change while the program runs: it is read when greenflow is imported.
_program()
