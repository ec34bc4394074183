"""One module name for all of it: what a saved flow refers to is in greenflow.soft."""

from __future__ import annotations

from types import FunctionType, ModuleType
from typing import Any


class Missing:
    """Nothing was given: a class, as it must be the same one in another process."""


def adopt(package: dict[str, Any], module: ModuleType) -> None:
    """Make what ``module`` defines a part of the package whose names are ``package``.

    Frames of these functions lie in saved stacks, by module and name: they are named
    after the package, so that they may move from one file of it to another.
    """
    for name, value in list(vars(module).items()):
        if not isinstance(value, FunctionType | type):
            continue
        if value.__module__ == module.__name__:
            package[name] = value
            _rename(value, package["__name__"])


def _rename(value: Any, module: str) -> None:
    value.__module__ = module
    if not isinstance(value, type):
        return
    for held in vars(value).values():
        function = getattr(held, "__func__", getattr(held, "fget", held))
        if isinstance(function, FunctionType):
            function.__module__ = module
