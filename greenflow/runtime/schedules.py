"""Flows that are made again and again, at the times of a cron expression.

A schedule is a flow itself: it sleeps until the next time, makes a flow, and sleeps
again, each in one transaction. So it is seen, held and cancelled like any other.
"""

from __future__ import annotations

from datetime import UTC, datetime, timezone
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec.structs import replace

from greenflow.continuation import tags
from greenflow.runtime.api import current
from greenflow.runtime.names import check_call, function_name
from greenflow.runtime.operations import sleep_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenflow.runtime.flow import Flow
    from greenflow.runtime.making import Options

#: How a time zone is said before the expression, as some crons do.
_ZONE_WORDS = ("CRON_TZ=", "TZ=")


def make(
    made: Options,
    cron: str,
    fn: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Flow[None]:
    """Make the flow that keeps a schedule. Raises as :func:`greenflow.schedule`."""
    check_call(fn, args, kwargs)
    next_time(cron)
    keeper = replace(
        made, name=made.name or f"{cron} {function_name(fn)}", retry=0, deadline=None
    )
    # What is said of id and begin is said of the schedule.
    each = replace(made, store=None, id=None, at=None, delay=None, if_exists="raise")
    return keeper.spawn(_keep, cron, each, fn, args, kwargs)


def _keep(
    cron: str,
    made: Options,
    fn: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> None:
    """Make flows for ever; this is the function of the flow."""
    while True:
        when = next_time(cron)
        sleep_until(when)
        flow_id = f"{current().id}-{when:%Y%m%dT%H%M%S}Z"
        replace(made, id=flow_id, if_exists="return").spawn(fn, *args, **kwargs)


def next_time(cron: str) -> datetime:
    """Return the next time of an expression, in UTC.

    Raises:
        ValueError: it cannot be read, or its time zone is not known here.
    """
    from cronsim import CronSim, CronSimError

    first, _, rest = cron.strip().partition(" ")
    zone: timezone | ZoneInfo = UTC
    for word in _ZONE_WORDS:
        if first.startswith(word):
            cron = rest
            try:
                zone = ZoneInfo(first.removeprefix(word))
            except (ZoneInfoNotFoundError, ValueError) as error:
                raise ValueError(f"{first!r} is no known time zone") from error
            break
    try:
        found = next(CronSim(cron, datetime.now(zone)))
    except CronSimError as error:
        raise ValueError(
            f"{cron!r} is no cron expression: {error}\n"
            "HINT: minute, hour, day, month, weekday: 30 9 * * MON-FRI"
        ) from error
    except StopIteration:
        raise ValueError(f"{cron!r} never comes") from None
    return found.astimezone(UTC)


tags.register("schedule", _keep)
