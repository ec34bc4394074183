"""Operators: which special methods the interpreter tries, in which order.

As Objects/abstract.c (binary_op1, binary_iop1, what sequences do), Objects/typeobject.c
(SLOT1BINFULL, slot_tp_richcompare, object_richcompare) and Objects/object.c
(do_richcompare) of CPython 3.11 to 3.15 do it.
"""

from __future__ import annotations

import dis
from functools import cache
from types import WrapperDescriptorType
from typing import TYPE_CHECKING, Any, NoReturn

from greenflow.continuation.delivery.adapters import (
    Adapters,
    adapter,
    call,
    registered,
)
from greenflow.continuation.delivery.inside import Inside, is_below, special

if TYPE_CHECKING:
    from collections.abc import Iterator

#: (special method, its receiver, its argument).
Attempt = tuple[str, Any, Any]

_NAMES = {
    "+": "add",
    "-": "sub",
    "*": "mul",
    "@": "matmul",
    "/": "truediv",
    "//": "floordiv",
    "%": "mod",
    "**": "pow",
    "<<": "lshift",
    ">>": "rshift",
    "&": "and",
    "^": "xor",
    "|": "or",
    "divmod()": "divmod",
}
_COMPARISONS = {"<": "lt", "<=": "le", "==": "eq", "!=": "ne", ">": "gt", ">=": "ge"}
_REPEATING = ("*", "*=")
_SWAPPED = {"<": ">", "<=": ">=", "==": "==", "!=": "!=", ">": "<", ">=": "<="}


def operated(sign: str, left: Any, right: Any, inside: Inside) -> Adapters | None:
    """Of ``left sign right``, or ``left sign= right``."""
    return _chosen(sign, tuple(_attempts(sign, left, right)), left, right, inside)


def compared(sign: str, left: Any, right: Any, inside: Inside) -> Adapters | None:
    """Of ``left sign right`` for a comparison."""
    attempts = tuple(_comparing(sign, left, right))
    return _chosen(sign, attempts, left, right, inside)


def unequal(left: Any, inside: Inside) -> Adapters | None:
    """Of ``object.__ne__(left, ...)``, which asks ``__eq__``."""
    if inside.is_method(type(left), "__eq__"):
        return (adapter(opposite),)
    return None


def _chosen(
    sign: str, attempts: tuple[Attempt, ...], left: Any, right: Any, inside: Inside
) -> Adapters | None:
    """Which attempt runs: its own adapters below the one that tries the rest."""
    found = []
    for number, (name, receiver, _) in enumerate(attempts):
        below = _attempted(name, receiver, inside)
        if below is not None:
            found.append((number, receiver, below))
    if len(found) > 1:
        # The same code may be both operands' method: the receiver tells.
        found = [one for one in found if one[1] is inside.first]
    if len(found) != 1:
        return None
    ((number, _, below),) = found
    return adapter(tried, sign, left, right, attempts[number + 1 :]), *below


def _attempted(name: str, receiver: Any, inside: Inside) -> Adapters | None:
    method = special(type(receiver), name)
    if method is object.__ne__:
        return unequal(receiver, inside)
    return () if inside.runs(method) else None


# --- what is tried ---


def _attempts(sign: str, left: Any, right: Any) -> Iterator[Attempt]:
    base = sign.removesuffix("=")
    name, reflected = f"__{_NAMES[base]}__", f"__r{_NAMES[base]}__"
    in_place = f"__i{_NAMES[base]}__"
    deferred = False
    if base != sign and special(type(left), in_place) is not None:
        deferred = _is_sequence(type(left)) and _in_c(type(left), in_place)
        if not deferred:
            yield in_place, left, right
    yield from _both(name, reflected, left, right)
    if deferred:
        yield in_place, left, right


