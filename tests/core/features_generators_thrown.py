"""Errors in generators: thrown into them, raised by them, passing through them."""

from __future__ import annotations

from greenflow import suspend
from tests.core.features import Raised, Throw, feature
from tests.core.features_generators import letters


def catching(log):
    try:
        yield "ready"
    except ValueError as error:
        log.append(suspend(f"caught {error}"))
        yield "recovered"
    finally:
        log.append(suspend("finally"))
    yield "after"


@feature(
    sends=["c", "f"],
    asks=["caught bad", "finally"],
    gives=(["ready", "recovered", "after"], ["c", "f"]),
)
def throw_into_a_generator():
    log = []
    walker = catching(log)
    got = [next(walker), walker.throw(ValueError("bad"))]
    got.append(next(walker))
    return got, log


@feature(
    sends=["f"],
    asks=["finally"],
    gives=("KeyError", "'gone'", ["f"], []),
)
def throw_that_goes_through_a_finally():
    log = []
    walker = catching(log)
    next(walker)
    try:
        walker.throw(KeyError("gone"))
    except KeyError as error:
        return type(error).__name__, str(error), log, list(walker)


@feature(
    sends=["x", Throw(ValueError, ("in",))], asks=[0, 1], gives=([(0, "x")], "in", [])
)
def error_in_a_generator_is_caught_by_its_loop():
    got, walker = [], letters(3)
    try:
        for pair in walker:
            got.append(pair)
    except ValueError as error:
        return got, str(error), list(walker)


@feature(
    sends=[Throw(StopIteration, ("early",))],
    asks=[0],
    gives=Raised(RuntimeError, "generator raised StopIteration"),
)
def stop_iteration_in_a_generator():
    got = []
    for pair in letters(1):
        got.append(pair)
    return got
