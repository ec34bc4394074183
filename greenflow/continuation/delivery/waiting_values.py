"""Operators, truth tests and f-strings: how these instructions take a result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenflow.continuation.delivery import (
    filling,
    indexing,
    items,
    operators,
    specials,
)
from greenflow.continuation.delivery.adapters import Adapters, adapter, is_true, then
from greenflow.continuation.delivery.answers import (
    OR_POP,
    PUSH,
    Answer,
    Rule,
    Waiting,
    again,
    taken,
)

if TYPE_CHECKING:
    from greenflow.continuation.delivery.inside import Inside

#: CALL_INTRINSIC_1's argument for unary + (pycore_intrinsics.h, 3.12 on).
_UNARY_POSITIVE = 5
#: Of FORMAT_VALUE (Include/ceval.h) and CONVERT_VALUE.
_CONVERSIONS = {1: specials.TEXT, 2: ("__repr__",), 3: ("__repr__",)}
_CONVERTERS = {1: str, 2: repr, 3: ascii}


def binary(waiting: Waiting, inside: Inside) -> Answer | None:
    """Of BINARY_OP."""
    sign = operators.binary_signs().get(waiting.oparg)
    if sign is None or len(waiting.operands) != 2:
        return None
    return taken(operated(sign, *waiting.operands, inside))


def operated(sign: str, left: Any, right: Any, inside: Inside) -> Adapters | None:
    """Of ``left sign right``: by its special methods, or by what sequences do."""
    if sign == "+=":
        added = filling.added_in_place(left, right, inside)
        if added is not None:
            return added
    repeated = indexing.repeated(sign, left, right, inside)
    return repeated or operators.operated(sign, left, right, inside)


def compare(waiting: Waiting, inside: Inside) -> Answer | None:
    """Of COMPARE_OP, with or without a test of its result."""
    sign, tested = operators.comparison_signs()[waiting.oparg]
    if not waiting.operands and tested:
        # They were let go of: only whether what was compared is true is left.
        return taken(specials.tested(inside.first, inside, True))
    if len(waiting.operands) != 2:
        return None
    adapters = operators.compared(sign, *waiting.operands, inside)
    return taken(then(adapters, is_true, True) if tested else adapters)


def contains(waiting: Waiting, inside: Inside) -> Answer | None:
    """Of ``in`` and ``not in``."""
    if len(waiting.operands) != 2:
        return None
    wanted = not waiting.oparg
    return taken(items.contained(*waiting.operands, inside, wanted))


def unary(name: str) -> Rule:
    """Return the rule of an operator with one operand."""

    def unary(waiting: Waiting, inside: Inside) -> Answer | None:
        found = inside.is_method(type(waiting.operands[0]), name)
        return Answer(PUSH) if found else None

    return unary


def intrinsic(waiting: Waiting, inside: Inside) -> Answer | None:
    """Of CALL_INTRINSIC_1: of unary ``+``."""
    if waiting.oparg != _UNARY_POSITIVE:
        return None
    return unary("__pos__")(waiting, inside)


def to_bool(waiting: Waiting, inside: Inside) -> Answer | None:
    """Of TO_BOOL."""
    return taken(specials.tested(waiting.operands[0], inside, True))


def negated(waiting: Waiting, inside: Inside) -> Answer | None:
    """Of UNARY_NOT."""
    return taken(specials.tested(waiting.operands[0], inside, False))


def jump(waiting: Waiting, inside: Inside) -> Answer | None:
    """Of a conditional jump."""
    return again(specials.tested(waiting.operands[0], inside, True))


def or_pop(waiting: Waiting, inside: Inside) -> Answer | None:
    """Of ``and`` and ``or``, up to 3.11."""
    operand = waiting.operands[0]
    adapters = specials.tested(operand, inside, True)
    return taken(adapters, OR_POP, (operand,))


# --- text ---


def formatted(waiting: Waiting, inside: Inside) -> Answer | None:
    """Of an f-string's replacement."""
    value, *spec = waiting.operands
    name = specials.method_of(value, specials.FORMAT, inside)
    if name is None:
        return None
    return Answer(PUSH, adapters=(specials.again_of(format, name, value, *spec),))


def converted(waiting: Waiting, inside: Inside) -> Answer | None:
    """Of its conversion."""
    return taken(_conversion(waiting.oparg, waiting.operands[0], (), inside))


def format_value(waiting: Waiting, inside: Inside) -> Answer | None:
    """Of both, up to 3.12."""
    conversion = waiting.oparg & 3
    if not conversion:
        return formatted(waiting, inside)
    value, *spec = waiting.operands
    return taken(_conversion(conversion, value, tuple(spec), inside))


def _conversion(
    conversion: int, value: Any, spec: tuple[Any, ...], inside: Inside
) -> Adapters | None:
    name = specials.method_of(value, _CONVERSIONS[conversion], inside)
    if name is None:
        return None
    below = (specials.again_of(_CONVERTERS[conversion], name, value),)
    return (adapter(specials.formatted, *spec), *below) if spec else below
