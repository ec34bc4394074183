"""``greenflow run``: make a flow and run it until it waits or ends."""

from __future__ import annotations

import json
import sys
import traceback
from contextlib import nullcontext, redirect_stdout
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from greenflow.cli.acting import acting
from greenflow.cli.exits import FAILED, OK
from greenflow.cli.options import json_option, store_option
from greenflow.cli.text import json_document, json_or_text
from greenflow.errors import GreenflowError
from greenflow.runtime.scheduler import Scheduler

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from greenflow.runtime import Flow, Store


@click.command(name="run", context_settings={"ignore_unknown_options": True})
@click.argument("function", metavar="MODULE:FN")
@click.argument("arguments", metavar="[ARGS]...", nargs=-1)
@json_option
@store_option
def command(
    function: str, arguments: tuple[str, ...], as_json: bool, store_path: Path | None
) -> int:
    """Make a flow of a function and run it until it waits or ends.

    Each of ARGS is JSON, or else the text itself. MODULE is found in the working
    directory too. The first line is the flow's id, the last what came of it; with
    --json there is the document alone, and what the flow prints goes to stderr.
    """
    with acting(store_path, create=True) as store:
        flow = _spawn(store, _find(function), arguments)
        if not as_json:
            click.echo(flow.id)
        with redirect_stdout(sys.stderr) if as_json else nullcontext():
            _run_alone(flow)
        return _report(flow, as_json=as_json)


def _find(function: str) -> Callable[..., Any]:
    """Return the function that ``module:qualname`` names; else it is wrong usage."""
    module, colon, qualname = function.partition(":")
    if not (module and colon and qualname):
        raise click.UsageError(f"{function!r} is not MODULE:FN, like shop:approval")
    try:
        found: Any = import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        raise click.UsageError(f"there is no module {error.name!r}") from None
    for part in qualname.split("."):
        if not hasattr(found, part):
            raise click.UsageError(f"{module} has no {qualname!r}")
        found = getattr(found, part)
    if not callable(found):
        raise click.UsageError(f"{function} is no function")
    function_found: Callable[..., Any] = found
    return function_found


def _spawn(
    store: Store, function: Callable[..., Any], arguments: tuple[str, ...]
) -> Flow[Any]:
    """Make the flow; arguments that the function cannot take are wrong usage."""
    try:
        return store.spawn(function, *map(json_or_text, arguments))
    except GreenflowError:
        raise  # NotSaveable is a TypeError too
    except TypeError as error:
        raise click.UsageError(str(error)) from None


def _run_alone(flow: Flow[Any]) -> None:
    """Run this flow until it waits or ends; other flows are a worker's."""
    scheduler = Scheduler(flow.store)
    while scheduler.step_of(flow.id):
        if scheduler.stuck:
            raise scheduler.stuck[flow.id]


def _result_fields(result: object) -> dict[str, Any]:
    """Return the result as JSON where it is JSON, and always as text."""
    try:
        json.dumps(result)
    except (TypeError, ValueError, RecursionError):
        return {"result": None, "result_text": repr(result)}
    return {"result": result, "result_text": repr(result)}


def _report(flow: Flow[Any], *, as_json: bool) -> int:
    """Print what became of the flow; return the exit code."""
    record = flow.record
    if error := flow.exception():
        click.echo("".join(traceback.format_exception(error)), nl=False, err=True)
    result = flow.result() if record.status == "done" else None
    if as_json:
        from greenflow.cli.documents import flow_document

        fields = {"flow": flow_document(record), **_result_fields(result)}
        click.echo(json_document("greenflow.run/1", fields))
    elif record.status == "done":
        click.echo(f"done: {result!r}")
    else:
        from greenflow.cli.render import outcome

        click.echo(outcome(record))
    return FAILED if record.error else OK
