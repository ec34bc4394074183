"""``greenflow get``: one value of a waiting flow."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

import click

from greenflow.cli.documents import part_documents, value_document
from greenflow.cli.looking import found, stack_of
from greenflow.cli.options import (
    json_option,
    place_argument,
    reading,
    reveal_option,
    store_option,
)
from greenflow.cli.text import json_document, plain
from greenflow.errors import GreenflowError, NoSuchPart
from greenflow.inspect.paths import find

if TYPE_CHECKING:
    from pathlib import Path

    from greenflow.inspect import Frame, Value
    from greenflow.store.base import Store

_CHARS_MAX: Final = 10_000
_PARTS_MAX: Final = 1000


@click.command(name="get")
@place_argument
@click.argument("expression", metavar="EXPR")
@click.option(
    "-n",
    "--frame",
    "number",
    type=int,
    metavar="N",
    help="The frame, 0 for the innermost; else the innermost that has the variable.",
)
@reveal_option
@json_option
@store_option
def command(
    flow_id: str,
    expression: str,
    number: int | None,
    reveal: bool,
    as_json: bool,
    store_path: Path | None,
) -> None:
    """Show a variable of a waiting flow, or a part of it: order.lines[0].price.

    ID may be the beginning of an id; ID@N is its checkpoint N.
    EXPR is a name, then attributes and literal indexes. Nothing is computed, imported
    or run.
    """
    with reading(store_path) as store:
        whole_id, frame, value = _find(store, flow_id, expression, number, reveal)
    if as_json:
        fields = {"id": whole_id, "expression": expression, "frame": frame.number}
        parts = part_documents(islice(value.children, _PARTS_MAX))
        document = {**fields, **value_document(value, _CHARS_MAX), "parts": parts}
        click.echo(json_document("greenflow.get/1", document))
    else:
        click.echo(plain(value.text(_CHARS_MAX)))


def _find(
    store: Store, flow_id: str, expression: str, number: int | None, reveal: bool
) -> tuple[str, Frame, Value]:
    record, at = found(store, flow_id)
    stack = stack_of(store, record, at, reveal=reveal)
    if stack is None:
        raise NoSuchPart(f"flow {record.id} is done: it has no variables any more")
    try:
        frame, value = find(stack.frames, expression, number)
    except ValueError as error:
        if isinstance(error, GreenflowError):
            raise
        raise click.BadParameter(str(error), param_hint="EXPR") from error
    return record.id, frame, value
