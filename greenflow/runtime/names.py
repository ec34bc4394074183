"""What users name: ids of flows, functions, topics, labels, statuses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, get_args

from greenflow import limits
from greenflow.later import later
from greenflow.store.base import Status

if TYPE_CHECKING:
    import inspect
    import secrets
    from collections.abc import Callable, Iterable
else:
    inspect = later(__name__, "inspect")
    secrets = later(__name__, "secrets")

#: What to do with flows whose code was changed: see :func:`greenflow.open`.
CodePolicy = Literal["pinned", "upgrade", "strict"]

#: Crockford's digits: no i, l, o, u, so that an id can be read out and typed.
_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_ID_DIGITS = 8
_ID_STEM_CHARS_MAX = 24


def new_id(function: Callable[..., object]) -> str:
    """Return an id no flow is likely to have: ``approval-3k9fzq7m``.

    40 random bits: whoever creates the flow must try again if the id is taken.
    """
    return new_id_of(_name(function))


def new_id_of(name: str) -> str:
    """Return the same for a function of this name, qualified or not."""
    stem = re.sub(r"[^A-Za-z0-9_]+", "", re.split("[.:]", name)[-1])
    random = "".join(secrets.choice(_DIGITS) for _ in range(_ID_DIGITS))
    return f"{stem[:_ID_STEM_CHARS_MAX] or 'flow'}-{random}"


def function_name(function: Callable[..., object]) -> str:
    """Return ``module:qualname`` of a function, or of what a callable object is of."""
    named = function if hasattr(function, "__qualname__") else _inner(function)
    module = getattr(named, "__module__", None) or "builtins"
    return f"{module}:{_name(function)}"


def check_code(code: str | None) -> None:
    """Raise ValueError if this is no way to treat flows whose code was changed."""
    if code is not None and code not in get_args(CodePolicy):
        raise ValueError(f'code= is "pinned", "upgrade" or "strict", not {code!r}')


def topic_name(topic: str | None) -> str:
    """Return the store's name of a topic; ``None`` is the topic without a name.

    Raises:
        TypeError: it is no text.
        ValueError: it is too long, or begins with NUL (kept for greenflow).
    """
    if topic is None:
        return ""
    check_text("a topic", topic)
    if topic.startswith("\x00"):
        raise ValueError(f"a topic must not begin with NUL: {topic!r}")
    return topic


def label_name(label: str | None) -> str | None:
    """Return the label of a checkpoint, checked.

    Raises:
        TypeError: it is no text.
        ValueError: it is too long.
    """
    if label is not None:
        check_text("a label", label)
    return label


def _name(function: Callable[..., object]) -> str:
    named = function if hasattr(function, "__qualname__") else _inner(function)
    name = getattr(named, "__qualname__", type(named).__qualname__)
    return str(name)


def _inner(function: Callable[..., object]) -> object:
    """Return what a partial() calls, and of any other object its type."""
    inner = getattr(function, "func", None)
    return inner if callable(inner) else type(function)


def check_text(what: str, text: object) -> None:
    """Refuse what the store cannot have as a name. Raises TypeError, ValueError."""
    if not isinstance(text, str):
        raise TypeError(f"{what} must be a str or None, not {type(text).__name__}")
    if len(text) > limits.NAME_CHARS_MAX:
        raise ValueError(
            f"{what} of {len(text)} characters; the limit is {limits.NAME_CHARS_MAX}"
        )
    text.encode()  # raises if it cannot be stored


def check_call(
    function: object, args: tuple[object, ...], kwargs: dict[str, object]
) -> None:
    """Refuse what would only fail when the flow runs. Raises TypeError."""
    if not callable(function):
        raise TypeError(f"spawn() takes a function first, not {function!r}")
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(
            f"spawn() takes a plain function; {function_name(function)} is async"
        )
    try:
        # As it is called: a wrapper decides itself what it passes on.
        signature = inspect.signature(function, follow_wrapped=False)
    except (TypeError, ValueError):
        return  # many functions made in C do not tell theirs
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        raise TypeError(f"{function_name(function)}(): {error}") from None


def statuses(status: Status | Iterable[Status] | None) -> tuple[Status, ...]:
    """Return the statuses that are asked for; none means all. Raises ValueError."""
    known = get_args(Status)
    if status is None:
        return ()
    wanted = (status,) if isinstance(status, str) else tuple(status)
    for name in wanted:
        if name not in known:
            raise ValueError(f"{name!r} is no status; these are: {', '.join(known)}")
    return wanted


def page_limit(limit: int | None) -> int:
    """Return how many are asked for, 0 for all. Raises ValueError."""
    if limit is None:
        return 0
    if limit < 1:
        raise ValueError(f"limit must be at least 1, not {limit}")
    return limit
