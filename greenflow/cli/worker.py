"""``greenflow worker``: run what can run."""

from __future__ import annotations

import os
import signal
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final, get_args

import click

from greenflow.cli.acting import acting
from greenflow.cli.exits import NOT_RESTORABLE, OK, exit_code
from greenflow.cli.options import store_option
from greenflow.errors import GreenflowError, StackTooDeep
from greenflow.later import later, later_all
from greenflow.runtime.names import CodePolicy
from greenflow.runtime.scheduler import Scheduler

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from greenflow.runtime import (
        Store,
        coding,
        deep,
        isolation,
        logs,
        supervisor,
        worker,
    )
else:
    coding, deep, isolation, logs, supervisor, worker = later_all(
        *(__name__, "greenflow.runtime"),
        *("coding", "deep", "isolation", "logs", "supervisor", "worker"),
    )
    logging = later(__name__, "logging")

_ENDING: Final = (signal.SIGTERM, signal.SIGINT)


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
@click.option(
    "-q",
    "--queue",
    "queues",
    multiple=True,
    help="Only flows of this queue; several times for several.",
)
@click.option(
    "--log",
    "level",
    type=click.Choice(["DEBUG", "INFO", "WARNING", "ERROR"], case_sensitive=False),
    help="Keep what flows log from this level on: greenflow logs.",
)
@click.option(
    "--preload",
    "modules",
    metavar="MODULE",
    multiple=True,
    help="For flows that run alone, import it before, as it is now.",
)
@click.option(
    "--code",
    type=click.Choice(get_args(CodePolicy)),
    help="What to do with flows whose code was changed; else GREENFLOW_CODE, pinned.",
)
@click.option("--flow", "flow_id", hidden=True, help="Run one claimed flow.")
@click.option("--claim", "epoch", type=int, hidden=True)
@store_option
def command(
    once: bool,
    processes: int,
    queues: tuple[str, ...],
    level: str | None,
    modules: tuple[str, ...],
    code: CodePolicy | None,
    flow_id: str | None,
    epoch: int | None,
    store_path: Path | None,
) -> int:
    """Run every flow that can run, and wait for more; SIGTERM or Ctrl-C ends it.

    Also those whose process died. Modules are found in the working directory.
    """
    if code is not None:
        os.environ[coding.VARIABLE] = code  # processes that it starts inherit it
    with acting(store_path) as store:
        store.code = code or store.code
        if level is not None:
            _keep_logs(level)
        if flow_id is not None and epoch is not None:
            isolation.run_alone(store, flow_id, epoch, _tell)
            return OK
        if once:
            return _once(store, queues, modules)
        if processes > 1:
            arguments = [word for name in queues for word in ("-q", name)]
            arguments += [word for name in modules for word in ("--preload", name)]
            arguments += ["--log", level] if level is not None else []
            supervisor.supervise(store.base, arguments, processes, _say)
            return OK
        staying = worker.Worker(store, _tell, queues=queues or None, preload=modules)
        with _ended_by_signals(staying):
            staying.run()
    _say(_slices(staying.slices))
    return OK


def _keep_logs(level: str) -> None:
    """Keep what flows log, as programs do that set up logging themselves."""
    root = logging.getLogger()
    root.addHandler(logs.FlowLogHandler(level.upper()))
    if root.level > logging.getLevelName(level.upper()):
        root.setLevel(level.upper())


@contextmanager
def _ended_by_signals(staying: worker.Worker) -> Iterator[None]:
    """Let the first signal end it behind its slice, and a second Ctrl-C at once."""

    def stop(number: int, _: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        staying.stop()

    before = {each: signal.signal(each, stop) for each in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tell(flow_id: str, error: Exception) -> None:
    _say(f"{flow_id} cannot go on: {error}" if flow_id else f"{error}")


def _say(text: str) -> None:
    click.echo(text, err=True)


def _slices(count: int) -> str:
    return "1 slice run" if count == 1 else f"{count} slices run"


def _once(store: Store, queues: tuple[str, ...], modules: tuple[str, ...]) -> int:
    with closing(isolation.Isolation(store, modules, _say)) as alone:
        slices, last = _drain(store, queues or None, alone)
    for flow_id, error in last.stuck.items():
        _tell(flow_id, error)
    errors = list(last.stuck.values())
    for damage in last.damaged.values():
        _say(f"the store is damaged: {damage}")
        errors.append(damage)
    _say(_slices(slices))
    return max(map(_code, errors), default=OK)


def _drain(
    store: Store, queues: Sequence[str] | None, alone: isolation.Isolation
) -> tuple[int, Scheduler]:
    """Run all flows; return the number of slices, and the scheduler of the last round.

    It knows who cannot go on, and why.
    """
    slices = 0
    while True:
        scheduler = Scheduler(store, queues=queues, alone=alone)
        while scheduler.step():
            pass
        slices += scheduler.slices
        if not _make_room(store, scheduler.stuck):
            return slices, scheduler


def _make_room(store: Store, stuck: Mapping[str, Exception]) -> bool:
    """Raise the recursion limit for stacks that were too deep for it, if any were.

    The limit is there to stop runaway recursion; a stack that was saved is none.
    """
    found = [key for key, error in stuck.items() if isinstance(error, StackTooDeep)]
    made = [deep.make_room(store.base, flow_id) for flow_id in found]
    return any(made)


def _code(error: Exception) -> int:
    return exit_code(error) if isinstance(error, GreenflowError) else NOT_RESTORABLE
