"""``greenflow upgrade``: a waiting flow goes on in the code that there is now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from greenflow.cli.acting import acting
from greenflow.cli.exits import NOT_RESTORABLE, OK
from greenflow.cli.options import flow_argument, json_option, store_option
from greenflow.cli.text import json_document, plain
from greenflow.runtime import deploying

if TYPE_CHECKING:
    from pathlib import Path

    from greenflow.continuation.upgrading.loading import Fate
    from greenflow.runtime import Store

#: Lines above and below the one that a frame waits at.
_AROUND = 3
_WIDTH = 44


@click.command(name="upgrade")
@flow_argument
@click.option(
    "--dry-run", is_flag=True, help="Show where it would go on; write nothing."
)
@click.option("--reason", default="", help="Is kept in the flow's history.")
@json_option
@store_option
def command(
    flow_id: str, dry_run: bool, reason: str, as_json: bool, store_path: Path | None
) -> int:
    """Let a waiting flow go on in code that was edited since, as its next checkpoint.

    Each of its frames for which that is certain; the others stay in the code that they
    wait in, and why is told. Shows old and new source side by side. The exit code is 5
    if a frame stays.
    """
    with acting(store_path) as store:
        flow = store.get(store.base.resolve(flow_id))
        if dry_run:
            verdict = deploying.check(store, flow.record, "upgrade")
            fates, reasons = list(verdict.fates), verdict.reasons
            is_stuck = verdict.kind == "stuck"
        else:
            fates, reasons, is_stuck = deploying.upgrade(flow, reason), (), False
        shown = [line for fate in fates for line in _shown(store, fate)]
        made = None if dry_run else flow.record.seq
    stays = is_stuck or any(fate.new_line is None for fate in fates)
    if as_json:
        fields = {
            "id": flow.id,
            "checkpoint": made,
            "frames": [
                {
                    "function": fate.place,
                    "line": fate.line,
                    "new_line": fate.new_line,
                    "reason": fate.reason,
                }
                for fate in fates
            ],
        }
        click.echo(json_document("greenflow.upgrade/1", fields))
        return NOT_RESTORABLE if stays else OK
    told = [line for reason in reasons for line in reason.split("\n")]
    for line in [*shown, *(told if is_stuck else [])]:
        click.echo(plain(line))
    if not fates and not is_stuck:
        click.echo("nothing waits in code that was changed")
    return NOT_RESTORABLE if stays else OK


def _shown(store: Store, fate: Fate) -> list[str]:
    if fate.new_line is None:
        title = f"{fate.place}() line {fate.line} stays: {fate.reason}"
    else:
        title = f"{fate.place}() line {fate.line} -> line {fate.new_line}"
    old = _around(deploying.lines_of(store, fate.code), fate.line)
    new = _around(deploying.lines_of(store, fate.new_code), fate.new_line)
    rows = [f"{left:<{_WIDTH}} | {right}" for left, right in zip(old, new, strict=True)]
    return [title, *(row.rstrip() for row in rows if row.strip(" |"))]


def _around(lines: dict[int, str], line: int | None) -> list[str]:
    """Return the lines around one, which is marked; empty where there is none."""
    rows = []
    for number in range((line or 0) - _AROUND, (line or 0) + _AROUND + 1):
        mark = ">" if number == line else " "
        is_there = line is not None and number in lines
        row = f"{mark} {number:4} {lines[number]}" if is_there else ""
        rows.append(row[:_WIDTH])
    return rows
