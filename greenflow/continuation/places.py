"""Where the code of a function is found that has no name of its own.

Inside a function of a module that can be imported: hidden there behind a decorator or
a property, or one of its constants (a nested function, a lambda, the method of a local
class).
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple

from greenflow.continuation import main_module, moves, names, tags
from greenflow.continuation.code import ByCode, code_hash, is_code
from greenflow.errors import CodeChanged, CodeMissing
from greenflow.later import later

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from greenflow.continuation import spares
else:
    spares = later(__name__, "greenflow.continuation.spares")

_HINT_MISSING = (
    "make the module importable here, bring the function back under that name, or say "
    "where it is now: greenflow.moved()"
)
_HINT_RAISES = "mend the module, then retry the flows that are in the hospital"
_HINT_CHANGED = (
    "go on with the code that the flow was suspended in, or start the flow again"
)


class Hidden(NamedTuple):
    """A function behind a decorator or a property of a module: see :mod:`.names`."""

    module: str
    path: str
    code_hash: bytes


class Nested(NamedTuple):
    """Code inside of the function at ``path``: constant after constant."""

    module: str
    path: str
    constants: tuple[int, ...]
    code_hash: bytes


_nested: ByCode[tuple[CodeType, Nested]] = ByCode()
#: Of code that was kept with a flow, the place that it came from.
_pinned: ByCode[Nested] = ByCode()


# --- from a function to its place ---


def hidden(function: FunctionType) -> Hidden | None:
    """Return where a decorator or a property hides this very function, or None."""
    module, qualname = function.__module__, function.__qualname__
    if "<" in qualname:
        return None
    for path, found in names.layers(_namespace(module), qualname):
        if found is function:
            return Hidden(module, path, code_hash(function.__code__))
    return None


def nested(function: FunctionType) -> Nested | None:
    """Return of which function's constants the code of this one is, or None."""
    code = function.__code__
    pinned = _pinned.get(code)
    if pinned is not None:
        return pinned
    known = _nested.get(code)
    if known is not None:
        outer, place = known
        found = names.find(_namespace(place.module), place.path)
        if type(found) is FunctionType and found.__code__ is outer:
            return place
    # The code's own names: a decorator may have given the function others.
    module = function.__globals__.get("__name__")
    top = code.co_qualname.partition(".<locals>")[0]
    for path, found in names.layers(_namespace(module), top):
        if type(found) is not FunctionType:
            continue
        constants = _constants_to(found.__code__, code)
        if constants is not None:
            place = Nested(str(module), path, constants, code_hash(code))
            _nested.put(code, (found.__code__, place))
            return place
    return None


def _namespace(module: object) -> dict[str, Any]:
    if type(module) is not str or module in main_module.NAMES:
        return {}
    found: Any = sys.modules.get(module)
    return {} if found is None else found.__dict__


def _constants_to(outer: CodeType, wanted: CodeType) -> tuple[int, ...] | None:
    if outer is wanted:
        return ()
    for index, constant in enumerate(outer.co_consts):
        if isinstance(constant, CodeType):
            rest = _constants_to(constant, wanted)
            if rest is not None:
                return (index, *rest)
    return None


def pinned(code: CodeType) -> Nested | None:
    """Return what :func:`pin` was told of code."""
    return _pinned.get(code)


def live_at(module: str, path: str, qualname: str) -> FunctionType | None:
    """Return the function that a module has at a path now, or behind a decorator.

    If there are several, the one whose code has that name.
    """
    return _likest(_functions_at(_namespace(module), path), qualname)


def pin(code: CodeType, place: Nested) -> None:
    """Let code that was kept with a flow be saved as what was at that place."""
    _pinned.put(code, place)


# --- from a place to the function or the code ---


