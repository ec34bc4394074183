"""What of greenflow.soft does the same as C code that a flow cannot suspend under."""

from __future__ import annotations

import functools
import operator
from collections import defaultdict
from types import BuiltinFunctionType, MethodDescriptorType
from typing import Any

from greenflow.continuation.wording import CALLS

HINT = (
    "suspend before or after that call, or replace it by plain Python (a for loop, a "
    "comprehension, a def): what runs in Python can be saved, what runs in C cannot"
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
    "list.extend": "list_extend",
    "str.join": "join",
    "bytes.join": "join",
    "re.Pattern.sub": "re_sub",
    "re.Pattern.subn": "re_subn",
    "_json.Scanner": "json_loads",
    "_json.Encoder": "json_dumps",
}
#: By the pending instruction, where what it works with cannot be seen.
_INSTRUCTIONS = {
    "LIST_EXTEND": "list",
    "SET_UPDATE": "set",
    "UNPACK_SEQUENCE": "tuple",
    "UNPACK_EX": "tuple",
}


#: The kinds of instruction whose first operand is what the C code is of. The operands
#: of the others (``a == b``) only take part.
_TELLING = CALLS | {"for_iter", "send"}


def hint(op: str, operands: tuple[Any, ...], instruction: str) -> str:
    """Return what to do about the refusal of what such an instruction runs."""
    makes = op == "subscript" and isinstance(operands[0], defaultdict)
    name = soft_name(operands if makes or op in _TELLING else (), instruction)
    if name is None:
        return HINT
    return (
        f"`from greenflow.soft import {name}` does the same in Python, which can be "
        "saved; or suspend before or after that call"
    )


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
    kind = value if isinstance(value, type) else type(value)
    names = [f"{base.__module__}.{base.__qualname__}" for base in kind.__mro__]
    if isinstance(value, BuiltinFunctionType):
        owner = value.__self__
        if owner is not None and not isinstance(owner, type(functools)):
            named = owner if isinstance(owner, type) else type(owner)
            return [*_methods(named, value.__name__)]
        return [f"{value.__module__}.{value.__name__}"]
    if isinstance(value, MethodDescriptorType):
        return _methods(value.__objclass__, value.__name__)
    return names


def _methods(kind: type, name: str) -> list[str]:
    bases = [base for base in kind.__mro__ if base is not object]
    return [
        f"{prefix}{base.__qualname__}.{name}"
        for base in bases
        for prefix in ("", f"{base.__module__}.")
    ]
