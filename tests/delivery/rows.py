"""Rows of the table: code with one pending instruction, under which a flow suspends.

Every special method and callback asks in :func:`act`, some calls deep, and does what
the answer tells. A row is run plainly too, with ``suspend`` replaced, as the model.
"""

from __future__ import annotations

import marshal
import sys
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple

from greenflow import suspend


class Row(NamedTuple):
    """A function without arguments that acts at least once."""

    name: str
    #: Kind of pending instruction, and what of it: the first columns of the table.
    group: str
    label: str
    module: str
    attribute: str
    #: What the first act gives when it returns.
    gives: Any
    #: What the acts after the first one give.
    then: Any
    outcomes: tuple[str, ...]


ROWS: dict[str, Row] = {}
MODULES = (
    *("operators", "objects", "calls", "calls_more", "iterators", "iterators_more"),
    *("filling", "with", "async"),
)

#: What the first act does, other than to return what the row gives.
RAISED = {
    "raises": KeyError("raised"),
    "AttributeError": AttributeError("raised"),
    "StopIteration": StopIteration("raised"),
    "IndexError": IndexError("raised"),
}
RETURNED = {"NotImplemented": NotImplemented, "wrong type": [1, "wrong"]}


def act(label: Any) -> Any:
    """Suspend, and do as the answer tells."""
    return deeper(label)


def deeper(label: Any) -> Any:
    how, value = suspend(label)
    if how == "raise":
        raise value
    return value


def answers(row: Row, outcome: str) -> Callable[[int], tuple[str, Any]]:
    """Return what answers the first, second... act."""

    def answer(number: int) -> tuple[str, Any]:
        if number > 0:
            return "give", row.then
        if outcome in RAISED:
            error = RAISED[outcome]
            return "raise", type(error)(*error.args)
        return "give", RETURNED.get(outcome, row.gives)

    return answer


def add_row(
    module: ModuleType, function: Callable[[], Any], group: str, label: str, **how: Any
) -> None:
    """Add a function of a module that holds rows."""
    name = function.__name__.removeprefix("row_")
    topic = module.__name__.rpartition("rows_")[2]
    outcomes = ("returns", "raises", *how.pop("outcomes", "").split(","))
    setattr(module, function.__name__, function)
    gives = how.pop("gives", "given")
    ROWS[f"{topic}.{name}"] = Row(
        name=f"{topic}.{name}",
        group=group,
        label=label,
        module=module.__name__,
        attribute=function.__name__,
        gives=gives,
        then=how.pop("then", gives),
        outcomes=tuple(outcome.strip() for outcome in outcomes if outcome.strip()),
    )
    assert not how, how


def row(
    group: str, label: str, **how: Any
) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """Make a function a row."""

    def add(function: Callable[[], Any]) -> Callable[[], Any]:
        add_row(sys.modules[function.__module__], function, group, label, **how)
        return function

    return add


def having(module: str, *names: str, base: type = object, label: str = "") -> type:
    """Return a class of the module whose special methods act, each with its code."""
    name = f"Has{''.join(names)}{label}"
    found = vars(sys.modules[module]).get(name)
    if isinstance(found, type):
        return found
    lines = [f"class {name}(base):"]
    for method in names:
        lines += [f"    def {method}(self, *args):", f"        return act({method!r})"]
    if "__eq__" in names:
        lines.append("    __hash__ = object.__hash__")
    namespace = vars(sys.modules[module])
    namespace["base"] = base
    exec("\n".join(lines), namespace)
    made = namespace[name]
    assert isinstance(made, type)
    return made


@cache
def never_run(source: str) -> bytes:
    """Return its code, which is another one, and cold, each time it is loaded."""
    return marshal.dumps(compile(source, "<row>", "exec"))


def compiled(module: str, name: str, body: str) -> Callable[[], Any]:
    """Return a function of the module that returns what the body ends with."""
    namespace = vars(sys.modules[module])
    lines = body.strip().splitlines()
    lines[-1] = f"return {lines[-1]}"
    # Not by its plain name: some are those of builtins that the rows need.
    source = "\n    ".join([f"def row_{name}():", *lines])
    exec(marshal.loads(never_run(source)), namespace)
    function = namespace[f"row_{name}"]
    assert callable(function)
    return function


def add_compiled(
    module: str, name: str, body: str, group: str, label: str, **how: Any
) -> None:
    """Add what :func:`compiled` makes of the body to the rows of the module."""
    add_row(sys.modules[module], compiled(module, name, body), group, label, **how)


def has(module: str, *names: str, **how: Any) -> str:
    """Return the name of the class that :func:`having` returns, for a body."""
    return having(module, *names, **how).__name__
