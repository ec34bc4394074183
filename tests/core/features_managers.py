"""contextlib: managers made of generators, and ExitStack."""

from __future__ import annotations

from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress

from greenflow import suspend
from tests.core.features import Throw, feature


@contextmanager
def managed(log, name, *, before=False, after=False, swallows=None):
    got = suspend(f"before {name}") if before else None
    log.append(("open", name, got))
    try:
        yield [name]
    except Exception as error:
        log.append(("error", name, str(error)))
        if swallows is None or not isinstance(error, swallows):
            raise
    finally:
        got = suspend(f"after {name}") if after else None
        log.append(("close", name, got))


@feature(
    sends=["b"], asks=[["m"]], gives=("b", [("open", "m", None), ("close", "m", None)])
)
def body_of_a_contextmanager():
    log = []
    with managed(log, "m") as value:
        got = suspend(value)
    return got, log


@feature(
    sends=["o", "b", "c"],
    asks=["before m", "body", "after m"],
    gives=("b", [("open", "m", "o"), ("close", "m", "c")]),
)
def inside_a_contextmanager():
    log = []
    with managed(log, "m", before=True, after=True):
        got = suspend("body")
    return got, log


@feature(
    sends=[Throw(ValueError, ("bad",)), "c"],
    asks=["body", "after m"],
    gives=("bad", [("open", "m", None), ("error", "m", "bad"), ("close", "m", "c")]),
)
def error_through_a_contextmanager():
    log = []
    try:
        with managed(log, "m", after=True):
            suspend("body")
    except ValueError as error:
        return str(error), log


@feature(
    sends=[Throw(ValueError, ("bad",)), "c", "end"],
    asks=["body", "after m", "end"],
    gives=("end", [("open", "m", None), ("error", "m", "bad"), ("close", "m", "c")]),
)
def contextmanager_that_swallows():
    log = []
    with managed(log, "m", after=True, swallows=ValueError):
        suspend("body")
    return suspend("end"), log


@feature(
    sends=["1", "2", "b", "4", "5"],
    asks=["before a", "before b", "body", "after b", "after a"],
    gives=[
        ("open", "a", "1"),
        ("open", "b", "2"),
        "b",
        ("close", "b", "4"),
        ("close", "a", "5"),
    ],
)
def nested_contextmanagers():
    log = []
    with (
        managed(log, "a", before=True, after=True),
        managed(log, "b", before=True, after=True),
    ):
        log.append(suspend("body"))
    return log


@feature(
    sends=["d", "e"],
    asks=["decorated", "end"],
    gives=("d", "e", [("open", "m", None), ("close", "m", None)]),
)
def contextmanager_as_a_decorator():
    log = []

    @managed(log, "m")
    def decorated():
        return suspend("decorated")

    return decorated(), suspend("end"), log


@feature(
    sends=["b", "c", "x", "y"],
    asks=["body", "callback", "after b", "after a"],
    gives=[
        ("open", "a", None),
        ("open", "b", None),
        "b",
        ("called", 1, "k", "c"),
        ("close", "b", "x"),
        ("close", "a", "y"),
    ],
)
def exit_stack():
    log = []

    def callback(number, *, key):
        log.append(("called", number, key, suspend("callback")))

    with ExitStack() as stack:
        for name in "ab":
            stack.enter_context(managed(log, name, after=True))
        stack.callback(callback, 1, key="k")
        log.append(suspend("body"))
    return log


@feature(
    sends=[Throw(KeyError, ("k",)), "x", "end"],
    asks=["body", "after b", "end"],
    gives=[
        ("open", "a", None),
        ("open", "b", None),
        ("error", "b", "'k'"),
        ("close", "b", "x"),
        ("error", "a", "'k'"),
        ("close", "a", None),
        "end",
    ],
)
def exit_stack_with_an_error():
    log = []
    with ExitStack() as stack:
        stack.enter_context(managed(log, "a", swallows=KeyError))
        stack.enter_context(managed(log, "b", after=True))
        suspend("body")
    log.append(suspend("end"))
    return log


@feature(
    sends=["1", "2", "3"],
    asks=["inside", "moved", "after a"],
    gives=["2", ("close", "a", "3")],
)
def exit_stack_that_is_moved():
    log = []
    with ExitStack() as stack:
        stack.enter_context(managed(log, "a", after=True))
        suspend("inside")
        kept = stack.pop_all()
    log.clear()
    log.append(suspend("moved"))
    kept.close()
    return log


class Door:
    def __init__(self):
        self.closed = 0

    def close(self):
        self.closed += suspend("closing")


@feature(sends=["b", 1], asks=["body", "closing"], gives=("b", 1))
def closing_calls_close():
    with closing(Door()) as door:
        got = suspend("body")
    return got, door.closed


@feature(
    sends=[Throw(KeyError, ("k",)), "b", "n"],
    asks=["suppressed", "body", "null"],
    gives=("b", "n", ["kept"]),
)
def suppress_and_nullcontext():
    log = ["kept"]
    with suppress(KeyError):
        suspend("suppressed")
        log.append("not reached")
    with suppress(KeyError):
        got = suspend("body")
    with nullcontext(log) as same:
        more = suspend("null")
    return got, more, same


class Opened:
    """Its __enter__ waits in a helper; its __exit__ is a closure of the instance."""

    def __init__(self, log):
        self.log = log

    def __enter__(self):
        self.log.append(self.wait("enter"))
        return self

    def wait(self, word):
        return word, suspend(word)

    def __exit__(self, *details):
        self.log.append(self.wait("exit"))


@feature(
    sends=["1", "2", "3"],
    asks=["enter", "body", "exit"],
    gives=[("enter", "1"), "2", ("exit", "3")],
)
def helpers_below_enter_and_exit():
    log = []
    with Opened(log):
        log.append(suspend("body"))
    return log


@feature(
    sends=["a", "b", "c", "d"],
    asks=["before 0", "before 1", 0, 1],
    gives=(["c", "d"], ["open", "open", "close", "close"]),
)
def managers_kept_in_a_list():
    log, got = [], []
    managers = [managed(log, str(i), before=True) for i in range(2)]
    for manager in managers:
        manager.__enter__()
    for i, manager in enumerate(reversed(managers)):
        got.append(suspend(i))
        manager.__exit__(None, None, None)
    return got, [entry[0] for entry in log]
