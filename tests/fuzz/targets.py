"""What is fed with any bytes: each may refuse them by its own error, and nothing else.

A target returns whether the bytes were accepted.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from greenflow import Continuation, envelope, suspend
from greenflow.continuation import frames
from greenflow.continuation.head import KIND, decode_head, pack, unpack
from greenflow.errors import BadRecord, GreenflowError
from greenflow.inspect import Stack, Value
from tests.core.records_edited import Edited

CORPUS = Path(__file__).with_name("corpus")
SEED_BYTES_MAX = 4096
LEVELS = 3


def walk(items: list[int]) -> Any:
    for item in items:
        yield suspend(item)


def everyday(items: list[int]) -> Any:
    """Has a loop, a generator, a handler, cells and a list that is filled."""

    def inside() -> Any:
        try:
            raise KeyError("handled")
        except KeyError:
            return [*items, *walk(items), suspend(len(items))]

    return {"a": inside(), "b": (1, 2.5, None)}


def waits(generator: Any) -> Any:
    next(generator)
    return suspend(), generator


STARTS: dict[str, Callable[[], Continuation]] = {
    "everyday": lambda: Continuation.start(everyday, [1, 2]),
    "plain": lambda: Continuation.start(waits, (n for n in range(3))),
    "call": lambda: Continuation.new(everyday, ([1],)),
}


@cache
def states() -> list[bytes]:
    return [start().dumps() for start in STARTS.values()]


# --- the targets ----------------------------------------------------------------------


def parses_envelope(data: bytes) -> bool:
    """The envelope, as it is, and with the checksum that it should have."""
    accepted = False
    sealed = data[:-16] + envelope._checksum(KIND, b"", data[:-16])
    for each in (data, sealed):
        try:
            head, body = envelope.unseal(KIND, b"", each)
        except BadRecord:
            continue
        assert envelope.seal(KIND, b"", head, body) == each
        accepted = True
    return accepted


def parses_head(data: bytes) -> bool:
    try:
        head = decode_head(data)
    except BadRecord:
        return False
    assert len(head.frames) == len(head.places)
    return True


def shows(data: bytes) -> bool:
    """The safe view of a body, behind a head that is right."""
    head, _ = unpack(states()[0])
    try:
        stack = Stack(pack(head, data))
        for frame in stack.frames:
            for value in frame.locals.values() if stack.trouble is None else ():
                look(value, 0)
    except BadRecord:
        return False
    return stack.trouble is None


def look(value: Value, level: int) -> None:
    assert len(value.preview) <= 200
    if level < LEVELS:
        for part in islice(value.children, 20):
            look(part, level + 1)


def decodes(data: bytes) -> bool:
    """The decoder of any head, over values that are right."""
    _, body = unpack(states()[0])
    try:
        Continuation.loads(pack(data, body))
    except GreenflowError:
        return False
    return True


def verifies(data: bytes) -> bool:
    """Records of any shape, and of values that changed their places."""
    functions, shape, values = Edited.of(states()[0]).parts()
    made = bytearray(shape)
    pool = list(values)
    for place, by in zip(data[::2], data[1::2], strict=False):
        if place & 1:
            made[place // 2 % len(made)] ^= by
        else:
            pool[place // 2 % len(pool)] = values[by % len(values)]
    try:
        frames.records(functions, bytes(made), tuple(pool))
    except ValueError:
        return False
    return True


TARGETS: dict[str, Callable[[bytes], bool]] = {
    "envelope": parses_envelope,
    "head": parses_head,
    "view": shows,
    "decoder": decodes,
    "verifier": verifies,
}


def seeds(name: str) -> list[bytes]:
    """Return what the corpus has for a target."""
    return [path.read_bytes() for path in sorted((CORPUS / name).glob("*"))]
