"""May a frame that waits for C code be given its result without that C code?

The core asks this for every call on a captured stack that went through C, unless it
knows the answer itself (csrc/classify.c). The answer is how the waiting instruction
takes the result of the frame inside, and what frames of ours stand in for what the C
code does in between (:mod:`greenflow.continuation.delivery`). Everything that is not
certain is refused.
"""

from __future__ import annotations

import dis
from typing import TYPE_CHECKING, Any, NoReturn

from greenflow.continuation import equivalents
from greenflow.continuation.delivery import instructions
from greenflow.continuation.delivery.answers import Answer, Waiting
from greenflow.continuation.delivery.inside import Inside
from greenflow.continuation.wording import describe, inner_name, place
from greenflow.errors import NotInFlow, NotSuspendable

if TYPE_CHECKING:
    from types import CodeType

    from greenflow.continuation.frames import Operation


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
        operands: those that may be read, without NULLs.
        inner: the Operation, the generator or the function that C code runs.
        first: the first argument of ``inner``'s frame, as it is now.
        code: of the waiting frame.
        offset: of the pending instruction, in bytes.

    Raises:
        NotSuspendable: what the C code between does is not known.
    """
    opname = dis.opname[code.co_code[offset]]
    waiting = Waiting(code, offset, opname, oparg, operands)
    answer = _answer(op, waiting, Inside(inner, first))
    if answer is not None:
        return answer
    raise NotSuspendable(
        f"{place(code, offset)} waits for {describe(op, operands, opname)}, "
        f"which runs {inner_name(inner)} from C and could not be entered again",
        hint=equivalents.hint(op, operands, opname, inner),
    )


def _answer(op: str, waiting: Waiting, inside: Inside) -> Answer | None:
    decide = instructions.of(op, waiting.opname)
    if decide is None or not (waiting.operands or op == "compare"):
        return None
    return decide(waiting, inside)


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
