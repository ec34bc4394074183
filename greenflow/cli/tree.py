"""``greenflow tree``: flows under those that spawned them or were forked."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

import click

from greenflow.cli.documents import flow_document
from greenflow.cli.looking import found
from greenflow.cli.options import complete_ids, json_option, reading, store_option
from greenflow.cli.text import json_document, plain
from greenflow.errors import FlowNotFound

if TYPE_CHECKING:
    from pathlib import Path

    from rich.tree import Tree

    from greenflow.store.base import FlowRecord, Store

#: Flows that are shown; their nesting has the same limit.
_FLOWS_MAX: Final = 1000


class _Branch:
    """A flow and those under it."""

    def __init__(self, record: FlowRecord) -> None:
        self.record = record
        self.under: list[_Branch] = []


@click.command(name="tree")
@click.argument("flow_id", metavar="[ID]", required=False, shell_complete=complete_ids)
@json_option
@store_option
def command(flow_id: str | None, as_json: bool, store_path: Path | None) -> None:
    """Show flows with their children and forks under them; of ID, its parents too.

    Without an ID all flows are shown that have a child or are one.
    """
    with reading(store_path) as store:
        if flow_id is None:
            branches, cut = _all(store)
            marked = ""
        else:
            record, _ = found(store, flow_id)
            marked = record.id
            branches, cut = _of(store, record)
    if as_json:
        flows = [
            {**flow_document(branch.record), "depth": depth}
            for each in branches
            for depth, branch in _lines(each)
        ]
        fields = {"flows": flows, "truncated": cut}
        click.echo(json_document("greenflow.tree/1", fields))
        return
    from greenflow.cli.render import emit

    for each in branches:
        emit(_drawn(each, marked))
    if cut:
        click.echo(f"there are more than {_FLOWS_MAX} flows: name one", err=True)


def _all(store: Store) -> tuple[list[_Branch], bool]:
    made: dict[str, _Branch] = {}
    cut = False
    for record in store.flows():
        if len(made) >= _FLOWS_MAX:
            cut = True
            break
        made[record.id] = _Branch(record)
    tops: list[_Branch] = []
    for branch in made.values():
        above = made.get(branch.record.parent)
        (above.under if above else tops).append(branch)
    return [each for each in tops if each.under], cut


def _of(store: Store, record: FlowRecord) -> tuple[list[_Branch], bool]:
    """Return the whole family of a flow, from its first ancestor down."""
    seen = {record.id}
    while record.parent and record.parent not in seen and len(seen) < _FLOWS_MAX:
        try:
            record = store.get(record.parent)
        except FlowNotFound:
            break
        seen.add(record.id)
    top = _Branch(record)
    done, queue = {record.id}, [top]
    for branch in queue:
        left = _FLOWS_MAX - len(done)
        children = [
            each for each in store.children(branch.record.id) if each not in done
        ]
        if len(children) > left:
            return [top], True
        done.update(children)
        branch.under = [_Branch(each) for each in _records(store, children)]
        queue += branch.under
    return [top], False


def _records(store: Store, ids: list[str]) -> list[FlowRecord]:
    """Return flows by age; one may have been deleted just now."""
    found: list[FlowRecord] = []
    for each in ids:
        with suppress(FlowNotFound):
            found.append(store.get(each))
    return sorted(found, key=lambda record: (record.created, record.id))


def _lines(top: _Branch) -> list[tuple[int, _Branch]]:
    """Return the branches in the order they are drawn, each with its depth."""
    lines: list[tuple[int, _Branch]] = []
    stack = [(0, top)]
    while stack:
        depth, branch = stack.pop()
        lines.append((depth, branch))
        stack += [(depth + 1, each) for each in reversed(branch.under)]
    return lines


def _drawn(top: _Branch, marked: str) -> Tree:
    from rich.text import Text
    from rich.tree import Tree

    from greenflow.cli.render import outcome

    trees: list[Tree] = []
    for depth, branch in _lines(top):
        record = branch.record
        text = Text(plain(record.id), style="bold" if record.id == marked else "")
        more = f"  {plain(record.function)}  {outcome(record)}"
        if record.forked is not None:
            more += f"  (fork of @{record.forked})"
        text.append(more, style="")
        del trees[depth:]
        trees.append(trees[-1].add(text) if trees else Tree(text))
    return trees[0]
