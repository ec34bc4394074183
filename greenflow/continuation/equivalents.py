"""What of greenflow.soft does the same as C code that a flow cannot suspend under."""

from __future__ import annotations

import functools
import operator
from collections import defaultdict
from types import (
    BuiltinFunctionType,
    GeneratorType,
    MethodDescriptorType,
    ModuleType,
)
from typing import Any

from greenflow.continuation.wording import CALLS, type_name

HINT = (
    "suspend before or after that call, or replace it by plain Python (a for loop, a "
    "comprehension, a def): what runs in Python can be saved, what runs in C cannot"
)

#: Of Context.run(), through which asyncio calls whatever its event loop runs.
_OF_LOOPS = (
    "a running event loop cannot be saved: let asyncio.run() return and suspend after "
    "it, as in `answer = asyncio.run(ask())` and then `recv()`; in its coroutines, "
    "`await flow` and greenflow.aio wait and send without being saved. Elsewhere, call "
    "the function itself, not by Context.run()"
)
COLLECT = (
    "`from greenflow.soft import {0}` and hand over `{0}(...)` of what suspends, which "
    "is made in Python and can be saved; or suspend before or after that"
)
TEXT = (
    "an f-string does the same and can be saved, or make each text by str() before; or "
    "suspend before or after that"
)

_LRU_CACHE = type(functools.lru_cache(lambda: None))

#: By the module and name of what is called, or of the type of what is iterated over.
SOFT: dict[str, str] = {
    **{
        f"{module}.{name}": name
        for module, names in (
            ("builtins", "all any bytes dict enumerate filter frozenset iter list map"),
            ("builtins", "max min reversed set sorted sum tuple zip"),
            ("itertools", "accumulate batched chain combinations"),
            ("itertools", "combinations_with_replacement compress cycle dropwhile"),
            ("itertools", "filterfalse groupby islice pairwise permutations product"),
            ("itertools", "starmap takewhile tee zip_longest"),
            ("_functools", "cmp_to_key reduce"),
            ("collections", "defaultdict"),
            ("_bisect", "bisect_left bisect_right insort_left insort_right"),
            ("_heapq", "heapify heappop heappush heappushpop heapreplace"),
        )
        for name in names.split()
    },
    "builtins.callable_iterator": "iter",
    "builtins.iterator": "iter",
    "itertools.chain.from_iterable": "chain",
    "itertools._grouper": "groupby",
    "itertools._tee": "tee",
    "list.sort": "list_sort",
    "dict.update": "dict_update",
    "list.extend": "list_extend",
    "str.join": "join",
    "bytes.join": "join",
    "re.Pattern.sub": "re_sub",
    "re.Pattern.subn": "re_subn",
    "_json.Scanner": "json_loads",
    "_json.Encoder": "json_dumps",
}
#: By the pending instruction: what makes something that it takes without Python code.
_INSTRUCTIONS = {
    "DICT_MERGE": "dict",
    "DICT_UPDATE": "dict",
    "LIST_EXTEND": "list",
    "SET_UPDATE": "set",
    "UNPACK_SEQUENCE": "tuple",
    "UNPACK_EX": "tuple",
}
#: The same for what is called and has no equivalent.
_COLLECTED = {
    **dict.fromkeys(
        (
            *("array.array", "array.array.extend", "builtins.bytearray.extend"),
            *("bytearray.extend", "collections.deque", "collections.OrderedDict"),
            *("dict.fromkeys", "math.fsum", "math.prod", "_operator.countOf"),
            *("_operator.indexOf", "list.__init__", "_csv.reader"),
            *("_io._IOBase.writelines", "_io.StringIO.writelines"),
        ),
        "list",
    ),
    "builtins.bytearray": "bytes",
    "tuple.__new__": "tuple",
    **{
        f"{kind}.{name}": "set"
        for kind in ("set", "frozenset")
        for name in (
            *("difference", "difference_update", "intersection", "isdisjoint"),
            *("intersection_update", "issubset", "issuperset", "union", "update"),
            *("symmetric_difference", "symmetric_difference_update"),
        )
    },
}
_ITERATING = ("__next__", "__iter__", "__getitem__", "__len__", "__length_hint__")


#: The kinds of instruction whose first operand is what the C code is of. The operands
#: of the others (``a == b``) only take part.
_TELLING = CALLS | {"for_iter", "send"}


def hint(
    op: str, operands: tuple[Any, ...], instruction: str, inner: Any = None
) -> str:
    """Return what to do about the refusal of what such an instruction runs.

    Args:
        op: as boundary.classify() is told it.
        operands: the same.
        instruction: its name.
        inner: what it runs from C.
    """
    if operands and any(name == "Context.run" for name in _names(operands[0])):
        return _OF_LOOPS
    if _is_text(op, operands):
        return TEXT
    makes = op == "subscript" and issubclass(type(operands[0]), defaultdict)
    told = operands if makes or op in _TELLING else ()
    name = soft_name(told, instruction) if told else None
    if name is None:
        name = _collects(told, instruction, inner)
        return HINT if name is None else COLLECT.format(name)
    return (
        f"`from greenflow.soft import {name}` does the same in Python, which can be "
        "saved; or suspend before or after that call"
    )


def _is_text(op: str, operands: tuple[Any, ...]) -> bool:
    """Whether it is ``text.format(...)`` or ``text % values``."""
    value = operands[0] if operands else None
    if op == "two":
        return type(value) in (str, bytes) and len(operands) == 2
    names = _names(value) if op in CALLS else []
    return any(name in ("str.format", "str.format_map") for name in names)


def _collects(operands: tuple[Any, ...], instruction: str, inner: Any) -> str | None:
    """Return what of greenflow.soft makes what may be handed over in place of it."""
    if not operands:
        return _INSTRUCTIONS.get(instruction)
    for name in _names(operands[0]):
        if name in _COLLECTED:
            return _COLLECTED[name]
    iterates = getattr(inner, "__name__", "") in _ITERATING
    if instruction == "CALL_FUNCTION_EX" and (iterates or type(inner) is GeneratorType):
        return "tuple"  # of what is behind the `*`
    return None


def soft_name(operands: tuple[Any, ...], instruction: str) -> str | None:
    """Return the name in greenflow.soft of what the instruction runs, or None."""
    if not operands:
        return _INSTRUCTIONS.get(instruction)
    value, *arguments = operands
    while arguments and (value is next or value is operator.call):
        value, *arguments = arguments
    if type(value) is _LRU_CACHE:
        return "lru_cache"
    for name in _names(value):
        if name in SOFT:
            return SOFT[name]
    return None


def _names(value: Any) -> list[str]:
    kind = value if issubclass(type(value), type) else type(value)
    names = [type_name(base) for base in kind.__mro__]
    if type(value) is BuiltinFunctionType:
        owner = value.__self__
        if owner is not None and type(owner) is not ModuleType:
            kind = type(owner)
            named: Any = owner if issubclass(kind, type) else kind
            return [*_methods(named, value.__name__)]
        return [f"{value.__module__}.{value.__name__}"]
    if type(value) is MethodDescriptorType:
        return _methods(value.__objclass__, value.__name__)
    return names


def _methods(kind: type, name: str) -> list[str]:
    bases = [base for base in kind.__mro__ if base is not object]
    return [
        f"{prefix}{base.__qualname__}.{name}"
        for base in bases
        for prefix in ("", f"{base.__module__}.")
    ]
