"""Amounts as people write them on a command line: callbacks of click's options."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from click import Context, Parameter

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)([smhdw])", re.ASCII)


def duration(_: Context, param: Parameter, value: str | None) -> float | None:
    """Return the seconds of ``30d``, ``12h``, ``90m``, ``45s``. Raises BadParameter."""
    if value is None:
        return None
    match = _DURATION.fullmatch(value.strip())
    if match is None:
        raise click.BadParameter(f"{value!r} is no length of time, such as 30d or 12h")
    return float(match[1]) * _UNITS[match[2]]


def rate(_: Context, param: Parameter, value: str | None) -> tuple[int, float] | None:
    """Return count and seconds of ``100/60``. Raises BadParameter."""
    if value is None:
        return None
    count, slash, seconds = value.partition("/")
    with suppress(ValueError):
        if slash and int(count) > 0 and 0 < float(seconds) < float("inf"):
            return int(count), float(seconds)
    raise click.BadParameter(f"{value!r} is no rate, such as 100/60")
