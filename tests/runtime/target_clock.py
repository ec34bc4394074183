"""A clock that a test sets, for schedules and timers of this process."""

from __future__ import annotations

import time
from datetime import datetime

from greenflow.runtime import schedules

#: Seconds since the epoch.
NOW = [0.0]


class Datetime(datetime):
    """What is now is what the test says."""

    @classmethod
    def now(cls, tz=None):
        return datetime.fromtimestamp(NOW[0], tz)


def at(text: str) -> None:
    """Let it be that time, in ISO format with an offset."""
    NOW[0] = datetime.fromisoformat(text).timestamp()


def install(set_attribute=setattr) -> None:
    set_attribute(time, "time", lambda: NOW[0])
    set_attribute(schedules, "datetime", Datetime)
