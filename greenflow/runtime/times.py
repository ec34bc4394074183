"""Durations and points in time, as users give them."""

from __future__ import annotations

import math
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from greenflow.later import later
from greenflow.store import claims

if TYPE_CHECKING:
    import random
else:
    random = later(__name__, "random")

#: The end of the year 9999, which is that of datetime too.
_LAST_SECONDS: Final = 253_402_300_800.0


def seconds(duration: float | timedelta) -> float:
    """Return a duration in seconds.

    Raises:
        TypeError: it is neither a number nor a timedelta.
        ValueError: it is negative, or no number.
    """
    if isinstance(duration, timedelta):
        duration = duration.total_seconds()
    if isinstance(duration, bool) or not isinstance(duration, int | float):
        raise TypeError(f"seconds or a timedelta are needed, not {duration!r}")
    if math.isnan(duration) or duration < 0:
        raise ValueError(f"a duration cannot be {duration!r}")
    return float(duration)


def retry_pause(failures: int) -> float:
    """Return the seconds before another try after so many failures, a little random."""
    return claims.backoff(failures) * random.uniform(0.5, 1.0)


def after(duration: float | timedelta) -> float | None:
    """Return when it will have passed, in seconds since the epoch; None if never.

    Raises: as :func:`seconds`.
    """
    due = time.time() + seconds(duration)
    return due if due < _LAST_SECONDS else None


def moment(when: datetime) -> float:
    """Return a point in time in seconds since the epoch.

    Raises:
        TypeError: it is no datetime.
        ValueError: it has no time zone.
    """
    if not isinstance(when, datetime):
        raise TypeError(f"a datetime is needed, not {when!r}")
    if when.utcoffset() is None:
        raise ValueError(
            f"{when!r} has no time zone, so it is another time on another machine\n"
            "HINT: give it one: datetime.now(timezone.utc), or .replace(tzinfo=...)"
        )
    return when.timestamp()
