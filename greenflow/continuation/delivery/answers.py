"""What the core is told of an instruction that waits."""

from __future__ import annotations

import dis
from collections.abc import Callable
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NamedTuple

from greenflow.continuation.delivery.adapters import UNCHANGED, Adapters
from greenflow.continuation.delivery.inside import Inside

if TYPE_CHECKING:
    from types import CodeType

PUSH, INIT, NEXT, SEND, CALL_NEXT, AGAIN, OR_POP, AT = range(8)


class Answer(NamedTuple):
    """What the core is told; see gf_boundary in csrc/frames.h."""

    delivery: int
    #: For INIT, CALL_NEXT and OR_POP.
    held: tuple[Any, ...] = ()
    #: What belongs on top of what the frame keeps on its stack.
    tops: tuple[Any, ...] = ()
    adapters: Adapters = UNCHANGED


class Waiting(NamedTuple):
    """The instruction that waits."""

    code: CodeType
    offset: int
    opname: str
    oparg: int
    #: Those that may be read; NULLs are left out.
    operands: tuple[Any, ...]

    def name(self) -> str:
        """Return the name that it looks up or stores."""
        return str(self.instruction().argval)

    def instruction(self) -> dis.Instruction:
        """Return it as dis tells it."""
        found = dis.get_instructions(self.code)
        return next(one for one in found if one.offset == self.offset)

    def keywords(self) -> tuple[str, ...]:
        """Return the names of a call's last arguments."""
        if self.opname == "CALL" and "CALL_KW" in dis.opmap:
            return ()
        before = takewhile(
            lambda one: one.offset < self.offset, dis.get_instructions(self.code)
        )
        last = [i for i in before if i.opname not in {"PRECALL", "EXTENDED_ARG"}][-1]
        if self.opname == "CALL_KW":
            return tuple(last.argval)
        constants = self.code.co_consts  # up to 3.12; dis does not look it up there
        return tuple(constants[last.arg or 0]) if last.opname == "KW_NAMES" else ()


def taken(
    adapters: Adapters | None,
    delivery: int = PUSH,
    held: tuple[Any, ...] = (),
    tops: tuple[Any, ...] = (),
) -> Answer | None:
    """Of an instruction that takes what the adapters give, if that is known."""
    return None if adapters is None else Answer(delivery, held, tops, adapters)


def again(adapters: Adapters | None, *tops: Any) -> Answer | None:
    """Of one that runs once more, with ``tops`` below what the adapters give."""
    return taken(adapters, AGAIN, tops=tops)


Rule = Callable[[Waiting, Inside], Answer | None]
