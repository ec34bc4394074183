"""``greenflow show``: one flow, where it waits, and its stack."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

import click

from greenflow.cli.documents import (
    flow_document,
    frame_documents,
    message_documents,
)
from greenflow.cli.options import json_option, reading, store_option
from greenflow.cli.text import json_document, plain
from greenflow.continuation.head import read_head
from greenflow.store.base import ANSWERS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from greenflow.continuation.head import Head
    from greenflow.store.base import FlowRecord, Message, Store


@click.command(name="show")
@click.argument("flow_id", metavar="ID")
@click.option("--full", is_flag=True, help="Every frame of a deep stack.")
@json_option
@store_option
def command(flow_id: str, full: bool, as_json: bool, store_path: Path | None) -> None:
    """Show a flow and its saved stack, the innermost frame first.

    ID may be the beginning of an id. Nothing of the flow is unpickled or imported.
    """
    with reading(store_path) as store:
        record = store.get(store.resolve(flow_id))
        messages = list(store.messages(record.id))
        head = _head(store, record)
    if as_json:
        click.echo(_document(record, messages, head))
    else:
        _print(record, messages, head, full=full)


def _head(store: Store, record: FlowRecord) -> Head | None:
    """Return what the saved state says of itself; a finished flow has none."""
    if record.status == "done":
        return None
    return read_head(store.state(record.id))


def _document(
    record: FlowRecord, messages: Iterable[Message], head: Head | None
) -> str:
    return json_document(
        "greenflow.show/1",
        {
            "flow": flow_document(record),
            "python": head and head.python,
            "frames": frame_documents(head.frames if head else ()),
            "mailbox": message_documents(messages),
        },
    )


def _print(
    record: FlowRecord, messages: list[Message], head: Head | None, *, full: bool
) -> None:
    from greenflow.cli.render import emit, flow_line, stack_text

    emit(flow_line(record, time.time()))
    if messages:
        click.echo(f"mailbox: {_mailbox(messages)}")
    if head is None:
        return
    if record.error:
        click.echo("as it was last saved, before it failed:")
    if head.kind == "call":
        click.echo("has not begun")
    emit(stack_text(head.frames, full=full))


def _mailbox(messages: list[Message]) -> str:
    """Return how many messages wait of which topic."""
    topics = Counter(message.topic for message in messages)
    return ", ".join(
        f"{count} {_topic(topic)}" for topic, count in sorted(topics.items())
    )


def _topic(topic: str) -> str:
    if topic == ANSWERS:
        return "answer"
    return f"of topic {plain(topic)}" if topic else "without a topic"
