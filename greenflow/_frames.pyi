"""The C core: capture, dismantle and materialise a stack of frames."""

from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any, Final, final

LEAVE: Final[object]
"""What a hook returns to take the flow off the stack."""

@final
class Records:
    """A captured stack: functions, their shape and every value, as plain data."""

    @property
    def functions(self) -> tuple[FunctionType, ...]: ...
    @property
    def shape(self) -> bytes: ...
    @property
    def values(self) -> tuple[Any, ...]: ...
    @property
    def depth(self) -> int: ...

@final
class Operation:
    """A callable that leaves the flow it is called in (suspend, recv, ...)."""

    def __new__(
        cls, name: str, parse: Callable[..., Any], *, hooked: bool = ...
    ) -> Operation: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...
    __name__: str
    __doc__: str | None
