"""``greenflow rollback``: a flow goes on from an earlier checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from greenflow.cli.acting import acting
from greenflow.cli.options import flow_argument, json_option, store_option
from greenflow.cli.text import json_document

if TYPE_CHECKING:
    from pathlib import Path


@click.command(name="rollback")
@flow_argument
@click.option(
    "--to", required=True, type=int, metavar="N", help="The number of the checkpoint."
)
@click.option("--reason", default="", help="Is kept in the flow's history.")
@json_option
@store_option
def command(
    flow_id: str, to: int, reason: str, as_json: bool, store_path: Path | None
) -> None:
    """Let a flow go on from an earlier checkpoint, and wait there as it did then.

    Nothing is deleted: the flow has one more checkpoint, so that can be undone in the
    same way. Messages that it took since are gone; those that it sent, and flows that
    it spawned, are there. A flow that has ended stays so: fork it.
    """
    with acting(store_path) as store:
        flow = store.get(store.base.resolve(flow_id))
        before = flow.record.seq
        made = flow.rollback(to, reason)
        record = flow.record
    if as_json:
        fields = {"id": flow.id, "checkpoint": made, "to": to, "status": record.status}
        click.echo(json_document("greenflow.rollback/1", fields))
        return
    click.echo(
        f"{flow.id} is {record.status} at checkpoint {made}, made from {to}; "
        f"undo: greenflow rollback {flow.id} --to {before}",
        err=True,
    )
