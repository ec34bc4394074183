"""Which value could not be saved, and where it hangs: told to people.

Only after a failure. The variable whose value fails is saved once more, by the pickler
that is written in Python, which tells on its way which object is inside of which. So
what is named is what really failed, not what merely looks as if it would.
"""

from __future__ import annotations

import pickle
import types
from typing import TYPE_CHECKING, Any, NamedTuple

from greenflow.continuation import generators, pickling, reducing
from greenflow.continuation.hints import hint_for
from greenflow.continuation.parts import parts, state_parts
from greenflow.errors import GreenflowError, NotSaveable
from greenflow.limits import DIAGNOSED_OBJECTS_MAX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_REASON_CHARS_MAX = 300


class _Culprit(NamedTuple):
    steps: str
    value: object
    error: BaseException
    #: What leads to it, from the variable's value on.
    chain: Sequence[object] = ()


def explain(
    described: Iterable[tuple[str, str, object]],
    error: BaseException,
    running: dict[int, types.FunctionType] | None = None,
) -> GreenflowError:
    """Return the error that tells which of the values cannot be saved.

    Args:
        described: (frame, variable, value) of everything that was to be saved.
        error: what the pickler raised.
        running: as for :func:`greenflow.continuation.pickling.dump`.
    """
    if isinstance(error, GreenflowError) and not isinstance(error, NotSaveable):
        return error
    running_only = None
    for place, variable, value in described:
        failure = _failure(value, running)
        if failure is None:
            continue
        culprit = _trace(value, failure, running)
        if not isinstance(culprit.value, generators.TYPES):
            return _told(place, variable, culprit)
        # It may be one of the stack's own, whose frame is saved by itself.
        running_only = running_only or _told(place, variable, culprit)
    return running_only or NotSaveable(
        f"the flow cannot be saved: {_short(error)}",
        hint="a value of it cannot be pickled together with the others",
    )


def type_name(value: object) -> str:
    """Return module and name of a value's type, without ``builtins``."""
    cls = type(value)
    if cls.__module__ == "builtins":
        return cls.__qualname__
    return f"{cls.__module__}.{cls.__qualname__}"


def _told(place: str, variable: str, culprit: _Culprit) -> NotSaveable:
    path = f"{place}: {variable}{culprit.steps}"
    if isinstance(culprit.error, RecursionError):
        return NotSaveable(
            f"{path}: the value is nested too deeply to be saved",
            path=path,
            hint="keep deep structures flat: a list of rows, an index instead of a "
            "chain; or raise sys.setrecursionlimit()",
        )
    hint = hint_for(culprit.value, culprit.chain)
    if " global " in culprit.steps:
        hint = (
            "make it inside the function that uses it, or keep it in a module that "
            f"can be imported; else: {hint}"
        )
    return NotSaveable(
        f"{path}: {_described(culprit)} cannot be saved{_reason(culprit)}",
        path=path,
        hint=hint,
    )


def _described(culprit: _Culprit) -> str:
    value = culprit.value
    if isinstance(value, type | types.FunctionType):
        kind = "class" if isinstance(value, type) else "function"
        return f"{kind} {value.__module__}.{value.__qualname__}"
    return type_name(value)


def _reason(culprit: _Culprit) -> str:
    """Why, unless it says only that it is of this type."""
    error = culprit.error
    if type(error) is TypeError and str(error).startswith("cannot pickle"):
        return ""
    return f" ({_short(error)})"


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:_REASON_CHARS_MAX]


def _failure(
    value: object, running: dict[int, types.FunctionType] | None
) -> BaseException | None:
    try:
        pickling.dump(value, dict(running or {}))
    except Exception as error:
        return error
    return None


# --- the way down ---


class _TooMuchError(Exception):
    """The search ends here; not an error of the value."""


class _Tracer(reducing.Reducing, pickle._Pickler):  # noqa: SLF001 - the one in Python
    """A pickler that knows what it is inside of."""

    def __init__(
        self, running: dict[int, types.FunctionType] | None, weak: Any = None
    ) -> None:
        super().__init__(_Nowhere(), pickling.PROTOCOL)
        self.running, self.weak = dict(running or {}), weak
        self.chain: list[object] = []
        self._left = DIAGNOSED_OBJECTS_MAX

    def save(self, obj: Any, *args: Any) -> None:
        """Save one object; if that fails, the chain leads to what failed."""
        self._left -= 1
        if self._left < 0:
            raise _TooMuchError
        self.chain.append(obj)
        super().save(obj, *args)  # type: ignore[misc]
        self.chain.pop()

    def saved_ids(self) -> dict[int, Any]:
        """Return by id what was saved."""
        return dict(self.memo)  # type: ignore[attr-defined]


class _Nowhere:
    """A file that forgets what is written to it."""

    def write(self, data: object) -> None:
        """Write nothing."""


def _trace(
    value: object,
    failure: BaseException,
    running: dict[int, types.FunctionType] | None,
) -> _Culprit:
    if isinstance(failure, RecursionError):
        return _Culprit("", value, failure)
    tracer = _Tracer(running)
    try:
        tracer.dump(value)
        while tracer.weak and tracer.weak.found_more(tracer.saved_ids()):
            tracer = _Tracer(running, tracer.weak)
            tracer.dump(value)
    except (RecursionError, _TooMuchError):
        return _Culprit("", value, failure)
    except Exception as error:
        chain = tracer.chain
        return _Culprit(_steps(chain), chain[-1], error, chain[:-1])
    return _Culprit("", value, failure)


def _steps(chain: Sequence[object]) -> str:
    """Return the steps from the first object of the chain to the last.

    Between two objects may lie what was made to save the first one: a tuple of
    arguments, a state.
    """
    steps, index = "", 0
    of: Callable[[Any], Iterable[tuple[str, Any]]] = parts
    while index < len(chain) - 1:
        rest = chain[index + 1 :]
        found = _next(of(chain[index]), rest)
        if found is None:
            of = state_parts if of is parts and _is_state(rest[0]) else parts
            index += 1
        else:
            step, ahead = found
            steps, index, of = steps + step, index + 1 + ahead, parts
    return steps


def _next(
    held: Iterable[tuple[str, Any]], rest: Sequence[object]
) -> tuple[str, int] | None:
    """Return the step to the first of ``rest`` that is held, and its index."""
    places = {id(item): index for index, item in reversed(list(enumerate(rest)))}
    best: tuple[str, int] | None = None
    for step, item in held:
        index = places.get(id(item))
        if index is not None and (best is None or index < best[1]):
            best = step, index
    return best


def _is_state(value: object) -> bool:
    return isinstance(value, dict) or type(value) is tuple
