"""The names that stored bytes use for what rebuilds a value: short, and never moved.

A pickle names the function that makes an object. These names outlive every change of
greenflow's own modules, so none of them is one of those: all lie in a module of their
own, which exists in memory only.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Named = TypeVar("_Named", bound="Callable[..., Any]")

#: The number is the format's: what a tag does to its arguments never changes.
MODULE = "_gf1"

_module = sys.modules.setdefault(MODULE, ModuleType(MODULE, __doc__))


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
