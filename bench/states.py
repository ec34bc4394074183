"""Data that the measured programs hold: how it is made, changed, and checked.

All of it is pseudo-random, so that nobody gains by compressing it. What every image of
a process would have in it, like ``random`` or ``typing``, is not imported here.
"""

from __future__ import annotations

import zlib
from _random import Random

KINDS = ("none", "bytearray", "dict", "numpy")
_SEED = 7
_MB = 1_000_000
#: Entries of ``{number: (number, float)}`` in a MB, as counted by tracemalloc on 3.11.
_ENTRIES = 5_200
#: What is changed lies in so many places, evenly spread.
_PLACES = 10
_INVERTED = bytes(range(255, -1, -1))


def make(kind: str, megabytes: float) -> object:
    """Return about so many MB, as they are counted in memory."""
    if kind == "none":
        return None
    if kind == "dict":
        draw = Random(_SEED)
        count = int(megabytes * _ENTRIES)
        return {n: (draw.getrandbits(30), draw.random()) for n in range(count)}
    data = _noise(max(int(megabytes * _MB), 128))
    if kind == "bytearray":
        return data
    import numpy as np

    return np.frombuffer(data, dtype=np.float64).copy()


def _noise(size: int) -> bytearray:
    draw, data = Random(_SEED), bytearray()
    while len(data) < size:
        piece = min(_MB, size - len(data))
        data += draw.getrandbits(piece * 8).to_bytes(piece, "little")
    return data


def change(state: object) -> None:
    """Change one hundredth of it, in place, in ten places."""
    if state is None:
        return
    if isinstance(state, dict):
        for begin, end in _pieces(len(state)):
            for key in range(begin, end):
                number, value = state[key]
                state[key] = (number ^ 1, value)
        return
    view = memoryview(state).cast("B")
    for begin, end in _pieces(len(view)):
        view[begin:end] = bytes(view[begin:end]).translate(_INVERTED)


def _pieces(length: int) -> list[tuple[int, int]]:
    size = max(length // 100 // _PLACES, 1)
    begins = range(0, length - size + 1, max(length // _PLACES, 1))
    return [(begin, begin + size) for begin in begins[:_PLACES]]


def digest(state: object) -> int:
    """Return a number that depends on every value of it."""
    if state is None:
        return 0
    if isinstance(state, dict):
        total = 0
        for key, (number, value) in state.items():
            total = (total * 31 + key + number + int(value * 1e9)) & 0xFFFFFFFF
        return total
    return zlib.crc32(memoryview(state).cast("B"))
