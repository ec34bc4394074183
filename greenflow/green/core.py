"""The one door to the compiled scheduler, ``greenflow._green``, and what it is told."""

from __future__ import annotations

from greenlet import GreenletExit, getcurrent, greenlet

from greenflow import _green
from greenflow.continuation.frames import LEAVE, Operation

__all__ = [
    "IDLE",
    "LEAVE",
    "LIMIT",
    "Bomb",
    "GreenletExit",
    "Operation",
    "TaskletExit",
    "_green",
    "getcurrent",
    "greenlet",
]


class TaskletExit(SystemExit):
    """Ends a tasklet, and nobody is told of it."""


class Bomb:
    """An exception on its way to where it is raised: a value that a tasklet is given.

    Attributes:
        error: the exception.
    """

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error

    @property
    def type(self) -> type[BaseException]:
        """The class of the exception."""
        return type(self.error)

    @property
    def value(self) -> BaseException:
        """The exception."""
        return self.error

    @property
    def traceback(self) -> object:
        """Where it was raised, or None."""
        return self.error.__traceback__

    def raise_(self) -> None:
        """Raise it here."""
        raise self.error


class Signal:
    """Why somebody goes on who was not given anything."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"<{self._name}>"


#: To who called run(), or to the main tasklet: nobody can run.
IDLE = Signal("IDLE")
#: To who called run(): its limit is reached.
LIMIT = Signal("LIMIT")


def error_of(
    exception: object, arguments: tuple[object, ...] = (), traceback: object = None
) -> BaseException:
    """Return the exception that ``raise`` would make of a class or an instance.

    Raises:
        TypeError: it is no exception.
    """
    if isinstance(exception, type) and issubclass(exception, BaseException):
        exception = exception(*arguments)
    if not isinstance(exception, BaseException):
        raise TypeError(f"an exception is needed, not {exception!r}")
    if traceback is not None:
        exception.__traceback__ = traceback  # type: ignore[assignment]
    return exception


def raised(exc: object, val: object = None, tb: object = None) -> BaseException:
    """Return what ``raise`` would, of the three that sys.exc_info() gives."""
    if isinstance(val, BaseException):
        return error_of(val, (), tb)
    arguments = val if isinstance(val, tuple) else () if val is None else (val,)
    return error_of(exc, arguments, tb)
