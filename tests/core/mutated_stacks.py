"""The functions whose stacks mutations.py breaks."""

from __future__ import annotations

from typing import Any

from greenflow import suspend


class Marker:
    """Is counted: none may be left when a stack was refused."""


def plain(marker: Marker) -> Any:
    return suspend(marker)


def calls(marker: Marker) -> Any:
    return plain(marker)


def nested(marker: Marker) -> Any:
    return max(marker, suspend())


def loop(marker: Marker) -> None:
    for _ in [1, 2]:
        suspend(marker)


def loops_inside(marker: Marker) -> Any:
    return all(each for each in [suspend(marker)])


def fills_list(marker: Marker) -> Any:
    return [*[marker], suspend()]


def fills_set(marker: Marker) -> Any:
    return {*[marker], suspend()}


def fills_dict(marker: Marker) -> Any:
    return {key: suspend() for key in [marker]}


def handles(marker: Marker) -> None:
    try:
        raise KeyError(marker)
    except KeyError:
        suspend()


def cleans_up(marker: Marker) -> None:
    try:
        raise KeyError(marker)
    finally:
        suspend()


class Exits:
    def __enter__(self) -> None: ...

    def __exit__(self, *error: object) -> bool:
        return bool(suspend())


def leaves(marker: Marker) -> None:
    with Exits():
        raise KeyError(marker)


def closes_over(marker: Marker) -> Any:
    def inside() -> Any:
        return suspend(marker)

    return inside()


def generates(marker: Marker) -> Any:
    def walk() -> Any:
        yield suspend(marker)

    def other(a: Any, b: Any, c: Any) -> Any:
        yield a, b, c

    waiting = walk(), other(1, 2, 3)
    return [*walk(), waiting]


def makes(marker: Marker) -> Any:
    class Made:
        def __init__(self) -> None:
            suspend(marker)

    return Made()
