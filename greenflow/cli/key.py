"""``greenflow key``: files with the keys of stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from greenflow.cli.options import json_option
from greenflow.cli.text import json_document
from greenflow.store import keyfile

if TYPE_CHECKING:
    from greenflow.store.keyfile import Source


@click.group(name="key")
def command() -> None:
    """Make and list the keys that sign what a store holds. Secrets are never shown."""


@command.command(name="new")
@click.argument("file")
@click.option(
    "--add",
    is_flag=True,
    help="Put the key in front of those in FILE: it signs from now on.",
)
@json_option
def new(file: str, add: bool, as_json: bool) -> None:
    """Make FILE with a new key; only you can read it. Keep it outside the store."""
    _print(keyfile.make(file, add=add), as_json)


@command.command(name="list")
@click.argument("file")
@json_option
def list_keys(file: str, as_json: bool) -> None:
    """Print the ids of the keys in FILE, the newest first."""
    _print(keyfile.load(file), as_json)


def _print(source: Source, as_json: bool) -> None:
    ids = [key.id.hex() for key in source.ring.keys]
    if as_json:
        click.echo(json_document("greenflow.key/1", {"file": source.file, "keys": ids}))
        return
    for number, key_id in enumerate(ids):
        click.echo(f"{key_id}  {'verifies' if number else 'signs and verifies'}")
