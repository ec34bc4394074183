"""``greenflow rekey``: all records are signed, or encrypted, with the newest key."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from greenflow.cli.options import json_option, store_option, store_place
from greenflow.cli.progress import progress
from greenflow.cli.text import json_document
from greenflow.store import keyfile
from greenflow.store.rekey import rekey

if TYPE_CHECKING:
    from pathlib import Path


@click.command(name="rekey")
@click.option(
    "--encrypt/--no-encrypt",
    default=None,
    help="Encrypt the records, or only sign them; else as they are.",
)
@json_option
@store_option
def command(encrypt: bool | None, as_json: bool, store_path: Path | None) -> None:
    """Sign all records with the newest key of the key file; the others verify them.

    No process may have the store open. A store without a key is given one: whatever it
    holds is trusted then. Ended at any moment, the store is as it was, or has the new
    key; run it again. It needs room on the disk for a copy.
    """
    place = os.path.realpath(store_place(store_path))
    source = keyfile.from_environment()
    if source is None:
        raise click.UsageError(
            f"rekey needs --key-file FILE, or ${keyfile.FILE_VARIABLE}\n"
            "HINT: make one: greenflow key new FILE"
        )
    with progress("signing every record") as tell:
        done = rekey(place, source, encrypt=encrypt, tell=tell)
    if as_json:
        click.echo(json_document("greenflow.rekey/1", done._asdict()))
    else:
        how = "encrypted" if done.encrypted else "signed"
        click.echo(f"{done.records} records are {how} with key {done.key}", err=True)
