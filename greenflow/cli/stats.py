"""``greenflow stats``: a store in numbers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click
import msgspec

from greenflow.cli.options import json_option, reading, store_option
from greenflow.cli.progress import progress
from greenflow.cli.text import json_document, plain, size
from greenflow.inspect.waits import age, instant
from greenflow.store.upkeep_stats import stats

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from greenflow.store.upkeep_stats import Stats


@click.command(name="stats")
@click.option("--full", is_flag=True, help="Look at every flow, which takes a while.")
@json_option
@store_option
def command(full: bool, as_json: bool, store_path: Path | None) -> None:
    """Tell how many flows and messages there are, and how much room they take.

    Without --full, what is counted is what has an index; a number with a + went on.
    """
    with reading(store_path) as store, progress("counting flows") as tell:
        found = stats(store, full=full, tell=tell)
    if as_json:
        click.echo(json_document("greenflow.stats/1", _document(found)))
    else:
        lines = list(_lines(found, time.time()))
        width = max(len(name) for name, _ in lines)
        click.echo("\n".join(f"{name:{width}}  {value}" for name, value in lines))


def _document(found: Stats) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(found)
    for name in ("oldest_ready", "next_due"):
        told[name] = None if told[name] is None else instant(told[name])
    return told


def _lines(found: Stats, now: float) -> Iterator[tuple[str, str]]:
    def number(name: str, value: int) -> str:
        return f"{value}+" if name in found.at_least else str(value)

    for name in ("flows", "ended", "hospital", "timed", "delayed"):
        yield name, number(name, getattr(found, name))
    for queue, count in found.ready.items():
        name = f"ready {plain(queue)}".strip()
        yield name, number(f"ready {queue}".strip(), count)
    for worker, count in found.running.items():
        yield f"running {plain(worker)}", str(count)
    if found.oldest_ready is not None:
        yield "oldest ready", age(now - found.oldest_ready)
    if found.next_due is not None:
        yield "next due", f"in {age(found.next_due - now)}"
    if found.full is not None:
        for status, count in sorted(found.full.by_status.items()):
            yield f"status {status}", str(count)
        yield "messages", str(found.full.messages)
        yield "saved states", size(found.full.state_bytes)
        yield "checkpoints", str(found.full.checkpoints)
        if found.full.damaged:
            yield "damaged", str(found.full.damaged)
    yield from _machine(found)


def _machine(found: Stats) -> Iterator[tuple[str, str]]:
    space = found.space
    yield "file", size(space.file_bytes)
    yield "in use", size(space.live_bytes)
    yield "free in it", size(space.free_bytes)
    share = space.file_bytes / space.map_bytes
    yield "map", f"{size(space.map_bytes)}, {share:.1%} used"
    yield "free on disk", size(space.disk_free_bytes)
    for reader in found.readers:
        lag = reader.lag_transactions
        behind = "idle" if lag is None else f"{lag} transactions behind"
        yield f"reader {reader.pid}", behind if reader.alive else f"{behind}, dead"
    if found.writer is not None:
        writer = found.writer
        yield "writing", f"process {writer.pid} {plain(writer.name)} {writer.state}"
