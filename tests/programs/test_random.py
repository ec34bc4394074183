"""Random programs give, step by step, what they give without being stopped."""

from __future__ import annotations

import itertools
import os
import pickle
import subprocess
import sys
from types import FunctionType
from typing import Any

import pytest
from hypothesis import HealthCheck, find, given, note, settings
from hypothesis import strategies as st

from greenflow import Continuation
from greenflow.continuation.delivery import iterators
from tests.conftest import child_environment
from tests.programs import grammar, stops

EXAMPLES = int(os.environ.get("GREENFLOW_EXAMPLES", "40"))
STEPS_MAX = 400
Seen = tuple[list[Any], Any]
answers = st.lists(st.booleans(), min_size=5, max_size=5)
checked = settings(
    max_examples=EXAMPLES,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


class TooLong(Exception):
    """A program takes too many steps to be worth it."""


def compiled(source: str) -> FunctionType:
    namespace: dict[str, Any] = {"__name__": "random_program"}
    exec(compile(source, "<random>", "exec"), namespace)
    function = namespace["main"]
    assert isinstance(function, FunctionType)
    return function


def plainly(source: str, given: list[bool]) -> Seen:
    """Run it with nothing suspended."""
    turns, seen = itertools.cycle(given), []

    def answered(value: Any) -> bool:
        if len(seen) == STEPS_MAX:
            raise TooLong
        seen.append(value)
        return next(turns)

    original = stops.suspend
    vars(stops)["suspend"] = answered
    try:
        return seen, repr(compiled(source)())
    except TooLong:
        raise
    except Exception as error:
        return seen, repr(error)
    finally:
        vars(stops)["suspend"] = original


def stopped(source: str, given: list[bool]) -> Seen:
    """Run it over bytes at every step."""
    turns, seen = itertools.cycle(given), []
    try:
        k = Continuation.start(compiled(source))
        while not k.done:
            seen.append(k.value)
            k = Continuation.loads(k.dumps()).resume(next(turns))
    except Exception as error:
        return seen, repr(error)
    return seen, repr(k.value)


@checked
@given(grammar.programs(), answers)
def test_programs_over_bytes(source: str, given: list[bool]) -> None:
    note(source)
    try:
        expected = plainly(source, given)
    except TooLong:
        return
    assert stopped(source, given) == expected


CHILD = """
import pickle, sys
from greenflow import Continuation
data, answer = pickle.load(sys.stdin.buffer)
k = Continuation.loads(data)
try:
    k.resume(answer)
    end = (k.done, repr(k.value) if k.done else k.value, None if k.done else k.dumps())
except Exception as error:
    end = True, repr(error), None
sys.stdout.buffer.write(pickle.dumps(end))
"""


@settings(checked, max_examples=max(EXAMPLES // 20, 2))
@given(grammar.programs(), answers)
def test_programs_over_processes(source: str, given: list[bool]) -> None:
    try:
        expected = plainly(source, given)
    except TooLong:
        return
    k = Continuation.start(compiled(source))
    turns, seen, done, value = itertools.cycle(given), [], k.done, k.value
    data = b"" if done else k.dumps()
    while not done and len(seen) < 12:
        seen.append(value)
        finished = subprocess.run(
            [sys.executable, "-c", CHILD],
            input=pickle.dumps((data, next(turns))),
            env=child_environment(),
            capture_output=True,
            timeout=60,
            check=True,
        )
        done, value, data = pickle.loads(finished.stdout)
    assert seen == expected[0][: len(seen)]
    if done:
        assert (seen, value) == expected or not seen


def test_a_mistake_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: enumerate() that does not count."""

    def wrong(iterator: Any, inside: Any) -> Any:
        return iterators.advanced(iterator.__reduce__()[1][0], inside)

    monkeypatch.setitem(iterators._steps, enumerate, wrong)

    def is_wrong(drawn: tuple[str, list[bool]]) -> bool:
        source, given = drawn
        if "enumerate" not in source:
            return False
        try:
            return stopped(source, given) != plainly(source, given)
        except TooLong:
            return False

    drawn = st.tuples(grammar.programs(), answers)
    find(drawn, is_wrong, settings=settings(checked, max_examples=3_000))
