"""``greenflow completion``: what makes a shell complete commands, options and ids."""

from __future__ import annotations

import click

_VARIABLE = "_GREENFLOW_COMPLETE"


@click.command(name="completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the script that completes commands, options and ids of flows.

    \b
    bash, zsh:  eval "$(greenflow completion bash)"
    fish:       greenflow completion fish | source
    """
    from click.shell_completion import get_completion_class

    from greenflow.cli.app import app

    found = get_completion_class(shell)
    assert found is not None  # click knows all three
    click.echo(found(app, {}, "greenflow", _VARIABLE).source())
