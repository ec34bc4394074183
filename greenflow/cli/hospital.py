"""``greenflow hospital``: flows that came to nothing too often, and wait for people."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from greenflow.cli.acting import acting
from greenflow.cli.documents import flow_document
from greenflow.cli.exits import BUSY
from greenflow.cli.options import flow_argument, json_option, reading, store_option
from greenflow.cli.text import json_document, plain
from greenflow.inspect.waits import age, trouble_line

if TYPE_CHECKING:
    from pathlib import Path

    from greenflow.store.base import FlowRecord, Store


@click.group(name="hospital")
def command() -> None:
    """Flows that failed or killed their worker too often: they wait for you."""


@command.command(name="ls")
@json_option
@store_option
def list_flows(as_json: bool, store_path: Path | None) -> None:
    """List the flows in the hospital, the oldest first."""
    with reading(store_path) as store:
        records = list(store.flows(status=["hospital"]))
        cases = [_case(store, record) for record in records]
    if as_json:
        click.echo(json_document("greenflow.hospital/1", {"flows": cases}))
        return
    now = time.time()
    for record in records:
        last = plain(trouble_line(record.trouble))
        words = (record.id, plain(record.function), age(now - record.updated), last)
        click.echo("  ".join(words))
    count = "1 flow" if len(records) == 1 else f"{len(records)} flows"
    click.echo(f"{count} in the hospital", err=True)


@command.command(name="show")
@flow_argument
@json_option
@store_option
def show(flow_id: str, as_json: bool, store_path: Path | None) -> None:
    """Tell why a flow is in the hospital: its last error, and who ran it."""
    with reading(store_path) as store:
        record = store.get(store.resolve(flow_id))
        _check(record)
        case = _case(store, record)
    if as_json:
        click.echo(json_document("greenflow.hospital.show/1", {"flow": case}))
        return
    click.echo(f"{record.id}  {plain(record.function)}  {_tries(record.attempts)}")
    for line in record.trouble.splitlines():
        click.echo(plain(line))
    if record.killer:
        how = plain(case["death"]) or "nobody saw how"
        click.echo(f"worker {plain(record.killer)} died while it ran this: {how}")


@command.command(name="retry")
@flow_argument
@store_option
def retry(flow_id: str, store_path: Path | None) -> None:
    """Let a flow run again, from where it was saved last.

    A worker runs it then: greenflow worker --once.
    """
    with reading(store_path) as store:
        whole_id = store.resolve(flow_id)
        store.retry(whole_id)
    click.echo(f"{whole_id} can run again", err=True)


@command.command(name="kill")
@flow_argument
@click.option("--reason", default="", help="Told by the flow's exception.")
@store_option
def kill(flow_id: str, reason: str, store_path: Path | None) -> None:
    """End a flow as it is, cancelled: nothing of it runs any more."""
    with acting(store_path) as store:
        whole_id = store.base.resolve(flow_id)
        _check(store.base.get(whole_id))
        store.get(whole_id).kill(reason)
    click.echo(f"{whole_id} is cancelled", err=True)


class NoPatient(click.ClickException):
    """The flow is not in the hospital."""

    exit_code = BUSY


def _check(record: FlowRecord) -> None:
    if record.status != "hospital":
        raise NoPatient(
            f"flow {record.id} is {record.status}, and not in the hospital\n"
            "HINT: see which are: greenflow hospital ls"
        )


def _case(store: Store, record: FlowRecord) -> dict[str, Any]:
    return {
        **flow_document(record),
        "death": store.death(record.killer) if record.killer else "",
    }


def _tries(count: int) -> str:
    return "1 try" if count == 1 else f"{count} tries"
