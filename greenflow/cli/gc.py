"""``greenflow gc``: flows that ended long ago are deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from greenflow.cli.amounts import duration
from greenflow.cli.options import json_option, reading, store_option
from greenflow.cli.progress import progress
from greenflow.cli.text import json_document
from greenflow.inspect.waits import age
from greenflow.store.settings import (
    Retention,
    get_retention,
    put_history,
    put_retention,
)
from greenflow.store.upkeep_gc import Collected, Collector
from greenflow.store.upkeep_trim import trim

if TYPE_CHECKING:
    from pathlib import Path

    from greenflow.store import LmdbStore


@click.command(name="gc")
@click.option(
    "--older",
    callback=duration,
    metavar="AGE",
    help="Only flows that ended longer ago: 30d, 12h.",
)
@click.option(
    "--keep", type=click.IntRange(1), metavar="N", help="Not the N that ended last."
)
@click.option(
    "--children", is_flag=True, help="Also flows whose parent has not ended yet."
)
@click.option("--dry-run", is_flag=True, help="Only tell what would be deleted.")
@click.option(
    "--set",
    "setting",
    is_flag=True,
    help="Keep --older and --keep in the store: for gc without them, and for workers "
    "that are idle. With neither, nothing is deleted any more.",
)
@click.option(
    "--history",
    type=click.IntRange(0),
    metavar="N",
    help="Keep the last N checkpoints of each flow from here on (else 20), and those "
    "with a label; delete the others now.",
)
@json_option
@store_option
def command(
    older: float | None,
    keep: int | None,
    children: bool,
    dry_run: bool,
    setting: bool,
    history: int | None,
    as_json: bool,
    store_path: Path | None,
) -> None:
    """Delete flows that have ended, with their messages and results.

    Never one that another flow waits for, nor one whose parent goes on. Workers may run
    meanwhile, and it can be ended at any moment.
    """
    given = _given(older, keep)
    if history is not None and (given or dry_run or setting or children):
        raise click.UsageError("--history goes with no other option of gc")
    with reading(store_path) as store:
        if history is not None:
            _keep(store, history, as_json=as_json)
            return
        if setting:
            store.write(lambda work: put_retention(work, given))
            click.echo(_told(given), err=True)
            return
        retention = given or store.read(get_retention)
        if retention is None:
            raise click.UsageError(
                "nothing says what may be deleted\n"
                "HINT: greenflow gc --older 30d, or --keep 1000"
            )
        collector = Collector(store, retention, children=children)
        collected = collector.dry_run() if dry_run else _run(collector)
    if as_json:
        fields = {"dry_run": dry_run, **msgspec.to_builtins(collected)}
        click.echo(json_document("greenflow.gc/1", fields))
    else:
        click.echo(_summary(collected, dry_run), err=True)


def _keep(store: LmdbStore, history: int, *, as_json: bool) -> None:
    """Let the store keep so many checkpoints of each flow."""
    store.write(lambda work: put_history(work, history))
    trimmed = trim(store, [each.id for each in store.flows()])
    if as_json:
        told = msgspec.to_builtins(Collected(checkpoints=trimmed))
        click.echo(json_document("greenflow.gc/1", {"dry_run": False, **told}))
    else:
        what = "1 checkpoint" if trimmed == 1 else f"{trimmed} checkpoints"
        click.echo(f"the last {history} are kept; {what} deleted", err=True)


def _given(older: float | None, keep: int | None) -> Retention | None:
    if older is None and keep is None:
        return None
    return Retention(older_seconds=older, keep=keep or 0)


def _run(collector: Collector) -> Collected:
    with progress("deleting flows") as tell:
        total = collector.pending()
        while collector.step():
            told = collector.collected
            done = told.flows + told.needed + told.damaged
            tell(done, max(total, done))
    return collector.collected


def _told(retention: Retention | None) -> str:
    if retention is None:
        return "no flow is deleted any more, unless gc is told which"
    parts = []
    if retention.older_seconds is not None:
        parts.append(f"ended longer ago than {age(retention.older_seconds)}")
    if retention.keep:
        parts.append(f"are not among the last {retention.keep}")
    return f"workers delete flows that {' and '.join(parts)}"


def _summary(collected: Collected, dry_run: bool) -> str:
    verb = "would be deleted" if dry_run else "deleted"
    flows = "1 flow" if collected.flows == 1 else f"{collected.flows} flows"
    text = f"{flows} {verb}"
    if collected.needed:
        text += f"; {collected.needed} more are needed by flows that go on"
    if collected.damaged:
        text += f"; {collected.damaged} cannot be read: greenflow doctor"
    return text
