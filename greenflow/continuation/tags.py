"""The names that stored bytes use for what rebuilds a value: short, and never moved.

A pickle names the function that makes an object. These names outlive every change of
greenflow's own modules, so none of them is one of those: all lie in a module of their
own, which exists in memory only.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Named = TypeVar("_Named", bound="Callable[..., Any]")

#: The number is the format's: what a tag does to its arguments never changes.
MODULE = "_gf1"

_HERE = "greenflow.continuation"
#: Which module registers which names. It is loaded when one of them is asked for: of a
#: flow that has plain values on its stack, none is.
HOMES = {
    f"{_HERE}.arrays": ("array", "array_view", "flat_iterator", "numpy_error_state"),
    f"{_HERE}.awaitables": ("async_step", "fill_async_step", "anext", "awaited"),
    f"{_HERE}.builtin": ("public", "held", "index", "main", "fill_module"),
    f"{_HERE}.classes": ("class", "class_behind", "builtin_class", "fill_class"),
    f"{_HERE}.closed": ("closed_file", "closed_in_memory", "closed_socket"),
    f"{_HERE}.code": ("code",),
    f"{_HERE}.context": (
        *("context_variable", "context_variable_of_program"),
        *("decimal_context_variable", "context", "fill_context"),
        *("token", "fill_token"),
    ),
    f"{_HERE}.continuation": ("continuation",),
    f"{_HERE}.exceptions": ("exception", "fill_exception", "fill_reduced_exception"),
    f"{_HERE}.functions": (
        *("function", "shell", "fill"),
        *("cell", "fill_cell", "fill_class_cell"),
    ),
    f"{_HERE}.generators": (
        *("generator", "async_generator", "fill_generator", "finished_generator"),
    ),
    f"{_HERE}.instances": ("empty_instance", "value_instance", "fill_set", "early"),
    f"{_HERE}.iterators": (
        *("dict_iterator", "fill_dict_iterator", "broken_iterator", "advanced"),
        *("deque_iterator", "deque_advanced", "view", "proxy"),
    ),
    f"{_HERE}.itertools_state": ("empty_itertools", "fill_itertools"),
    f"{_HERE}.list_iterators": ("at",),
    f"{_HERE}.matches": ("match",),
    f"{_HERE}.namespaces": ("module_globals", "new_globals"),
    f"{_HERE}.nested": ("empty_continuation", "fill_continuation"),
    f"{_HERE}.owned": ("take_dict",),
    f"{_HERE}.parsers": (
        *("csv_dialect", "csv_reader", "fill_csv_reader", "csv_writer"),
        *("json_scanner", "unpacking", "url"),
    ),
    f"{_HERE}.places": ("hidden",),
    f"{_HERE}.plain": ("written",),
    f"{_HERE}.registered": ("registered",),
    f"{_HERE}.reopened": ("reopen",),
    f"{_HERE}.sentinels": ("sentinel", "sentinel_of_program"),
    f"{_HERE}.standard": ("local_decimal_context", "comparing_key"),
    f"{_HERE}.tracebacks": ("traceback", "ended_frame", "fill_frame"),
    f"{_HERE}.type_parameters": (
        *("type_parameter", "new_type", "fill_new_type"),
        *("type_alias", "fill_type_alias"),
    ),
    f"{_HERE}.weak": (
        *("weak_reference", "dead_reference", "weak_method", "dead_method"),
        *("dead_proxy", "update"),
    ),
    f"{_HERE}.wrapped": (
        "attrname",
        "lru_cache",
        "fill_lru_cache",
        "bind",
        "descriptor",
    ),
    "greenflow.green.channels": ("send_sequence",),
    "greenflow.green.flows": ("tasklets_in_turn",),
    "greenflow.green.images": (
        *("one_of_green", "main_tasklet", "empty_tasklet", "fill_tasklet"),
        *("empty_channel", "fill_channel", "empty_case", "fill_case", "bomb"),
    ),
    "greenflow.green.selecting": ("time_in",),
    "greenflow.green.stacks": ("called_in_tasklet",),
    "greenflow.runtime.schedules": ("schedule",),
    "greenflow.runtime.shielding": ("shield", "shield_depth"),
    "greenflow.runtime.stores": ("flow", "store"),
}
#: Whoever needs one of the frames that stand in for C code may need others.
_ADAPTERS = "adapter_"
_ADAPTERS_HOME = f"{_HERE}.delivery.instructions"


class _Tags(ModuleType):
    """The module of the names; one that is missing yet is registered when needed."""

    def __getattr__(self, name: str) -> Any:
        need(name)
        try:
            return self.__dict__[name]
        except KeyError:
            raise AttributeError(f"nothing is registered as {name!r}") from None


_module = sys.modules.setdefault(MODULE, _Tags(MODULE, __doc__))


def need(name: str) -> None:
    """Load what registers a name, if that is known and was not done yet."""
    if name in _module.__dict__:
        return
    if name.startswith(_ADAPTERS):
        import_module(_ADAPTERS_HOME)
    for home, names in HOMES.items():
        if name in names:
            import_module(home)


def register(name: str, function: _Named) -> _Named:
    """Make a module-level function or class known to stored bytes as ``name``.

    It is named by that tag from then on, also in tracebacks. Registering the same
    name again replaces what it stands for.

    Returns:
        The function.
    """
    function.__module__ = MODULE
    function.__name__ = function.__qualname__ = name
    setattr(_module, name, function)
    return function


def public(named: _Named) -> _Named:
    """Let stored bytes, and people, know a function or class as greenflow's own.

    They refer to it by its public name, which never moves.
    """
    named.__module__ = "greenflow"
    return named