def function_or_hidden(module: str, path: str, expected: bytes) -> FunctionType:
    """Return the function at ``path``, or hidden there, whose code has that hash.

    A decorator may have been added or taken away since.

    Raises:
        CodeMissing: the module cannot be imported, or has no such function.
        CodeChanged: none of those that are there has the code.
    """
    module, path, namespace = _found(module, path)
    for function in _functions_at(namespace, path):
        if is_code(function.__code__, expected):
            return function
    reading = spares.current()
    old = None if reading is None else reading.code(expected)
    qualname = path if old is None else old.co_qualname
    changed = _likest(_functions_at(namespace, path), qualname)
    if changed is None:
        kept = spares.missing(expected, module, path)
        if kept is None:
            raise _missing(module, path)
        return kept
    kept = spares.function(expected, changed, (module, path))
    if kept is None:
        raise _changed(f"{module}:{path}()", changed.__code__)
    return kept


def code_at(
    module: str, path: str, constants: tuple[int, ...], expected: bytes
) -> CodeType:
    """Return the code that :func:`nested` found the place of.

    Raises:
        CodeMissing, CodeChanged: as by :func:`function_or_hidden`.
    """
    outer = kept = None
    module, path, namespace = _found(module, path)
    place = Nested(module, path, tuple(constants), expected)
    for function in _functions_at(namespace, path):
        outer = outer or function.__code__
        code: Any = function.__code__
        for index in constants:
            held = code.co_consts if isinstance(code, CodeType) else ()
            code = held[index] if index < len(held) else None
        if isinstance(code, CodeType) and is_code(code, expected):
            return code
        kept = kept or spares.nested(expected, code, place)
    if outer is None:
        kept = spares.nested(expected, None, place)
    if kept is not None:
        return kept
    if outer is None:
        raise _missing(module, path)
    raise _changed(f"a function inside {module}:{path}()", outer)


def _likest(functions: Iterable[FunctionType], qualname: str) -> FunctionType | None:
    """Return the one of that name: a decorator may have come, or gone."""
    found = list(functions)
    name = qualname.rpartition(".")[2]
    same = [each for each in found if each.__code__.co_qualname == qualname]
    alike = [each for each in found if each.__code__.co_name == name]
    return next(iter([*same, *alike, *found]), None)


def _functions_at(namespace: dict[str, Any], path: str) -> Iterator[FunctionType]:
    """Yield the function at ``path``, then those behind it, then those before it."""
    while True:
        for _, found in names.layers(namespace, path):
            if type(found) is FunctionType:
                yield found
        path, dot, last = path.rpartition(".")
        if not dot or last != "__wrapped__":
            return


def _found(
    module: str, path: str, *, again: bool = True
) -> tuple[str, str, dict[str, Any]]:
    """Return a module and a path in it, or where that was moved to, and its names.

    Raises:
        CodeMissing: there is no such module.
    """
    try:
        namespace = import_module(module).__dict__
    except ImportError as error:
        place = moves.now(module, path) if again else None
        if place is None:
            raise CodeMissing(
                f"the flow needs {module}:{path}(): {error}", hint=_HINT_MISSING
            ) from error
    except Exception as error:
        raise CodeMissing(
            f"the flow needs {module}:{path}(), but {module!r} cannot be imported: "
            f"{type(error).__name__}: {error}",
            hint=_HINT_RAISES,
        ) from error
    else:
        place = moves.now(module, path) if again else None
        if place is None or names.find(namespace, path) is not None:
            return module, path, namespace
    return _found(*place, again=False)


def _missing(module: str, path: str) -> CodeMissing:
    return CodeMissing(
        f"the flow needs {module}:{path}(), but {module!r} has no such function",
        hint=_HINT_MISSING,
    )


def _changed(what: str, code: CodeType) -> CodeChanged:
    return CodeChanged(
        f"{what} {code.co_filename}:{code.co_firstlineno} is not the code any more "
        f"that the flow was suspended in",
        hint=_HINT_CHANGED,
    )


tags.register("hidden", function_or_hidden)
