"""The program that is measured: the same text for greenflow and for CRIU.

What it waits with is set by :mod:`bench.by_greenflow` or :mod:`bench.by_criu`.
"""

from __future__ import annotations

from bench import states

#: How often it is saved: new, unchanged, and with one hundredth of its data changed.
TURNS = 3


def note() -> None:
    """Take the time."""
    raise NotImplementedError("no side has set it")


def wait() -> None:
    """Be saved, and return when somebody lets the program go on."""
    raise NotImplementedError("no side has set it")


def work(depth: int, kind: str, megabytes: float) -> int:
    """Return a number that is right only if frames and data came through intact."""
    return f(depth, states.make(kind, megabytes))


def f(depth: int, state: object) -> int:
    """Be saved at that depth, with that state."""
    if depth > 1:
        return f(depth - 1, state) + 1
    for turn in range(TURNS):
        if turn == TURNS - 1:
            states.change(state)
        note()
        wait()
        note()
    return states.digest(state)


def right_answer(depth: int, kind: str, megabytes: float) -> int:
    """Return what :func:`work` must come to."""
    state = states.make(kind, megabytes)
    states.change(state)
    return states.digest(state) + depth - 1
