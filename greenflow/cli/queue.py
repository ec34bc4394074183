"""``greenflow queue``: the queues that have flows or limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from greenflow.cli.amounts import rate as as_rate
from greenflow.cli.options import json_option, reading, store_option
from greenflow.cli.text import json_document, plain
from greenflow.store.base import QueueLimits
from greenflow.store.upkeep_stats import stats

if TYPE_CHECKING:
    from pathlib import Path


@click.group(name="queue")
def command() -> None:
    """How many flows of a queue run at once, and how many begin per time."""


@command.command(name="ls")
@json_option
@store_option
def list_queues(as_json: bool, store_path: Path | None) -> None:
    """List the queues that have ready flows, or limits."""
    with reading(store_path) as store:
        limits = {each.name: each for each in store.queue_limits()}
        ready = stats(store).ready
    names = sorted({*limits, *ready})
    queues = [_document(name, ready.get(name, 0), limits.get(name)) for name in names]
    if as_json:
        click.echo(json_document("greenflow.queue/1", {"queues": queues}))
        return
    for each in queues:
        name = plain(each["name"]) or "(default)"
        parts = [name, f"{each['ready']} ready"]
        if each["concurrency"] is not None:
            parts.append(f"{each['concurrency']} at once")
        if each["count"]:
            parts.append(f"{each['count']} in {each['seconds']:g} s")
        click.echo("  ".join(parts))
    count = "1 queue" if len(queues) == 1 else f"{len(queues)} queues"
    click.echo(count, err=True)


@command.command(name="limit")
@click.argument("name")
@click.option(
    "--concurrency",
    type=click.IntRange(1),
    metavar="N",
    help="Not more of its flows run at once.",
)
@click.option(
    "--rate",
    callback=as_rate,
    metavar="COUNT/SECONDS",
    help="Not more slices begin in that time.",
)
@store_option
def limit(
    name: str,
    concurrency: int | None,
    rate: tuple[int, float] | None,
    store_path: Path | None,
) -> None:
    """Set the limits of the queue NAME ("" is the default one); without any, none."""
    count, seconds = rate or (0, 1.0)
    wanted = QueueLimits(
        name=name, concurrency=concurrency, count=count, seconds=seconds
    )
    with reading(store_path) as store:
        try:
            store.limit_queue(wanted)
        except ValueError as error:
            raise click.UsageError(str(error)) from error
    told = "has no limits" if concurrency is None and not count else "is limited"
    click.echo(f"queue {name!r} {told}", err=True)


def _document(name: str, ready: int, limits: QueueLimits | None) -> dict[str, Any]:
    return {
        "name": name,
        "ready": ready,
        "concurrency": limits.concurrency if limits else None,
        "count": limits.count if limits else 0,
        "seconds": limits.seconds if limits else None,
    }
