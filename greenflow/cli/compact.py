"""``greenflow compact``: the store's file is made as small as it can be."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from greenflow.cli.options import json_option, store_option, store_place
from greenflow.cli.progress import progress
from greenflow.cli.text import json_document, size
from greenflow.store.upkeep_copy import compact

if TYPE_CHECKING:
    from pathlib import Path


@click.command(name="compact")
@json_option
@store_option
def command(as_json: bool, store_path: Path | None) -> None:
    """Make the store's file smaller; no process may have the store open.

    It is copied, compared and replaced; ended at any moment, it is whole. It needs room
    on the disk for the copy.
    """
    place = os.path.realpath(store_place(store_path))
    with progress("comparing the copy") as tell:
        before, after = compact(place, tell)
    if as_json:
        fields = {"bytes_before": before, "bytes_after": after}
        click.echo(json_document("greenflow.compact/1", fields))
    else:
        click.echo(f"{size(before)} before, {size(after)} now", err=True)
