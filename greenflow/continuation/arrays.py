"""What pickling alone would change, or copy, of arrays: numpy's, pandas', the builtin.

numpy and pandas are not imported here.

numpy saves a view as an array of its own: what is written through one is not seen
through the other any more. Here a view stays a view of its array, as long as anything
else has that array. Not those of subclasses, and not of arrays of objects.
"""

from __future__ import annotations

import collections
import sys
from array import array
from contextvars import Context
from functools import cache
from importlib import import_module
from itertools import islice
from pickle import PickleBuffer
from typing import TYPE_CHECKING, Any

from greenflow import limits
from greenflow.continuation import tags

if TYPE_CHECKING:
    from collections.abc import Callable

_ERROR_STATE = '<capsule object "numpy.ufunc.extobj"'


def reducer_of(kind: type) -> Callable[[Any], Any] | None:
    """Return what reduces objects of this type, if it is one of these."""
    module, name = kind.__module__, kind.__qualname__
    if module == "numpy":
        return {"ndarray": _reduce_array, "flatiter": _reduce_flat}.get(name)
    if (module, name) == ("builtins", "PyCapsule"):
        return _reduce_capsule
    if module.startswith("pandas.") and any(map(_is_block, kind.__mro__)):
        return _reduce_block
    return None


# --- the builtin ones ---


def reduce_builtin(value: array[Any]) -> Any:
    """Reduce an array; a large one gives its memory, and not a copy."""
    if len(value) * value.itemsize < limits.BUFFER_BYTES_MIN:
        return NotImplemented
    kind = value.typecode, value.itemsize, sys.byteorder
    return _builtin, (*kind, PickleBuffer(value))


def _builtin(typecode: str, item_bytes: int, byte_order: str, data: Any) -> array[Any]:
    made = array(typecode)
    if (made.itemsize, sys.byteorder) != (item_bytes, byte_order):
        raise ValueError(f"an array of {byte_order} items of {item_bytes} bytes")
    made.frombytes(data)
    return made


def _numpy() -> Any:
    return import_module("numpy")


# --- arrays ---


def _reduce_array(array: Any) -> Any:
    base = array.base
    if type(base) is not type(array) or _holders(base) <= _holders_of_one():
        return NotImplemented
    flags = base.flags
    if base.dtype.hasobject or not (flags.c_contiguous or flags.f_contiguous):
        return NotImplemented
    offset = _address(array) - _address(base)
    layout = array.shape, array.strides, offset, array.dtype, array.flags.writeable
    return _view, (base, *layout)


def _address(array: Any) -> int:
    return int(array.__array_interface__["data"][0])


def _holders(base: Any) -> int:
    return sys.getrefcount(base)


@cache
def _holders_of_one() -> int:
    """How many there are of an array that one view alone has."""
    view = _numpy().zeros(2)[1:]
    base = view.base
    return _holders(base)


def _view(
    base: Any, shape: Any, strides: Any, offset: int, dtype: Any, writeable: bool
) -> Any:
    view = _numpy().ndarray(shape, dtype, base, offset, strides)
    view.flags.writeable = writeable
    return view


def _reduce_flat(flat: Any) -> Any:
    return _flat, (flat.base, flat.index)


def _flat(base: Any, index: int) -> Any:
    flat = base.flat
    collections.deque(islice(flat, index), maxlen=0)
    return flat


# --- with numpy.errstate(...) ---


def _reduce_capsule(capsule: Any) -> Any:
    if not repr(capsule).startswith(_ERROR_STATE):
        return NotImplemented
    np, context = _numpy(), Context()
    context.run(_error_variable().set, capsule)
    told = [context.run(f) for f in (np.geterr, np.getbufsize, np.geterrcall)]
    return _error_state, tuple(told)


def _error_state(error: dict[str, str], buffer_size: int, call: Any) -> Any:
    np, context = _numpy(), Context()
    context.run(lambda: np.seterr(**error))
    context.run(np.setbufsize, buffer_size)
    context.run(np.seterrcall, call)
    return context[_error_variable()]


@cache
def _error_variable() -> Any:
    """Return the context variable that numpy keeps to itself."""
    context = Context()
    context.run(_numpy().seterr)
    (variable,) = context
    return variable


# --- pandas ---


def _is_block(kind: type) -> bool:
    return (kind.__module__, kind.__qualname__) == ("pandas._libs.internals", "Block")


def _reduce_block(block: Any) -> Any:
    # pandas copies on write by what a block knows of its views; a saved one knows none.
    make, (values, *rest) = block.__reduce__()
    if getattr(values, "base", None) is not None:
        values = values.copy()
    return make, (values, *rest)


tags.register("array", _builtin)
tags.register("array_view", _view)
tags.register("flat_iterator", _flat)
tags.register("numpy_error_state", _error_state)
