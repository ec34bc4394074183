"""What a value holds, and how people would write the way to it."""

from __future__ import annotations

import contextvars
import functools
import gc
import types
from collections import deque
from typing import TYPE_CHECKING, Any

from greenflow.continuation import iterators, itertools_state, list_iterators
from greenflow.continuation.namespaces import global_names
from greenflow.continuation.nested import Nested

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Part = tuple[str, Any]

_STEP_CHARS_MAX = 80
_ITERATORS = {
    *map(type, (map(int, ()), filter(None, ()), zip((), strict=True), enumerate(()))),
    *map(type, (iter([]), iter(()), reversed(()), iter(set()), iter(int, 0))),
    *iterators.DICT_ITERATORS,
    *iterators.DEQUE_ITERATORS,
    *list_iterators.TYPES,
    *itertools_state.ITERTOOLS,
    iterators.ORDERED_ITERATOR,
}
_Member = types.MemberDescriptorType


def parts(value: Any) -> Iterator[Part]:
    """Yield (step, object) of what ``value`` holds: ``.pool``, ``[0]``, ``['key']``.

    It runs no code of the value's class but that of ``__repr__`` of keys.
    """
    for kinds, of_kind in _OF:
        if isinstance(value, kinds):
            yield from of_kind(value)
            break
    if isinstance(value, type):
        yield from _attributes(vars(value))
        return
    yield from _of_instance(value)


def state_parts(state: Any) -> Iterator[Part]:
    """Yield (step, object) of what ``__getstate__`` returned: attributes, if it can."""
    for part in state if type(state) is tuple else (state,):
        if isinstance(part, dict):
            yield from _attributes(part)


def _attributes(named: Any) -> Iterator[Part]:
    for name, item in list(named.items()):
        yield (f".{name}" if isinstance(name, str) else _step("[{}]", name)), item


def _of_dict(value: dict[Any, Any]) -> Iterator[Part]:
    for key, item in list(value.items()):
        yield _step("[{}]", key), item
        yield _step(" key {}", key), key


def _of_sequence(value: Any) -> Iterator[Part]:
    return ((f"[{index}]", item) for index, item in enumerate(list(value)))


def _of_set(value: Any) -> Iterator[Part]:
    return ((_step(" item {}", item), item) for item in list(value))


def _of_method(value: types.MethodType) -> Iterator[Part]:
    yield ".__self__", value.__self__
    yield ".__func__", value.__func__


def _of_partial(value: functools.partial[Any]) -> Iterator[Part]:
    yield ".func", value.func
    yield from (
        (f" argument {index}", item) for index, item in enumerate(value.args, 1)
    )
    yield from ((f" argument {name!r}", item) for name, item in value.keywords.items())


def _of_instance(value: Any) -> Iterator[Part]:
    attributes = getattr(value, "__dict__", None)
    if isinstance(attributes, dict):
        yield from _attributes(attributes)
    for cls in type(value).__mro__:
        for name in _slots(cls):
            try:
                yield f".{name}", getattr(value, name)
            except AttributeError:
                continue


def _slots(cls: type) -> list[str]:
    if "__slots__" not in vars(cls):
        return []  # what lies in C is no attribute that a person gave it
    members = vars(cls).items()
    return [name for name, held in members if isinstance(held, _Member)]


def _of_exception(error: BaseException) -> Iterator[Part]:
    yield from ((f".args[{index}]", item) for index, item in enumerate(error.args))
    if isinstance(error, BaseExceptionGroup):
        yield from (
            (f".exceptions[{index}]", item)
            for index, item in enumerate(error.exceptions)
        )
    yield ".__cause__", error.__cause__
    yield ".__context__", error.__context__


def _of_function(function: types.FunctionType) -> Iterator[Part]:
    names = function.__code__.co_freevars
    for name, cell in zip(names, function.__closure__ or (), strict=False):
        yield from ((f" free variable {name!r}", item) for _, item in _of_cell(cell))
    yield from (
        (f" default {index}", item)
        for index, item in enumerate(function.__defaults__ or (), 1)
    )
    yield from (
        (f" default {name!r}", item)
        for name, item in (function.__kwdefaults__ or {}).items()
    )
    for name in global_names(function.__code__):
        if name in function.__globals__:
            yield f" global {name!r}", function.__globals__[name]


def _of_cell(cell: types.CellType) -> Iterator[Part]:
    try:
        yield "", cell.cell_contents
    except ValueError:
        return


def _of_generator(generator: Any) -> Iterator[Part]:
    for name in ("gi_frame", "cr_frame", "ag_frame"):
        frame = getattr(generator, name, None)
        if frame is not None:
            for variable, item in frame.f_locals.items():
                yield f" local {variable!r}", item
    for item in gc.get_referents(generator):
        yield " value on its stack", item


def _of_view(value: Any) -> Iterator[Part]:
    yield from _of_dict(gc.get_referents(value)[0])


def _of_iterator(value: Any) -> Iterator[Part]:
    # What it goes over, and what it does with it, have no names.
    for held in gc.get_referents(value):
        if not isinstance(held, type):
            yield "", held


def _of_frame(frame: types.FrameType) -> Iterator[Part]:
    yield from ((f" local {name!r}", item) for name, item in frame.f_locals.items())


def _of_context(context: contextvars.Context) -> Iterator[Part]:
    for variable, item in context.items():
        yield f" context variable {variable.name!r}", item


def _of_continuation(value: Nested) -> Iterator[Part]:
    for function, _, _, variables in getattr(value.held_records(), "frames", ()):
        for name, item in variables:
            yield f" frame {function.__qualname__}() local {name!r}", item


def _of_wrapper(value: Any) -> Iterator[Part]:
    for name in ("__func__", "fget", "fset", "fdel"):
        if hasattr(value, name):
            yield f".{name}", getattr(value, name)


def _step(form: str, key: object) -> str:
    try:
        text = repr(key)
    except Exception:
        text = f"<{type(key).__name__}>"
    return form.format(text)[:_STEP_CHARS_MAX]


_OF: tuple[tuple[Any, Callable[[Any], Iterator[Part]]], ...] = (
    (dict, _of_dict),
    ((*iterators.VIEWS, types.MappingProxyType), _of_view),
    (tuple(_ITERATORS), _of_iterator),
    (types.FrameType, _of_frame),
    (contextvars.Context, _of_context),
    (Nested, _of_continuation),
    ((list, tuple, deque), _of_sequence),
    ((set, frozenset), _of_set),
    (BaseException, _of_exception),
    (types.FunctionType, _of_function),
    (types.MethodType, _of_method),
    (functools.partial, _of_partial),
    (types.CellType, _of_cell),
    (
        (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType),
        _of_generator,
    ),
    ((classmethod, staticmethod, property), _of_wrapper),
)
