"""A frame that goes on at another line does what a debugger's jump does there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from greenflow import Continuation, suspend
from greenflow.continuation.editing import Editor
from greenflow.errors import EditRefused
from tests.editing.driving import (
    Refused,
    Run,
    run_on,
    run_plainly,
    source_lines,
    suspended_at,
)
from tests.editing.samples import SAMPLES

ASKS_MAX = 12
#: The interpreter takes these lines for their ends, too, and prefers those.
HEADERS = ("for ", "with ")


def jumped(data: bytes, line: int, asked: int) -> Run | str:
    """Return what comes of a jump of the outermost frame, or why it is refused."""
    e = Editor(Continuation.loads(data))
    try:
        e.jump(len(e.frames) - 1, line)
    except EditRefused as error:
        again = Editor(Continuation.loads(data))
        assert str(again.frames) == str(e.frames)
        assert e.changes == []
        return error.message
    return run_on(Continuation.loads(e.continuation().dumps()), asked)


def debugged(sample: Callable[[Any, Any], object], asked: int, line: int) -> Run | None:
    try:
        return run_plainly(sample, asked, line)
    except Refused:
        return None


@pytest.mark.parametrize("name", SAMPLES)
def test_each_line_from_each_ask(name: str):
    sample, went, refused = SAMPLES[name], 0, 0
    for asked in range(1, ASKS_MAX):
        k = suspended_at(sample, asked)
        if k is None:
            break
        data = k.dumps()
        for line, text in source_lines(sample):
            mine = jumped(data, line, asked)
            place = f"ask {asked} to line {line}: {text.strip()}"
            if isinstance(mine, str):
                refused += 1
            elif not text.lstrip().startswith(HEADERS):
                went += 1
                theirs = debugged(sample, asked, line)
                assert "UnboundLocalError" in mine.end or mine == theirs, place
    assert went > 5
    assert refused > 0 or name == "straight"


def test_a_jump_to_another_line_would_be_seen():
    sample = SAMPLES["straight"]
    k = suspended_at(sample, 1)
    assert k is not None
    one, two = line_of(sample, 'see("a")'), line_of(sample, "b = ask")
    mine = jumped(k.dumps(), one, 1)
    assert mine == debugged(sample, 1, one)
    assert mine != debugged(sample, 1, two)


WHYS = {
    "into a loop": ("loops", 3, '("inner", i, j)', "inside of a block"),
    "into a with block": ("with_blocks", 4, "see(a)", "inside of a block"),
    "into a deeper one": ("with_blocks", 1, "see(b)", "inside of a block"),
    "into a handler": ("tries", 1, "see(str(error))", "in an except or finally block"),
    "out of a handler": ("tries", 2, 'see("behind")', "which it would leave"),
    "to a blank line": ("straight", 1, "def straight", "no code on line"),
}


@pytest.mark.parametrize("case", WHYS)
def test_it_tells_why_it_refuses(case: str):
    name, asked, text, why = WHYS[case]
    sample = SAMPLES[name]
    first = sample.__code__.co_firstlineno
    lines = [(first, f"def {name}"), *source_lines(sample)]
    line = next(number for number, found in lines if text in found)
    if case == "out of a handler":
        k = Continuation.start(sample, suspend, list[object]().append).resume(3)
    else:
        found = suspended_at(sample, asked)
        assert found is not None
        k = found
    told = jumped(k.dumps(), line, asked)
    assert isinstance(told, str)
    assert why in told


@pytest.mark.parametrize(
    ("asked", "text", "seen"),
    [
        (2, "for i in", [("outer", 0), ("inner", 0, 0), ("outer", 0), ("inner", 0, 0)]),
        (2, "for j in", [("outer", 0), ("inner", 0, 0), ("inner", 0, 0)]),
    ],
)
def test_a_loop_begins_anew(asked: int, text: str, seen: list[object]):
    sample = SAMPLES["loops"]
    k = suspended_at(sample, asked)
    line = next(line for line, found in source_lines(sample) if text in found)
    assert k is not None
    run = jumped(k.dumps(), line, asked)
    assert isinstance(run, Run)
    assert list(run.seen[: len(seen)]) == seen


def test_a_block_is_entered_again_and_its_end_not_run():
    sample = SAMPLES["with_blocks"]
    k = suspended_at(sample, 2)
    line = next(
        line for line, text in source_lines(sample) if 'with block(see, "two")' in text
    )
    assert k is not None
    run = jumped(k.dumps(), line, 2)
    assert isinstance(run, Run)
    assert run.seen[:6] == (
        "begin",
        "enter one",
        "one",
        "enter two",
        "enter two",
        "two",
    )
    assert run.seen.count("exit two") == 1


def comprehending() -> object:
    item = "before"
    found = [(item, suspend()) for item in range(2)]
    shared = [(lambda: item)() for item in (suspend(), suspend())]
    return item, found, shared


def line_of(function: Callable[..., object], text: str) -> int:
    lines = source_lines(function)
    return next(line for line, found in lines if text in found)


def test_a_comprehension_that_is_left_gives_its_variables_back():
    k = Continuation.start(comprehending).resume(1)
    e = Editor(Continuation.loads(k.dumps()))
    e.jump(len(e.frames) - 1, line_of(comprehending, "found = [("))
    n = Continuation.loads(e.continuation().dumps()).resume()
    n.resume(1).resume(2).resume(3).resume(4)
    assert n.value == ("before", [(0, 1), (1, 2)], [3, 4])


@pytest.mark.skipif(sys.version_info < (3, 12), reason="each read looks")
def test_a_variable_that_is_read_without_a_look_must_have_a_value():
    def work() -> object:
        first = suspend()
        second = suspend()
        return first + second

    e = Editor(Continuation.loads(Continuation.start(work).dumps()))
    with pytest.raises(EditRefused, match="'first', 'second' must have a value"):
        e.jump(0, line_of(work, "return"))
    e.frames[0].locals["first"] = 1
    e.jump(0, line_of(work, "second"))
    n = Continuation.loads(e.continuation().dumps()).resume()
    assert n.resume(2).value == 3


def counting() -> object:
    for number in range(5):
        got = yield number
        suspend((number, got))


def using() -> object:
    found = []
    for number in counting():
        found.append(number)
    return found


def test_a_generator_on_the_stack_goes_on_elsewhere():
    k = Continuation.start(using).resume()
    e = Editor(Continuation.loads(k.dumps()))
    e.jump(0, line_of(counting, "for number"))
    n = Continuation.loads(e.continuation().dumps()).resume()
    assert n.value == (0, None)
    while not n.done:
        n.resume()
    assert n.value == [0, 1, 0, 1, 2, 3, 4]


def ending() -> object:
    numbers = cleaning()
    next(numbers)
    suspend("first")
    return "end"


def cleaning() -> Iterator[int]:
    try:
        yield 1
    finally:
        suspend("in its finally")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_goes_at_the_end_cannot_suspend():
    e = Editor(Continuation.loads(Continuation.start(ending).dumps()))
    e.jump(0, line_of(ending, "return"))
    n = Continuation.loads(e.continuation().dumps()).resume()
    assert n.value == "end"
