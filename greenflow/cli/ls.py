"""``greenflow ls``: the flows of a store."""

from __future__ import annotations

import time
from itertools import islice
from typing import TYPE_CHECKING, get_args

import click

from greenflow.cli.documents import flow_document
from greenflow.cli.options import is_of, json_option, reading, store_option
from greenflow.cli.text import json_document
from greenflow.inspect.waits import waits_for
from greenflow.store.base import Status

if TYPE_CHECKING:
    from pathlib import Path

    from greenflow.store.base import FlowRecord


@click.command(name="ls")
@click.option(
    "-s",
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice(get_args(Status)),
    help="Only flows of this status; may be given several times.",
)
@click.option(
    "-f",
    "--function",
    metavar="FN",
    help="Only flows of this function: module:name, or name alone.",
)
@click.option("-t", "--tag", default="", help="Only flows that have this tag.")
@click.option(
    "-n", "--limit", type=click.IntRange(1), metavar="N", help="Not more than N."
)
@click.option("--after", metavar="ID", default="", help="Only those behind this one.")
@click.argument("text", default="")
@json_option
@store_option
def command(
    statuses: tuple[Status, ...],
    function: str | None,
    tag: str,
    limit: int | None,
    after: str,
    text: str,
    as_json: bool,
    store_path: Path | None,
) -> None:
    """List the flows, the oldest first; all, or a page of them.

    With TEXT only those that have it in their id, function, name, tags, label, error,
    or in what they wait for; capitals do not count.
    """
    with reading(store_path) as store:
        begin = store.resolve(after) if after else ""
        found = (
            record
            for record in store.flows(status=statuses, tag=tag, after=begin)
            if (function is None or is_of(record, function)) and _has(record, text)
        )
        records = list(islice(found, limit))
    # Whether there is more is not known: to look would be to read on.
    last = records[-1].id if len(records) == limit else None
    if as_json:
        flows = [flow_document(record) for record in records]
        click.echo(json_document("greenflow.ls/1", {"flows": flows, "next": last}))
        return
    from greenflow.cli.render import emit, flows_table

    if records:
        emit(flows_table(records, time.time()))
    more = f"; on with --after {last}" if last else ""
    click.echo(f"{_count(records)}{more}", err=True)


def _has(record: FlowRecord, text: str) -> bool:
    """Return whether the text is in what a person would look for in a list."""
    told = (record.id, record.function, record.name, record.label, *record.tags)
    wanted = text.casefold()
    return any(wanted in each.casefold() for each in (*told, waits_for(record)))


def _count(records: list[FlowRecord]) -> str:
    return "1 flow" if len(records) == 1 else f"{len(records)} flows"
