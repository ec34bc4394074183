"""NotSuspendable: C code on the stack that cannot be entered again."""

from __future__ import annotations

import re
from functools import partial

import pytest

from greenflow import Continuation, NotSuspendable, suspend
from tests.core import driving, target_refused
from tests.core.target_refused import CASES, NAMES, survives

each_case = pytest.mark.parametrize("case", CASES, ids=list(NAMES))


def finish(k):
    """Answer with 1, 2, ...; over bytes each time."""
    answer = 0
    while not k.done:
        answer += 1
        k = Continuation.loads(k.dumps()).resume(answer)
    return k.value


@each_case
def test_the_flow_goes_on_if_it_catches_the_refusal(case):
    texts, first, second = finish(Continuation.start(survives, case))
    assert len(texts) == 1
    assert (first, second) == (1, 2)


@each_case
def test_the_refusal_names_the_callable_and_the_line(case):
    (text, *_), *_ = finish(Continuation.start(survives, case))
    assert NAMES[case.__name__] in text
    assert re.search(r":\d+", text), text
    assert "HINT" in text


@pytest.mark.parametrize(
    "case",
    [
        target_refused.sorted_key,
        target_refused.summed,
        target_refused.reduced,
        target_refused.replaced,
        target_refused.equal_in_index,
    ],
)
def test_the_line_is_the_one_of_the_call(case):
    (text, *_), *_ = finish(Continuation.start(survives, case))
    code = case.__code__
    decorators = 1
    line = code.co_firstlineno + decorators + 1
    assert f"{code.co_filename}:{line}" in text
    assert case.__name__ in text


@each_case
def test_refused_again_and_again(case):
    texts, *rest = finish(Continuation.start(survives, case, 5))
    assert len(texts) == 5
    assert len(set(texts)) == 1
    assert rest == [1, 2]


@each_case
@pytest.mark.parametrize("instrument", sorted(driving.INSTRUMENTS))
def test_refused_while_watched(case, instrument: str):
    with driving.INSTRUMENTS[instrument]():
        texts, *rest = finish(Continuation.start(survives, case))
    assert (len(texts), rest) == (1, [1, 2])


@each_case
def test_a_refusal_that_is_not_caught_ends_the_flow(case):
    with pytest.raises(NotSuspendable):
        Continuation.start(case)


def test_refused_in_a_finalizer():
    caught, got = finish(Continuation.start(target_refused.deleted_object))
    assert len(caught) == 1
    assert got == 1


def refused_after_a_resume():
    first = suspend("first")
    try:
        sorted([2, 1], key=lambda x: suspend(x))
    except NotSuspendable as error:
        refused = str(error)
    return first, refused, suspend("last")


def test_refused_after_a_resume():
    first, text, last = finish(Continuation.start(refused_after_a_resume))
    assert (first, last) == (1, 2)
    assert "sorted" in text


def refused_deep_down(depth):
    if depth:
        return refused_deep_down(depth - 1)
    return max([1, 2], key=below_max)


def below_max(x):
    return suspend(x)


def catches_far_away():
    try:
        refused_deep_down(50)
    except NotSuspendable as error:
        tb, names = error.__traceback__, []
        while tb is not None:
            names.append(tb.tb_frame.f_code.co_name)
            tb = tb.tb_next
    return names.count("refused_deep_down"), "below_max" in names, suspend("after")


def test_caught_many_frames_away():
    assert finish(Continuation.start(catches_far_away)) == (51, True, 1)


def late():
    try:
        yield 1
    except GeneratorExit:
        suspend("late")


def leaves_one(n):
    held = late()
    next(held)
    return suspend(n)


def yields_and_leaves_one():
    held = late()
    next(held)
    yield suspend(2)


def yields_and_leaves_one_by_one():
    for item in yields_and_leaves_one():
        held = late()
        next(held)
        yield item


def loops():
    got = []
    for item in yields_and_leaves_one_by_one():
        got.append(item)
    return got


@pytest.mark.parametrize(
    ("function", "gives"), [(partial(leaves_one, 1), 1), (loops, [1])]
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_ends_a_resumed_frame_cannot_suspend(function, gives):
    # The generators are closed when the frame that held them is off the stack already.
    assert finish(Continuation.start(function)) == gives
