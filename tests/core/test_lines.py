"""A flow that is saved at every line of it, in the middle of a step, and left there."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from greenflow import Continuation
from tests.core import driving, stepping
from tests.core.features import FEATURES, Feature, Run, load

#: Globals and frames change, which are no part of what is saved.
OUTSIDE = {"expressions.global_deleted"}
#: It has frame objects, which are other ones where it goes on, and which lead to shims
#: under a tracer in a debug build.
LOOKS = {"frames.frames_seen_from_outside"}
NAMES = [n for n, item in load().items() if not item.long and n not in OUTSIDE]

LEFT_AT = (1, 2, 5, 11)

each_feature = pytest.mark.parametrize("name", NAMES)
each_that_does_not_look = pytest.mark.parametrize(
    "name", [name for name in NAMES if name not in LOOKS]
)


def check_all(item: Feature, recorder: stepping.Recorder) -> None:
    for answered, data, where in recorder.saved:
        run = stepping.go_on_from(item, answered, data)
        assert run == item.expected, f"from {where}: {run}\nis not {item.expected}"


@each_feature
def test_saved_at_every_line(name: str) -> None:
    item = FEATURES[name]
    driving.make_cold(item)
    run, recorder = stepping.record(item)
    assert run == item.expected
    assert recorder.saved
    check_all(item, recorder)


@pytest.mark.parametrize("name", [n for n in NAMES if n.startswith("lines.")])
def test_no_line_is_refused(name: str) -> None:
    _, recorder = stepping.record(FEATURES[name])
    assert not recorder.refused
    assert len(recorder.saved) == recorder.lines


@each_feature
def test_saved_at_a_line_when_the_code_is_warm(name: str) -> None:
    item = FEATURES[name]
    driving.make_warm(item)
    _, recorder = stepping.record(item, every=3)
    driving.make_warm(item)
    check_all(item, recorder)


@each_that_does_not_look
def test_left_at_a_line(name: str) -> None:
    item = FEATURES[name]
    for at in LEFT_AT:
        run, leaver = stepping.leave(item, at)
        assert run == item.expected, f"left {leaver.where}"


@each_that_does_not_look
def test_saved_again_at_the_lines_of_what_was_saved_at_a_line(name: str) -> None:
    item = FEATURES[name]
    _, recorder = stepping.record(item)
    for answered, data, _where in recorder.saved[:: max(1, len(recorder.saved) // 3)]:
        run, k = Run(list(item.expected.asks[:answered])), Continuation.loads(data)
        again = stepping.Recorder(k, run, every=5)
        with stepping.told_of_lines(again.line):
            stepping.go_on(item, k, run)
        assert run == item.expected
        check_all(item, again)


@each_feature
def test_a_tracer_is_told_in_pairs_from_a_line_on(name: str) -> None:
    item = FEATURES[name]
    _, recorder = stepping.record(item)
    for answered, data, where in recorder.saved[:: max(1, len(recorder.saved) // 8)]:
        for watched in (driving.traced, driving.profiled):
            with watched() as events:
                stepping.go_on_from(item, answered, data)
            assert (events.unbalanced, events.stack) == ([], []), where


PROGRAMS = ["adventure", "solver"]


def program(name: str) -> Any:
    return importlib.import_module(f"tests.programs.{name}").main()


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_saved_at_its_lines(name: str) -> None:
    expected = program(name)
    count = stepping.Recorder(Continuation.new(program, (name,)), Run(), stepping.NEVER)
    with stepping.told_of_lines(count.line):
        assert count.k.resume().value == expected
    assert count.lines > 900
    k = Continuation.new(program, (name,))
    recorder = stepping.Recorder(k, Run(), count.lines // 97)
    with stepping.told_of_lines(recorder.line):
        k.resume()
    assert len(recorder.saved) > 40
    for _, data, where in recorder.saved:
        assert repr(Continuation.loads(data).resume().value) == repr(expected), where
