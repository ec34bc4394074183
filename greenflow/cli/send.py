"""``greenflow send``: a message for a flow, written as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from greenflow.cli.acting import acting
from greenflow.cli.options import flow_argument, store_option

if TYPE_CHECKING:
    from pathlib import Path


def parse_json(text: str) -> Any:
    """Return the value of a JSON text; another text is wrong usage."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise click.UsageError(
            f"{text!r} is no JSON: {error}\n"
            "HINT: quote it twice for a string: '\"yes\"'"
        ) from None


@click.command(name="send")
@flow_argument
@click.argument("message", metavar="JSON")
@click.option("-t", "--topic", help="The topic that the flow's recv() waits for.")
@store_option
def command(
    flow_id: str, message: str, topic: str | None, store_path: Path | None
) -> None:
    """Put a message into a flow's mailbox, and wake the flow if it waits for it.

    A worker runs it then: greenflow worker --once.
    """
    value = parse_json(message)
    with acting(store_path) as store:
        whole_id = store.base.resolve(flow_id)
        store.send(whole_id, value, topic=topic)
    of_topic = f", topic {topic}" if topic else ""
    click.echo(f"sent to {whole_id}{of_topic}", err=True)
