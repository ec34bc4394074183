"""A flow that tells which modules are loaded when it goes on."""

from __future__ import annotations

import sys

import greenflow


def waits(depth: int) -> str:
    if depth:
        return waits(depth - 1)
    seen = greenflow.recv()
    print("resumed", *sorted(sys.modules), flush=True)
    if greenflow.recv(default=None, timeout=0) is None:
        print("suspended", *sorted(sys.modules), flush=True)
    return seen


def deep(left: int) -> int:
    """Wait so many calls before the recursion limit, of which it finds out itself."""
    if left >= 0:
        return deep_until(left, 0)
    return 0


def deep_until(left: int, depth: int) -> int:
    if depth < sys.getrecursionlimit() - left:
        return deep_until(left, depth + 1)
    greenflow.suspend()
    return depth
