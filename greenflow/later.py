"""Modules that are imported when something of them is first used.

What a process that goes on with one small flow does not need is not loaded by it: to
load all of greenflow takes several times as long as to start Python.
"""

from __future__ import annotations

import sys
import threading
from importlib import import_module
from types import ModuleType
from typing import Any


class _Later(ModuleType):
    """Stands for a module in the namespace of another one, until it is used there."""

    def __init__(self, user: str, name: str) -> None:
        super().__init__(name)
        self.__dict__["_user"] = user
        _waiting.append(self)

    def __getattr__(self, attribute: str) -> Any:
        name = self.__name__
        try:
            module = import_module(name)
        except RecursionError:
            # It is first used deep in a flow; a thread begins to count anew.
            thread = threading.Thread(target=import_module, args=(name,))
            thread.start()
            thread.join()
            module = import_module(name)
        _waiting[:] = [each for each in _waiting if each is not self]
        # From here on nothing stands between who uses it and the module.
        namespace = sys.modules[self.__dict__["_user"]].__dict__
        held_as = name.rpartition(".")[2]
        if namespace.get(held_as) is self:
            namespace[held_as] = module
        return getattr(module, attribute)


#: Those that nothing of was used so far.
_waiting: list[_Later] = []


def load_now() -> None:
    """Import all that was left for later.

    For a process that stays: it may have no file descriptor or memory left when it
    first needs one of them.

    Raises:
        ImportError: one is not there.
        OSError: one cannot be read.
    """
    while _waiting:  # those that are loaded may leave others for later
        for each in _waiting.copy():
            each.__getattr__("__name__")  # each module has one


def later(user: str, name: str) -> Any:
    """Return what stands for a module until it is used.

        if TYPE_CHECKING:
            from greenflow.continuation import diagnose
        else:
            diagnose = later(__name__, "greenflow.continuation.diagnose")

    Args:
        user: the module that holds the result, under the last part of ``name``.
        name: the module that is meant; of the same package as ``user``, or below it.
    """
    return sys.modules.get(name) or _Later(user, name)


def later_all(user: str, package: str, *names: str) -> list[Any]:
    """Return the same for several modules of a package."""
    return [later(user, f"{package}.{name}") for name in names]
