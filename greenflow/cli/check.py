"""``greenflow check``: could the flows go on here, in the code that there is now?"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, get_args

import click

from greenflow.cli.acting import acting
from greenflow.cli.exits import NOT_RESTORABLE, OK
from greenflow.cli.options import complete_ids, json_option, store_option
from greenflow.cli.text import json_document, plain
from greenflow.runtime.deploying import Verdict, check
from greenflow.runtime.names import CodePolicy
from greenflow.store.base import ENDED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from greenflow.runtime import Store
    from greenflow.store.base import FlowRecord

_TOLD = {
    "same": "restore as they are",
    "pinned": "pinned",
    "upgraded": "upgraded",
    "stuck": "stuck",
}


@click.command(name="check")
@click.argument("flow_ids", metavar="[ID]...", nargs=-1, shell_complete=complete_ids)
@click.option("--all", "every", is_flag=True, help="All that have not ended.")
@click.option(
    "--code",
    type=click.Choice(get_args(CodePolicy)),
    help="As if workers had it; else as each flow and GREENFLOW_CODE say.",
)
@json_option
@store_option
def command(
    flow_ids: tuple[str, ...],
    every: bool,
    code: CodePolicy | None,
    as_json: bool,
    store_path: Path | None,
) -> int:
    """Load flows, and tell in which code they would go on. Nothing of them runs.

    Before a deploy: with the new code in the working directory. The exit code is 5 if
    any is stuck.
    """
    if every == bool(flow_ids):
        raise click.UsageError("name flows, or all: greenflow check --all")
    with acting(store_path) as store:
        found = [
            (record, check(store, record, code)) for record in _meant(store, flow_ids)
        ]
    counts = Counter[str](verdict.kind for _, verdict in found)
    if as_json:
        flows = [_fields(record, verdict) for record, verdict in found]
        counted = {kind: counts[kind] for kind in _TOLD}
        fields = {"counts": counted, "flows": flows}
        click.echo(json_document("greenflow.check/1", fields))
    else:
        _print(found, counts)
    return NOT_RESTORABLE if counts["stuck"] else OK


def _meant(store: Store, flow_ids: tuple[str, ...]) -> Iterator[FlowRecord]:
    if flow_ids:
        for flow_id in flow_ids:
            yield store.base.get(store.base.resolve(flow_id))
        return
    for flow in store.flows():
        record = flow.record
        if record.status not in ENDED:
            yield record


def _fields(record: FlowRecord, verdict: Verdict) -> dict[str, Any]:
    return {
        "id": record.id,
        "verdict": verdict.kind,
        "reasons": list(verdict.reasons),
        "frames": [
            {
                "function": each.place,
                "line": each.line,
                "new_line": each.new_line,
                "reason": each.reason,
            }
            for each in verdict.fates
        ],
    }


def _print(found: list[tuple[FlowRecord, Verdict]], counts: Counter[str]) -> None:
    for record, verdict in found:
        if verdict.kind == "same":
            continue
        places = [f"{each.place}() line {each.line}" for each in verdict.fates]
        reasons = [*verdict.reasons] or [", ".join(places)]
        lines = [line for reason in reasons for line in reason.split("\n")]
        for line in lines:
            click.echo(plain(f"{record.id} {verdict.kind}: {line}"))
    parts = [f"{counts[kind]} {text}" for kind, text in _TOLD.items() if counts[kind]]
    number = f"{len(found)} flow" + ("" if len(found) == 1 else "s")
    click.echo(f"{number}: {', '.join(parts)}" if parts else number)
