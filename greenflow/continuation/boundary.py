"""May a frame that waits for C code be given its result without that C code?

The core asks this for every call on a captured stack that went through C, unless it
knows the answer itself (csrc/classify.c). The answer is how the waiting instruction
takes the result of the frame inside, and only where the C code between is known to do
nothing else with it. Everything that is not certain is refused.
"""

from __future__ import annotations

import dis
import operator
from functools import partial
from types import (
    CodeType,
    CoroutineType,
    FunctionType,
    GeneratorType,
    MethodType,
)
from typing import TYPE_CHECKING, Any, NoReturn

from greenflow.continuation import equivalents
from greenflow.continuation.frames import WITH_EXIT_IN_SLOT, Operation
from greenflow.continuation.wording import describe, inner_name, place
from greenflow.errors import NotInFlow, NotSuspendable

if TYPE_CHECKING:
    from collections.abc import Callable

#: (delivery, what is held for it, what belongs on top of the stack): the last two are
#: empty, or hold one value. The deliveries are gf_delivery's in csrc/frames.h.
Answer = tuple[int, tuple[()] | tuple[Any], tuple[()] | tuple[Any]]

PUSH, INIT, NEXT, SEND, CALL_NEXT = range(5)

_PUSH: Answer = (PUSH, (), ())
_GENERATOR_METHODS = {
    GeneratorType.send,
    GeneratorType.throw,
    GeneratorType.__next__,
    CoroutineType.send,
    CoroutineType.throw,
}


def classify(
    op: str,
    oparg: int,
    operands: tuple[Any, ...],
    inner: Any,
    first: Any,
    code: CodeType,
    offset: int,
) -> Answer:
    """Return how the instruction ``op`` takes the result of ``inner``.

    Args:
        op: the kind of the pending instruction, as csrc/opcodes.c names it; "root" for
            the flow's own function.
        oparg: its argument.
        operands: those that may be read, without NULLs at the front.
        inner: the Operation, the generator or the function that C code runs.
        first: the first argument of ``inner``'s frame, as it is now.
        code: of the waiting frame.
        offset: of the pending instruction, in bytes.

    Raises:
        NotSuspendable: the C code between cannot be left out.
    """
    decide = _RULES.get(op)
    answer = decide(oparg, operands, inner, first) if decide and operands else None
    if answer is not None:
        return answer
    instruction = dis.opname[code.co_code[offset]]
    raise NotSuspendable(
        f"{place(code, offset)} waits for {describe(op, operands, instruction)}, "
        f"which runs {inner_name(inner)} from C and could not be entered again",
        hint=equivalents.hint(operands, instruction),
    )


def refuse(code: CodeType, offset: int, why: str) -> NoReturn:
    """Raise NotSuspendable for a frame of ``code``, told by the core."""
    raise NotSuspendable(f"{place(code, offset)}: {why}", hint=equivalents.HINT)


def not_in_flow(operation: Operation) -> NoReturn:
    """Raise NotInFlow for an operation that no flow called."""
    raise NotInFlow(
        f"{operation.__name__}() was called outside of a flow that can take it",
        hint="call it, at any depth, from a function that greenflow.spawn() runs"
        " (suspend() also from one that Continuation.start() runs)",
    )


# --- rules, one for each instruction ---


def _call(
    _oparg: int, operands: tuple[Any, ...], inner: Any, first: Any
) -> Answer | None:
    called, *arguments = operands
    while called is operator.call and arguments:
        called, *arguments = arguments
    answer = _called(called, inner, first)
    if answer is None and called is first:
        # A bound method or a partial() lends this slot to the argument it puts first
        # while it calls (Objects/classobject.c, Modules/_functoolsmodule.c). An object
        # that C code could call is not believed to be such an argument.
        return _PUSH if not _called_from_c(called) else None
    return answer or _advanced(called, tuple(arguments), inner)


def _called(called: Any, inner: Any, first: Any) -> Answer | None:
    """Of calling ``called`` with whatever arguments."""
    if isinstance(called, type) and type(called).__call__ is type.__call__:
        return _constructed(called, inner, first)
    return _PUSH if _runs(called, inner) else None


def _runs(called: Any, inner: Any) -> bool:
    """Whether calling ``called`` only runs ``inner`` and returns its result."""
    while True:
        if isinstance(called, Operation):
            return called is inner
        if type(called) is MethodType:
            called = called.__func__
        elif type(called) is partial:
            called = called.func
        elif type(called) is FunctionType:
            return _is_code_of(called, inner)
        else:
            called = _special(type(called), "__call__")
            if type(called) is not FunctionType:
                return False


def _constructed(cls: type, inner: Any, first: Any) -> Answer | None:
    """Of ``cls(...)`` while ``__init__`` runs: type.__call__ gives the instance."""
    init = _special(cls, "__init__")
    if not _is_code_of(init, inner) or not isinstance(first, cls):
        return None
    code = inner.__code__
    if code.co_argcount == 0 or _rebinds(code, code.co_varnames[0]):
        return None  # the instance is not to be found any more
    return INIT, (first,), ()