def _both(name: str, reflected: str, left: Any, right: Any) -> Iterator[Attempt]:
    kind, other = type(left), type(right)
    straight, turned = (name, left, right), (reflected, right, left)
    if kind is other:
        yield straight
        return
    # A C type that is a sequence only has no number's method: it comes last.
    last = _is_sequence(kind) and _in_c(kind, name)
    if last or (is_below(other, kind) and _overloaded(kind, other, reflected)):
        yield turned
        yield straight
    else:
        yield straight
        yield turned


def _overloaded(kind: type, other: type, reflected: str) -> bool:
    """As method_is_overloaded(); of a C type, a subclass is tried first."""
    its = special(other, reflected)
    return its is not None and its is not special(kind, reflected)


def _in_c(kind: type, name: str) -> bool:
    return type(special(kind, name)) is WrapperDescriptorType


def _is_sequence(kind: type) -> bool:
    """Whether its + and * are those of a sequence (sq_concat, sq_repeat)."""
    return (
        special(kind, "__radd__") is None and special(kind, "__getitem__") is not None
    )


def _comparing(sign: str, left: Any, right: Any) -> Iterator[Attempt]:
    straight = (f"__{_COMPARISONS[sign]}__", left, right)
    turned = (f"__{_COMPARISONS[_SWAPPED[sign]]}__", right, left)
    kind, other = type(left), type(right)
    if kind is not other and is_below(other, kind):
        yield turned
        yield straight
    else:
        yield straight
        yield turned


# --- the adapters ---


@registered
def tried(sign: str, left: Any, right: Any, rest: tuple[Attempt, ...]) -> Any:
    """Finish an operator: while it is not implemented, the rest is tried."""
    value = call()
    for name, receiver, argument in rest:
        if value is not NotImplemented:
            return value
        if sign in _REPEATING and _is_sequence(type(receiver)):
            check_repeats(receiver, argument)
        method: Any = getattr(type(receiver), name, NotImplemented)
        if method is not NotImplemented:
            value = method(receiver, argument)
    if value is not NotImplemented:
        return value
    if sign == "==":
        return left is right
    if sign == "!=":
        return left is not right
    return fail(sign, left, right)


@registered
def opposite() -> Any:
    """Finish ``object.__ne__`` behind ``__eq__``."""
    value = call()
    if value is NotImplemented:
        return value
    return not value


def check_repeats(receiver: Any, times: Any) -> None:
    """Raise what abstract.c (sequence_repeat) raises."""
    if _in_c(type(receiver), "__mul__") and special(type(times), "__index__") is None:
        kind = type(times).__name__
        raise TypeError(f"can't multiply sequence by non-int of type '{kind:.200}'")


def fail(sign: str, left: Any, right: Any) -> NoReturn:
    """Raise what the interpreter raises."""
    names = f"'{type(left).__name__}' and '{type(right).__name__}'"
    if sign in _COMPARISONS:
        raise TypeError(f"'{sign}' not supported between instances of {names}")
    if sign == "**":
        sign = "** or pow()"
    raise TypeError(f"unsupported operand type(s) for {sign}: {names}")


# --- the interpreter's numbers for them ---


@cache
def binary_signs() -> dict[int, str]:
    """Return {argument of BINARY_OP: sign}."""
    signs = [sign for sign in _NAMES if sign != "divmod()"]
    sources = {sign: f"a {sign} b" for sign in signs}
    sources |= {f"{sign}=": f"a {sign}= b" for sign in signs}
    return {_argument(source, "BINARY_OP"): sign for sign, source in sources.items()}


@cache
def comparison_signs() -> dict[int, tuple[str, bool]]:
    """Return {argument of COMPARE_OP: (sign, whether it gives a bool at once)}."""
    known = {}
    for sign in _COMPARISONS:
        plain = _argument(f"a {sign} b", "COMPARE_OP")
        tested = _argument(f"not a {sign} b", "COMPARE_OP")
        known[tested] = sign, tested != plain
        known[plain] = sign, False
    return known


def _argument(source: str, opname: str) -> int:
    code = compile(source, "<sign>", "exec")
    return next(i.arg or 0 for i in dis.get_instructions(code) if i.opname == opname)
