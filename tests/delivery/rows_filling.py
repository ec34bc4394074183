"""Rows: containers that are filled, unpacking into displays, patterns, indices."""

from __future__ import annotations

import collections
import operator
from functools import partial

from tests.delivery.rows import act, add_compiled, has

__all__ = ["act", "collections", "operator"]
_HERE = __name__
_STOPS = "StopIteration"
_add = partial(add_compiled, _HERE)
_has = partial(has, _HERE)


def items():
    yield act("one")
    yield act("two")
    yield act("three")


def ask(*values):
    return act(values)


class Counting:
    def __init__(self):
        self.left = 3

    def __iter__(self):
        return self

    def __next__(self):
        if self.left == 0:
            raise StopIteration
        self.left -= 1
        return act(("next", self.left))


class Generating:
    def __iter__(self):
        yield act("one")
        yield act("two")


class Iterable:
    def __iter__(self):
        return act("iter")


def told(*args):
    return args


_SOURCES = ("items()", "Counting()", "Generating()", "map(ask, [1, 2])")
_FILLED = {
    "list_display": ("LIST_EXTEND", "[0, *{}, 5, *{}]"),
    "tuple_display": ("LIST_EXTEND", "(0, *{}, 5)"),
    "call": ("LIST_EXTEND", "told(0, *{})"),
    "set_display": ("SET_UPDATE", "{{'zero', *{}}} == {{'zero', 'given'}}"),
    "list_extend": ("CALL", "a = [0]\na.extend({})\na"),
    "list_extend_unbound": ("CALL", "a = [0]\nlist.extend(a, {})\na"),
    "list_added": ("BINARY_OP", "a = b = [0]\na += {}\na, b"),
    "set_update": ("CALL", "a = {{'zero'}}\na.update({}, 'z')\nsorted(a)"),
    "deque_extend": ("CALL", "a = collections.deque([0], 3)\na.extend({})\nlist(a)"),
    "deque_left": ("CALL", "a = collections.deque()\na.extendleft({})\nlist(a)"),
    "deque_added": ("BINARY_OP", "a = collections.deque()\na += {}\nlist(a)"),
    "counter": ("CALL", "sorted(collections.Counter({}).items())"),
}
for _name, (_group, _body) in _FILLED.items():
    for _source in _SOURCES:
        _filled = _body.replace("{}", _source).replace("{{", "{").replace("}}", "}")
        _add(
            f"{_name}_{_source.split('(')[0]}",
            _filled,
            _group,
            f"`{'; '.join(_filled.splitlines())}`",
            outcomes=_STOPS,
        )
_BEGUN = {
    "list_display": ("LIST_EXTEND", "[0, *Iterable()]"),
    "set_display": ("SET_UPDATE", "{*Iterable()} == {'t', 'e', 'x'}"),
    **{
        name: ("CALL", f"{name}(Iterable())")
        for name in ("list", "tuple", "sorted", "max", "min", "any", "all")
    },
    "sorted_by": ("CALL", "sorted(Iterable(), key=ord, reverse=True)"),
    "sum": ("CALL", "sum(Iterable(), 3)"),
}
for _name, (_group, _body) in _BEGUN.items():
    _add(
        f"begun_{_name}",
        _body,
        _group,
        f"`{_body}` by `__iter__`",
        gives="text" if _name != "sum" else [1, 2],
        outcomes="wrong type",
    )

# --- class patterns ---


class Checked(type):
    def __instancecheck__(cls, instance):
        return act("instance")


class Checking(metaclass=Checked):
    __match_args__ = ("real", "imag")


class Point:
    __match_args__ = ("x", "y")
    z = 7

    @property
    def x(self):
        return act("x")

    @property
    def y(self):
        return act("y")


class Sequence(collections.abc.Sequence):
    def __getitem__(self, index):
        raise IndexError(index)

    def __len__(self):
        return act("len")


def matched(value):
    match value:
        case Checking(real, imag, numerator=n):
            return "checking", real, imag, n
        case Point(x, y, z=z):
            return "point", x, y, z
        case [_, _, _]:
            return "three"
        case [_]:
            return "one"
    return None


def matched_alone(value):
    match value:
        case Point(x=x):
            return x
        case Checking():
            return "checking"
    return None


_add(
    "pattern_instance",
    "matched(4)",
    "MATCH_CLASS",
    "`case C(a, b, n=c)` by `__instancecheck__`",
    gives=[1],
    outcomes="wrong type",
)
_add("pattern_alone", "matched_alone(4)", "MATCH_CLASS", "`case C()`", gives=0)
_add(
    "pattern_attributes",
    "matched_alone(Point())",
    "MATCH_CLASS",
    "`case Point(x=x)` by a property",
    outcomes="AttributeError",
)
_add(
    "pattern_positions",
    "matched(Point())",
    "MATCH_CLASS",
    "`case Point(x, y, z=z)` by properties, behind `__instancecheck__`",
    gives=0,
    then="given",
)
_add(
    "pattern_length",
    "match_length(Sequence())",
    "GET_LEN",
    "`case [_, _]` by `__len__`",
    gives=3,
    outcomes="wrong type",
)


def match_length(value):
    match value:
        case [_, _]:
            return "two"
    return "other"


# --- __index__ ---

_ONE = f"{_has('__index__')}()"
_INDEXED = {
    "list_item": ("BINARY_SUBSCR", "[5, 6, 7][{}]"),
    "tuple_item": ("BINARY_SUBSCR", "(5, 6, 7)[{}]"),
    "text_item": ("BINARY_SUBSCR", "'abc'[{}]"),
    "range_item": ("BINARY_SUBSCR", "range(9)[{}]"),
    "item_set": ("STORE_SUBSCR", "a = [5, 6, 7]\na[{}] = 'new'\na"),
    "item_deleted": ("DELETE_SUBSCR", "a = [5, 6, 7]\ndel a[{}]\na"),
    "list_repeated": ("BINARY_OP", "[1] * {}"),
    "repeated_by": ("BINARY_OP", "{} * 'ab'"),
    "repeated_in_place": ("BINARY_OP", "a = b = [1]\na *= {}\na, b"),
    "range": ("CALL", "range(1, {}, 1)"),
    "insert": ("CALL", "a = [5, 6]\na.insert({}, 'new')\na"),
    "pop": ("CALL", "a = [5, 6, 7]\na.pop({}), a"),
    "int_base": ("CALL", "int('10', base={})"),
    "round_digits": ("CALL", "round(2.71828, {})"),
    "center": ("CALL", "'a'.center({}, '-')"),
    "chr": ("CALL", "chr({})"),
    "hex": ("CALL", "hex({})"),
    "getitem": ("CALL", "operator.getitem([5, 6, 7], {})"),
    "setitem": ("CALL", "a = [5, 6, 7]\noperator.setitem(a, {}, 8)\na"),
}
for _name, (_group, _body) in _INDEXED.items():
    _add(
        f"index_{_name}",
        _body.replace("{}", _ONE),
        _group,
        f"`{'; '.join(_body.splitlines()).replace('{}', 'a')}` by `__index__`",
        gives=2,
        outcomes="wrong type, IndexError",
    )
