"""Functions: the very same object where it can be found again, else an equal one."""

from __future__ import annotations

import types
from functools import partial, wraps

import pytest

from greenflow.continuation.code import code_bytes
from tests.pickling import target_functions as target
from tests.pickling.copies import copy_of, saved

HERE = target.__name__


def unwrapped(function):
    return function.__wrapped__


@pytest.mark.parametrize(
    "function",
    [
        target.plain,
        target.Thing.method,
        target.Thing.made.__func__,
        target.Thing.still,
        target.Thing.n.fget,
        target.Thing.n.fset,
        target.twice_wrapped,
        unwrapped(target.twice_wrapped),
        unwrapped(unwrapped(target.twice_wrapped)),
        unwrapped(target.cached),
    ],
)
def test_the_same_object(function):
    assert copy_of(function) is function
    assert len(saved(function)) < 200


@pytest.mark.parametrize("value", [target.cached, target.Thing, len, str.join, "".join])
def test_the_same_callable(value):
    copied = copy_of(value)
    assert copied is value or copied == value


def test_bound_methods_and_partials():
    thing = target.Thing(5)
    method, same_thing, part = copy_of([thing.method, thing, partial(target.plain, 4)])
    assert method() == 5
    assert method.__self__ is same_thing
    assert part() == 8


def test_a_bound_method_that_its_object_holds():
    thing = target.Thing(5)
    thing.callback = thing.method
    callback = copy_of(thing.callback)
    assert callback.__self__.callback is callback


def test_a_replaced_function_keeps_what_it_replaces():
    assert copy_of(target.replaced)(1) == ("replaced", 3)


# --- by value ---


def test_a_lambda():
    assert copy_of(target.squares)(7) == 49


def test_a_lambda_shares_the_globals_of_its_module(monkeypatch):
    by_value = copy_of(target.adder(1))
    assert by_value.__globals__ is target.__dict__
    monkeypatch.setattr(target, "FACTOR", 10)
    assert by_value(2) == 21


def test_code_is_named_by_its_place():
    add = target.adder(1)
    assert code_bytes(add.__code__) not in saved(add)
    assert copy_of(add).__code__ is add.__code__
    inner = target.deep()(1)
    assert copy_of(inner).__code__ is inner.__code__
    assert copy_of(inner)(2) == 5


def test_a_wrapper_made_here_is_named_in_its_own_module():
    def local(x):
        return x

    wrapped = target.decorated_with(local)
    assert copy_of(wrapped).__code__ is wrapped.__code__
    assert copy_of(wrapped)(3) == ("wrapped", 3)


def test_attributes():
    def local(a, b=[1], *, c={2}):  # noqa: B006 - identity of defaults is the test
        """Told."""

    local.note = local.__defaults__
    local.__annotations__ = {"a": int}
    copied = copy_of(local)
    assert copied.__name__ == "local"
    assert copied.__qualname__ == local.__qualname__
    assert copied.__module__ == __name__
    assert copied.__doc__ == "Told."
    assert copied.__kwdefaults__ == {"c": {2}}
    assert copied.__annotations__ == {"a": int}
    assert copied.note is copied.__defaults__


def test_two_functions_of_one_code():
    first, second = copy_of(target.two_from_one_code())
    assert first.__code__ is second.__code__
    assert (first(), second()) == (0, 1)


def test_cells_are_shared():
    up, down = copy_of(target.counter())
    assert [up(), up(), down()] == [1, 2, 1]
    assert up.__closure__[0] is down.__closure__[0]


def test_a_cell_by_itself_is_the_one_of_the_function():
    up, _ = target.counter()
    cell, copied = copy_of([up.__closure__[0], up])
    assert copied() == 1
    assert cell.cell_contents == 1


def test_recursive_closures():
    assert copy_of(target.factorial())(5) == 120


def test_a_function_that_holds_itself():
    def local():
        return local.me

    local.me = [local]
    copied = copy_of(local)
    assert copied.me[0] is copied
    assert copied() is copied.me


def test_an_empty_cell():
    assert copy_of(types.CellType()) == types.CellType()

    def local():
        return later

    copied = copy_of(local)
    with pytest.raises(NameError):
        copied()
    later = 3
    assert copy_of(local)() == later


def test_one_object_twice():
    add = target.adder(1)
    first, second = copy_of([add, {"again": add}])
    assert second["again"] is first


def test_globals_of_no_module():
    namespace = {"base": 3, "unused": open}
    exec("def made(x): return x + base + other(x)\ndef other(x): return x", namespace)
    made = copy_of(namespace["made"])
    assert made(1) == 5
    assert "unused" not in made.__globals__
    assert made.__globals__ is not namespace


def test_submodules_are_imported_again(child):
    data = child(
        """
        import sys
        from greenflow.continuation import pickling
        namespace = {}
        exec("import xml.dom.minidom\\n"
             "def parse(): return xml.dom.minidom.parseString('<a/>')", namespace)
        sys.stdout.write(pickling.dump(namespace["parse"]).data.hex())
        """
    ).stdout
    child(
        f"""
        from greenflow.continuation import pickling
        parse = pickling.load(bytes.fromhex({data!r}))
        assert parse().documentElement.tagName == "a"
        """
    )


def test_wraps_of_a_function_without_a_module():
    @wraps(len)
    def local():
        return 5

    assert local.__module__ == "builtins"
    assert copy_of(local)() == 5
