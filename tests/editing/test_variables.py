"""Variables of waiting frames, set from outside."""

from __future__ import annotations

import sys

import pytest

from greenflow import Continuation
from greenflow.continuation.editing import Editor, frame_of
from greenflow.errors import ContinuationError, EditRefused, NoSuchPart, NoSuchVariable
from tests.editing import target_stacks as t
from tests.editing.driving import editor, saved


def test_frames_tell_where_they_are():
    e = editor(Continuation.start(t.shop, 7))
    assert [frame.function for frame in e.frames] == [t.ask, t.approve, t.shop]
    first = t.ask.__code__.co_firstlineno
    assert [(f.file, f.generator) for f in e.frames] == [(t.__file__, None)] * 3
    assert e.frames[0].line == first + 2
    assert {**e.frames[0].locals} == {
        "order": e.frames[2].locals["order"],
        "limit": 500,
    }


def test_a_variable_two_frames_up_in_a_loop():
    e = editor(Continuation.start(t.shop, 7))
    e.frames[2].locals["number"] = 42
    e.frames[0].locals["limit"] = 1500
    assert e.changes == [
        "frame 2 shop: number 0 -> 42",
        "frame 0 ask: limit 500 -> 1500",
    ]
    k = saved(e).resume("yes").resume("no").resume("maybe")
    assert k.value == (
        [
            ((("yes", 1500, 7), 7), 42),
            ((("no", 500, 7), 7), 1),
            ((("maybe", 500, 7), 7), 2),
        ],
        7,
    )


def test_an_object_that_frames_share_is_changed_for_all():
    e = editor(Continuation.start(t.shop, 7))
    e.frames[1].locals["order"].total = 8
    e.frames[0].locals["order"].lines[0] = 9
    k = saved(e)
    assert Editor(k).frames[2].locals["order"].lines == [9, 2]
    k.resume(1).resume(1).resume(1)
    assert k.value[1] == 8


def test_an_object_that_is_put_into_two_frames_is_one():
    e = editor(Continuation.start(t.shop, 7))
    order = t.Order(1)
    e.frames[1].locals["order"] = e.frames[2].locals["order"] = order
    k = saved(e)
    again = Editor(k)
    assert again.frames[1].locals["order"] is again.frames[2].locals["order"]
    assert again.frames[0].locals["order"] is not again.frames[1].locals["order"]


def test_a_variable_that_functions_share_is_set_for_all():
    e = editor(Continuation.start(t.sharing))
    assert [frame.function.__name__ for frame in e.frames] == ["wait", "sharing"]
    assert e.frames[0].locals["count"] == e.frames[1].locals["count"] == 10
    e.frames[0].locals["count"] = 1000
    assert e.frames[1].locals["count"] == 1000
    assert saved(e).resume().value == (1010, [0, 1000])


def test_a_shared_variable_is_unset_for_all():
    e = editor(Continuation.start(t.sharing))
    del e.frames[1].locals["count"]
    assert "count" not in e.frames[0].locals
    with pytest.raises(NameError, match="count"):
        saved(e).resume()


def test_a_variable_without_a_value_is_bound():
    e = editor(Continuation.start(t.approve, t.Order(1)))
    assert "given" not in e.frames[1].locals
    with pytest.raises(NoSuchVariable, match="'given' has no value"):
        e.frames[1].locals["given"]
    e.frames[1].locals["given"] = 5
    assert e.changes == ["frame 1 approve: given nothing -> 5"]
    assert Editor(saved(e)).frames[1].locals["given"] == 5


def test_unknown_names_are_told():
    e = editor(Continuation.start(t.shop, 1))
    with pytest.raises(KeyError, match="did you mean 'limit'") as caught:
        e.frames[0].locals["limt"] = 1
    assert "it has order, limit, answer" in str(caught.value)
    with pytest.raises(NoSuchVariable):
        del e.frames[0].locals["answer"]
    with pytest.raises(NoSuchPart, match="no frame 3"):
        e.drop_to(3)
    assert e.changes == []


