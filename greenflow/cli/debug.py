"""``greenflow debug``: a stored flow under pdb's words, at rest or step by step."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from greenflow.cli.acting import acting
from greenflow.cli.looking import found
from greenflow.cli.options import place_argument, store_option

if TYPE_CHECKING:
    from pathlib import Path

    from greenflow.debugger.session import Mode, Session


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
@click.option(
    "--dap",
    "port",
    metavar="[PORT]",
    type=click.IntRange(0, 65535),
    is_flag=False,
    flag_value=5678,  # where VS Code looks by default
    help="Wait for an editor there instead (5678; 0: any that is free).",
)
@store_option
def command(
    flow_id: str,
    mode: Mode | None,
    commands: tuple[str, ...],
    port: int | None,
    store_path: Path | None,
) -> None:
    """Look at a flow, change it, and let it go on, in the words of pdb.

    ID may be the beginning of an id; ID@N is its checkpoint N. Nothing of the flow
    runs before you step. Type help for all words.

    With --dap an editor such as VS Code does it, over the Debug Adapter Protocol.
    """
    if commands and port is not None:
        raise click.UsageError("-c speaks to pdb, --dap to an editor")
    with acting(store_path) as store:
        record, at = found(store.base, flow_id)
        from greenflow.debugger import FlowPdb, Session, debug

        if port is not None:
            _in_editor(Session(store.get(record.id), at, mode or "fork"), port)
            return
        if mode is None and commands:
            mode = "fork"
        shell = FlowPdb(Session(store.get(record.id), at, mode))
        shell.rcLines.extend(commands)
        debug(shell)


def _in_editor(session: Session, port: int) -> None:
    from greenflow.debugger import debug
    from greenflow.debugger.dap import HOST, DapFront

    front = DapFront(session, partial(click.echo, err=True))
    try:
        port = front.listen(port)
    except (OSError, RuntimeError) as error:
        raise click.ClickException(f"cannot listen at {HOST}:{port}: {error}") from None
    click.echo(f"waiting for an editor at {HOST}:{port}", err=True)
    front.wait()
    debug(front)
