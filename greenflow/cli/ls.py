"""``greenflow ls``: the flows of a store."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, get_args

import click

from greenflow.cli.documents import flow_document
from greenflow.cli.options import json_option, reading, store_option
from greenflow.cli.text import json_document
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
@json_option
@store_option
def command(
    statuses: tuple[Status, ...],
    function: str | None,
    as_json: bool,
    store_path: Path | None,
) -> None:
    """List the flows, the oldest first."""
    with reading(store_path) as store:
        records = [
            record
            for record in store.flows(status=statuses)
            if function is None or _is_of(record, function)
        ]
    if as_json:
        flows = [flow_document(record) for record in records]
        click.echo(json_document("greenflow.ls/1", {"flows": flows}))
        return
    from greenflow.cli.render import emit, flows_table

    if records:
        emit(flows_table(records, time.time()))
    click.echo(_count(records), err=True)


def _is_of(record: FlowRecord, function: str) -> bool:
    """Return whether the flow's ``module:qualname`` is, or ends with, ``function``."""
    whole = record.function.replace(":", ".")
    return f".{whole}".endswith("." + function.replace(":", "."))


def _count(records: list[FlowRecord]) -> str:
    return "1 flow" if len(records) == 1 else f"{len(records)} flows"
