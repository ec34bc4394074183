"""Runs a sample up to one of its asks, and on from another line of it.

As a flow, by ``Editor.jump()``; and plainly, by what the interpreter lets a debugger do
(``frame.f_lineno``), which is what a jump has to do, too.
"""

from __future__ import annotations

import inspect
import sys
import warnings
from collections.abc import Callable
from types import FrameType
from typing import Any, NamedTuple

from greenflow import Continuation, suspend
from greenflow.continuation.editing import Editor

Sample = Callable[[Any, Any], object]
ANSWERS = (1, 3, 2, 7, 4, 6, 5, 8, 9, 3, 1, 12, 14, 2, 5)


class NoMoreAnswers(Exception):
    """It asks too often: it may never end."""


class Refused(Exception):
    """The interpreter does not jump there."""


class Run(NamedTuple):
    """How a run ended and what it told on the way."""

    end: str
    seen: tuple[object, ...]


def suspended_at(sample: Sample, asked: int) -> Continuation | None:
    """Return the sample in its ``asked``-th ask, from 1; None if it has ended."""
    seen: list[object] = []
    k = Continuation.start(sample, suspend, seen.append)
    for answer in ANSWERS[: asked - 1]:
        if k.done:
            break
        k = k.resume(answer)
    return None if k.done else Continuation.loads(k.dumps())


def run_on(k: Continuation, asked: int) -> Run:
    """Resume an edited sample with nothing, and answer what it asks then."""
    see = Editor(k).frames[-1].locals["see"]
    seen: list[object] = see.__self__
    answers = iter(ANSWERS[asked - 1 :])
    try:
        k.resume()
        while not k.done:
            answer = next(answers, None)
            if answer is None:
                raise NoMoreAnswers
            k.resume(answer)
    except Exception as error:
        return Run(repr(error), tuple(seen))
    return Run(repr(k.value), tuple(seen))


def run_plainly(sample: Sample, asked: int, line: int) -> Run:
    """Run the sample, and jump where it would make that ask.

    Raises:
        Refused: the interpreter does not.
    """
    lines = {start for start, text in source_lines(sample) if "ask()" in text}
    answers, seen = iter(ANSWERS), list[object]()
    told: list[Exception] = []
    count = 0

    def ask() -> int:
        answer = next(answers, None)
        if answer is None:
            raise NoMoreAnswers
        return answer

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        if frame.f_code is not sample.__code__:
            return None
        if event == "line" and frame.f_lineno in lines:
            count += 1
            if count == asked:
                try:
                    frame.f_lineno = line
                except ValueError as error:
                    told.append(error)
                    raise
        return trace

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # unbound variables are None
        before = sys.gettrace()
        sys.settrace(trace)
        try:
            run = Run(repr(sample(ask, seen.append)), tuple(seen))
        except Exception as error:
            run = Run(repr(error), tuple(seen))
        finally:
            sys.settrace(before)
    if told:
        raise Refused from told[0]
    return run


def source_lines(sample: Sample) -> list[tuple[int, str]]:
    """Return the lines of a sample's body with their numbers."""
    texts, first = inspect.getsourcelines(sample)
    return list(enumerate(texts, first))[1:]


def editor(k: Continuation) -> Editor:
    return Editor(Continuation.loads(k.dumps()))


def saved(e: Editor) -> Continuation:
    return Continuation.loads(e.continuation().dumps())


def finish(k: Continuation, *answers: object) -> Any:
    for answer in answers:
        k.resume(answer)
    while not k.done:
        k.resume()
    return k.value


def numbers(e: Editor) -> list[str]:
    return [frame.function.__name__ for frame in e.frames]
