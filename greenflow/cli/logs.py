"""``greenflow logs``: what a flow logged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from greenflow.cli.options import (
    flow_argument,
    json_option,
    reading,
    store_option,
)
from greenflow.cli.text import json_document, plain
from greenflow.inspect.waits import instant
from greenflow.store.base import ENDED

if TYPE_CHECKING:
    from pathlib import Path

    from greenflow.store import LmdbStore
    from greenflow.store.base import LogLine

_LOOK_SECONDS = 0.5


@click.command(name="logs")
@flow_argument
@click.option("-F", "--follow", is_flag=True, help="Wait for more until it has ended.")
@json_option
@store_option
def command(flow_id: str, follow: bool, as_json: bool, store_path: Path | None) -> None:
    """Show what a flow logged, the oldest line first.

    ID may be the beginning of an id. Lines are kept by a worker that was started with
    --log LEVEL, and by programs that add greenflow.FlowLogHandler to a logger. With
    --follow, --json prints one document for each line.
    """
    with reading(store_path) as store:
        found = store.resolve(flow_id)
        if follow:
            _follow(store, found, as_json=as_json)
            return
        lines = store.logged(found)
        if as_json:
            fields = {"id": found, "lines": [_document(line) for line in lines]}
            click.echo(json_document("greenflow.logs/1", fields))
            return
        for line in lines:
            click.echo(_text(line))
        if not lines:
            click.echo("nothing was kept of what it logged", err=True)


def _follow(store: LmdbStore, flow_id: str, *, as_json: bool) -> None:
    begin, ended = 0, False
    bell = store.bell()
    try:
        while True:
            bell.clear()
            ended = store.get(flow_id).status in ENDED
            for line in store.logged(flow_id, begin):
                click.echo(json.dumps(_document(line)) if as_json else _text(line))
                begin = line.number + 1
            if ended:
                return
            bell.wait(_LOOK_SECONDS)
    finally:
        bell.close()


def _document(line: LogLine) -> dict[str, Any]:
    return {
        "number": line.number,
        "at": instant(line.at),
        "level": line.level,
        "logger": line.logger,
        "text": line.text,
    }


def _text(line: LogLine) -> str:
    rows = [plain(row) for row in line.text.split("\n")]
    head = f"{instant(line.at)} {plain(line.level)} {plain(line.logger)}: "
    return head + "\n    ".join(rows)
