"""What the commands share that do something to one flow, or to all that are meant."""

from __future__ import annotations

import sys
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

import click

from greenflow.cli.acting import acting
from greenflow.cli.exits import BUSY, OK
from greenflow.cli.options import complete_ids, is_of, json_option, store_option
from greenflow.cli.text import json_document, plain
from greenflow.errors import Conflict, FlowBusy, FlowNotFound
from greenflow.store.base import ENDED, Status

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from greenflow.runtime import Flow, Store

    Act = Callable[[Flow[Any]], None]


class Target(NamedTuple):
    """Which flows are meant, and how it is told what became of them."""

    words: tuple[str, ...]
    every: bool
    statuses: tuple[Status, ...]
    function: str | None
    tag: str
    sure: bool
    as_json: bool
    store_path: Path | None


_OPTIONS = (
    click.option("--all", "every", is_flag=True, help="All flows that have not ended."),
    click.option(
        "-s",
        "--status",
        "statuses",
        multiple=True,
        type=click.Choice([each for each in get_args(Status) if each not in ENDED]),
        help="With --all: only flows of this status; may be given several times.",
    ),
    click.option(
        "-f",
        "--function",
        metavar="FN",
        help="With --all: only flows of this function: module:name, or name alone.",
    ),
    click.option(
        "-t", "--tag", default="", help="With --all: only flows that have this tag."
    ),
    click.option("-y", "--yes", "sure", is_flag=True, help="With --all: do not ask."),
    json_option,
    store_option,
)


def targets(metavar: str) -> Callable[[Callable[..., int]], Any]:
    """Give a command the arguments ``metavar``, and options to name many flows.

    It is called with a Target, whose ``words`` are the arguments.
    """

    def decorate(function: Callable[..., int]) -> Any:
        @wraps(function)
        def command(**given: Any) -> int:
            own = {name: given.pop(name) for name in Target._fields}
            target = Target(**own)
            if not target.every and (target.statuses or target.function or target.tag):
                raise click.UsageError("-s, -f and -t are for --all")
            return function(target, **given)

        argument = click.argument(
            "words", metavar=metavar, nargs=-1, shell_complete=complete_ids
        )
        made: Any = argument(command)
        for option in reversed(_OPTIONS):
            made = option(made)
        return made

    return decorate


def words_of(target: Target, most: int, least: int = 0) -> tuple[str, tuple[str, ...]]:
    """Return the id, empty with --all, and the words behind it; else wrong usage."""
    words = target.words
    flow_id = ""
    if not target.every:
        if not words:
            raise click.UsageError("which flow? name it by its ID, or all by --all")
        flow_id, words = words[0], words[1:]
    if not least <= len(words) <= most:
        raise click.UsageError(f"{len(words)} arguments, where {least} to {most} fit")
    return flow_id, words


def steer(target: Target, flow_id: str, verb: str, done: str, act: Act) -> int:
    """Do it to the flow, or to all that are meant; tell so; return the exit code.

    Args:
        target: which.
        flow_id: of the one; empty with --all.
        verb: what is done, as one asks: ``cancel``.
        done: what is so then: ``ID is to end``.
        act: does it.

    Raises FlowNotFound, FlowBusy: of one flow; of several it is told.
    """
    with acting(target.store_path) as store:
        if not target.every:
            whole_id = store.base.resolve(flow_id)
            act(store.get(whole_id))
            if target.as_json:
                click.echo(_document(verb, [whole_id], {}))
            else:
                click.echo(f"{whole_id} {done}", err=True)
            return OK
        flows = _meant(store, target)
        if flows and not target.sure:
            _ask(verb, len(flows))
        return _steer_all(flows, target, verb, act)


def _meant(store: Store, target: Target) -> list[Flow[Any]]:
    records = store.base.flows(status=target.statuses, tag=target.tag)
    return [
        store.get(record.id)
        for record in list(records)
        if record.status not in ENDED
        and (target.function is None or is_of(record, target.function))
    ]


def _ask(verb: str, count: int) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError(
            f"this would {verb} {_count(count)}, and nobody can be asked\n"
            "HINT: say -y if you are sure"
        )
    click.confirm(f"{verb} {_count(count)}?", abort=True, err=True)


def _steer_all(flows: list[Flow[Any]], target: Target, verb: str, act: Act) -> int:
    done, refused = [], dict[str, str]()
    for flow in flows:
        try:
            act(flow)
        except (FlowBusy, FlowNotFound, Conflict) as error:
            refused[flow.id] = error.message
        else:
            done.append(flow.id)
    if target.as_json:
        click.echo(_document(verb, done, refused))
    else:
        for message in refused.values():
            click.echo(plain(message), err=True)
        click.echo(f"{verb}: {len(done)} of {_count(len(flows))}", err=True)
    return BUSY if refused else OK


def _count(count: int) -> str:
    return "1 flow" if count == 1 else f"{count} flows"


def _document(verb: str, done: list[str], refused: dict[str, str]) -> str:
    told = [{"id": flow_id, "error": error} for flow_id, error in refused.items()]
    fields = {"action": verb, "flows": done, "refused": told}
    return json_document("greenflow.steer/1", fields)
