"""Frames that begin anew, in their old code or in new."""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest

from greenflow import Continuation
from greenflow.continuation.editing import Editor, load
from greenflow.errors import CodeChanged, EditRefused
from tests.editing import target_stacks as t
from tests.editing.driving import editor, finish, numbers, saved


def test_a_frame_begins_anew_with_its_arguments_as_they_are():
    k = Continuation.start(t.calling, t.with_arguments, 1, 2, 3, key="K", more=4)
    e = editor(k)
    assert e.frames[0].locals["a"] == 101
    e.frames[0].locals["rest"] = ("changed",)
    e.restart(0)
    assert e.frames[0].line == t.with_arguments.__code__.co_firstlineno
    assert "local" not in e.frames[0].locals
    with pytest.raises(EditRefused, match="waits for nothing"):
        e.drop_to(0)
    k = saved(e).resume()
    assert k.value == "waits"
    result = (201, ("changed",), "K", {"more": 4}, (201, 102))
    assert finish(k) == (result, "called")


def test_the_outermost_begins_anew():
    e = editor(Continuation.start(t.shop, 7))
    e.restart(2)
    assert numbers(e) == ["shop"]
    k = saved(e).resume()
    assert k.value == "ask"
    assert finish(k, 1, 2, 3)[1] == 7


def test_a_generator_begins_anew():
    e = editor(Continuation.start(t.looping, 2).resume())
    e.restart(0)
    assert finish(saved(e)) == ([0, 0, 1], [1, 2, 3, 4])


def test_a_coroutine_begins_anew():
    e = editor(Continuation.start(t.driven, "awaiting"))
    e.restart(0)
    k = saved(e).resume()
    assert k.value == "fetched"
    assert finish(k, 1, 2) == (11, 22)


def test_a_comprehension_that_is_left_gives_back_the_arguments():
    e = editor(Continuation.start(t.comprehension, 5).resume("a"))
    e.restart(len(e.frames) - 1)
    k = saved(e).resume()
    assert finish(k, "a", "b", "c", "d")[2] == 5


def test_shared_variables_are_new_ones():
    e = editor(Continuation.start(t.sharing))
    e.restart(1)
    assert finish(saved(e).resume()) == (20, [0, 10])


@pytest.mark.skipif(sys.version_info < (3, 12), reason="each read looks")
def test_an_argument_without_a_value_is_told():
    def work(a: int) -> object:
        del a
        from greenflow import suspend

        suspend()
        return None

    def reading(a: int) -> object:
        from greenflow import suspend

        found = a
        del a
        suspend()
        return found

    assert editor(Continuation.start(work, 1)).restart(0) is None
    e = editor(Continuation.start(reading, 1))
    with pytest.raises(EditRefused, match="argument 'a' has no value"):
        e.restart(0)
    e.frames[0].locals["a"] = 5
    e.restart(0)
    assert finish(saved(e)) == 5


SOURCE = """
from greenflow import suspend

def outer(a):
    return inner(a), "outer"

def inner(a):
    limit = 10
    got = suspend(limit)
    return got, limit, a

def numbers(to):
    for number in range(to):
        suspend(number)
        yield number
"""


def module(monkeypatch: pytest.MonkeyPatch, source: str) -> Any:
    made = types.ModuleType("edited_module")
    monkeypatch.setitem(sys.modules, "edited_module", made)
    exec(compile(source, "edited_module.py", "exec"), made.__dict__)
    return made


def start(monkeypatch: pytest.MonkeyPatch) -> Editor:
    made = module(monkeypatch, SOURCE)
    return editor(Continuation.start(made.outer, 1))


def test_a_frame_begins_anew_in_new_code(monkeypatch: pytest.MonkeyPatch):
    e = start(monkeypatch)
    module(
        monkeypatch, SOURCE.replace("limit = 10", "bonus = 1\n    limit = 20 + bonus")
    )
    e.frames[0].locals["a"] = 7
    e.restart(0)
    assert e.changes[-1] == "frame 0 inner: begins anew in its new code"
    assert "bonus" not in e.frames[0].locals
    k = e.continuation().resume()
    assert k.value == 21
    assert k.resume("got").value == (("got", 21, 7), "outer")


@pytest.mark.parametrize(
    "other", ["def inner(b)", "def inner(a, b=1)", "def inner(*a)"]
)
def test_new_code_with_other_arguments_is_refused(
    other: str, monkeypatch: pytest.MonkeyPatch
):
    e = start(monkeypatch)
    module(monkeypatch, SOURCE.replace("def inner(a)", other))
    with pytest.raises(EditRefused, match="cannot begin anew in the code that edited"):
        e.restart(0)
    assert e.changes == []
    assert numbers(e) == ["inner", "outer"]


def test_a_saved_flow_whose_code_changed_goes_on_in_the_new_code(
    monkeypatch: pytest.MonkeyPatch,
):
    made = module(monkeypatch, SOURCE)
    data = Continuation.start(made.outer, 1).dumps()
    module(monkeypatch, SOURCE.replace("limit = 10", "limit = 20"))
    with pytest.raises(CodeChanged):
        Continuation.loads(data)
    e = load(data)
    assert e.frames[0].locals["limit"] == 10
    with pytest.raises(CodeChanged, match=r"edited_module:inner\(\) is not the code"):
        e.continuation().dumps()
    e.restart(0)
    k = Continuation.loads(e.continuation().dumps()).resume()
    assert k.value == 20
    assert finish(k, "got") == (("got", 20, 1), "outer")


def test_one_whose_caller_changed_must_be_restarted_there(
    monkeypatch: pytest.MonkeyPatch,
):
    made = module(monkeypatch, SOURCE)
    data = Continuation.start(made.outer, 1).dumps()
    module(monkeypatch, SOURCE.replace('"outer"', '"new"'))
    e = load(data)
    e.restart(0)
    with pytest.raises(CodeChanged, match="outer"):
        e.continuation().dumps()
    e.restart(1)
    k = Continuation.loads(e.continuation().dumps()).resume()
    assert finish(k, "got") == (("got", 10, 1), "new")


def test_a_generator_in_old_code_is_not_saved_again(monkeypatch: pytest.MonkeyPatch):
    source = f"""{SOURCE}
def holding():
    held = numbers(3)
    suspend()
    return list(held)
"""
    made = module(monkeypatch, source)
    data = Continuation.start(made.holding).dumps()
    module(monkeypatch, source.replace("yield number", "yield -number"))
    with pytest.raises(CodeChanged):
        Continuation.loads(data)
    e = load(data)
    with pytest.raises(CodeChanged, match="numbers"):
        e.continuation().dumps()
    e.frames[0].locals["held"] = ()
    assert finish(Continuation.loads(e.continuation().dumps())) == []


def test_a_function_that_is_a_value_is_told(monkeypatch: pytest.MonkeyPatch):
    source = f"""{SOURCE}
def calling(function):
    suspend()
    return function(1)

def check(number):
    return number
"""
    made = module(monkeypatch, source)
    data = Continuation.start(made.calling, made.check).dumps()
    module(monkeypatch, source.replace("return number", "return -number"))
    e = load(data)
    assert e.changes == ["function edited_module:check is in its new code"]
    assert finish(Continuation.loads(e.continuation().dumps())) == -1
