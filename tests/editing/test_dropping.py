"""Frames that are dropped, and what those around them get instead."""

from __future__ import annotations

from typing import Any

import pytest

from greenflow import Continuation
from greenflow.continuation.editing import Editor
from greenflow.errors import EditRefused
from tests.editing import target_stacks as t
from tests.editing.driving import editor, finish, numbers, saved


def test_a_call_gets_what_comes_next():
    e = editor(Continuation.start(t.shop, 7))
    e.drop_to(1)
    assert numbers(e) == ["approve", "shop"]
    assert e.takes_value
    assert not e.same_wait
    k = saved(e)
    assert k.value is None
    assert finish(k, "given")[0][0] == (("given", 7), 0)


def test_to_the_frame_that_waits_changes_nothing():
    e = editor(Continuation.start(t.shop, 7))
    e.drop_to(0)
    assert e.changes == []
    assert e.same_wait
    assert saved(e).value == "ask"


@pytest.mark.parametrize("number", [0, 1])
def test_a_function_returns(number: int):
    e = editor(Continuation.start(t.shop, 7))
    value = e.frames[2].locals["order"] if number else "forced"
    e.force_return(number, value)
    assert not e.takes_value
    k = saved(e)
    result = finish(k)
    assert result[0][0] == ((("forced", 7), 0) if number == 0 else result[0][0])
    if number == 1:
        assert isinstance(result[0][0][0], t.Order)
        assert result[0][0][0].total == 7


def test_what_is_returned_is_the_same_object():
    e = editor(Continuation.start(t.shop, 7))
    e.force_return(1, e.frames[2].locals["order"])
    k = saved(e).resume()
    e = Editor(k)
    assert e.frames[2].locals["result"][0][0] is e.frames[2].locals["order"]


@pytest.mark.parametrize("error", [KeyError("key"), KeyError], ids=["one", "class"])
def test_a_function_raises(error: Any):
    e = editor(Continuation.start(t.shop, 7))
    e.force_raise(1, error)
    with pytest.raises(KeyError) as caught:
        saved(e).resume()
    assert caught.value.args == (() if error is KeyError else ("key",))


def test_the_outermost_neither_returns_nor_raises():
    e = editor(Continuation.start(t.shop, 7))
    with pytest.raises(EditRefused, match="nobody is there"):
        e.force_return(2, None)
    with pytest.raises(EditRefused, match="outermost"):
        e.force_raise(2, ValueError)
    with pytest.raises(TypeError):
        e.force_raise(0, "no error")  # type: ignore[arg-type]
    assert e.changes == []
    assert saved(e).value == "ask"


def test_a_dropped_frame_is_not_edited_any_more():
    e = editor(Continuation.start(t.shop, 7))
    frame = e.frames[0]
    e.drop_to(1)
    with pytest.raises(EditRefused, match="was dropped"):
        frame.locals["limit"] = 1


def test_one_edit_after_another():
    e = editor(Continuation.start(t.shop, 7))
    e.force_return(0, "first")
    with pytest.raises(EditRefused, match="waits for nothing"):
        e.value = 1
    e.drop_to(0)
    assert e.takes_value
    e.value = "second"
    e.force_return(0, "third")
    assert e.value is None
    k = saved(e)
    again = Editor(k)
    assert not again.takes_value
    assert again.changes == []
    again.drop_to(0)
    assert finish(saved(again), "fourth")[0][0] == ("fourth", 0)


# --- generators ---


def test_a_loop_gets_the_next_item():
    e = editor(Continuation.start(t.looping, 3).resume())
    e.drop_to(1)
    # its generator has ended: there is no item behind this one
    assert finish(saved(e), "item") == ([0, "item"], [1, 2, 3, 4])


def test_a_generator_ends_a_loop():
    e = editor(Continuation.start(t.looping, 3).resume())
    e.force_return(0, None)
    assert finish(saved(e)) == ([0], [1, 2, 3, 4])


def test_a_generator_raises_in_a_loop():
    e = editor(Continuation.start(t.looping, 3))
    e.force_raise(0, KeyError("in it"))
    with pytest.raises(KeyError, match="in it"):
        saved(e).resume()


def test_a_generator_ends_next_which_has_a_default():
    e = editor(Continuation.start(t.nexting, 3))
    e.force_return(0, "value")
    assert finish(saved(e)) == (("default", "ended", None), [])


