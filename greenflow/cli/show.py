"""``greenflow show``: one flow, where it waits, and its stack."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

import click

from greenflow.cli.documents import (
    flow_document,
    message_documents,
    stack_document,
)
from greenflow.cli.looking import found, stack_of
from greenflow.cli.options import (
    json_option,
    place_argument,
    reading,
    store_option,
)
from greenflow.cli.text import json_document, plain
from greenflow.inspect.waits import trouble_line
from greenflow.store.base import ANSWERS, CANCELS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from greenflow.inspect import Stack
    from greenflow.store.base import FlowRecord, Message


@click.command(name="show")
@place_argument
@click.option("--full", is_flag=True, help="Every frame of a deep stack.")
@json_option
@store_option
def command(flow_id: str, full: bool, as_json: bool, store_path: Path | None) -> None:
    """Show a flow and its saved stack, the innermost frame first.

    ID may be the beginning of an id. ID@N shows checkpoint N, as the flow was saved
    then. Nothing of the flow is unpickled or imported.
    """
    with reading(store_path) as store:
        record, at = found(store, flow_id)
        messages = list(store.messages(record.id))
        stack = stack_of(store, record, at)
        if as_json:
            click.echo(_document(record, at, messages, stack, full=full))
        else:
            _print(record, at, messages, stack, full=full)


def _document(
    record: FlowRecord,
    at: int | None,
    messages: Iterable[Message],
    stack: Stack | None,
    *,
    full: bool,
) -> str:
    return json_document(
        "greenflow.show/1",
        {
            "flow": flow_document(record),
            "at": record.seq if at is None else at,
            **stack_document(stack, full=full),
            "mailbox": message_documents(messages),
        },
    )


def _print(
    record: FlowRecord,
    at: int | None,
    messages: list[Message],
    stack: Stack | None,
    *,
    full: bool,
) -> None:
    from greenflow.cli.render import emit, flow_line
    from greenflow.cli.stacks import stack_text

    emit(flow_line(record, time.time()))
    for name, text in _more(record):
        click.echo(f"{name}: {plain(text)}")
    if messages:
        click.echo(f"mailbox: {_mailbox(messages)}")
    if stack is None:
        return
    if at is not None:
        click.echo(f"as it was at checkpoint {at}:")
    elif record.error:
        click.echo("as it was last saved, before it failed:")
    if stack.kind == "call":
        click.echo("has not begun")
    emit(stack_text(stack, full=full))


def _more(record: FlowRecord) -> list[tuple[str, str]]:
    """Return what only some flows have, as names and texts."""
    found = (
        ("name", record.name),
        ("tags", ", ".join(record.tags)),
        ("queue", record.queue),
        ("parent" if record.forked is None else "fork of", _parent(record)),
        ("held", "until release" if record.held else ""),
        ("blocked by", record.blocked),
        ("trouble", trouble_line(record.trouble)),
        ("killed", record.killer),
    )
    return [(name, text) for name, text in found if text]


def _parent(record: FlowRecord) -> str:
    at = "" if record.forked is None else f"@{record.forked}"
    return record.parent + at


def _mailbox(messages: list[Message]) -> str:
    """Return how many messages wait of which topic."""
    topics = Counter(message.topic for message in messages)
    return ", ".join(
        f"{count} {_topic(topic)}" for topic, count in sorted(topics.items())
    )


def _topic(topic: str) -> str:
    if topic == ANSWERS:
        return "answer"
    if topic == CANCELS:
        return "cancellation"
    return f"of topic {plain(topic)}" if topic else "without a topic"
