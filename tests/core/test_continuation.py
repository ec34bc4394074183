"""Continuation: its states, what it refuses, where it may be resumed."""

from __future__ import annotations

import functools
import pickle
import threading
import weakref

import pytest

from greenflow import (
    Continuation,
    ContinuationError,
    GreenflowError,
    NotInFlow,
    suspend,
)


def ask_twice(first, *, second="second"):
    a = suspend(first)
    b = suspend(second)
    return a, b


class Thing:
    def __init__(self, name="t"):
        self.name = name
        self.got = suspend(name)

    def method(self, word):
        return self.name, word, suspend(word)

    def __call__(self, word):
        return self.method(word)


def test_its_states():
    k = Continuation.start(ask_twice, "first")
    assert (k.done, k.value) == (False, "first")
    assert k.resume(1) is k
    assert (k.done, k.value) == (False, "second")
    assert k.resume(2) is k
    assert (k.done, k.value) == (True, (1, 2))


def test_done_at_once():
    k = Continuation.start(len, "abc")
    assert (k.done, k.value) == (True, 3)


def test_resume_gives_none_by_default():
    assert Continuation.start(lambda: suspend()).resume().value is None


def test_a_new_one_begins_when_it_is_resumed():
    k = Continuation.new(ask_twice, ("first",), {"second": "2"})
    assert not k.done
    k = Continuation.loads(k.dumps())
    assert k.resume().value == "first"
    assert k.resume(1).value == "2"


@pytest.mark.parametrize(
    ("function", "arguments", "asked", "result"),
    [
        (functools.partial(ask_twice, "p", second="q"), (), ["p", "q"], (0, 1)),
        (lambda x: x + suspend(x), (5,), [5], 5),
        (Thing.method, (weakref.proxy, "w"), None, AttributeError),
    ],
    ids=["partial", "lambda", "error"],
)
def test_what_can_be_started(function, arguments, asked, result):
    if isinstance(result, type):
        with pytest.raises(result):
            Continuation.start(function, *arguments)
        return
    k, asks = Continuation.start(function, *arguments), []
    while not k.done:
        asks.append(k.value)
        k = Continuation.loads(k.dumps()).resume(len(asks) - 1)
    assert (asks, k.value) == (asked, result)


def test_a_class_can_be_started():
    k = Continuation.start(Thing, "named")
    assert k.value == "named"
    thing = Continuation.loads(k.dumps()).resume("got").value
    assert (type(thing), thing.name, thing.got) == (Thing, "named", "got")


@pytest.mark.parametrize("pick", [lambda t: t.method, lambda t: t])
def test_a_method_and_an_instance_can_be_started(pick):
    thing = Continuation.start(Thing).resume("g").value
    k = Continuation.loads(Continuation.start(pick(thing), "word").dumps())
    assert k.value == "word"
    assert k.resume(1).value == ("t", "word", 1)


def test_an_error_comes_through_and_ends_it():
    k = Continuation.start(ask_twice, 1)
    with pytest.raises(ZeroDivisionError, match="mine"):
        k.throw(ZeroDivisionError("mine"))
    assert k.done
    for again in (k.resume, k.dumps, lambda: k.throw(ValueError())):
        with pytest.raises(ContinuationError):
            again()


def test_an_error_before_any_suspend_comes_through():
    with pytest.raises(TypeError, match="ask_twice"):
        Continuation.start(ask_twice)


def test_a_finished_one_cannot_be_resumed():
    k = Continuation.start(len, "")
    for again in (k.resume, lambda: k.throw(ValueError())):
        with pytest.raises(ContinuationError, match="HINT"):
            again()
    assert k.value == 0


def test_a_finished_one_can_be_saved():
    k = Continuation.start(divmod, 7, 2)
    loaded = Continuation.loads(k.dumps())
    assert (loaded.done, loaded.value) == (True, (3, 1))


def resume_itself(box):
    suspend("ready")
    try:
        box[0].resume()
    except ContinuationError as error:
        return str(error), suspend("still here")


