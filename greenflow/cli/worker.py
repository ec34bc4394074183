"""``greenflow worker``: run what can run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import click

from greenflow.cli.acting import acting
from greenflow.cli.exits import NOT_RESTORABLE, OK, exit_code
from greenflow.cli.options import store_option
from greenflow.continuation.head import read_head
from greenflow.errors import GreenflowError, StackTooDeep
from greenflow.runtime.scheduler import Scheduler

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from greenflow.runtime import Store

#: Calls that a restored stack can still make before the recursion limit.
_HEADROOM_FRAMES: Final = 1000


@click.command(name="worker")
@click.option("--once", is_flag=True, help="End when no flow can run.")
@store_option
def command(once: bool, store_path: Path | None) -> int:
    """Run every flow that can run, until none can.

    Also those whose process died. Modules are found in the working directory.
    """
    if not once:
        raise click.UsageError("a worker that stays is not there yet: say --once")
    with acting(store_path) as store:
        slices, last = drain(store)
    for flow_id, error in last.stuck.items():
        click.echo(f"{flow_id} cannot go on here: {error}", err=True)
    errors = list(last.stuck.values())
    if last.damaged is not None:
        click.echo(f"the store is damaged: {last.damaged}", err=True)
        errors.append(last.damaged)
    click.echo("1 slice run" if slices == 1 else f"{slices} slices run", err=True)
    return max(map(_code, errors), default=OK)


def drain(store: Store) -> tuple[int, Scheduler]:
    """Run all flows; return the number of slices, and the scheduler of the last round.

    It knows who cannot go on, and why.
    """
    slices = 0
    while True:
        scheduler = Scheduler(store)
        while scheduler.step():
            pass
        slices += scheduler.slices
        if not _make_room(store, scheduler.stuck):
            return slices, scheduler


def _make_room(store: Store, stuck: Mapping[str, Exception]) -> bool:
    """Raise the recursion limit for stacks that were too deep for it, if any were.

    The limit is there to stop runaway recursion; a stack that was saved is none.
    """
    deep = [
        len(read_head(store.base.state(flow_id)).frames)
        for flow_id, error in stuck.items()
        if isinstance(error, StackTooDeep)
    ]
    limit = max(deep, default=0) + _HEADROOM_FRAMES
    if not deep or limit <= sys.getrecursionlimit():
        return False
    sys.setrecursionlimit(limit)
    return True


def _code(error: Exception) -> int:
    return exit_code(error) if isinstance(error, GreenflowError) else NOT_RESTORABLE
