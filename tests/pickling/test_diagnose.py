"""The message that tells which value cannot be saved, where it hangs, the way out."""

from __future__ import annotations

import functools
import itertools
import socket
import sys
import threading
import weakref
from collections import OrderedDict, defaultdict, deque
from dataclasses import dataclass
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest

from greenflow import Continuation
from greenflow.continuation import deep, diagnose, pickling
from greenflow.errors import ContinuationError, NotSaveable
from greenflow.limits import DIAGNOSED_OBJECTS_MAX
from tests.pickling.ways import (
    begun,
    caused,
    closure,
    default,
    delegating,
    error,
    in_a_context,
    local_class,
    uses_a_global,
    waits,
)

LOCK = threading.Lock()


@dataclass(slots=True)
class Slotted:
    held: Any


class Plain:
    def __init__(self, held):
        self.held = held

    def method(self):
        return self.held


class State:
    def __init__(self, held):
        self.lock = threading.Lock()
        self.kept = held

    def __getstate__(self):
        return {"kept": self.kept}


class Reduced:
    def __init__(self, held):
        self.held = held

    def __reduce__(self):
        return Reduced, (self.held,)


class Made(Reduced):
    def __reduce__(self):
        return list, ((x for x in ()).__class__,), None, iter([{"made": self.held}])


class Refuses:
    def __reduce__(self):
        raise ValueError("I refuse\nat length")


WAYS = {
    ".held": Plain,
    "[1]": lambda held: [0, held],
    "[0]": lambda held: (held,),
    "['k']": lambda held: {"a": 1, "k": held},
    "[(1, 'x')]": lambda held: OrderedDict({(1, "x"): held}),
    "[5]": lambda held: defaultdict(list, {5: held}),
    "[2]": lambda held: deque([0, 0, held]),
    ".kept": State,
    ".held.held": lambda held: Slotted(Slotted(held)),
    ".a.b[0]": lambda held: SimpleNamespace(a=SimpleNamespace(b=[held])),
    ".__self__.held": lambda held: Plain(held).method,
    " argument 2": lambda held: functools.partial(print, 1, held),
    " argument 'end'": lambda held: functools.partial(print, end=held),
    " free variable 'held'": closure,
    " global 'held'": uses_a_global,
    " default 2": default,
    " local 'held'": begun,
    ".args[1]": error,
    ".__cause__.args[0]": caused,
    ".exceptions[0].args[1]": lambda held: ExceptionGroup("g", [error(held)]),
    ".attribute": local_class,
    "['view']": lambda held: {"view": held}.values(),
    "['item']": lambda held: iter({"item": held}.items()),
    "['proxy']": lambda held: MappingProxyType({"proxy": held}),
    "[3]": lambda held: iter([0, 1, 2, held]),
    "[4]": lambda held: itertools.islice(map(str, [0, 1, 2, 3, held]), 9),
    " context variable 'HELD'": in_a_context,
    " frame waits() local 'held'": lambda held: Continuation.start(waits, held),
    " value on its stack local 'held'": lambda held: delegating(held),
    "[0].held['x'][1]": lambda held: [Reduced({"x": (1, held)})],
}


def explained(value: object, variable: str = "local 'conn'") -> NotSaveable:
    described = [
        ("frame 1 fine() app.py:1", "local 'fine'", [1, "x"]),
        ("frame 2 fetch() app.py:31", variable, value),
    ]
    with pytest.raises(Exception) as caught:  # noqa: PT011 - of any kind
        pickling.dump([entry[2] for entry in described])
    error = diagnose.explain(described, caught.value)
    assert isinstance(error, NotSaveable)
    return error


@pytest.mark.parametrize("steps", WAYS)
def test_the_way_to_it(steps: str):
    error = explained(WAYS[steps](LOCK))
    assert error.path == f"frame 2 fetch() app.py:31: local 'conn'{steps}"
    assert error.message == f"{error.path}: _thread.lock cannot be saved"
    assert "HINT: " in str(error)


def test_the_format():
    with socket.socket() as connection:
        error = explained({"pool": connection})
    assert str(error).splitlines()[0] == (
        "frame 2 fetch() app.py:31: local 'conn'['pool']: socket.socket cannot be saved"
    )
    assert str(error).splitlines()[1].startswith("HINT: close it before the call")


def test_the_value_itself():
    assert explained(LOCK).path == "frame 2 fetch() app.py:31: local 'conn'"


def test_a_key():
    class Key:
        def __reduce__(self):
            raise TypeError("no key")

        def __repr__(self):
            return "<key>"

    assert explained({Key(): 1}).path.endswith("'conn' key <key>")


def test_its_own_reason_is_told():
    error = explained([Refuses()])
    assert "Refuses cannot be saved (ValueError: I refuse at length)" in error.message
    assert error.hint.startswith("close or delete it")


def test_a_global_has_its_own_hint():
    assert "inside the function" in explained(uses_a_global(LOCK)).hint


def test_what_getstate_leaves_out_is_not_blamed():
    assert explained([State(1), State([LOCK])]).path.endswith("[1].kept[0]")


def test_made_while_it_is_saved():
    error = explained(Made(LOCK))
    assert "_thread.lock cannot be saved" in error.message


def test_cycles():
    loop: list[Any] = [1]
    loop.append({"loop": loop, "held": Plain(loop)})
    loop.append(LOCK)
    assert explained(loop).path.endswith("'conn'[2]")


def test_the_generator_that_runs():
    def running():
        error = explained([me])
        assert error.path.endswith("'conn'[0]")
        assert "running" in error.message
        assert "yield" in error.hint
        yield

    me = running()
    next(me)


def test_a_running_one_of_the_stack_is_not_blamed():
    def running():
        described = [("f", "local 'a'", [me]), ("f", "local 'b'", [LOCK])]
        with pytest.raises(TypeError) as caught:
            pickling.dump([[me], [LOCK]], {id(me): running})
        for known in (None, {id(me): running}):
            error = diagnose.explain(described, caught.value, known)
            assert error.path == "f: local 'b'[0]"
        yield

    me = running()
    next(me)


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def test_nested_too_deeply(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(deep, "DEEP_STACK_BYTES_MAX", 0)
    error = explained(nested(200_000))
    assert "nested too deeply" in error.message
    assert error.path.endswith("local 'conn'")


def test_a_culprit_below_what_can_be_searched():
    depth = sys.getrecursionlimit() // 3
    value: Any = LOCK
    for _ in range(depth):
        value = [value]
    error = explained(value)
    assert "local 'conn'" in error.path


def test_very_large_values():
    value = [*range(DIAGNOSED_OBJECTS_MAX + 1), LOCK]
    error = explained(value)
    assert "local 'conn': list cannot be saved" in error.message
    assert explained([LOCK, *value]).path.endswith("'conn'[0]")


def test_nothing_fails_alone():
    error = diagnose.explain([("f", "local 'a'", 1)], ValueError("both\ntogether"))
    assert isinstance(error, NotSaveable)
    assert "ValueError: both together" in error.message


def test_other_errors_of_greenflow_stay():
    original = ContinuationError("x")
    assert diagnose.explain([("f", "v", LOCK)], original) is original


def test_what_only_a_weak_reference_leads_to():
    key = Plain(1)
    error = explained([key, weakref.WeakKeyDictionary({key: [LOCK]})])
    assert "_thread.lock cannot be saved" in error.message
    assert "'conn'[1]" in error.path


def test_names_of_types():
    assert diagnose.type_name(1) == "int"
    assert diagnose.type_name(LOCK) == "_thread.lock"
    assert diagnose.type_name(Plain(1)) == f"{__name__}.Plain"
