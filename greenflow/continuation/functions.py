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
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

import msgspec
from msgspec.structs import astuple

from greenflow.continuation import frames, main_module, names, tags
from greenflow.continuation.code import code_bytes, code_from_bytes, code_hash, is_code
from greenflow.errors import CodeChanged
from greenflow.later import later_all

if TYPE_CHECKING:
    from greenflow.continuation import class_dicts, namespaces, places, spares
    from greenflow.continuation.namespaces import Namespace, Namespaces
else:
    class_dicts, namespaces, places, spares = later_all(
        *(__name__, "greenflow.continuation"),
        *("class_dicts", "namespaces", "places", "spares"),
    )


class Reference(msgspec.Struct, frozen=True):
    """Where a function is found, and what its code must be."""

    module: str
    qualname: str
    code_hash: bytes


#: Functions in code that was kept with a flow, and what they are saved as again.
_pinned: Final[WeakKeyDictionary[FunctionType, Reference]] = WeakKeyDictionary()


def pin(function: FunctionType, known: Reference) -> None:
    """Let a function in code that was kept with a flow be saved as it was."""
    _pinned[function] = known


def pinned(function: FunctionType) -> Reference | None:
    """Return what :func:`pin` was told of a function."""
    return _pinned.get(function)


def reference(function: FunctionType) -> Reference | None:
    """Return where exactly this function is found by name now, or None if nowhere.

    What lies in ``__main__`` has no name that another program knows. A function in code
    that was kept with a flow is found by the name it had.
    """
    if _pinned and function in _pinned:
        return _pinned[function]
    module, qualname = function.__module__, function.__qualname__
    if type(module) is not str or module in main_module.NAMES or "<" in qualname:
        return None
    found: Any = sys.modules.get(module)
    if found is None or names.function_at(found.__dict__, qualname) is not function:
        return None
    return Reference(module, qualname, code_hash(function.__code__))


def resolve(module: str, qualname: str, expected: bytes) -> FunctionType:
    """Return the function of that name. The opposite of :func:`reference`.

    Raises:
        CodeMissing: the module cannot be imported, or has no such function.
        CodeChanged: its code is not what the hash tells.
    """
    if module == tags.MODULE:
        tags.need(qualname)
    found: Any = sys.modules.get(module)
    if found is not None:
        function = names.function_at(found.__dict__, qualname)
        if function is not None and is_code(function.__code__, expected):
            return function
    return places.function_or_hidden(module, qualname, expected)


# --- functions as values ---


def by_name(function: FunctionType) -> Any:
    """Reduce a function to where it is found; None if it is found nowhere."""
    known = reference(function)
    if known is not None:
        return resolve, astuple(known)
    hidden = places.hidden(function)
    return None if hidden is None else (places.function_or_hidden, tuple(hidden))


def by_value(function: FunctionType, known_namespaces: Namespaces) -> Any:
    """Reduce a function to a shell that is filled afterwards.

    Two steps, so that a function may refer to itself, and so that its cells are the
    same cells as everywhere else among the values.
    """
    if spares.is_outdated(function):
        raise CodeChanged(
            f"{function.__module__}:{function.__qualname__}() is not the code any more "
            "that the flow was suspended in",
            hint="restart() its frame, or drop it, before the flow is saved again",
        )
    namespace = known_namespaces.of(function)
    named = main_module.name_of(function)
    main_name = None if named is None else astuple(named)
    return (
        _shell,
        (
            _place(function),
            namespace,
            function.__name__,
            main_name,
        ),
        _state(function, namespace, main_name),
        None,
        None,
        _fill,
    )


def _place(function: FunctionType) -> tuple[Any, ...]:
    place = places.nested(function)
    return (code_bytes(function.__code__),) if place is None else tuple(place)


def _state(
    function: FunctionType, namespace: Namespace, main_name: tuple[Any, ...] | None
) -> tuple[Any, ...]:
    used = namespace.used_by(function.__code__)
    return (
        main_name,
        function.__closure__,
        function.__defaults__,
        function.__kwdefaults__,
        _annotations(function),
        function.__dict__ or None,
        function.__qualname__,
        function.__module__,
        function.__doc__,
        getattr(function, "__type_params__", ()),  # from 3.12 on
        used,
        namespaces.submodules(function, used) if used else (),
    )


def _annotations(function: FunctionType) -> Any:
    """Return the annotations; from 3.14 on, what evaluates them: they may not be."""
    evaluate = getattr(function, "__annotate__", None)
    return function.__annotations__ or None if evaluate is None else evaluate


def _shell(
    place: tuple[Any, ...],
    namespace: dict[str, Any],
    name: str,
    main_name: tuple[Any, ...] | None,
) -> FunctionType:
    if main_name is not None:
        live = main_module.live_function(main_module.MainName(*main_name))
        if live is not None:
            return live
    code = code_from_bytes(*place) if len(place) == 1 else places.code_at(*place)
    cells = tuple(CellType() for _ in code.co_freevars)
    return FunctionType(code, namespace, name, None, cells or None)


def _fill(function: FunctionType, state: tuple[Any, ...]) -> None:
    named, closure, defaults, kwdefaults, annotations, attributes, *rest = state
    qualname, module, doc, type_params, used, submodules = rest
    if named is not None:
        main_name = main_module.MainName(*named)
        if main_module.live_function(main_name) is function:
            return
        main_module.keep_name(function, main_name)
    if closure is not None:
        frames.set_closure(function, closure)
    function.__defaults__ = defaults
    function.__kwdefaults__ = kwdefaults
    if callable(annotations):
        function.__annotate__ = annotations  # type: ignore[attr-defined]
    else:
        function.__annotations__ = annotations or {}
    function.__dict__.update(attributes or {})
    function.__qualname__ = qualname
    function.__module__ = module
    function.__doc__ = doc
    if type_params:
        function.__type_params__ = type_params  # type: ignore[attr-defined]
    if used:
        namespaces.fill(function.__globals__, used)
    for submodule in submodules:
        import_module(submodule)


# --- cells and code ---


def reduce_cell(cell: CellType) -> tuple[Any, ...]:
    """Reduce a cell: an empty one first, so that what it holds may refer to it."""
    try:
        held = (cell.cell_contents,)
    except ValueError:
        return _cell, ()
    cls = class_dicts.class_of(held[0])
    if cls is not None:
        return _cell, (), cls, None, None, _fill_class_cell
    return _cell, (), held, None, None, _fill_cell


def _cell() -> CellType:
    return CellType()


def _fill_cell(cell: CellType, held: tuple[Any]) -> None:
    cell.cell_contents = held[0]


def _fill_class_cell(cell: CellType, cls: type) -> None:
    cell.cell_contents = class_dicts.of(cls)


def reduce_code(code: CodeType) -> tuple[Any, ...]:
    """Reduce a code object that lies among the values by itself."""
    return code_from_bytes, (code_bytes(code),)


tags.register("function", resolve)
tags.register("shell", _shell)
tags.register("fill", _fill)
tags.register("cell", _cell)
tags.register("fill_cell", _fill_cell)
tags.register("fill_class_cell", _fill_class_cell)
