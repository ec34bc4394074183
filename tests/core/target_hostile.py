"""Runs in a child: loads damaged bytes of every kind; nothing but our errors may come.

Prints what came, by name and count, as JSON.
"""

from __future__ import annotations

import collections
import json
import resource
import sys

import msgspec

from greenflow import Continuation, GreenflowError, suspend
from greenflow.continuation.head import decode_head, encode_head, pack, unpack

#: A damaged pickle may ask for any amount of memory.
MEMORY_BYTES_MAX = 4 * 1024**3


def flow(items):
    total = 0

    def add(value):
        nonlocal total
        total += value
        return suspend(total)

    def walk():
        for item in items:
            yield add(item)

    try:
        raise KeyError("handled")
    except KeyError:
        return [value for value in walk()], {"a": (1, 2.5, None, "text")}  # noqa: C416


def flow_with_a_waiting_generator():
    walker = (i * suspend(i) for i in range(3))
    waiting = (i for i in range(3))
    next(waiting)
    for value in walker:
        return value, list(waiting)
    return None


def saved():
    return [
        Continuation.start(flow, [1, 2]).dumps(),
        Continuation.start(flow_with_a_waiting_generator).dumps(),
        Continuation.new(flow, ([1],)).dumps(),
        Continuation.start(lambda: {"a": [1]}).dumps(),
    ]


def truncated(data):
    for end in range(len(data)):
        yield data[:end]
        yield data + data[:end] if end else data + b"\0"


def flipped(data):
    for place in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[place] ^= 1 << bit
            yield bytes(changed)


def changed_bytes(part):
    """Flips, and the values at which sizes and signs turn over."""
    yield from flipped(part)
    for place in range(len(part)):
        for value in (0x00, 0x7F, 0x80, 0xFF):
            yield part[:place] + bytes([value]) + part[place + 1 :]


def sealed_heads(data):
    head, body = unpack(data)
    for changed in changed_bytes(head):
        yield pack(changed, body)


def sealed_shapes(data):
    head_bytes, body = unpack(data)
    head = decode_head(head_bytes)
    for changed in changed_bytes(head.shape):
        other = msgspec.structs.replace(head, shape=changed)
        yield pack(encode_head(other), body)
    for end in range(len(head.shape)):
        other = msgspec.structs.replace(head, shape=head.shape[:end])
        yield pack(encode_head(other), body)


def sealed_bodies(data):
    head, body = unpack(data)
    for changed in changed_bytes(body):
        yield pack(head, changed)
    for end in range(len(body)):
        yield pack(head, body[:end])


def exchanged(data):
    """The head of one with the body of another."""
    head, body = unpack(data)
    for other in saved():
        other_head, other_body = unpack(other)
        yield pack(head, other_body)
        yield pack(other_head, body)


def attempt(data):
    try:
        Continuation.loads(data)
    except GreenflowError as error:
        return type(error).__name__
    except Exception as error:
        return f"unexpected {type(error).__name__}: {error}"
    return "loaded"


def main(kind):
    if kind == "sealed_bodies":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    seen = collections.Counter()
    for data in saved():
        for damaged in globals()[kind](data):
            seen[attempt(damaged)] += 1
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    from tests.core import target_hostile

    target_hostile.main(sys.argv[1])
