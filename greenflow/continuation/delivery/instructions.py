"""The rule of each instruction that may wait for a frame inside.

Most push one value. What tests, stores or deletes runs once more (AGAIN), on operands
that make it do nothing but what is left to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenflow.continuation.delivery import (
    forced,  # noqa: F401 - known by its tags
    getters,
    iterators_of_one,
    iterators_of_several,
)
from greenflow.continuation.delivery import waiting_calls as of_calls
from greenflow.continuation.delivery import waiting_objects as of_objects
from greenflow.continuation.delivery import waiting_values as of_values

if TYPE_CHECKING:
    from greenflow.continuation.delivery.answers import Answer, Rule, Waiting
    from greenflow.continuation.delivery.inside import Inside

#: Their rules are found by the type of what is called or iterated over.
BY_TYPE = (getters, iterators_of_one, iterators_of_several)

RULES: dict[str, Rule] = {
    "BEFORE_ASYNC_WITH": of_calls.entering("__aenter__", "__aexit__"),
    "BEFORE_WITH": of_calls.entering("__enter__", "__exit__"),
    "BINARY_OP": of_values.binary,
    "BINARY_SLICE": of_objects.item,
    "BINARY_SUBSCR": of_objects.item,
    "CALL": of_calls.call,
    "CALL_FUNCTION_EX": of_calls.call_ex,
    "CALL_INTRINSIC_1": of_values.intrinsic,
    "CALL_KW": of_calls.call,
    "COMPARE_OP": of_values.compare,
    "CONTAINS_OP": of_values.contains,
    "CONVERT_VALUE": of_values.converted,
    "DELETE_ATTR": of_objects.attribute_changed("__delattr__"),
    "DELETE_SUBSCR": of_objects.item_deleted,
    "FORMAT_SIMPLE": of_values.formatted,
    "FORMAT_VALUE": of_values.format_value,
    "FORMAT_WITH_SPEC": of_values.formatted,
    "FOR_ITER": of_calls.for_iter,
    "GET_AITER": of_calls.async_iterated,
    "GET_ANEXT": of_calls.async_next,
    "GET_AWAITABLE": of_calls.awaited,
    "GET_ITER": of_calls.iterated,
    "GET_LEN": of_objects.measured,
    "GET_YIELD_FROM_ITER": of_calls.iterated,
    "JUMP_IF_FALSE_OR_POP": of_values.or_pop,
    "JUMP_IF_TRUE_OR_POP": of_values.or_pop,
    "LIST_EXTEND": of_objects.filled(list.append),
    "LOAD_ATTR": of_objects.attribute,
    "LOAD_METHOD": of_objects.method,
    "LOAD_SUPER_ATTR": of_objects.super_attribute,
    "MATCH_CLASS": of_objects.class_matched,
    "POP_JUMP_BACKWARD_IF_FALSE": of_values.jump,
    "POP_JUMP_BACKWARD_IF_TRUE": of_values.jump,
    "POP_JUMP_FORWARD_IF_FALSE": of_values.jump,
    "POP_JUMP_FORWARD_IF_TRUE": of_values.jump,
    "POP_JUMP_IF_FALSE": of_values.jump,
    "POP_JUMP_IF_TRUE": of_values.jump,
    "RAISE_VARARGS": of_calls.raised,
    "SEND": of_calls.send,
    "SET_UPDATE": of_objects.filled(set.add),
    "STORE_ATTR": of_objects.attribute_changed("__setattr__"),
    "STORE_SLICE": of_objects.slice_set,
    "STORE_SUBSCR": of_objects.item_set,
    "TO_BOOL": of_values.to_bool,
    "UNARY_INVERT": of_values.unary("__invert__"),
    "UNARY_NEGATIVE": of_values.unary("__neg__"),
    "UNARY_NOT": of_values.negated,
    "UNARY_POSITIVE": of_values.unary("__pos__"),
    "WITH_EXCEPT_START": of_calls.leave,
}


def _root(waiting: Waiting, inside: Inside) -> Answer | None:
    return of_calls.called(waiting.operands[0], None, None, inside)


#: By the kind that the core tells, where the name of the instruction does not tell.
_KINDS = {"root": _root, "method": of_objects.method, "subscript": of_objects.item}


def of(kind: str, opname: str) -> Rule | None:
    """Return the rule of an instruction."""
    return _KINDS.get(kind) or RULES.get(opname)
