"""``greenflow export``: one flow, with its history and its mailbox, as one file."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from greenflow.cli.options import flow_argument, json_option, reading, store_option
from greenflow.cli.text import json_document
from greenflow.errors import BadRecord
from greenflow.inspect.content import Content
from greenflow.store.upkeep_export import export, write_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenflow.store.base import Source, Store


@click.command(name="export")
@flow_argument
@click.argument("target", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--unsigned", is_flag=True, help="Without the store's key: in clear, for any store."
)
@json_option
@store_option
def command(
    flow_id: str, target: Path, unsigned: bool, as_json: bool, store_path: Path | None
) -> None:
    """Write a flow into a new file: its checkpoints, its result, its mailbox.

    The file holds what the flow holds, secrets too: only you can read it. Whoever loads
    a flow runs what is in it, so import only files that you trust. If the store has a
    key, the file is signed with it, and encrypted if the store is.
    """
    with reading(store_path) as store:
        whole_id = store.resolve(flow_id)
        exported = export(store, whole_id, partial(_texts, store))
        wrap = None if unsigned else store.wrap
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(target, flags, 0o600), "wb") as file:
            write_file(exported, file, wrap)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        text = f"it cannot be written: {error}"
        raise click.BadParameter(text, param_hint="FILE") from error
    if as_json:
        fields = {"id": whole_id, "file": str(target), "bytes": target.stat().st_size}
        click.echo(json_document("greenflow.export/1", fields))
        return
    click.echo(f"{whole_id} is in {target}", err=True)


def _texts(store: Store, stream: bytes) -> Iterator[Source]:
    """Yield the texts and the code that are stored of what a saved state waits in."""
    try:
        keys = Content(stream, codes=store.code).keys
    except BadRecord:
        return  # nobody can go on from it
    yield from filter(None, map(store.source, keys))
