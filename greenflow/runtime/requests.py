"""What a flow asks for when it calls an operation, and how operations are made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar, cast

import msgspec

from greenflow.continuation import Operation

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from greenflow.runtime.flow import Flow

_Function = TypeVar("_Function", bound="Callable[..., Any]")

#: What is not given, where None could be meant.
ABSENT: Final = msgspec.UNSET


class Checkpoint(msgspec.Struct, frozen=True):
    """The request of checkpoint()."""

    label: str | None


class Receive(msgspec.Struct, frozen=True):
    """The request of recv()."""

    topic: str
    until: float | None = None
    default: Any = ABSENT
    type: Any = ABSENT


class Sleep(msgspec.Struct, frozen=True):
    """The request of sleep() and sleep_until()."""

    until: float | None


class Join(msgspec.Struct, frozen=True):
    """The request of Flow.result() in a flow, of gather(), first() and select()."""

    kind: Literal["join", "end", "gather", "first"]
    flows: tuple[Flow[Any], ...]
    topics: tuple[str, ...] = ()
    until: float | None = None
    default: Any = ABSENT
    timeout: float | timedelta | None = None
    takes: bool = False  #: it is given the message, and not only told of it


def operation(
    *,
    hooked: bool,
    outside: Callable[..., Any] | None = None,
    qualname: str | None = None,
) -> Callable[[_Function], _Function]:
    """Turn a function that makes a request into the operation of that name.

    For a type checker the operation is the function: same signature, and the
    result that the flow gets.

    Args:
        hooked: it needs a flow of a store, not a bare continuation.
        outside: what is called, with the same arguments, outside of flows.
        qualname: its name in the module ``greenflow``.
    """

    def turn(parse: _Function) -> _Function:
        name = parse.__name__
        made = Operation(
            name, parse, hooked=hooked, outside=outside, qualname=qualname or name
        )
        return cast("_Function", made)

    return turn
