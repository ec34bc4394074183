"""What stands in for a frame that somebody dropped, until its flow goes on.

It gives what the dropped frame was to give, whatever it is resumed with.
"""

from __future__ import annotations

from typing import Any, NoReturn

from greenflow.continuation.delivery.adapters import call, registered


@registered
def given_instead(value: Any) -> Any:
    """Return ``value``."""
    call()
    return value


@registered
def raised_instead(error: BaseException) -> NoReturn:
    """Raise ``error``."""
    call()
    raise error


@registered
def ends_with() -> NoReturn:
    """End what is awaited, or iterated, with what is given."""
    value = call()
    raise StopIteration(value)


#: These stand for what is decided already: they take no value.
DECIDED = (given_instead, raised_instead)
