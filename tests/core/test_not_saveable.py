"""NotSaveable: the message leads to the value; the continuation stays usable."""

from __future__ import annotations

import re

import pytest

from greenflow import Continuation, NotSaveable
from tests.core import target_unsaveable
from tests.core.target_unsaveable import PLACES, THINGS


@pytest.fixture(params=THINGS)
def thing(request):
    made = THINGS[request.param]()
    yield made
    if hasattr(made, "close"):
        made.close()


def refusal(k) -> NotSaveable:
    with pytest.raises(NotSaveable) as caught:
        k.dumps()
    return caught.value


@pytest.mark.parametrize("place", PLACES)
def test_the_flow_goes_on_after_a_dumps_that_failed(place: str, thing: object):
    function, _ = PLACES[place]
    k = Continuation.start(function, [thing])
    for _ in range(2):
        refusal(k)
    got, kept = k.resume("answer").value
    assert (got, bool(kept)) == ("answer", True)


@pytest.mark.parametrize("place", PLACES)
def test_the_message_leads_to_the_value(place: str, thing: object):
    function, name = PLACES[place]
    error = refusal(Continuation.start(function, [thing]))
    text = str(error)
    assert name in text
    # A thread is followed down to the lock that it is made of.
    assert type(thing).__name__ in text or "lock" in text
    assert "HINT" in text
    assert error.path


@pytest.mark.parametrize("place", ["local", "deep", "middle", "cell", "generator"])
def test_the_message_tells_function_file_and_line(place: str, thing: object):
    function, _ = PLACES[place]
    text = str(refusal(Continuation.start(function, [thing])))
    assert f"{function.__name__}()" in text
    lines = re.findall(re.escape(target_unsaveable.__file__) + r":(\d+)", text)
    assert lines, text
    first = function.__code__.co_firstlineno
    last = max(line for _, _, line in function.__code__.co_lines() if line)
    assert all(first < int(line) <= last for line in lines)


def test_the_path_inside_the_value(thing: object):
    error = refusal(Continuation.start(target_unsaveable.deep_inside, [thing]))
    for step in (".pool", ".free", "['main']", "[1]"):
        assert step in error.path
    places = [error.path.index(step) for step in (".pool", ".free", "['main']", "[1]")]
    assert places == sorted(places)


def test_the_path_to_a_keyword(thing: object):
    k = Continuation.start(target_unsaveable.in_the_keywords, conn=thing, other=1)
    assert "conn" in str(refusal(k))
    assert k.resume(1).value == (1, True)


def test_the_frame_is_the_one_that_holds_it(thing: object):
    error = refusal(Continuation.start(target_unsaveable.in_the_middle, [thing]))
    assert "in_the_middle" in error.path
    assert "'kept'" in error.path


def test_the_reason_is_kept():
    k = Continuation.start(target_unsaveable.in_a_local, [target_unsaveable.Refuses()])
    error = refusal(k)
    reasons, reason = [], error.__cause__
    while reason is not None:
        reasons.append(str(reason))
        reason = reason.__cause__ or reason.__context__
    assert any("I refuse" in text for text in reasons) or "I refuse" in str(error)


def test_a_new_one_and_a_finished_one_too(thing: object):
    refusal(Continuation.new(target_unsaveable.in_a_local, (thing,)))
    refusal(Continuation.start(lambda: thing))


def test_saved_once_the_value_is_gone(thing: object):
    holder = {"thing": thing}
    k = Continuation.start(target_unsaveable.in_the_keywords, holder=holder)
    refusal(k)
    holder.clear()
    assert Continuation.loads(k.dumps()).resume(5).value == (5, True)
