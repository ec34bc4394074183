"""``greenflow import``: a flow from a file of ``greenflow export``."""

from __future__ import annotations

from pathlib import Path

import click

from greenflow.cli.options import json_option, reading, store_option
from greenflow.cli.text import json_document
from greenflow.errors import GreenflowError
from greenflow.store.upkeep_export import read_file
from greenflow.store.upkeep_import import import_flow


@click.command(name="import")
@click.argument(
    "source",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
)
@click.option("--id", "new_id", default="", metavar="NEW", help="Another id for it.")
@click.option(
    "--unsigned", is_flag=True, help="Trust a file that no key of the store has signed."
)
@json_option
@store_option
def command(
    source: Path, new_id: str, unsigned: bool, as_json: bool, store_path: Path | None
) -> None:
    """Add a flow from a file to the store, as it was saved last; print its id.

    Import only what you trust: a flow is a program, which runs when it is gone on with.
    Its id must be free, unless --id gives it another one.
    """
    with reading(store_path) as store, source.open("rb") as file:
        ring = None if store.keys is None else store.keys.ring
        exported = read_file(file, ring, unsigned=unsigned)
        try:
            flow_id = import_flow(store, exported, new_id)
        except ValueError as error:
            if isinstance(error, GreenflowError):
                raise
            raise click.BadParameter(str(error), param_hint="--id") from error
        record = store.get(flow_id)
    if as_json:
        fields = {"id": flow_id, "status": record.status, "checkpoint": record.seq}
        click.echo(json_document("greenflow.import/1", fields))
        return
    click.echo(flow_id)
    click.echo(f"{flow_id} is {record.status} at checkpoint {record.seq}", err=True)
