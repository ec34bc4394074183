"""Values nested so deeply that no ordinary stack holds their pickling.

The C pickler calls itself for what lies inside. It is run in a thread of its own with a
stack that is large, of which no more is taken from the machine than is used, and a
pickler that looks at that stack. (Raising the recursion limit would not do: from 3.12
on it is not for C code, and it would let other threads overflow theirs.)
"""

from __future__ import annotations

import threading
from contextvars import copy_context
from typing import TYPE_CHECKING, TypeVar

from greenflow.continuation import frames
from greenflow.limits import DEEP_STACK_BYTES_MAX, DEEP_STACK_BYTES_MIN

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

#: The size of the stacks of new threads is the process's.
_starting = threading.Lock()


def call(function: Callable[[], T]) -> T:
    """Return what ``function()`` returns, called with a large stack.

    It must call :func:`greenflow.continuation.frames.deep_look` on its way down.

    Raises:
        RecursionError: there is no memory for such a stack; or it was used up.
        BaseException: whatever it raises.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def run(stack_bytes: int) -> None:
        frames.deep_begin(stack_bytes)
        try:
            results.append(function())
        except BaseException as error:
            errors.append(error)

    context = copy_context()
    _wait(_start(lambda size: context.run(run, size)))
    if errors:
        raise errors.pop()
    return results.pop()


def _start(run: Callable[[int], None]) -> threading.Thread:
    size = DEEP_STACK_BYTES_MAX
    with _starting:
        before = threading.stack_size()
        try:
            while size >= DEEP_STACK_BYTES_MIN:
                try:
                    threading.stack_size(size)
                    thread = threading.Thread(target=run, args=(size,), daemon=True)
                    thread.start()
                except (RuntimeError, ValueError, MemoryError):
                    size //= 2
                else:
                    return thread
        finally:
            threading.stack_size(before)
    raise RecursionError("there is no room for a stack that is deep enough")


def _wait(thread: threading.Thread) -> None:
    """Wait for its end, whatever comes: it uses what belongs to the caller."""
    interrupted: BaseException | None = None
    while thread.is_alive():
        try:
            thread.join()
        except BaseException as error:
            interrupted = error
    if interrupted is not None:
        raise interrupted