def test_a_generator_ends_next_with_a_value():
    e = editor(Continuation.start(t.nexting, 3).resume())
    e.force_return(0, "value")
    assert finish(saved(e)) == ((0, "ended", "value"), [])


def test_a_generator_that_another_one_delegates_to():
    e = editor(Continuation.start(t.delegating))
    assert numbers(e) == ["inner", "outer", "list_of", "delegating"]
    e.force_return(0, "forced")
    assert finish(saved(e)) == [1, "forced"]


def test_yield_from_gets_what_comes_next():
    e = editor(Continuation.start(t.delegating))
    e.drop_to(1)
    assert finish(saved(e), "given") == [1, "given"]


def test_all_generators_of_a_row():
    e = editor(Continuation.start(t.summing, 3).resume())
    assert numbers(e)[:2] == ["counting", "_through"]
    e.force_return(1, None)
    assert finish(saved(e)) == ([0], "end")


# --- coroutines and async generators ---


def test_await_gets_what_comes_next():
    e = editor(Continuation.start(t.driven, "awaiting"))
    assert numbers(e) == ["fetched", "awaiting", "run", "driven"]
    e.drop_to(1)
    assert finish(saved(e), "given", 1) == ("given", 21)


def test_a_coroutine_returns():
    e = editor(Continuation.start(t.driven, "awaiting"))
    e.force_return(0, "forced")
    assert finish(saved(e), None, 1) == ("forced", 21)


def test_a_coroutine_returns_to_its_driver():
    e = editor(Continuation.start(t.driven, "awaiting"))
    e.force_return(1, "forced")
    assert finish(saved(e)) == "forced"


def test_async_for_gets_the_next_item():
    e = editor(Continuation.start(t.driven, "iterating").resume())
    assert numbers(e)[:2] == ["ticks", "iterating"]
    e.drop_to(1)
    assert finish(saved(e), "item") == [0, "item"]


def test_an_async_generator_ends():
    e = editor(Continuation.start(t.driven, "iterating").resume())
    with pytest.raises(EditRefused, match="returns no value"):
        e.force_return(0, 5)
    e.force_return(0, None)
    assert finish(saved(e)) == [0]


def test_an_async_generator_raises():
    e = editor(Continuation.start(t.driven, "iterating"))
    e.force_raise(0, KeyError("in it"))
    with pytest.raises(KeyError, match="in it"):
        saved(e).resume()


# --- what is being handled ---


def test_what_the_rest_handles_stays_right():
    e = editor(Continuation.start(t.in_handlers))
    e.force_return(0, "forced")
    assert finish(saved(e)) == [
        ("before", "ZeroDivisionError"),
        ("caller", "KeyError", "forced"),
        "KeyError('outer')",
        "NoneType",
    ]


def test_what_is_raised_has_the_right_context():
    e = editor(Continuation.start(t.in_handlers))
    e.force_raise(0, ValueError("forced"))
    assert finish(saved(e))[1:] == [
        ("caller", "KeyError", "ValueError('forced')"),
        "KeyError('outer')",
        "NoneType",
    ]


def test_a_frame_that_begins_anew_handles_nothing_any_more():
    e = editor(Continuation.start(t.in_handlers))
    e.restart(0)
    k = saved(e).resume()
    assert finish(k, "again") == [
        ("before", "ZeroDivisionError"),
        ("before", "ZeroDivisionError"),
        ("after", "ZeroDivisionError"),
        ("caller", "KeyError", "again"),
        "KeyError('outer')",
        "NoneType",
    ]


# --- C code between the frames ---


@pytest.mark.parametrize("how", ["drop", "return"])
def test_c_code_between_finishes_what_is_given(how: str):
    def decide(k: Continuation, value: object) -> Continuation:
        e = editor(k)
        if how == "drop":
            e.drop_to(1)
            return saved(e).resume(value)
        e.force_return(0, value)
        return saved(e).resume()

    k = Continuation.start(t.through_c)
    for value in (10, NotImplemented, True, None):
        k = decide(k, value)
    assert k.value == [10, "radd", "true", 1]


def test_c_code_between_sees_the_error():
    k = Continuation.start(t.through_c).resume(1).resume(None)
    e = editor(k)
    assert numbers(e) == ["__bool__", "through_c"]
    e.force_return(0, "no bool")
    with pytest.raises(TypeError, match=r"__bool__.* (should|must) return"):
        saved(e).resume()
