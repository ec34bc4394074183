"""``greenflow worker``: run what can run."""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

from greenflow.cli.acting import acting
from greenflow.cli.exits import NOT_RESTORABLE, OK, exit_code
from greenflow.cli.options import store_option
from greenflow.continuation.head import read_head
from greenflow.errors import GreenflowError, StackTooDeep
from greenflow.runtime.scheduler import Scheduler
from greenflow.runtime.supervisor import supervise
from greenflow.runtime.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from greenflow.runtime import Store

_ENDING: Final = (signal.SIGTERM, signal.SIGINT)
#: Calls that a restored stack can still make before the recursion limit.
_HEADROOM_FRAMES: Final = 1000


@click.command(name="worker")
@click.option("--once", is_flag=True, help="End when no flow can run.")
@click.option(
    "-n",
    "processes",
    type=click.IntRange(1),
    default=1,
    metavar="PROCS",
    help="Keep so many worker processes, each started again when it dies.",
)
@store_option
def command(once: bool, processes: int, store_path: Path | None) -> int:
    """Run every flow that can run, and wait for more; SIGTERM or Ctrl-C ends it.

    Also those whose process died. Modules are found in the working directory.
    """
    if once:
        return _once(store_path)
    if processes > 1:
        with acting(store_path) as store:
            place = store.location
        supervise(
            [sys.executable, "-m", "greenflow", "worker", "--store", place],
            processes,
            _say,
        )
        return OK
    with acting(store_path) as store:
        worker = Worker(store, _tell)
        with _ended_by_signals(worker):
            worker.run()
    _say(_slices(worker.slices))
    return OK


@contextmanager
def _ended_by_signals(worker: Worker) -> Iterator[None]:
    """Let the first signal end it behind its slice, and a second Ctrl-C at once."""

    def stop(number: int, _: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        worker.stop()

    before = {each: signal.signal(each, stop) for each in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tell(flow_id: str, error: Exception) -> None:
    _say(f"{flow_id} cannot go on here: {error}")


def _say(text: str) -> None:
    click.echo(text, err=True)


def _slices(count: int) -> str:
    return "1 slice run" if count == 1 else f"{count} slices run"


def _once(store_path: Path | None) -> int:
    with acting(store_path) as store:
        slices, last = drain(store)
    for flow_id, error in last.stuck.items():
        _tell(flow_id, error)
    errors = list(last.stuck.values())
    if last.damaged is not None:
        _say(f"the store is damaged: {last.damaged}")
        errors.append(last.damaged)
    _say(_slices(slices))
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
