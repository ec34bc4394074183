"""Pickles within a pickle: large containers that were written by themselves.

As :mod:`greenflow.continuation.plain` writes them. One of too many bytes is not looked
into; what it is, and how many items it says that it has, is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from greenflow import limits
from greenflow.inspect.nodes import Item, Node, Unread, members

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenflow.inspect.machine import Machine

#: What loading one that is not looked into would call.
_UNREAD_CALL = "pickle:loads"
_PARTS = (int, str, int, bytes)


class _Read(Protocol):
    def __call__(
        self, data: bytes, *, told: Callable[[Machine, Item], Item]
    ) -> Any: ...


class Inner:
    """What the persistent ids of one pickle stand for."""

    def __init__(self, read: _Read) -> None:
        """Take apart what is told of by ``read``."""
        self._read = read
        self._made: dict[int, Item] = {}
        self._left = limits.INSPECTED_OPCODES_MAX

    def told(self, machine: Machine, number: Item) -> Item:
        """Return what a persistent id stands for."""
        if type(number) is int and number in self._made:
            return self._made[number]
        parts = members(number)
        kinds = tuple(map(type, parts[: len(_PARTS)]))
        if kinds != _PARTS or parts[1] not in ("dict", "list"):
            return Node("persistent", items=[number])
        made = self._made[parts[0]] = self._container(machine, parts)
        return made

    def _container(self, machine: Machine, parts: list[Item]) -> Item:
        _, kind, count, data, *rest = parts
        self._left -= len(data)
        if self._left < 0:
            machine.calls[_UNREAD_CALL] = None
            return Unread(kind, count, data)
        others = members(rest[0], "list") if rest else []

        def other(_: Machine, number: Item) -> Item:
            if type(number) is int and 0 <= number < len(others):
                return others[number]
            return Node("persistent", items=[number])

        found = self._read(data, told=other)
        machine.calls.update(dict.fromkeys(found.calls))
        return found.root
