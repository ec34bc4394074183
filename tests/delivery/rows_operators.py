"""Rows: operators and truth tests."""

from __future__ import annotations

import operator
from functools import partial

from tests.delivery.rows import act, add_compiled, has, having

__all__ = ["act", "operator"]
_HERE = __name__

BINARY = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "matmul": "@",
    "truediv": "/",
    "floordiv": "//",
    "mod": "%",
    "pow": "**",
    "lshift": "<<",
    "rshift": ">>",
    "and": "&",
    "xor": "^",
    "or": "|",
}
COMPARED = {"lt": "<", "le": "<=", "eq": "==", "ne": "!=", "gt": ">", "ge": ">="}
SWAPPED = {"lt": "gt", "le": "ge", "eq": "eq", "ne": "ne", "gt": "lt", "ge": "le"}
_TRIED = "NotImplemented"


_add = partial(add_compiled, _HERE)
_has = partial(has, _HERE)

for _name, _sign in BINARY.items():
    _plain, _back, _in = f"__{_name}__", f"__r{_name}__", f"__i{_name}__"
    _left, _right, _both = _has(_plain), _has(_back), _has(_plain, _back)
    _base = having(_HERE, _plain, _back)
    _sub = _has(_plain, _back, base=_base, label="Sub")
    _other = _has(_plain, _back, label="Other")
    _put = _has(_in, _plain)
    _group = "BINARY_OP"
    _add(
        f"{_name}_alone",
        f"{_left}() {_sign} 2",
        _group,
        f"`a {_sign} 2`",
        outcomes=_TRIED,
    )
    _add(
        f"{_name}_reflected",
        f"2 {_sign} {_right}()",
        _group,
        f"`2 {_sign} b`",
        outcomes=_TRIED,
    )
    _add(
        f"{_name}_both",
        f"{_both}() {_sign} {_other}()",
        _group,
        f"`a {_sign} b`, then `b.{_back}`",
        outcomes=_TRIED,
    )
    _add(
        f"{_name}_subclass",
        f"{_both}() {_sign} {_sub}()",
        _group,
        f"`a {_sign} b`, b of a subclass: `{_back}` first",
        outcomes=_TRIED,
    )
    _add(
        f"{_name}_in_place",
        f"x = {_put}()\nx {_sign}= 2\nx",
        _group,
        f"`a {_sign}= b`, then `{_plain}`",
        outcomes=_TRIED,
    )
    _add(
        f"{_name}_function",
        f"operator.{_plain}({_both}(), {_other}())",
        "CALL",
        f"`operator.{_plain}(a, b)`",
        outcomes=_TRIED,
    )

_add(
    "list_plus",
    f"[1] + {_has('__radd__')}()",
    "BINARY_OP",
    "`[1] + b`",
    outcomes=_TRIED,
)
_add(
    "list_times",
    f"[1] * {_has('__rmul__')}()",
    "BINARY_OP",
    "`[1] * b`",
    outcomes=_TRIED,
)
_add(
    "divmod_",
    f"divmod({_has('__divmod__')}(), 2)",
    "CALL",
    "`divmod(a, 2)`",
    outcomes=_TRIED,
)
_add(
    "rdivmod",
    f"divmod(7, {_has('__rdivmod__')}())",
    "CALL",
    "`divmod(7, b)`",
    outcomes=_TRIED,
)
_add("pow_two", f"pow({_has('__pow__')}(), 2)", "CALL", "`pow(a, 2)`", outcomes=_TRIED)

for _name, _sign in COMPARED.items():
    _method, _turned = f"__{_name}__", f"__{SWAPPED[_name]}__"
    _left, _right = _has(_method), _has(_turned, label="Other")
    _sub = _has(_turned, base=having(_HERE, _method), label="Sub")
    _add(
        f"{_name}_two",
        f"{_left}() {_sign} {_right}()",
        "COMPARE_OP",
        f"`a {_sign} b`, then `b.{_turned}`",
        outcomes=_TRIED,
    )
    _add(
        f"{_name}_subclass_first",
        f"{_left}() {_sign} {_sub}()",
        "COMPARE_OP",
        f"`a {_sign} b`, b of a subclass",
        outcomes=_TRIED,
    )
    _add(
        f"{_name}_tested",
        f"1 if {_left}() {_sign} {_right}() else 2",
        "COMPARE_OP",
        f"`if a {_sign} b`",
        outcomes=_TRIED,
        gives=[],
        then=[1],
    )
    _add(
        f"{_name}_of_function",
        f"operator.{_method}({_left}(), {_right}())",
        "CALL",
        f"`operator.{_method}(a, b)`",
        outcomes=_TRIED,
    )
_add(
    "ne_by_eq",
    f"{_has('__eq__')}() != 3",
    "COMPARE_OP",
    "`a != 3` by `__eq__`",
    outcomes=_TRIED,
)

for _name, _sign in {"neg": "-", "pos": "+", "invert": "~"}.items():
    _add(f"{_name}_of", f"{_sign}{_has(f'__{_name}__')}()", "UNARY", f"`{_sign}a`")
_add("abs_of", f"abs({_has('__abs__')}())", "CALL", "`abs(a)`")

_add("contains", f"3 in {_has('__contains__')}()", "CONTAINS_OP", "`x in a`", gives=[1])
_add(
    "contains_not",
    f"3 not in {_has('__contains__')}()",
    "CONTAINS_OP",
    "`x not in a`",
    gives=0,
)
_add(
    "contains_function",
    f"operator.contains({_has('__contains__')}(), 3)",
    "CALL",
    "`operator.contains(a, x)`",
    gives="yes",
)

_TRUTH = {
    "if_": "1 if {} else 2",
    "while_": "n = 0\nwhile {} and n < 1:\n    n += 1\nn",
    "assert_": "x = 0\ntry:\n    assert {}\nexcept AssertionError:\n    x = 1\nx",
    "not_": "not {}",
    "and_": "type({} and 5).__name__",
    "or_": "type({} or 5).__name__",
    "condition": "[x for x in (1, 2) if {}]",
    "bool_": "bool({})",
    "operator_not": "operator.not_({})",
}
for _name, _body in _TRUTH.items():
    _kind = (
        "CALL"
        if "(" in _body.split("{")[0][-9:] and "type" not in _body
        else "truth test"
    )
    for _method, _values in {"__bool__": (True, False), "__len__": (2, 0)}.items():
        for _value in _values:
            _add(
                f"{_name}{_method.strip('_')}_{_value}",
                _body.format(f"{_has(_method)}()"),
                _kind,
                f"`{_name.strip('_')}` by `{_method}` giving {_value}",
                outcomes="wrong type",
                gives=_value,
            )
