"""What a flow sees of itself right after it goes on: frames, locals, lines."""
# The odd ways to write things are what is tested.
# ruff: noqa: C416, RET504

from __future__ import annotations

import inspect
import sys
import traceback

from greenflow import suspend
from tests.core.features import Throw, feature


def callers(root):
    """Return (function, line within it) of each caller, out to ``root``."""
    frame, found = sys._getframe(1), []
    while frame is not None:
        code = frame.f_code
        found.append((code.co_name, frame.f_lineno - code.co_firstlineno))
        if code.co_name == root:
            return found
        frame = frame.f_back
    return "the root is not there"


def down(n, root):
    if n == 0:
        got = suspend("bottom")
        return got, callers(root)
    got = down(n - 1, root)
    return got


@feature(
    sends=["x"],
    asks=["bottom"],
    gives=("x", [("down", 3), ("down", 4), ("down", 4), ("back", 2)]),
)
def f_back():
    def back():
        return down(2, "back")

    got, found = back()
    return got, [(name, line + (name == "back")) for name, line in found]


@feature(
    sends=["x"],
    asks=["bottom"],
    gives=[
        ("asks", "frames = inspect.stack()[:3]"),
        ("middle", "return asks()"),
        ("stack", "return middle()"),
    ],
)
def stack():
    def asks():
        suspend("bottom")
        frames = inspect.stack()[:3]
        return [(f.function, f.code_context[f.index].strip()) for f in frames]

    def middle():
        return asks()

    return middle()


@feature(sends=[3], asks=["now"], gives={"a": 1, "b": [2], "got": 3})
def locals_right_after(a=1):
    b = [2]
    got = suspend("now")
    return dict(locals())


@feature(sends=[3], asks=["now"], gives=({"a": 1}, ["a", "before", "got"], 3))
def locals_taken_before():
    a = 1
    before = dict(locals())
    got = suspend("now")
    return before, sorted(locals()), got


@feature(sends=[3, 4], asks=["one", "two"], gives=({"x": 3, "y": 4}, ["x", "y"]))
def locals_with_cells():
    x = suspend("one")

    def inner():
        nonlocal x
        y = suspend("two")
        return {name: value for name, value in sorted(locals().items())}

    seen = inner()
    return seen, sorted(seen) if inner.__closure__ else x


@feature(
    sends=["x"],
    asks=["now"],
    gives=[("outer", "return inner()"), ("inner", "return 1 / zero")],
)
def traceback_of_an_error_after():
    def inner():
        zero = 0
        suspend("now")
        return 1 / zero

    def outer():
        return inner()

    try:
        outer()
    except ZeroDivisionError as error:
        frames = traceback.extract_tb(error.__traceback__)
        return [(frame.name, frame.line) for frame in frames[1:]]


@feature(
    sends=[Throw(ValueError, ("v",))],
    asks=["now"],
    gives=[
        ("traceback_of_a_throw", "outer()"),
        ("outer", "return [inner() for _ in range(1)]"),
        ("inner", "return suspend(word)"),
    ],
)
def traceback_of_a_throw():
    word = "now"

    def inner():
        return suspend(word)

    def outer():
        return [inner() for _ in range(1)]

    try:
        outer()
    except ValueError as error:
        frames = traceback.extract_tb(error.__traceback__)
        return [
            (frame.name, frame.line)
            for frame in frames
            if frame.filename == __file__ and frame.name != "<listcomp>"
        ]


@feature(
    sends=["x"],
    asks=["now"],
    gives=[
        ("traceback_through_a_generator", "for _ in walk():"),
        ("walk", "yield 1 / (len(got) - 1)"),
    ],
)
def traceback_through_a_generator():
    def walk():
        got = suspend("now")
        yield 1 / (len(got) - 1)

    try:
        for _ in walk():
            pass
    except ZeroDivisionError as error:
        frames = traceback.extract_tb(error.__traceback__)
        return [(frame.name, frame.line) for frame in frames if is_seen(frame)]


def is_seen(frame) -> bool:
    """Under a tracer, a debug build asserts that no frame on the stack is hidden."""
    return frame.filename != "<greenflow>" or not hasattr(sys, "gettotalrefcount")


@feature(sends=["x"], asks=["now"], gives=([4, 5, 6], "x"))
def lines_right_after():
    here = sys._getframe
    first = here().f_code.co_firstlineno
    found = [here().f_lineno - first]
    got = suspend("now")
    found.append(here().f_lineno - first)
    found.append(here().f_lineno - first)
    return [line - found[0] + 4 - (line > found[0]) for line in found], got


@feature(sends=["x"], asks=["now"], gives=("x", True, "globals"))
def globals_are_the_modules():
    got = suspend("now")
    same = globals() is sys.modules[__name__].__dict__
    return got, same and sys._getframe().f_globals is globals(), "globals"


@feature(
    sends=["x", "y"],
    asks=["callee", "caller"],
    gives=[("callee", {"kept": 1}), ("caller", {"n": 2})],
)
def frames_seen_from_outside():
    def look(frame):
        names = ("kept", "n")
        seen = {k: v for k, v in frame.f_locals.items() if k in names}
        return frame.f_code.co_name, seen

    def callee():
        kept = 1
        suspend("callee")
        frame = sys._getframe()
        assert kept == 1
        return [look(frame), look(frame.f_back)]

    def caller():
        n = 2
        found = callee()
        assert n == 2
        suspend("caller")
        return found

    return caller()


@feature(sends=["x"], asks=["signature"], gives=("(n, root)", "down", 2, "x"))
def functions_look_as_before():
    function = down
    got = suspend("signature")
    shown = str(inspect.signature(function))
    return shown, function.__qualname__, function.__code__.co_argcount, got
