"""Functions by reference where they can be found again, else by value.

By reference: module, qualified name and code hash; the code that runs is the module's.
By value: code, defaults, closure and the rest. Its code is still named by reference
where it is a constant of a function that can be found, and its globals are the
module's own wherever the module can be imported.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import CellType, CodeType, FunctionType
from typing import Any, NamedTuple

from greenflow.continuation import frames, main_module, tags
from greenflow.continuation.code import code_bytes, code_from_bytes, code_hash
from greenflow.errors import CodeChanged, CodeMissing

_HINT_MISSING = (
    "make the module importable here, or bring the function back under that name"
)
_HINT_CHANGED = (
    "go on with the code that the flow was suspended in, or start the flow again"
)


class Reference(NamedTuple):
    """Where a function is found, and what its code must be."""

    module: str
    qualname: str
    code_hash: bytes


def reference(function: FunctionType) -> Reference | None:
    """Return where exactly this function is found by name, or None if nowhere.

    What lies in ``__main__`` has no name that another program knows.
    """
    module, qualname = function.__module__, function.__qualname__
    if type(module) is not str or module == "__main__" or "<" in qualname:
        return None
    if _find(module, qualname) is not function:
        return None
    return Reference(module, qualname, code_hash(function.__code__))


def resolve(module: str, qualname: str, expected: bytes) -> FunctionType:
    """Return the function of that name. The opposite of :func:`reference`.

    Raises:
        CodeMissing: the module cannot be imported, or has no such function.
        CodeChanged: its code is not what the hash tells.
    """
    function = _find(module, qualname)
    if function is None:
        function = _import_and_find(module, qualname)
    if code_hash(function.__code__) != expected:
        code = function.__code__
        raise CodeChanged(
            f"{module}:{qualname}() {code.co_filename}:{code.co_firstlineno} is not "
            f"the code any more that the flow was suspended in",
            hint=_HINT_CHANGED,
        )
    return function


def _import_and_find(module: str, qualname: str) -> FunctionType:
    try:
        import_module(module)
    except ImportError as error:
        raise CodeMissing(
            f"the flow needs {module}:{qualname}(): {error}", hint=_HINT_MISSING
        ) from error
    function = _find(module, qualname)
    if function is None:
        raise CodeMissing(
            f"the flow needs {module}:{qualname}(), but there is no such function",
            hint=_HINT_MISSING,
        )
    return function


def _find(module: str, qualname: str) -> FunctionType | None:
    found: Any = sys.modules.get(module)
    if found is None:
        return None
    for name in qualname.split("."):
        try:
            found = vars(found).get(name)
        except TypeError:
            return None
    if isinstance(found, classmethod | staticmethod):
        found = found.__func__
    elif isinstance(found, property):
        found = found.fget
    return found if type(found) is FunctionType else None


# --- code ---


def reduce_code(code: CodeType) -> tuple[Any, ...]:
    """Reduce a code object that lies among the values by itself."""
    return code_from_bytes, (code_bytes(code),)


def _reduce_nested(function: FunctionType) -> tuple[Any, ...]:
    """Name a function's code by its place in a function that can be found, if any."""
    outer_name = function.__qualname__.partition(".<locals>")[0]
    module = function.__module__
    outer = None
    if type(module) is str and module != "__main__":
        outer = _find(module, outer_name)
    if outer is not None and outer.__code__ is not function.__code__:
        path = _path_to(outer.__code__, function.__code__)
        if path is not None:
            return module, outer_name, path, code_hash(function.__code__)
    return (code_bytes(function.__code__),)


def _path_to(outer: CodeType, wanted: CodeType) -> tuple[int, ...] | None:
    for index, constant in enumerate(outer.co_consts):
        if constant is wanted:
            return (index,)
        if isinstance(constant, CodeType):
            rest = _path_to(constant, wanted)
            if rest is not None:
                return (index, *rest)
    return None


def _find_code(place: tuple[Any, ...]) -> CodeType:
    if len(place) == 1:
        return code_from_bytes(place[0])
    module, outer_name, path, expected = place
    function = _find(module, outer_name) or _import_and_find(module, outer_name)
    code: Any = function.__code__
    for index in path:
        consts = code.co_consts if isinstance(code, CodeType) else ()
        code = consts[index] if index < len(consts) else None
    if not isinstance(code, CodeType) or code_hash(code) != expected:
        outer = function.__code__
        raise CodeChanged(
            f"a function inside {module}:{outer_name}() "
            f"{outer.co_filename}:{outer.co_firstlineno} is not "
            f"the code any more that the flow was suspended in",
            hint=_HINT_CHANGED,
        )
    return code


# --- functions as values ---


def reduce_function(function: FunctionType, namespaces: main_module.Namespaces) -> Any:
    """Reduce a function: by reference, or as a shell that is filled afterwards.

    Two steps, so that a function may refer to itself, and so that its cells are the
    same cells as everywhere else among the values.
    """
    known = reference(function)
    if known is not None:
        return resolve, tuple(known)
    namespace = namespaces.of(function)
    place = _reduce_nested(function)
    arguments = (place, namespace, function.__name__, main_module.name_of(function))
    return _shell, arguments, _state(function, namespace), None, None, _fill


def _state(function: FunctionType, namespace: main_module.Namespace) -> tuple[Any, ...]:
    return (
        function.__closure__,
        function.__defaults__,
        function.__kwdefaults__,
        function.__annotations__,
        function.__dict__,
        function.__qualname__,
        function.__module__,
        function.__doc__,
        namespace.used_by(function.__code__),
    )


def _shell(
    place: tuple[Any, ...],
    namespace: dict[str, Any],
    name: str,
    main_name: tuple[Any, ...] | None,
) -> FunctionType:
    if main_name is not None:
        live = main_module.live_function(*main_name)
        if live is not None:
            return live
    code = _find_code(place)
    cells = tuple(CellType() for _ in code.co_freevars) or None
    return FunctionType(code, namespace, name, None, cells)


def _fill(function: FunctionType, state: tuple[Any, ...]) -> None:
    closure, defaults, kwdefaults, annotations, attributes, *rest = state
    qualname, module, doc, used = rest
    if main_module.is_live(function, qualname):
        return
    if closure is not None:
        frames.set_closure(function, closure)
    function.__defaults__ = defaults
    function.__kwdefaults__ = kwdefaults
    function.__annotations__ = annotations
    function.__dict__.update(attributes)
    function.__qualname__ = qualname
    function.__module__ = module
    function.__doc__ = doc
    if used:
        main_module.fill_namespace(function.__globals__, used)


def reduce_cell(cell: CellType) -> tuple[Any, ...]:
    """Reduce a cell: an empty one first, so that what it holds may refer to it."""
    try:
        held = (cell.cell_contents,)
    except ValueError:
        return _cell, ()
    return _cell, (), held, None, None, _fill_cell


def _cell() -> CellType:
    return CellType()


def _fill_cell(cell: CellType, held: tuple[Any]) -> None:
    cell.cell_contents = held[0]


tags.register("function", resolve)
tags.register("shell", _shell)
tags.register("fill", _fill)
tags.register("cell", _cell)
tags.register("fill_cell", _fill_cell)