def _rebinds(code: CodeType, name: str) -> bool:
    """Whether ``code``, or code nested in it, may give another value to ``name``."""
    for instruction in dis.get_instructions(code):
        stores = instruction.opname.startswith(("STORE_", "DELETE_", "LOAD_FAST_AND"))
        if stores and instruction.argval == name:
            return True
    return any(
        _rebinds(nested, name)
        for nested in code.co_consts
        if isinstance(nested, CodeType) and name in nested.co_freevars
    )


def _advanced(called: Any, arguments: tuple[Any, ...], inner: Any) -> Answer | None:
    """Of ``next(it)``, ``next(it, default)``, ``gen.send(v)`` and the like."""
    if called is next and arguments and _iterates(arguments[0], inner):
        return CALL_NEXT, arguments[1:2], ()
    if not isinstance(inner, GeneratorType | CoroutineType):
        return None
    unbound = arguments and arguments[0] is inner and _is_generator_method(called)
    name = getattr(called, "__name__", "")
    bound = getattr(called, "__self__", None) is inner and name in {
        "send",
        "throw",
        "__next__",
    }
    return (CALL_NEXT, (), ()) if unbound or bound else None


def _is_generator_method(called: Any) -> bool:
    return any(called is method for method in _GENERATOR_METHODS)


def _iterates(iterator: Any, inner: Any) -> bool:
    """Whether the next of ``iterator`` is one step of ``inner``."""
    if isinstance(inner, GeneratorType):
        return iterator is inner
    return _is_code_of(_special(type(iterator), "__next__"), inner)


def _for_iter(
    _oparg: int, operands: tuple[Any, ...], inner: Any, _first: Any
) -> Answer | None:
    return (NEXT, (), ()) if _iterates(operands[0], inner) else None


def _send(
    _oparg: int, operands: tuple[Any, ...], inner: Any, _first: Any
) -> Answer | None:
    if operands[0] is inner or _iterates(operands[0], inner):
        return SEND, (), ()
    return None


def _enter(
    _oparg: int, operands: tuple[Any, ...], inner: Any, _first: Any
) -> Answer | None:
    operand = operands[0]
    if WITH_EXIT_IN_SLOT:
        manager = operand.__self__ if type(operand) is MethodType else None
        return (
            _PUSH if _is_code_of(_special(type(manager), "__enter__"), inner) else None
        )
    exit_ = _special(type(operand), "__exit__")
    entered = _is_code_of(_special(type(operand), "__enter__"), inner)
    if not entered or type(exit_) is not FunctionType:
        return None
    return PUSH, (), (MethodType(exit_, operand),)


def _exit(
    _oparg: int, operands: tuple[Any, ...], inner: Any, _first: Any
) -> Answer | None:
    return _PUSH if _runs(operands[0], inner) else None


def _subscript(
    _oparg: int, operands: tuple[Any, ...], inner: Any, _first: Any
) -> Answer | None:
    getitem = _special(type(operands[0]), "__getitem__")
    return _PUSH if _is_code_of(getitem, inner) else None


def _attribute(
    _oparg: int, operands: tuple[Any, ...], inner: Any, _first: Any
) -> Answer | None:
    cls = type(operands[0])
    if any(_is_code_of(_special(cls, hook), inner) for hook in _ATTRIBUTE_HOOKS):
        return _PUSH
    found = any(
        type(value) is property and _is_code_of(value.fget, inner)
        for base in cls.__mro__
        for value in base.__dict__.values()
    )
    return _PUSH if found and _special(cls, "__getattr__") is None else None


def _method(
    _oparg: int, operands: tuple[Any, ...], inner: Any, _first: Any
) -> Answer | None:
    # Two values are due, a function and its self, and one can be delivered: calling the
    # attribute with arguments is calling operator.call() with it and them.
    found = _attribute(_oparg, operands, inner, _first) is not None
    return (PUSH, (), (operator.call,)) if found else None


def _root(_: int, operands: tuple[Any, ...], inner: Any, first: Any) -> Answer | None:
    return _called(operands[0], inner, first)


_ATTRIBUTE_HOOKS = ("__getattr__", "__getattribute__")
_RULES: dict[str, Callable[[int, tuple[Any, ...], Any, Any], Answer | None]] = {
    "call": _call,
    "call_kw": _call,
    "call_ex": _root,
    "root": _root,
    "for_iter": _for_iter,
    "send": _send,
    "enter": _enter,
    "exit": _exit,
    "subscript": _subscript,
    "attribute": _attribute,
    "method": _method,
}


# --- helpers ---


def _special(cls: type, name: str) -> Any:
    """The class attribute as it stands, unbound, found as the interpreter finds it."""
    for base in cls.__mro__:
        if name in base.__dict__:
            return base.__dict__[name]
    return None


def _is_code_of(function: Any, inner: Any) -> bool:
    return (
        type(function) is FunctionType
        and type(inner) is FunctionType
        and function.__code__ is inner.__code__
    )


def _called_from_c(value: Any) -> bool:
    call = _special(type(value), "__call__")
    return call is not None and type(call) is not FunctionType
