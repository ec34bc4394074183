"""Rows: calls of every shape, classes, generators, with."""

from __future__ import annotations

import functools
import operator
from types import MethodType

from tests.delivery.rows import act, row


class Kept:
    """Tells what it was made with."""

    def __new__(cls, value, **named):
        act(("new", value))
        return super().__new__(cls)

    def __init__(self, value, **named):
        act(("init", value))
        self.value = value, named


class Plain:
    def __call__(self, *args, **named):
        return act(("call", args, named))

    def method(self, *args, **named):
        return act(("method", args, named))

    @classmethod
    def of_class(cls, *args):
        return act(("class", args))

    @staticmethod
    def static(*args):
        return act(("static", args))


class Started:
    def __init__(self, *args, **named):
        act(("init", args, named))
        self.kept = args, named


class Odd:
    def __new__(cls, value):
        return act(("odd", value))


class Meta(type):
    def __call__(cls, *args):
        return act(("meta", args)), super().__call__(*args)


class Governed(metaclass=Meta):
    def __init__(self, value):
        self.value = value


class Checked(type):
    def __instancecheck__(cls, instance):
        return act("instance")

    def __subclasscheck__(cls, other):
        return act("subclass")


class Checking(metaclass=Checked):
    pass


def plain(*args, **named):
    return act(("plain", args, named))


_C = "CALL"


@row(_C, "`C(x)`: `__new__`, then `__init__`", gives=None)
def created():
    return Kept(3).value


@row(_C, "`C(x, k=y)`: `__new__`, then `__init__`", gives=None)
def created_by_name():
    return Kept(3, k=4).value


@row(_C, "`C(x)`: `__init__`", gives=None, outcomes="wrong type")
def started():
    return Started(1, 2, k=3).kept


@row("CALL_FUNCTION_EX", "`C(*list, **dict)`: `__init__`", gives=None)
def started_by_lists():
    return Started(*[1, 2], k=3).kept


@row(_C, "`C(x)`: `__new__` gives something else", gives=5)
def odd():
    return Odd(3)


@row(_C, "`C(x)`: the metaclass's `__call__`")
def governed():
    given, made = Governed(3)
    return given, made.value


@row(_C, "`object()`: `__call__`")
def called():
    return Plain()(1, k=2)


@row("CALL_FUNCTION_EX", "`object(*list, **dict)`: `__call__`")
def called_by_lists():
    return Plain()(*[1], k=2)


@row(_C, "a bound method")
def bound():
    method = Plain().method
    return method(1, k=2)


@row(_C, "an unbound method")
def unbound():
    return Plain.method(Plain(), 1)


@row(_C, "a class method")
def of_class():
    return Plain.of_class(1)


@row(_C, "a static method")
def static():
    return Plain().static(1)


@row("CALL_FUNCTION_EX", "a bound method, `*list, **dict`")
def bound_by_lists():
    return Plain().method(*[1, 2], k=3)


@row(_C, "`partial(f)()`")
def partial():
    return functools.partial(plain, 1, k=2)(3, j=4)


@row(_C, "a chain of `partial`")
def partials():
    chain = functools.partial(functools.partial(plain, 1), 2)
    return functools.partial(MethodType(chain, 3), k=4)(5)


@row(_C, "`partial` of a class: `__init__`", gives=None)
def partial_of_class():
    return functools.partial(Started, 1)(k=2).kept


@row("CALL_FUNCTION_EX", "`partial(f)(*list)`")
def partial_by_list():
    return functools.partial(plain, 1)(*[2, 3])


@row(_C, "`operator.call(f)`")
def operator_call():
    return operator.call(plain, 1, k=2)


@row(_C, "`isinstance()` by the metaclass", gives=[1])
def instance_checked():
    return isinstance(3, Checking)


@row(_C, "`issubclass()` by the metaclass", gives=[])
def subclass_checked():
    return issubclass(int, Checking)


# --- generators ---


def steps():
    try:
        got = yield act("first")
        yield act(("second", got))
    except ValueError as error:
        yield act(("caught", str(error)))
    finally:
        act("finally")


@row(_C, "`next(generator)`", outcomes="StopIteration")
def next_of_generator():
    generator = steps()
    return next(generator), generator.close()


@row(_C, "`next(generator, default)`", outcomes="StopIteration")
def next_with_default():
    generator = steps()
    return next(generator, "default"), generator.close()


@row(_C, "`generator.send()`")
def sent():
    generator = steps()
    return next(generator), generator.send(5), generator.close()


@row(_C, "`generator.throw()`")
def thrown():
    generator = steps()
    return next(generator), generator.throw(ValueError("thrown")), generator.close()


@row(_C, "`generator.close()`")
def closed():
    generator = steps()
    first = next(generator)
    return first, generator.close()


class Counting:
    def __iter__(self):
        return self

    def __next__(self):
        return act("next")


@row(_C, "`next(object)`: `__next__`", outcomes="StopIteration")
def next_of_object():
    return next(Counting()), 1


@row(_C, "`next(object, default)`: `__next__`", outcomes="StopIteration")
def next_of_object_or():
    return next(Counting(), "default"), 1


def delegating():
    return (yield from steps())


@row("SEND", "`yield from generator`")
def delegated():
    generator = delegating()
    return next(generator), generator.send(5), [x for x in generator]  # noqa: C416


class Awaiting:
    def __await__(self):
        return act("await")


async def awaits():
    return await Awaiting()


@row("GET_AWAITABLE", "`await object`: `__await__`", gives=[1], outcomes="wrong type")
def awaited():
    coroutine = awaits()
    try:
        coroutine.send(None)
    except (StopIteration, TypeError) as error:
        return repr(error)
    return "suspended"
