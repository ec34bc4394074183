"""What random programs are made of: places to suspend, and objects that suspend."""

from __future__ import annotations

import sys
from typing import Any

from greenflow import suspend


class Problem(Exception):
    """Raised and caught by programs."""


def at(value: Any) -> Any:
    """Suspend; give the value back, as the answer tells."""
    return value if suspend(repr(value)) else 0


def note(value: Any) -> None:
    """Suspend with what is seen."""
    suspend(f"note {value!r}")


def at_end() -> None:
    """Suspend, but not where a generator is closed because it is dropped."""
    if not isinstance(sys.exception(), GeneratorExit):
        note("end")


class Kept:
    """Suspends in whatever is done with it."""

    def __init__(self, value: Any) -> None:
        self._value = value
        self.items = {1: value}

    def __repr__(self) -> str:
        return f"Kept({self._value!r})"

    @property
    def value(self) -> Any:
        return at(self._value)

    @value.setter
    def value(self, value: Any) -> None:
        self._value = at(value)

    def __add__(self, other: Any) -> Any:
        if at(0) == 0 and other == 1:
            return NotImplemented
        return f"{self._value} + {other}"

    def __iadd__(self, other: Any) -> Any:
        return at(f"{self._value} += {other}")

    def __lt__(self, other: Any) -> Any:
        return at(isinstance(other, int))

    def __bool__(self) -> bool:
        return bool(at(self._value))

    def __str__(self) -> str:
        return str(at("text"))

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, int) and key > 2:
            raise IndexError(key)
        return at(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.items[repr(key)] = at(value)


class Manager:
    """Suspends on the way in and out; swallows some problems."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __enter__(self) -> Any:
        return at(self.value)

    def __exit__(self, *error: object) -> bool:
        kind, *_ = error
        if kind is GeneratorExit:
            return False
        return bool(at(kind is not None)) and kind is Problem
