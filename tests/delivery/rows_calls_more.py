"""Rows: calls by other names and with keywords, exceptions that are made, throw()."""

from __future__ import annotations

import math
import operator
import os
from functools import partial

from tests.delivery.rows import act, add_compiled, has, row

__all__ = ["math", "operator", "os"]
_HERE = __name__
_C = "CALL"
_add = partial(add_compiled, _HERE)
_has = partial(has, _HERE)


def plain(*args, **named):
    return act(("plain", args, named))


class Given:
    @property
    def prop(self):
        return act("prop")

    @prop.setter
    def prop(self, value):
        act(("set", value))

    def method(self, *args, **named):
        return act((args, named))

    def __call__(self, *args):
        return act(args)

    def __getitem__(self, key):
        return act(key)


class Checked(type):
    def __instancecheck__(cls, instance):
        return act("instance")

    def __subclasscheck__(cls, other):
        return act("subclass")


class Checking(metaclass=Checked):
    pass


_CALLED = {
    "function_call": "plain.__call__(1, k=2)",
    "object_call": "Given().__call__(1)",
    "class_call": "type.__call__(Given).method(1)",
    "static": "staticmethod(plain)(1, k=2)",
    "class_method": "classmethod(plain).__get__(None, int)(1)",
    "property_get": "Given.prop.__get__(Given())",
    "property_set": "Given.prop.__set__(Given(), 3)",
    "attrgetter": "operator.attrgetter('prop')(Given())",
    "itemgetter": "operator.itemgetter(3)(Given())",
    "methodcaller": "operator.methodcaller('method', 1, k=2)(Given())",
}
for _name, _body in _CALLED.items():
    _how = {"gives": None} if _name == "property_set" else {}
    _add(_name, _body, _C, f"`{_body}`", **_how)
_CHECKS = {
    "instance_first": "isinstance(3, (Checking, str))",
    "instance_last": "isinstance(3, (str, (bytes, Checking)))",
    "instance_both": "isinstance(3, (Checking, int))",
    "instance_union": "isinstance('a', Checking | None)",
    "subclass_first": "issubclass(int, (Checking, str))",
}
for _name, _body in _CHECKS.items():
    _add(_name, _body, _C, f"`{_body}`", gives=[], outcomes="wrong type")

_KEYWORDS = {
    "round_by_name": ("round({}, ndigits=2)", "__round__", 3),
    "pow_by_name": ("pow(base={}, exp=2)", "__pow__", 3),
    "pow_three": ("pow({}, 2, 5)", "__pow__", 3),
    "enumerate_by_name": ("next(enumerate({}, start=3))", "__iter__", "text"),
    "str_by_name": ("str(object={})", "__str__", "text"),
    "fspath": ("os.fspath({})", "__fspath__", "text"),
    "dir_of": ("dir({})", "__dir__", ["b", "a"]),
    "length_hint": ("operator.length_hint({})", "__length_hint__", 4),
    "sqrt": ("math.sqrt({})", "__float__", 4.0),
    "sqrt_by_index": ("math.sqrt({})", "__index__", 4),
}
for _name, (_body, _method, _gives) in _KEYWORDS.items():
    _call = _body.format(f"{_has(_method)}()")
    _add(
        _name,
        _call,
        _C,
        f"`{_body.format('a')}` by `{_method}`",
        gives=_gives,
        outcomes="wrong type, NotImplemented",
    )


# --- raise ---


class Made(Exception):
    def __init__(self):
        super().__init__(act("init"))


@row("RAISE_VARARGS", "`raise C`: `__init__`", gives="text", outcomes="wrong type")
def made():
    try:
        raise Made
    except Made as error:
        return error.args


# --- throw() ---


def inner():
    try:
        got = yield 1
    except KeyError as error:
        got = yield act(("caught", str(error)))
    return act(("returns", got))


def middle():
    return act(("middle", (yield from inner())))


def outer():
    try:
        got = yield from middle()
    except ValueError:
        got = act("outer")
    yield got


@row("SEND", "`throw()` into `yield from`", outcomes="StopIteration")
def thrown_through():
    generator = outer()
    next(generator)
    return generator.throw(KeyError("thrown")), generator.send(5)


class Sent:
    def __iter__(self):
        return self

    def __next__(self):
        return act("next")

    def send(self, value):
        return act(("send", value))


def delegates():
    return (yield from Sent())


@row("SEND", "`yield from a` by `send()`", outcomes="StopIteration")
def sent():
    generator = delegates()
    return next(generator), generator.send(5)


# --- methods of C types by super() ---


class Listing(list):
    def append(self, value):
        super().append(act(value))


class Telling(Exception):
    def __init__(self, value):
        super().__init__(act(value))


@row(_C, "`super().append(f())`, where f suspends")
def super_append():
    listing = Listing()
    listing.append(3)
    return list(listing)


@row(_C, "`super().__init__(f())` of an exception, where f suspends")
def super_init():
    return Telling(3).args
