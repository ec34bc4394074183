"""What is not saved or left in the middle of a step, and who else may be about."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from greenflow import Continuation, ContinuationError
from greenflow.continuation import frames
from tests.core import lines, stepping


@pytest.fixture(autouse=True)
def _fresh() -> None:
    lines.log.clear()


def refuse(error: type[Exception], save: Callable[[FrameType], object]) -> None:
    """Check that it is refused at a line, and that the flow goes on unharmed."""
    k, refused = Continuation.start(lines.ends_everything, 1), []

    def take(frame: FrameType) -> None:
        for attempt in (save, frames.abandon):
            if attempt is frames.abandon and save is not frames.abandon:
                continue
            with pytest.raises(error) as caught:
                attempt(frame)
            refused.append(caught.value)

    with stepping.when(lines.makes, "made *= 2", take):
        k.resume(10)
    assert refused
    assert k.value == (1, [22])


def test_frames_of_others_are_refused() -> None:
    other = Continuation.start(lines.adds, [1])
    ended: list[FrameType] = []

    def ends() -> None:
        ended.append(sys._getframe())

    ends()
    here = sys._getframe()
    own = Continuation.new(lines.adds, ([1],))
    for save in (
        lambda frame: own.snapshot(sys._getframe()),
        lambda frame: own.snapshot(ended[0]),
        lambda frame: own.snapshot(here),
        lambda frame: own.snapshot(frame.f_back),
        lambda frame: own.snapshot(frame.f_back.f_back),
        lambda frame: frames.abandon(sys._getframe()),
        lambda frame: frames.abandon(frame.f_back),
        lambda frame: own.snapshot(frame),
        lambda frame: other.snapshot(frame),
    ):
        refuse(ValueError, save)
    refuse(TypeError, lambda frame: own.snapshot(None))
    refuse(TypeError, lambda frame: frames.abandon(1))
    assert other.resume(1).value == 2


def test_a_frame_in_another_thread_is_refused() -> None:
    def in_a_thread(frame: FrameType) -> None:
        raised: list[BaseException] = []

        def work() -> None:
            for save in (frames.abandon, Continuation.new(list).snapshot):
                try:
                    save(frame)
                except ValueError as error:
                    raised.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert len(raised) == 2
        raise raised[0]

    refuse(ValueError, in_a_thread)


def test_a_frame_that_does_not_begin_a_line_is_refused() -> None:
    k, refused = Continuation.start(lines.calls, [1, 2]), []

    def tracer(frame: FrameType, event: str, argument: object) -> Any:
        if event in {"return", "exception"} and stepping.STEPPED.search(
            frame.f_code.co_filename
        ):
            with pytest.raises(ValueError, match="about to begin"):
                k.snapshot(frame)
            refused.append(event)
        return tracer

    sys.settrace(tracer)
    try:
        k.resume(1)
    finally:
        sys.settrace(None)
    assert refused
    assert k.value == 4


def outside_of(frame: FrameType | None) -> FrameType:
    assert frame is not None
    assert frame.f_back is not None
    return frame.f_back


def test_all_of_it_is_saved_while_it_rests_whichever_frame_is_named() -> None:
    k = Continuation.start(lines.ends_everything, 1)

    def look(frame: FrameType) -> None:
        whole = k.snapshot(frame)
        assert Continuation.loads(whole).resume(10).value == (1, [22])
        assert k.snapshot(outside_of(frame)) == whole

    k.rest(look)
    assert k.resume(10).value == (1, [22])


def test_what_does_not_run_is_not_saved_in_the_middle() -> None:
    k = Continuation.start(lines.adds, [1])
    with pytest.raises((ValueError, ContinuationError)):
        k.snapshot(sys._getframe())


# --- with others about --------------------------------------------------------------


def begins_a_line() -> Continuation:
    return stepping.saved_at(
        lines.adds, "total += value", Continuation.start(lines.adds, [3, 4])
    )


def test_threads_that_enter_and_run_the_same_function() -> None:
    data, results = begins_a_line().dumps(), []
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    def work() -> None:
        for _ in range(200):
            results.append(Continuation.loads(data).resume().value)
            k = Continuation.start(lines.adds, [1, 2])
            results.append(k.resume(5).value)

    try:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert results == [8] * (4 * 200 * 2)


EVALUATES = """
import ctypes, sys
from greenflow import Continuation
from greenflow.continuation import frames
from tests.core import lines
from tests.core.stepping import saved_at

starts = [
    saved_at(lines.adds, "total += value", Continuation.start(lines.adds, [3, 4])),
    saved_at(
        lines.makes, "made *= 2", Continuation.start(lines.ends_everything, 1), 10
    ),
    saved_at(
        lines.Outermost.__init__, "self.more", Continuation.start(lines.Outermost, 5)
    ),
    Continuation.start(lines.ends_everything, 1),
]
lines.log.clear()
api = ctypes.pythonapi
kind = ctypes.PYFUNCTYPE(
    ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int
)
default = api._PyEval_EvalFrameDefault
default.restype = ctypes.c_void_p
default.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]
ours = kind(default)
install = api._PyInterpreterState_SetEvalFrameFunc
install.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
install.restype = None
state = ctypes.PYFUNCTYPE(ctypes.c_void_p)(("PyInterpreterState_Get", api))()
for k in starts:
    run, records, failed = k._context.run, k._records, None
    install(state, ctypes.cast(ours, ctypes.c_void_p))
    try:
        run(frames.resume, records, None, None, None)
    except RuntimeError as error:
        failed = error
    install(state, ctypes.cast(default, ctypes.c_void_p))
    assert "PEP 523" in str(failed), failed
    assert lines.log == []
    assert not records.consumed
made = starts.pop(2).resume().value
print([k.resume(10).value for k in starts], made.more)
"""


def test_an_evaluation_function_of_others_is_told_of_and_harms_nothing(
    child: Any,
) -> None:
    assert child(EVALUATES).stdout == "[8, (1, [22]), (1, [22])] 6\n"
