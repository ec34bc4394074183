"""The program that is measured: the same text for greenflow and for CRIU.

What it waits with is set by :mod:`bench.by_greenflow` or :mod:`bench.by_criu`.
"""

from __future__ import annotations

from bench import states

#: How often it is saved and leaves: new, unchanged, with one hundredth changed.
TURNS = 3
#: How often it is saved while it stays: after the last turn, unchanged, changed again.
KEEPS = 3


def note() -> None:
    """Take the time."""
    raise NotImplementedError("no side has set it")


def wait() -> None:
    """Be saved, and return when somebody lets the program go on."""
    raise NotImplementedError("no side has set it")


def keep() -> None:
    """Be saved, and stay."""
    raise NotImplementedError("no side has set it")


def tell(answer: int) -> None:
    """Take the time at which all data was looked at once more."""
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
    tell(states.digest(state))
    for turn in range(KEEPS):
        if turn == KEEPS - 1:
            states.change(state)
        note()
        keep()
        note()
    return states.digest(state)


def right_answers(depth: int, kind: str, megabytes: float) -> tuple[int, int]:
    """Return what :func:`work` must tell, and what it must come to."""
    state = states.make(kind, megabytes)
    states.change(state)
    told = states.digest(state)
    states.change(state)
    return told, states.digest(state) + depth - 1
