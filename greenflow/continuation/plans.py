"""What is the same each time a flow stops at, or goes on from, the same place.

Heads are made and functions are looked up once. Whether that still holds is asked each
time: a module may have been reloaded, a name given to another function, a function
given other code.
"""

from __future__ import annotations

import sys
from types import CodeType, FunctionType
from typing import Any, Generic, TypeVar

import msgspec

from greenflow.continuation import frames
from greenflow.continuation.functions import Reference, pinned, reference

_ENTRIES_MAX = 256

#: (namespace or class, name, what it held then, its code then)
Check = tuple[Any, str, Any, CodeType | None]
_Value = TypeVar("_Value")


class Plan(msgspec.Struct, Generic[_Value], frozen=True):
    """Something that was made of functions, and the proof that they are the same."""

    functions: tuple[FunctionType, ...]
    checks: tuple[Check, ...]
    made: _Value


class Plans(Generic[_Value]):
    """Plans by key; forgets all when there are too many."""

    def __init__(self) -> None:
        self._plans: dict[Any, Plan[_Value]] = {}

    def get(self, key: Any) -> Plan[_Value] | None:
        """Return the plan of that key if it still holds."""
        plan = self._plans.get(key)
        if plan is None or frames.unchanged(plan.checks):
            return plan
        del self._plans[key]
        return None

    def put(self, key: Any, functions: tuple[FunctionType, ...], made: _Value) -> None:
        """Keep what was made, if all the functions are found by name."""
        checks: list[Check] = []
        for function in functions:
            known = None if pinned(function) else reference(function)
            found = _checks(function, known) if known is not None else None
            if found is None:
                return
            checks += found
        if len(self._plans) >= _ENTRIES_MAX:
            self._plans.clear()
        # each module and class once
        unique = {(id(check[0]), check[1]): check for check in checks}
        self._plans[key] = Plan(functions, tuple(unique.values()), made)


def _checks(function: FunctionType, known: Reference) -> list[Check] | None:
    module = sys.modules[known.module]
    checks: list[Check] = [(sys.modules, known.module, module, None)]
    holder: Any = module.__dict__
    *outer, name = known.qualname.split(".")
    for part in outer:
        cls = vars(holder)[part] if isinstance(holder, type) else holder[part]
        checks.append((holder, part, cls, None))
        holder = cls
    held = vars(holder)[name] if isinstance(holder, type) else holder[name]
    if held is not function:
        return None  # a classmethod or property around it
    checks.append((holder, name, function, function.__code__))
    return checks
