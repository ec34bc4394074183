"""``greenflow stack``: where a flow waits, and what its variables hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from greenflow.cli.documents import stack_document
from greenflow.cli.looking import found, stack_of
from greenflow.cli.options import (
    json_option,
    place_argument,
    reading,
    reveal_option,
    store_option,
)
from greenflow.cli.text import json_document, plain
from greenflow.inspect.waits import waits_for

if TYPE_CHECKING:
    from pathlib import Path

    from greenflow.inspect import Stack
    from greenflow.store.base import FlowRecord

_CALLS_SHOWN_MAX = 10
#: What is in nearly every flow, and does nothing.
_USUAL = frozenset(
    {
        *("builtins:iter", "builtins:range", "builtins:reversed", "builtins:complex"),
        *("builtins:slice", "builtins:set", "builtins:frozenset", "builtins:object"),
        *("collections:deque", "collections:OrderedDict", "collections:Counter"),
        *("datetime:datetime", "datetime:date", "datetime:timedelta", "datetime:time"),
        *("decimal:Decimal", "uuid:UUID", "fractions:Fraction"),
    }
)


@click.command(name="stack")
@place_argument
@click.option(
    "-l", "--locals", "variables", is_flag=True, help="Also the local variables."
)
@click.option("--full", is_flag=True, help="Every frame of a deep stack.")
@reveal_option
@json_option
@store_option
def command(
    flow_id: str,
    variables: bool,
    full: bool,
    reveal: bool,
    as_json: bool,
    store_path: Path | None,
) -> None:
    """Show the saved stack of a flow, the innermost frame first.

    ID may be the beginning of an id; ID@N is its checkpoint N. Nothing of the flow is
    imported, unpickled or run. Variables, attributes and keys that have the name of a
    secret (API, TOKEN, KEY, SECRET, PASS, SIGNATURE) are not shown, unless by --reveal.
    """
    with reading(store_path) as store:
        record, at = found(store, flow_id)
        stack = stack_of(store, record, at, reveal=reveal)
        if as_json:
            told = waits_for(record)
            fields = {
                "id": record.id,
                "status": record.status,
                "waits_for": told,
                "at": record.seq if at is None else at,
            }
            document = stack_document(stack, variables=variables, full=full)
            click.echo(json_document("greenflow.stack/1", {**fields, **document}))
            return
        _print(record, stack, variables=variables, full=full)


def _print(
    record: FlowRecord, stack: Stack | None, *, variables: bool, full: bool
) -> None:
    from greenflow.cli.render import emit, outcome
    from greenflow.cli.stacks import stack_text, values_text

    click.echo(outcome(record), err=True)
    if stack is None:
        click.echo("it has no stack any more", err=True)
        return
    trouble = stack.trouble if variables else None
    if stack.frames:
        emit(stack_text(stack, full=full, variables=variables and trouble is None))
    if stack.kind == "call":
        click.echo("has not begun", err=True)
        if variables:
            emit(values_text(list(stack.arguments.items()), "     "))
    if trouble is not None:
        click.echo(f"its variables cannot be shown: {plain(trouble.message)}", err=True)
    calls = [name for name in stack.calls if name not in _USUAL]
    if variables and calls:
        more = len(calls) - _CALLS_SHOWN_MAX
        text = ", ".join(plain(name) for name in calls[:_CALLS_SHOWN_MAX])
        text += f" and {more} more" if more > 0 else ""
        click.echo(f"loading it would call: {text}", err=True)
