"""``greenflow resume``: what a suspend() gives the flow that waits in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from greenflow.cli.acting import acting
from greenflow.cli.options import flow_argument, store_option
from greenflow.cli.send import parse_json

if TYPE_CHECKING:
    from pathlib import Path


@click.command(name="resume")
@flow_argument
@click.argument("value", metavar="[JSON]", default="null")
@store_option
def command(flow_id: str, value: str, store_path: Path | None) -> None:
    """Let the suspend() that a flow waits in return a value (null if none is given).

    A worker runs it then: greenflow worker --once.
    """
    answer = parse_json(value)
    with acting(store_path) as store:
        whole_id = store.base.resolve(flow_id)
        store.get(whole_id).resume(answer)
    click.echo(f"{whole_id} can go on", err=True)
