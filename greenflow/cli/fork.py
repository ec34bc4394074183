"""``greenflow fork``: another flow that goes on from a checkpoint of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from greenflow.cli.acting import acting
from greenflow.cli.looking import found
from greenflow.cli.options import json_option, place_argument, store_option
from greenflow.cli.text import json_document

if TYPE_CHECKING:
    from pathlib import Path


@click.command(name="fork")
@place_argument
@click.option("--id", "new_id", metavar="NEW", help="The id of the new flow.")
@json_option
@store_option
def command(
    flow_id: str, new_id: str | None, as_json: bool, store_path: Path | None
) -> None:
    """Make another flow of a flow's last checkpoint, or of checkpoint N; print its id.

    The flow itself, which may be running or have ended, is left as it is. The new one
    has no messages.
    """
    with acting(store_path) as store:
        record, at = found(store.base, flow_id)
        made = store.get(record.id).fork(at, id=new_id).record
    if as_json:
        fields = {
            "id": made.id,
            "of": record.id,
            "checkpoint": made.seq,
            "status": made.status,
        }
        click.echo(json_document("greenflow.fork/1", fields))
        return
    click.echo(made.id)
    click.echo(f"{made.id} is {made.status}, of {record.id}@{made.seq}", err=True)
