"""``greenflow backup``: a copy of a store, while it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from greenflow.cli.options import json_option, reading, store_option
from greenflow.cli.progress import progress
from greenflow.cli.text import json_document
from greenflow.store.upkeep_copy import backup

if TYPE_CHECKING:
    from pathlib import Path


@click.command(name="backup")
@click.argument("folder", metavar="FOLDER")
@json_option
@store_option
def command(folder: str, as_json: bool, store_path: Path | None) -> None:
    """Copy the store, as it is at one moment, into a new FOLDER.

    Workers may run meanwhile. The copy is a store that can be used as it is; every
    record of it is read first. It keeps none of the claims: what was running is ready.
    """
    with reading(store_path) as store, progress("copying") as tell:
        backup(store, folder, tell)
    if as_json:
        click.echo(json_document("greenflow.backup/1", {"folder": folder}))
    else:
        click.echo(f"copied to {folder}, and read", err=True)
