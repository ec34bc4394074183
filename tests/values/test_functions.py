"""Functions: by reference where they can be found, by value with shared cells."""

from __future__ import annotations

import types

import pytest
from msgspec.structs import astuple

from greenflow.continuation import pickling
from greenflow.continuation.functions import reference, resolve
from greenflow.errors import CodeChanged, CodeMissing
from tests.values import shapes


def copy_of(value):
    return pickling.load(pickling.dump(value).data)


@pytest.mark.parametrize(
    "function",
    [shapes.plain, shapes.Kind.method, shapes.Kind.static, shapes.Kind.with_super],
)
def test_what_can_be_found_is_the_same_object(function):
    assert copy_of(function) is function
    known = reference(function)
    assert known is not None
    assert resolve(*astuple(known)) is function


def test_bound_methods():
    kind = shapes.Kind()
    bound, of_class = copy_of((kind.method, shapes.Kind.of_class))
    assert (bound(), of_class()) == ("method", "Kind")


def test_a_function_behind_a_decorator():
    loaded = copy_of(shapes.behind)
    assert loaded is shapes.behind
    inner = shapes.behind.__wrapped__
    assert reference(inner) is None
    again = copy_of(inner)
    assert (again(3), again.__name__, again.__module__) == (
        3,
        "behind",
        shapes.__name__,
    )


def test_closures_share_their_cell():
    up, now = copy_of(shapes.counter())
    assert [up(), up(), now()] == [1, 2, 2]


def test_each_load_has_cells_of_its_own():
    data = pickling.dump(shapes.counter()).data
    (up, _), (_, now) = pickling.load(data), pickling.load(data)
    up()
    assert now() == 0


def test_a_function_that_refers_to_itself():
    down = copy_of(shapes.recursive())
    assert down(5) == 5
    assert down.__closure__[0].cell_contents is down


def test_globals_are_the_modules_own():
    def local():
        return shapes

    loaded = copy_of(local)
    assert loaded.__globals__ is local.__globals__
    assert loaded() is shapes


def test_attributes_defaults_and_annotations():
    def full(a: int, b=[1], *, c={"k": 2}) -> str:  # noqa: B006 - a default to keep
        """Say it."""
        return f"{a}{b}{c}"

    full.mark = "marked"
    loaded = copy_of(full)
    assert (loaded(0), loaded.mark, loaded.__doc__) == (
        "0[1]{'k': 2}",
        "marked",
        "Say it.",
    )
    assert loaded.__annotations__ == full.__annotations__
    assert loaded.__qualname__ == full.__qualname__


def test_an_empty_cell_stays_empty():
    def outer():
        def inner():
            return later

        yield inner
        later = 1

    inner = copy_of(next(outer()))
    with pytest.raises(NameError):
        inner()


def test_code_that_changed_is_refused(monkeypatch):
    data = pickling.dump(shapes.plain).data

    def plain(x):
        return x + 2

    plain.__module__, plain.__qualname__ = shapes.__name__, "plain"
    monkeypatch.setattr(shapes, "plain", plain)
    with pytest.raises(CodeChanged, match="plain"):
        pickling.load(data)


def test_a_name_that_is_gone_is_refused(monkeypatch):
    data = pickling.dump(shapes.plain).data
    monkeypatch.delattr(shapes, "plain")
    with pytest.raises(CodeMissing, match="plain"):
        pickling.load(data)


def test_a_function_put_aside_goes_by_value(monkeypatch):
    original = shapes.plain
    monkeypatch.setattr(shapes, "plain", lambda x: x)
    loaded = copy_of(original)
    assert loaded is not original
    assert loaded(1) == 2


def test_no_module_of_the_library_is_named():
    values = (shapes.counter(), ValueError(), (x for x in "ab"), types.CellType(1))
    assert b"greenflow." not in pickling.dump(values).data
