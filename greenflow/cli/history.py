"""``greenflow history``: the checkpoints of a flow that are kept."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from greenflow.cli.documents import waiting_document
from greenflow.cli.options import flow_argument, json_option, reading, store_option
from greenflow.cli.text import json_document, plain, size
from greenflow.inspect.waits import age, instant, wait_text

if TYPE_CHECKING:
    from pathlib import Path

    from rich.table import Table

    from greenflow.store.base import Checkpoint


@click.command(name="history")
@flow_argument
@json_option
@store_option
def command(flow_id: str, as_json: bool, store_path: Path | None) -> None:
    """List the checkpoints of a flow that are kept, the oldest first.

    ID may be the beginning of an id. Look at one with greenflow show ID@N, compare two
    with greenflow diff, go back to one with greenflow rollback.
    """
    with reading(store_path) as store:
        whole_id = store.resolve(flow_id)
        kept = store.history(whole_id)
    if as_json:
        fields = {"id": whole_id, "checkpoints": [_document(each) for each in kept]}
        click.echo(json_document("greenflow.history/1", fields))
        return
    from greenflow.cli.render import emit

    emit(_table(kept, time.time()))


def _document(checkpoint: Checkpoint) -> dict[str, Any]:
    return {
        "seq": checkpoint.seq,
        "at": instant(checkpoint.at),
        "kind": checkpoint.kind,
        "label": checkpoint.label,
        "reason": checkpoint.reason,
        "by": checkpoint.by,
        "changes": list(checkpoint.changes),
        "parent": checkpoint.parent,
        "state_bytes": checkpoint.size,
        "waiting": checkpoint.waiting and waiting_document(checkpoint.waiting),
    }


def _table(kept: list[Checkpoint], now: float) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("CKPT", "AGE", "KIND", "FROM", "SIZE", "LABEL", "WAITING ON", "WHY"):
        table.add_column(name, no_wrap=True, overflow="ellipsis")
    for each in kept:
        table.add_row(
            str(each.seq),
            age(now - each.at),
            Text(plain(each.kind)),
            "" if each.parent is None else str(each.parent),
            size(each.size),
            Text(plain(each.label)),
            Text(plain(wait_text(each.waiting))),
            Text(plain(_why(each))),
        )
    return table


def _why(checkpoint: Checkpoint) -> str:
    """Return why it was made and by whom; else what they changed."""
    why = checkpoint.reason or "; ".join(checkpoint.changes)
    return " by ".join(filter(None, (why, checkpoint.by)))
