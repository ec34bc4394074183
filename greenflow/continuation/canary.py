"""The core proves itself on this very interpreter before anything relies on it.

A small flow stops inside a loop, a generator, a ``with`` and an exception handler, is
taken apart into plain data, put together again and run to its end. An interpreter that
is built in a way nobody knew of fails here, at import, and not in somebody's flow.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Self

from greenflow.continuation import frames
from greenflow.later import later

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from greenflow.continuation import boundary
else:
    boundary = later(__name__, "greenflow.continuation.boundary")

_EXPECTED = (50, ["enter", "handler", "finally", "exit"])


def prove() -> None:
    """Connect the core with its rules and run the canary. Raises ImportError."""
    frames.configure(*map(_rule, ("classify", "not_in_flow", "refuse")))
    try:
        result = _sing()
    except Exception as error:
        raise ImportError(_failure(repr(error))) from error
    if result != _EXPECTED:
        raise ImportError(_failure(repr(result)))


def _rule(name: str) -> Callable[..., Any]:
    """Return a rule that loads all of them when it is asked: few stacks need one."""

    def ask(*told: Any) -> Any:
        frames.configure(boundary.classify, boundary.not_in_flow, boundary.refuse)
        return getattr(boundary, name)(*told)

    return ask


def _failure(what: str) -> str:
    return (
        f"greenflow's core does not work in this Python ({sys.version}): {what}\n"
        "HINT: this is a bug: please report it with the line above"
    )


def _sing() -> object:
    done, value, records = frames.start(_flow, (), {}, None)
    answer = 0
    while not done:
        answer += value
        assert records is not None
        functions, shape, values = records.parts()
        if not records.generators:
            records = frames.records(functions, shape, values)
        done, value, records = frames.resume(records, answer, None, None)
    return value


class _Block:
    def __init__(self, log: list[str]) -> None:
        self.log = log

    def __enter__(self) -> Self:
        self.log.append("enter")
        return self

    def __exit__(self, *error: object) -> None:
        self.log.append("exit")


def _rest(payload: int, /) -> int:
    return payload


_suspend: Any = frames.Operation("suspend", _rest)


def _inner(log: list[str]) -> int:
    try:
        raise ValueError(_suspend(10))  # noqa: TRY301
    except ValueError as error:
        log.append("handler")
        found: int = _suspend(error.args[0]) and error.args[0]
        return found
    finally:
        log.append("finally")


def _numbers() -> Iterator[int]:
    for step in range(2):
        yield _suspend(step) - step


def _flow() -> object:
    log: list[str] = []
    total = 0
    with _Block(log):
        total += _inner(log)
        for number in _numbers():
            total += number
    return total, log
