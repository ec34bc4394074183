"""``greenflow debug``: a stored flow under pdb's words, at rest or step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from greenflow.cli.acting import acting
from greenflow.cli.looking import found
from greenflow.cli.options import place_argument, store_option

if TYPE_CHECKING:
    from pathlib import Path

    from greenflow.debugger.session import Mode


@click.command(name="debug")
@place_argument
@click.option("--fork", "mode", flag_value="fork", help="Step on a fork; do not ask.")
@click.option("--live", "mode", flag_value="live", help="Step for real; do not ask.")
@click.option(
    "-c",
    "commands",
    metavar="CMD",
    multiple=True,
    help="Say this first, as if it was typed; steps are then on a fork.",
)
@store_option
def command(
    flow_id: str, mode: Mode | None, commands: tuple[str, ...], store_path: Path | None
) -> None:
    """Look at a flow, change it, and let it go on, in the words of pdb.

    ID may be the beginning of an id; ID@N is its checkpoint N. Nothing of the flow
    runs before you step. Type help for all words.
    """
    with acting(store_path) as store:
        record, at = found(store.base, flow_id)
        from greenflow.debugger import FlowPdb, Session, debug

        if mode is None and commands:
            mode = "fork"
        shell = FlowPdb(Session(store.get(record.id), at, mode))
        shell.rcLines.extend(commands)
        debug(shell)
