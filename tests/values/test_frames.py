"""Frames in variables: what has ended tells its place and its variables for ever."""

from __future__ import annotations

import inspect
import sys
import traceback

import pytest

from greenflow import Continuation, NotSaveable, suspend
from greenflow.continuation import pickling


def fails(number):
    held = [number]
    raise ValueError(held)


def over_bytes(function):
    k = Continuation.start(function)
    while not k.done:
        k = Continuation.loads(k.dumps()).resume("answer")
    return k.value


def test_the_frame_of_an_error():
    def flow():
        try:
            fails(3)
        except ValueError as error:
            frame, value = error.__traceback__.tb_next.tb_frame, error.args[0]
        suspend()
        return (
            (frame.f_code.co_name, frame.f_lineno, frame.f_code.co_filename),
            (frame.f_locals["number"], frame.f_locals["held"] is value),
            frame.f_back,
        )

    line = fails.__code__.co_firstlineno + 2
    assert over_bytes(flow) == (("fails", line, __file__), (3, True), None)


def test_a_frame_that_holds_itself():
    def ends():
        frame = sys._getframe()
        assert frame
        return frame

    copied = pickling.load(pickling.dump(ends()).data)
    assert copied.f_locals["frame"] is copied
    again = pickling.load(pickling.dump(copied).data)
    assert again.f_locals["frame"] is again
    assert traceback.extract_stack(again)[0].name == "ends"


def test_the_flows_own_frame_is_the_one_before():
    def flow():
        number, frame = 1, sys._getframe()
        suspend()
        number = 2
        return frame.f_locals["number"], number, frame is sys._getframe()

    assert over_bytes(flow) == (1, 2, False)


def test_what_runs_is_refused():
    def flow():
        frame = inspect.currentframe().f_back.f_back
        suspend()
        return frame

    def outer():
        return pickling.dump(sys._getframe())

    with pytest.raises(TypeError, match="has not ended"):
        outer()
    suspended = (item for item in "ab")
    next(suspended)
    with pytest.raises(TypeError, match="has not ended"):
        pickling.dump(suspended.gi_frame)
    with pytest.raises(NotSaveable, match="local 'frame'"):
        Continuation.start(flow).dumps()
