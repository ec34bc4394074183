"""Runs in a child, as a stack may overflow: deep values go through a flow's bytes."""

from __future__ import annotations

import collections
import dataclasses
import gc
import sys
import threading

from greenflow import Continuation, suspend

DEPTH = 100_000


class Node:
    def __init__(self, below):
        self.below = below


@dataclasses.dataclass(slots=True)
class Row:
    below: object
    number: int = 0


class Pair:
    """One of a list that is linked in both directions."""

    def __init__(self, before):
        self.before, self.after = before, None
        if before is not None:
            before.after = self


def error(below):
    made = ValueError("deep")
    made.__context__ = below
    return made


#: How one level is made of the one below, and how one gets back to that.
KINDS = {
    "object": (Node, lambda value: value.below),
    "slots": (Row, lambda value: value.below),
    "pair": (Pair, lambda value: value.before),
    "list": (lambda below: [below], lambda value: value[0]),
    "tuple": (lambda below: (1, below), lambda value: value[1]),
    "dict": (lambda below: {"below": below}, lambda value: value["below"]),
    "deque": (lambda below: collections.deque([below]), lambda value: value[0]),
    "error": (error, lambda value: value.__context__),
    "mixed": (lambda below: Node([{"b": (below,)}]), lambda n: n.below[0]["b"][0]),
}


def made(kind, depth):
    value = None
    for _ in range(depth):
        value = KINDS[kind][0](value)
    return value


def depth_of(kind, value):
    depth = 0
    while value is not None:
        value, depth = KINDS[kind][1](value), depth + 1
    return depth


def flow(kind, depth):
    value = made(kind, depth)
    suspend()
    return depth_of(kind, value)


def round_trip(kind):
    data = Continuation.start(flow, kind, DEPTH).dumps()
    gc.collect()
    assert Continuation.loads(data).resume().value == DEPTH
    gc.collect()


def in_a_thread(kind):
    errors = []

    def work():
        try:
            round_trip(kind)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert errors == []


if __name__ == "__main__":
    size = threading.stack_size()
    limit = sys.getrecursionlimit()
    for name in sys.argv[1:]:
        round_trip(name)
        in_a_thread(name)
    assert (threading.stack_size(), sys.getrecursionlimit()) == (size, limit)
    sys.stdout.write("same")