def test_a_variable_can_be_unset():
    e = editor(Continuation.start(t.shop, 1))
    e.frames[0].locals["answer"] = 1
    e.changes.clear()
    del e.frames[0].locals["answer"]
    assert "answer" not in e.frames[0].locals
    assert e.changes == ["frame 0 ask: answer 1 -> nothing"]
    assert saved(e).resume(2).resume(1).resume(1).value[0][0] == (((2, 500, 1), 1), 0)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="each read looks")
def test_one_that_the_code_relies_on_cannot():
    e = editor(Continuation.start(t.shop, 1))
    with pytest.raises(EditRefused, match="relies on 'limit'"):
        del e.frames[0].locals["limit"]
    assert e.frames[0].locals["limit"] == 500


def test_a_generator_on_the_stack():
    e = editor(Continuation.start(t.looping, 3).resume())
    assert [f.function.__name__ for f in e.frames] == ["counting", "looping"]
    assert e.frames[0].generator is not None
    e.frames[0].locals["to"] = 2
    e.frames[1].locals["found"].append("x")
    assert saved(e).resume().value == ([0, "x", 1], [1, 2, 3, 4])


def test_a_generator_that_waits_by_itself():
    e = editor(Continuation.start(t.looping, 1))
    frame = e.frame_of(e.frames[1].locals["left"])
    assert {**frame.locals} == {"to": 5, "at": 0, "name": "numbers"}
    frame.locals["to"], frame.locals["at"] = 12, 9
    assert e.changes == [
        "generator plain_numbers: to 5 -> 12",
        "generator plain_numbers: at 0 -> 9",
    ]
    assert saved(e).resume().value == ([0], [10, 11])


def test_a_generator_that_runs_or_has_ended_has_no_frame():
    numbers = t.plain_numbers(1)
    assert frame_of(numbers).locals["to"] == 1
    list(numbers)
    with pytest.raises(ContinuationError, match="has ended"):
        frame_of(numbers)
    with pytest.raises(ContinuationError, match="a generator is needed"):
        frame_of(7)


def test_a_variable_of_a_generator_is_unset():
    numbers = t.plain_numbers(2)
    next(numbers)
    frame = frame_of(numbers)
    frame.locals["name"] = "other"
    if sys.version_info < (3, 12):
        del frame.locals["name"]
        assert "name" not in frame.locals
    else:
        with pytest.raises(EditRefused):
            del frame.locals["name"]


def borrowing():
    text = "".join(["a", "b"])
    found = [text, (yield 1), text]
    yield found


def test_a_variable_whose_value_the_generator_still_has_on_its_stack():
    generator = borrowing()
    next(generator)
    frame_of(generator).locals["text"] = "other"
    assert generator.send("sent") == ["ab", "sent", "other"]


def test_the_variables_of_a_comprehension():
    k = Continuation.start(t.comprehension, 1).resume("a")
    e = editor(k)
    e.frames[0].locals["item"] = "changed"
    e.frames[-1].locals["limit"] = 2
    k = saved(e).resume("b").resume("c").resume("d")
    found, closures, limit = k.value
    assert found == [("a", 0, 1), ("b", "changed", 2), ("c", 2, 2)]
    assert closures == [(2, 2), (2, 2)]
    assert limit == 2


def test_what_comes_next_is_set():
    e = editor(Continuation.start(t.shop, 1))
    e.value = 5
    assert (e.value, e.error) == (5, None)
    e.error = KeyError("no")
    assert e.value is None
    assert e.changes == ["its call returns 5", "its call raises KeyError('no')"]
    with pytest.raises(TypeError):
        e.error = 5


def test_only_what_waits_can_be_edited():
    with pytest.raises(ContinuationError, match="only what waits"):
        Editor(Continuation.new(t.shop, (1,)))
    with pytest.raises(ContinuationError):
        Editor(Continuation.start(len, ()))