def test_a_running_one_cannot_be_resumed_from_inside():
    box = []
    k = Continuation.start(resume_itself, box)
    box.append(k)
    assert k.resume().value == "still here"
    box.clear()
    text, last = k.resume("last").value
    assert "running" in text
    assert last == "last"


def test_it_cannot_be_made_without_a_function():
    with pytest.raises(TypeError):
        Continuation()
    for wrong in (None, 3, "text"):
        with pytest.raises(TypeError):
            Continuation.start(wrong)


@pytest.mark.parametrize("wrong", [None, 3, "text", ["bytes"]])
def test_loads_takes_bytes_only(wrong):
    with pytest.raises(TypeError):
        Continuation.loads(wrong)


def test_loads_takes_any_bytes():
    data = Continuation.start(ask_twice, 1).dumps()
    for same in (data, bytearray(data), memoryview(data)):
        assert Continuation.loads(same).resume(2).value == "second"


@pytest.mark.parametrize("wrong", [None, "text", int, ValueError.__call__])
def test_only_exceptions_can_be_thrown(wrong):
    k = Continuation.start(ask_twice, 1)
    with pytest.raises(TypeError):
        k.throw(wrong)
    assert k.resume(1).resume(2).value == (1, 2)


def test_an_exception_class_can_be_thrown():
    with pytest.raises(KeyError):
        Continuation.start(ask_twice, 1).throw(KeyError)


def test_suspend_outside_of_a_flow_is_refused():
    with pytest.raises(NotInFlow, match="HINT") as caught:
        suspend("nobody")
    assert isinstance(caught.value, GreenflowError | RuntimeError)


def test_suspend_takes_one_argument_by_position():
    for call in (lambda: suspend(1, 2), lambda: suspend(payload=1)):
        with pytest.raises(TypeError):
            Continuation.start(call)


def test_pickle_carries_it():
    k = Continuation.start(ask_twice, 1)
    loaded = pickle.loads(pickle.dumps({"k": k, "same": k}))
    assert loaded["k"] is loaded["same"]
    assert loaded["k"].resume(5).resume(6).value == (5, 6)
    assert k.value == 1


def test_repr_tells_where_it_is():
    text = repr(Continuation.start(ask_twice, 1))
    assert "ask_twice" in text
    assert "suspended" in text


def in_thread(call):
    """Return what ``call`` returns in another thread."""
    result = []
    thread = threading.Thread(target=lambda: result.append(call()))
    thread.start()
    thread.join()
    return result[0]


def generator_and_handler(name):
    def walk():
        yield suspend(f"{name} in generator")

    got = []
    try:
        raise KeyError(name)
    except KeyError:
        for value in walk():
            got.append(value)
        got.append(suspend(f"{name} in handler"))
        try:
            raise
        except KeyError as error:
            return [*got, error.args[0]]


@pytest.mark.parametrize("over_bytes", [False, True])
def test_each_step_in_another_thread(over_bytes: bool):
    k = in_thread(lambda: Continuation.start(generator_and_handler, "n"))
    answer = 0
    while not k.done:
        k = Continuation.loads(k.dumps()) if over_bytes else k
        answer += 1
        k = in_thread(functools.partial(k.resume, answer))
    assert k.value == [1, 2, "n"]


def many_times(name, rounds):
    got = []
    for turn in range(rounds):
        got += generator_and_handler(f"{name}.{turn}")
    return got


def test_many_threads_at_once():
    results: dict[int, object] = {}

    def work(number):
        k = Continuation.start(many_times, number, 50)
        while not k.done:
            k = Continuation.loads(k.dumps()).resume(k.value)
        results[number] = k.value

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(6):
        names = [f"{number}.{turn}" for turn in range(50)]
        expected = [[f"{n} in generator", f"{n} in handler", n] for n in names]
        assert results[number] == [text for three in expected for text in three]


def test_dropping_one_drops_what_it_holds():
    class Held:
        pass

    def holds(thing):
        return suspend(), thing

    thing = Held()
    seen = weakref.ref(thing)
    k = Continuation.start(holds, thing)
    del thing
    assert seen() is not None
    del k
    assert seen() is None
