"""The envelope every stored record lies in: readable without unpickling anything.

    magic 4 | format 2 | head length 4 | body length 8 | head | body | checksum 16

All integers are little-endian. The head is MessagePack (msgspec), made of plain
values only; the body is opaque. The checksum is BLAKE3 over the record's kind and
key and over all bytes before it, so a record that was copied to another key is
refused like one whose bytes changed. It guards against accidents, not against
somebody who means harm: whoever can write the store can run code. What guards against
that is around it, where a store has a key (:mod:`greenflow.store.wrapping`).
"""

from __future__ import annotations

import struct

from blake3 import blake3

from greenflow import limits
from greenflow.errors import (
    BadChecksum,
    BadFormat,
    BadMagic,
    BadRecord,
    TooLarge,
    Truncated,
)

MAGIC = b"\x93gf\n"
FORMAT = 1
_PREFIX = struct.Struct("<4sHIQ")
_CHECKSUM_BYTES = 16
OVERHEAD_BYTES = _PREFIX.size + _CHECKSUM_BYTES


class Refused(bytes):
    """Stands for a record that must not be looked at; empty, and tells why."""

    error: BadRecord


def refused(error: BadRecord) -> Refused:
    """Return what raises this error when it is unsealed."""
    record = Refused()
    record.error = error
    return record


def seal(kind: bytes, key: bytes, head: bytes, body: bytes) -> bytes:
    """Return the record of ``head`` and ``body``, bound to ``kind`` and ``key``.

    Raises:
        TooLarge: the head or the record is above its limit.
    """
    _check_sizes(len(head), len(body))
    parts = _PREFIX.pack(MAGIC, FORMAT, len(head), len(body)), head, body
    return b"".join((*parts, _checksum(kind, key, *parts)))


def unseal(kind: bytes, key: bytes, record: bytes) -> tuple[bytes, bytes]:
    """Return ``(head, body)`` of a record that :func:`seal` made for this key.

    Raises:
        BadMagic, BadFormat, Truncated, TooLarge, BadChecksum: in this order.
    """
    head_bytes, body_bytes = _lengths(record)
    data_bytes = _PREFIX.size + head_bytes + body_bytes
    if record[data_bytes:] != _checksum(kind, key, memoryview(record)[:data_bytes]):
        raise BadChecksum(
            f"a record of kind {kind.decode()!r} under key {key!r} fails its checksum",
            hint="the bytes changed after they were written, or the record was "
            "written under another key; take it from a copy",
        )
    middle = _PREFIX.size + head_bytes
    return record[_PREFIX.size : middle], record[middle:data_bytes]


def unsealed(record: bytes) -> tuple[memoryview, memoryview]:
    """Return head and body of a record that this process has just sealed, unchecked."""
    _, _, head_bytes, _ = _PREFIX.unpack_from(record)
    middle = _PREFIX.size + head_bytes
    whole = memoryview(record)
    return whole[_PREFIX.size : middle], whole[middle:-_CHECKSUM_BYTES]


def sealed_bytes(record: bytes) -> int:
    """Return how long the record is that other bytes follow. Raises as unseal()."""
    check_trusted(record)
    if record[:4] != MAGIC or len(record) < OVERHEAD_BYTES:
        raise BadMagic(f"not a greenflow record: it begins with {record[:4]!r}")
    _, _, head_bytes, body_bytes = _PREFIX.unpack_from(record)
    return OVERHEAD_BYTES + int(head_bytes) + int(body_bytes)


def check_trusted(record: bytes) -> None:
    """Raise why a record must not be looked at, if it must not. Raises BadRecord."""
    if type(record) is Refused:
        raise record.error


def _lengths(record: bytes) -> tuple[int, int]:
    check_trusted(record)
    if record[:4] != MAGIC[: len(record[:4])] or not record:
        raise BadMagic(
            f"not a greenflow record: it begins with {record[:4]!r}",
            hint="pass the bytes that dumps() returned, unchanged",
        )
    if len(record) < OVERHEAD_BYTES:
        raise Truncated(f"a record of {len(record)} bytes is shorter than its frame")
    _, number, head_bytes, body_bytes = _PREFIX.unpack_from(record)
    if number != FORMAT:
        raise BadFormat(
            f"record format {number}; this greenflow reads format {FORMAT}",
            hint="use the greenflow that wrote it, or a newer one",
        )
    _check_sizes(head_bytes, body_bytes)
    expected = OVERHEAD_BYTES + head_bytes + body_bytes
    if len(record) != expected:
        raise Truncated(f"a record of {len(record)} bytes says it has {expected}")
    return head_bytes, body_bytes


def _check_sizes(head_bytes: int, body_bytes: int) -> None:
    if head_bytes > limits.HEAD_BYTES_MAX:
        raise TooLarge(
            f"a head of {head_bytes} bytes; the limit is {limits.HEAD_BYTES_MAX}"
        )
    if head_bytes + body_bytes > limits.STATE_BYTES_MAX - OVERHEAD_BYTES:
        raise TooLarge(
            f"a record of {head_bytes + body_bytes} bytes; the limit is "
            f"{limits.STATE_BYTES_MAX}",
            hint="keep large data outside the flow and its path or key in it",
        )


def _checksum(kind: bytes, key: bytes, *parts: bytes | memoryview) -> bytes:
    bound = b"%d:%b:%d:%b:" % (len(kind), kind, len(key), key)
    digest = blake3(bound)
    for part in parts:  # not joined: they may be large
        digest.update(part)
    return digest.digest(_CHECKSUM_BYTES)
