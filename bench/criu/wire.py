"""Protocol buffers on the wire, as far as CRIU's messages need them.

A message is a sequence of fields; a field is a key (its number, and how its value is
written) and a value: a number, or bytes behind their length. Text and messages inside
of messages are such bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

Value: TypeAlias = int | bytes | str

_NUMBER, _BYTES = 0, 2
_WIDE: Final = 1 << 64


def number(value: int) -> bytes:
    """Return a number, seven bits in each byte; a negative one is of 64 bits."""
    value %= _WIDE
    written = bytearray()
    while value > 127:
        written.append(value & 127 | 128)
        value >>= 7
    written.append(value)
    return bytes(written)


def message(fields: Iterable[tuple[int, Value]]) -> bytes:
    """Return a message of these fields: pairs of their numbers and values."""
    return b"".join(_field(key, value) for key, value in fields)


def _field(key: int, value: Value) -> bytes:
    if isinstance(value, int):
        return number(key << 3 | _NUMBER) + number(value)
    data = value.encode() if isinstance(value, str) else value
    return number(key << 3 | _BYTES) + number(len(data)) + data


def parse(data: bytes) -> dict[int, int | bytes]:
    """Return the fields of a message by number; of one that is repeated, the last.

    Raises ValueError for what is no message, or has values of other kinds.
    """
    fields: dict[int, int | bytes] = {}
    at = 0
    while at < len(data):
        key, at = _number_at(data, at)
        value, at = _number_at(data, at)
        if key & 7 == _NUMBER:
            fields[key >> 3] = value
        elif key & 7 == _BYTES and at + value <= len(data):
            fields[key >> 3] = data[at : at + value]
            at += value
        else:
            raise ValueError(f"field {key >> 3} of kind {key & 7} cannot be read")
    return fields


def _number_at(data: bytes, at: int) -> tuple[int, int]:
    """Return the number that is written there, and where it ends."""
    value = shift = 0
    while at < len(data) and shift < 64:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
    raise ValueError("the message ends within a number")
