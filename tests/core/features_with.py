"""with: suspended in the body, in __enter__ and in __exit__; closed exactly once."""

from __future__ import annotations

from greenflow import suspend
from tests.core.features import Raised, Throw, feature


class Guard:
    """Notes what is done with it; asks before it enters and leaves, if told to."""

    def __init__(self, log, name="g", *, enter=False, leave=False, swallows=()):
        self.log = log
        self.name = name
        self.asks_to_enter = enter
        self.asks_to_leave = leave
        self.swallows = swallows

    def __enter__(self):
        got = suspend(f"enter {self.name}") if self.asks_to_enter else None
        self.log.append(("enter", self.name, got))
        return self

    def __exit__(self, kind, error, trace):
        got = suspend(f"exit {self.name}") if self.asks_to_leave else None
        self.log.append(("exit", self.name, kind and kind.__name__, got))
        assert (trace is None) == (error is None)
        return kind in self.swallows


@feature(
    sends=["b"],
    asks=["body"],
    gives=("b", [("enter", "g", None), ("exit", "g", None, None)]),
)
def body():
    log = []
    with Guard(log) as guard:
        assert guard.log is log
        got = suspend("body")
    return got, log


@feature(
    sends=["e", "b", "x"],
    asks=["enter g", "body", "exit g"],
    gives=("b", [("enter", "g", "e"), ("exit", "g", None, "x")]),
)
def every_step():
    log = []
    with Guard(log, enter=True, leave=True) as guard:
        got = suspend("body")
    assert guard.name == "g"
    return got, log


@feature(
    sends=[Throw(ValueError, ("bad",)), "x"],
    asks=["body", "exit g"],
    gives=("bad", [("enter", "g", None), ("exit", "g", "ValueError", "x")]),
)
def exit_while_an_error_passes():
    log = []
    try:
        with Guard(log, leave=True):
            suspend("body")
    except ValueError as error:
        return str(error), log


@feature(
    sends=[Throw(ValueError, ("bad",)), "x", "after"],
    asks=["body", "exit g", "after"],
    gives=("after", [("enter", "g", None), ("exit", "g", "ValueError", "x")]),
)
def exit_that_swallows():
    log = []
    with Guard(log, leave=True, swallows=(ValueError,)):
        suspend("body")
        log.append("not reached")
    return suspend("after"), log


@feature(
    sends=[Throw(KeyError, ("first",)), Throw(ValueError, ("second",))],
    asks=["body", "exit g"],
    gives=("second", "'first'", [("enter", "g", None)]),
)
def exit_that_raises_another():
    log = []
    try:
        with Guard(log, leave=True):
            suspend("body")
    except ValueError as error:
        return str(error), str(error.__context__), log


@feature(
    sends=[Throw(OSError, ("no entry",))],
    asks=["enter g"],
    gives=("no entry", []),
)
def enter_that_raises():
    log = []
    try:
        with Guard(log, enter=True):
            log.append("not reached")
    except OSError as error:
        return str(error), log


@feature(
    sends=["1", "2", "b", "2", "1"],
    asks=["enter a", "enter b", "body", "exit b", "exit a"],
    gives=[
        ("enter", "a", "1"),
        ("enter", "b", "2"),
        "b",
        ("exit", "b", None, "2"),
        ("exit", "a", None, "1"),
    ],
)
def nested():
    log = []
    with Guard(log, "a", enter=True, leave=True):  # noqa: SIM117
        with Guard(log, "b", enter=True, leave=True):
            log.append(suspend("body"))
    return log


@feature(
    sends=["b", "x"],
    asks=["a b", "exit b"],
    gives=[
        ("enter", "a", None),
        ("enter", "b", None),
        "b",
        ("exit", "b", None, "x"),
        ("exit", "a", None, None),
    ],
)
def several_items():
    log = []
    with Guard(log, "a") as a, Guard(log, "b", leave=True) as b:
        log.append(suspend(f"{a.name} {b.name}"))
    return log


@feature(
    sends=[Throw(ValueError, ("v",)), "x"],
    asks=["enter b", "after"],
    gives=[("enter", "a", None), ("exit", "a", "ValueError", None), "x"],
)
def second_item_fails_to_enter():
    log = []
    with (
        Guard(log, "a", swallows=(ValueError,)),
        Guard(log, "b", enter=True),
    ):
        log.append("not reached")
    log.append(suspend("after"))
    return log


@feature(
    sends=["r", "x"],
    asks=["value", "exit g"],
    gives=("r", [("enter", "g", None), ("exit", "g", None, "x")]),
)
def return_from_the_body():
    log = []

    def inner():
        with Guard(log, leave=True):
            return suspend("value")

    return inner(), log


@feature(
    sends=["x0", "x1", "x2"],
    asks=["exit 0", "exit 1", "exit 2"],
    gives=(["end 0"], ["0", "1", "2"], 6),
)
def continue_and_break_from_the_body():
    log, ends = [], []
    for i in range(5):
        with Guard(log, str(i), leave=True):
            if i == 1:
                continue
            if i == 2:
                break
        ends.append(f"end {i}")
    return ends, [entry[1] for entry in log if entry[0] == "exit"], len(log)


@feature(
    sends=["a", "b", "c"],
    asks=[0, 1, 2],
    gives=(["a", "b", "c"], 3, 3),
)
def in_a_loop():
    log, got = [], []
    for i in range(3):
        with Guard(log, str(i)):
            got.append(suspend(i))
    return (
        got,
        sum(entry[0] == "enter" for entry in log),
        sum(entry[0] == "exit" for entry in log),
    )


@feature(
    sends=["d"],
    asks=["deep"],
    gives=("d", [("exit", name, None, None) for name in "cba"]),
)
def with_in_every_frame():
    log = []

    def down(names):
        if not names:
            return suspend("deep")
        with Guard(log, names[0]):
            return down(names[1:])

    got = down("abc")
    return got, log[3:]


@feature(
    sends=[Throw(KeyboardInterrupt, ("stop",)), "x"],
    asks=["body", "caught"],
    gives=(
        [("enter", "g", None), ("exit", "g", "KeyboardInterrupt", None)],
        "stop",
        "x",
    ),
)
def interrupt_goes_through():
    log = []
    try:
        with Guard(log, swallows=(ValueError,)):
            suspend("body")
    except KeyboardInterrupt as error:
        return log, error.args[0], suspend("caught")


@feature(
    sends=[Throw(ValueError, ("uncaught",)), "x"],
    asks=["body", "exit g"],
    gives=Raised(ValueError, "uncaught"),
)
def error_leaves_the_flow_through_an_exit():
    log = []
    with Guard(log, leave=True):
        suspend("body")
    return "not reached"
