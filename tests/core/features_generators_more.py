"""Generators that wait half-way: as locals, shared, handling errors, with finally."""
# The odd ways to write things are what is tested.
# ruff: noqa: UP028

from __future__ import annotations

from greenflow import suspend
from tests.core.features import Throw, feature


def count_to(n, log):
    try:
        log.append("begun")
        for i in range(n):
            yield i
    finally:
        log.append("finally")


@feature(sends=["a"], asks=["now"], gives=([0, 1, 2], ["begun", "finally"], "a"))
def half_consumed_local():
    log = []
    walker = count_to(3, log)
    got = [next(walker)]
    answer = suspend("now")
    got += walker
    return got, log, answer


@feature(sends=["a"], asks=[["begun"]], gives=("a", ["begun", "finally"], []))
def closed_after_the_suspend():
    log = []
    walker = count_to(3, log)
    next(walker)
    answer = suspend(list(log))
    walker.close()
    return answer, log, list(walker)


@feature(
    sends=["a"], asks=["before it began"], gives=([], ["begun", "finally"], [0, 1])
)
def not_yet_started():
    log = []
    walker = count_to(2, log)
    suspend("before it began")
    before = list(log)
    return before, log, list(walker)


@feature(
    sends=["x", "y"], asks=[0, 1], gives=([0, 1], ["x", "y"], ["begun", "finally"])
)
def for_over_one_that_does_not_suspend():
    log, seen, got = [], [], []
    for i in count_to(2, log):
        seen.append(i)
        got.append(suspend(i))
    return seen, got, log


@feature(sends=["b"], asks=[0], gives=(["begun", "finally"], 0, "b"))
def loop_left_by_break_then_dropped():
    log = []
    for i in count_to(5, log):
        got = suspend(i)
        break
    return log, i, got


def handling(log):
    try:
        raise ValueError("inner")
    except ValueError as error:
        got = yield "in handler"
        log.append((str(error), got))
        try:
            raise
        except ValueError as again:
            log.append(again is error)
            yield "handled again"


@feature(
    sends=["s"],
    asks=["outer"],
    gives=(["in handler", "handled again"], [("inner", "s"), True]),
)
def suspended_while_it_handles_an_error():
    log = []
    walker = handling(log)
    got = [next(walker)]
    try:
        raise KeyError("outer")
    except KeyError as error:
        answer = suspend(error.args[0])
        got.append(walker.send(answer))
    return got, log


def handling_in_the_stack(log):
    try:
        raise ValueError("inner")
    except ValueError:
        log.append(suspend("inner handler"))
        try:
            raise
        except ValueError as again:
            yield str(again)


@feature(
    sends=["i", "o"],
    asks=["inner handler", "outer handler"],
    gives=(["inner"], ["i"], "o", "outer"),
)
def error_of_its_own_apart_from_the_callers():
    log, got = [], []
    try:
        raise KeyError("outer")
    except KeyError:
        for text in handling_in_the_stack(log):
            got.append(text)
            answer = suspend("outer handler")
        try:
            raise
        except KeyError as error:
            return got, log, answer, error.args[0]


def pipeline(source, log):
    for item in source:
        log.append(("in", item))
        yield item * 10
        log.append(("out", item))


@feature(
    sends=["x", "y"],
    asks=[0, 10],
    gives=(
        [0, 10],
        [("in", 0), ("out", 0), ("in", 1), ("out", 1)],
        ["begun", "finally"],
    ),
)
def pipeline_of_generators():
    log, source_log, got = [], [], []
    for item in pipeline(count_to(2, source_log), log):
        suspend(item)
        got.append(item)
    return got, log, source_log


@feature(sends=["a"], asks=["now"], gives=([1, 2], [], True))
def one_generator_by_several_names():
    walker = count_to(3, [])
    box = {"walker": walker, "list": [walker]}
    next(walker)
    suspend("now")
    same = box["walker"] is walker is box["list"][0]
    return list(walker), list(box["walker"]), same


def knows_itself():
    me = yield "ready"
    got = yield me
    yield got, me.__name__


@feature(sends=["a"], asks=["cycle"], gives=(("a", "knows_itself"), True))
def generator_in_a_cycle_with_itself():
    walker = knows_itself()
    next(walker)
    same = walker.send(walker) is walker
    return walker.send(suspend("cycle")), same


@feature(sends=["a"], asks=["send"], gives=["got a", "got b", "end"])
def bound_send_in_a_variable():
    def echo():
        got = yield
        while True:
            got = yield f"got {got}"

    walker = echo()
    next(walker)
    send = walker.send
    first = send(suspend("send"))
    return [first, send("b"), "end"]


@feature(sends=["a", "b"], asks=["one", "two"], gives=(["a", "b"], "lines kept", 4))
def generator_methods_and_attributes():
    def walk():
        kept = "lines kept"
        yield suspend("one")
        yield suspend("two")
        yield kept

    walker = walk()
    got = [next(walker), next(walker)]
    last = next(walker)
    return got, last, walker.gi_frame.f_lineno - walker.gi_code.co_firstlineno


@feature(
    sends=["x", Throw(ValueError, ("thrown",)), "z"],
    asks=["in 0", "in 1", "cleanup"],
    gives=([(0, "x")], "thrown", ["z"]),
)
def finally_of_a_generator_that_suspends():
    cleaned = []

    def walk():
        try:
            for i in range(3):
                yield i, suspend(f"in {i}")
        finally:
            cleaned.append(suspend("cleanup"))

    got = []
    try:
        for pair in walk():
            got.append(pair)
    except ValueError as error:
        return got, str(error), cleaned


@feature(sends=[1, 2, 3], asks=["i0", "i1", "o"], gives=[(1, 2), 3])
def generator_inside_a_generator_inside_a_loop():
    def inner():
        yield suspend("i0")
        yield suspend("i1")

    def outer():
        pair = []
        for value in inner():
            pair.append(value)
        yield tuple(pair)
        yield suspend("o")

    got = []
    for value in outer():
        got.append(value)
    return got


@feature(sends=["v"], asks=["deep"], gives=[("v", 1), 2, [3]])
def half_consumed_at_every_level():
    def numbers():
        yield 1
        yield 2
        yield 3

    def third(walker):
        return suspend("deep"), next(walker)

    def second(walker):
        return third(walker)

    walker = numbers()
    return [second(walker), next(walker), list(walker)]


@feature(sends=["a", "b"], asks=["w0", "w1"], gives=("a", ("end", "b"), ["a"]))
def return_value_of_a_generator_walked_by_hand():
    def walk():
        yield suspend("w0")
        return "end", suspend("w1")

    walker, got = walk(), []
    while True:
        try:
            got.append(next(walker))
        except StopIteration as stop:
            return got[0], stop.value, got
