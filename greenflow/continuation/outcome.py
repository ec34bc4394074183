"""What the call that a continuation waits in gives."""

from __future__ import annotations

from typing import Any

import msgspec


class Sent(msgspec.Struct, frozen=True):
    """What the waiting call returns."""

    value: Any = None


class Thrown(msgspec.Struct, frozen=True):
    """What the waiting call raises."""

    error: BaseException
