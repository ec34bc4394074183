"""Types of messages: what recv(type) takes, told to the sender while it waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from greenflow import limits
from greenflow.errors import BadMessage, GreenflowError, TooLarge
from greenflow.runtime import values
from greenflow.runtime.requests import ABSENT

if TYPE_CHECKING:
    from greenflow.store.base import FlowRecord


def check_type(wanted: Any) -> Any:
    """Return a type that messages can be checked against. Raises TypeError."""
    if wanted is ABSENT or _is_model(wanted):
        return wanted
    try:
        # There is nothing of that kind, so only a type that cannot be is refused here.
        msgspec.convert(_NOTHING, wanted)
    except msgspec.ValidationError:
        pass
    except (TypeError, RuntimeError) as error:
        raise TypeError(
            f"recv() cannot check messages against {wanted!r}: {error}"
        ) from error
    return wanted


def dump_type(wanted: Any) -> tuple[str, bytes]:
    """Return a type as text for people, and as bytes for who sends.

    Raises:
        NotSaveable, TooLarge: it cannot be stored.
    """
    if wanted is ABSENT:
        return "", b""
    data = values.dump(wanted, "the type that recv() takes")
    if len(data) > limits.TYPE_BYTES_MAX:
        raise TooLarge(
            f"the type that recv() takes is {len(data)} bytes; the limit is "
            f"{limits.TYPE_BYTES_MAX}",
            hint="define it in a module, so that its name is enough",
        )
    return type_name(wanted), data


def type_name(wanted: Any) -> str:
    """Return a type as text for people."""
    name = getattr(wanted, "__qualname__", None)
    text = name if isinstance(wanted, type) and name else repr(wanted)
    text = text.rpartition("<locals>.")[2]
    return text.encode("utf-8", "backslashreplace").decode()[: limits.PREVIEW_CHARS_MAX]


def checked(message: Any, record: FlowRecord, topic: str) -> Any:
    """Return a message as the flow that waits for it wants it.

    A type that cannot be loaded in this process is left to the receiver.

    Raises:
        BadMessage: it is not of the type that the flow waits for.
    """
    waiting = record.waiting
    if waiting is None or not waiting.expects or waiting.topic != topic:
        return message
    if record.status != "waiting":
        return message  # another message came first
    try:
        wanted = values.load(waiting.expects)
    except GreenflowError:
        return message
    return convert(message, wanted, f"flow {record.id} waits for {waiting.type}")


def convert(message: Any, wanted: Any, why: str) -> Any:
    """Return a message as what ``wanted`` says it is. Raises BadMessage."""
    if wanted is ABSENT:
        return message
    try:
        if _is_model(wanted):
            return wanted.model_validate(message)
        return msgspec.convert(message, wanted)
    except (msgspec.ValidationError, ValueError) as error:
        if type(message) is not bool and _is_instance(message, wanted):
            return message  # of a subclass, which msgspec takes for another type
        raise BadMessage(
            f"{why}, and a message is {values.preview(message)}: {error}",
            hint="send a value of that type, or what msgspec.convert() makes one of",
        ) from error


def _is_model(wanted: Any) -> bool:
    """Return whether it is a class of pydantic's, which validates by itself."""
    return isinstance(wanted, type) and hasattr(wanted, "model_validate")


def _is_instance(message: Any, wanted: Any) -> bool:
    try:
        return isinstance(wanted, type) and isinstance(message, wanted)
    except TypeError:
        return False  # a TypedDict has no instances


class _Nothing:
    """Of no type that anybody asks for."""


_NOTHING = _Nothing()
