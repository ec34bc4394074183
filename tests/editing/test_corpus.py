"""Every feature of the core's corpus, taken apart by an editor at each suspend."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pytest

from greenflow import Continuation
from greenflow.continuation.editing import Editor
from greenflow.errors import EditRefused, InternalError
from tests.core.driving import check
from tests.core.features import Feature, load

FRAMES, STEPS = 3, 5
FEATURES = {name: item for name, item in load().items() if not item.long}


def edited(k: Continuation) -> Continuation:
    """Set each variable to what it is, and put the stack together again."""
    e = Editor(Continuation.loads(k.dumps()))
    for frame in e.frames:
        for name, value in frame.locals.items():
            frame.locals[name] = value
    return Continuation.loads(e.continuation().dumps())


@pytest.mark.parametrize("name", FEATURES)
def test_what_is_set_to_what_it_is_goes_on_as_before(name: str):
    check(FEATURES[name], edited)


def waiting(item: Feature) -> bytes | None:
    """Return the feature in its first suspend; None if it comes to none."""
    try:
        k = Continuation.start(item.function, *item.arguments)
    except Exception:
        return None
    return None if k.done else k.dumps()


def edits(data: bytes) -> Iterator[Callable[[Editor], None]]:
    """Yield all that can be done to the innermost frames."""
    for number, frame in enumerate(Editor(Continuation.loads(data)).frames[:FRAMES]):
        code = frame.function.__code__
        yield lambda e, n=number: e.drop_to(n)  # type: ignore[misc]
        yield lambda e, n=number: e.force_return(n, None)  # type: ignore[misc]
        yield lambda e, n=number: e.force_raise(n, KeyError("k"))  # type: ignore[misc]
        yield lambda e, n=number: e.restart(n)  # type: ignore[misc]
        for line in sorted({line for _, _, line in code.co_lines() if line}):
            yield lambda e, n=number, to=line: e.jump(n, to)  # type: ignore[misc]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FEATURES)
def test_whatever_is_done_to_it_the_interpreter_goes_on(name: str):
    data = waiting(FEATURES[name])
    for edit in edits(data) if data is not None else ():
        e = Editor(Continuation.loads(data))
        try:
            edit(e)
        except EditRefused:
            continue
        k = Continuation.loads(e.continuation().dumps())
        try:
            while not k.done and len(e.changes) < STEPS:
                e.note("a step")
                k = Continuation.loads(k.resume().dumps()) if not k.done else k
        except (InternalError, SystemError):
            raise
        except Exception:  # what a feature raises that gets other answers is its own
            continue
        assert sys.exc_info() == (None, None, None)
