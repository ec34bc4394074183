"""How flows and stacks look on a terminal; the commands decide what is shown."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from greenflow.cli.text import plain, size
from greenflow.inspect.waits import age, waits_for

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

    from greenflow.store.base import FlowRecord

#: Columns where the output goes to a file or a pipe: nothing is cut there.
_PIPE_COLUMNS: Final = 1000
_STYLES: Final = {
    "ready": "cyan",
    "running": "blue",
    "waiting": "yellow",
    "held": "yellow",
    "retrying": "yellow",
    "hospital": "red",
    "done": "green",
    "failed": "red",
    "cancelled": "magenta",
}
#: What follows these is what they wait on, or run on.
_ON: Final = ("ready", "running", "waiting")


def emit(*renderables: RenderableType) -> None:
    """Print data to stdout: as wide as the terminal, or uncut into a pipe."""
    # Without colours rich would still write bold text.
    plain_text = bool(os.environ.get("NO_COLOR"))
    console = Console(highlight=False, color_system=None if plain_text else "auto")
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _PIPE_COLUMNS
    with console.capture() as capture:
        for renderable in renderables:
            console.print(renderable, soft_wrap=isinstance(renderable, Text))
    # Tables fill their last column with blanks, which nobody wants in a file.
    lines = (line.rstrip() for line in capture.get().splitlines())
    console.file.write("".join(f"{line}\n" for line in lines))
    console.file.flush()


def detail(record: FlowRecord) -> str:
    """Return what a flow waits for, who runs it, or why it failed: one line."""
    return plain(waits_for(record))


def outcome(record: FlowRecord) -> str:
    """Return where a flow is: ``waiting on recv topic=boss``, ``failed: ...``."""
    more = detail(record)
    if not more:
        return record.status
    return f"{record.status}{' on' if record.status in _ON else ':'} {more}"


def flows_table(records: Iterable[FlowRecord], now: float) -> Table:
    """Return the table of ``greenflow ls``."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("ID", no_wrap=True, overflow="ignore")
    table.add_column("FUNCTION", no_wrap=True, overflow="ellipsis")
    table.add_column("STATUS", no_wrap=True, min_width=len("running"))
    table.add_column("WAITING ON", no_wrap=True, overflow="ellipsis")
    table.add_column("SINCE", no_wrap=True, min_width=len("SINCE"))
    table.add_column("CKPT", no_wrap=True, min_width=len("CKPT"))
    table.add_column("SIZE", no_wrap=True, min_width=len("999.9 kB"))
    for record in records:
        table.add_row(
            Text(plain(record.id)),
            Text(plain(record.function)),
            Text(record.status, style=_STYLES.get(record.status, "")),
            Text(detail(record)),
            age(now - record.updated),
            str(record.seq),
            size(record.state_bytes),
        )
    return table


def flow_line(record: FlowRecord, now: float) -> Text:
    """Return the first line of ``greenflow show``."""
    checkpoint = f"checkpoint {record.seq}"
    if record.label:
        checkpoint += f" {plain(record.label)!r}"
    parts = (
        Text(plain(record.id), style="bold"),
        Text(plain(record.function)),
        Text(outcome(record), style=_STYLES.get(record.status, "")),
        Text(f"since {age(now - record.updated)}"),
        Text(checkpoint),
        Text(size(record.state_bytes)),
    )
    return Text("  ").join(parts)
