"""How flows and stacks look on a terminal; the commands decide what is shown."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from greenflow.cli.source import excerpt
from greenflow.cli.text import age, instant, plain, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType

    from greenflow.continuation.head import FrameHead
    from greenflow.store.base import FlowRecord

#: Columns where the output goes to a file or a pipe: nothing is cut there.
_PIPE_COLUMNS: Final = 1000
#: Frames of a deep stack that are shown from either end.
FRAMES_SHOWN_MAX: Final = 20
_STYLES: Final = {
    "ready": "cyan",
    "running": "blue",
    "waiting": "yellow",
    "done": "green",
    "failed": "red",
    "cancelled": "magenta",
}


def emit(*renderables: RenderableType) -> None:
    """Print data to stdout: as wide as the terminal, or uncut into a pipe."""
    console = Console(highlight=False)
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
    waiting = record.waiting
    if record.error:
        return plain(record.error)
    if record.status == "running":
        return plain(record.owner)
    if waiting is None:
        return ""
    until = "" if waiting.until is None else f"until {instant(waiting.until)}"
    if waiting.kind in {"once", "intent"}:
        return waiting.kind
    if waiting.kind == "sleep":
        return f"sleep {until}".rstrip()
    if waiting.kind == "recv":
        topic = f"topic={plain(waiting.topic)}" if waiting.topic else ""
        return " ".join(filter(None, ("recv", topic, until)))
    return f"suspend {plain(waiting.preview)}".rstrip()


def outcome(record: FlowRecord) -> str:
    """Return where a flow is: ``waiting on recv topic=boss``, ``failed: ...``."""
    more = detail(record)
    if not more:
        return record.status
    return f"{record.status}{':' if record.status == 'failed' else ' on'} {more}"


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


def stack_text(frames: Sequence[FrameHead], *, full: bool = False) -> Text:
    """Return a saved stack, the innermost frame first, as lines with carets."""
    kept = list(enumerate(frames))
    left_out = 0 if full else max(0, len(kept) - 2 * FRAMES_SHOWN_MAX)
    if left_out:
        kept = kept[:FRAMES_SHOWN_MAX] + kept[-FRAMES_SHOWN_MAX:]
    names = [f"#{number} {plain(frame.qualname)}" for number, frame in kept]
    places = [f"{plain(_path(frame.file))}:{frame.line}" for _, frame in kept]
    name_columns = max(map(len, names), default=0)
    place_columns = max(map(len, places), default=0)
    lines = Text()
    for index, (_, frame) in enumerate(kept):
        if left_out and index == FRAMES_SHOWN_MAX:
            lines.append(f"   ... {left_out} more frames (--full) ...\n", style="dim")
        head = f"{names[index]:{name_columns}}  {places[index]:{place_columns}}  "
        source, carets = excerpt(frame)
        lines.append(f"{head}{source}\n")
        if carets:
            lines.append(" " * len(head) + carets + "\n", style="bold yellow")
    lines.rstrip()
    return lines


def _path(file: str) -> str:
    """Return the file's path, short if it is in the current folder or below."""
    here = os.getcwd() + os.sep
    return file.removeprefix(here)
