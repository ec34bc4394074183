"""``greenflow diff``: what changed in a flow between two of its checkpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from greenflow.cli.options import (
    flow_argument,
    json_option,
    reading,
    reveal_option,
    store_option,
)
from greenflow.cli.text import json_document, plain
from greenflow.inspect.past import compare

if TYPE_CHECKING:
    from pathlib import Path


@click.command(name="diff")
@flow_argument
@click.argument("first", metavar="[A]", type=int, required=False)
@click.argument("second", metavar="[B]", type=int, required=False)
@reveal_option
@json_option
@store_option
def command(
    flow_id: str,
    first: int | None,
    second: int | None,
    reveal: bool,
    as_json: bool,
    store_path: Path | None,
) -> None:
    """Compare two checkpoints of a flow: its frames, their places and variables.

    A and B are numbers of checkpoints; else B is the last one, and A the one that B was
    made from. The outermost frame comes first. Nothing of the flow is imported,
    unpickled or run. Variables that have the name of a secret are not shown, unless by
    --reveal.
    """
    with reading(store_path) as store:
        whole_id = store.resolve(flow_id)
        diff = compare(store, whole_id, first, second, reveal=reveal)
        if as_json:
            fields = {"id": whole_id, **diff.document()}
            click.echo(json_document("greenflow.diff/1", fields))
            return
        for line in diff.lines():
            click.echo(plain(line))
