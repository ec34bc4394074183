"""``greenflow doctor``: is the store whole, and what is to be done?"""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING, Final

import click
import msgspec

from greenflow.cli.exits import DAMAGED, OK
from greenflow.cli.options import json_option, store_option, store_place
from greenflow.cli.progress import progress
from greenflow.cli.text import json_document, plain
from greenflow.errors import BadRecord, StoreError
from greenflow.store import LmdbStore
from greenflow.store.upkeep_doctor import doctor
from greenflow.store.upkeep_finding import Finding
from greenflow.store.upkeep_machine import before_opening

if TYPE_CHECKING:
    from pathlib import Path

#: Findings that are shown; --json has them all.
_SHOWN_MAX: Final = 50


@click.command(name="doctor")
@click.option(
    "--fix",
    is_flag=True,
    help="Put right what follows from the flows themselves; never what you stored.",
)
@json_option
@store_option
def command(fix: bool, as_json: bool, store_path: Path | None) -> int:
    """Read every record, compare all indexes, and look at readers, workers and disk.

    Workers may run meanwhile. The exit code is 7 if anything is damaged that was not
    put right, else 0.
    """
    place = os.path.realpath(store_place(store_path))
    findings = before_opening(place) or _examine(place, fix)
    damaged = any(each.weight == "damage" and not each.fixed for each in findings)
    if as_json:
        fields = {"healthy": not damaged, "findings": msgspec.to_builtins(findings)}
        click.echo(json_document("greenflow.doctor/1", fields))
    else:
        _print(findings)
        click.echo("damaged" if damaged else "healthy", err=True)
    return DAMAGED if damaged else OK


def _examine(place: str, fix: bool) -> list[Finding]:
    try:
        with (
            closing(LmdbStore(place, create=False)) as store,
            progress("reading every record") as tell,
        ):
            return doctor(store, fix=fix, tell=tell)
    except (StoreError, BadRecord) as error:
        advice = error.hint or "take the store from a copy"
        return [Finding(kind="unreadable", text=error.message, advice=advice)]


def _print(findings: list[Finding]) -> None:
    for each in findings[:_SHOWN_MAX]:
        done = "put right" if each.fixed else each.advice
        click.echo(f"{each.weight}: {plain(each.text)}\n    {plain(done)}")
    if len(findings) > _SHOWN_MAX:
        click.echo(f"... and {len(findings) - _SHOWN_MAX} more (--json)")
