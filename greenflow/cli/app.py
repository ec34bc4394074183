"""The group of all commands, and the one place that prints errors."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

import greenflow
from greenflow.cli.exits import INTERRUPTED, OK, exit_code
from greenflow.cli.places import STORE_VARIABLE
from greenflow.errors import GreenflowError

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Each is a module of this package that holds a ``command``.
COMMANDS = (
    *("demo", "run", "ls", "tree", "show", "stack", "get", "history", "diff"),
    *("set", "debug", "rollback", "fork", "send", "resume", "throw", "cancel", "kill"),
    *("hold", "release", "worker", "check", "upgrade", "logs", "export", "import"),
    *("hospital", "queue", "stats", "gc", "doctor", "backup", "compact"),
    *("key", "rekey", "completion"),
)
#: Those whose names Python has taken.
_MODULES = {"import": "importing"}


class LazyGroup(click.Group):
    """Imports a command's module when that command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of a first acquaintance."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command, or None if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        name = _MODULES.get(cmd_name, cmd_name)
        module = import_module(f"greenflow.cli.{name}")
        command: click.Command = module.command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; that nobody reads on (``| head``) is no error."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # Caught here because click would exit with 1, which is a failed flow.
            # Python writes once more at exit: give it somewhere to write to.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return OK


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(greenflow.__version__)
@click.option("--store", metavar="PATH", help="The store's folder, for any command.")
def app(store: str | None) -> None:
    """Functions that stop in the middle, are saved, and go on in another process.

    \b
    Exit codes: 0 fine, 1 the flow failed, 2 wrong usage, 3 not found, 4 busy or
    moved on, 5 cannot be restored here, 6 still waiting, 7 store damaged, newer or
    unsafe, 130 interrupted.
    """
    if store is not None:
        # Each command takes it from there, unless it is given one of its own.
        os.environ[STORE_VARIABLE] = store


def run_app(arguments: Sequence[str] | None = None) -> int:
    """Run a command line (by default this process's); return its exit code."""
    try:
        result = app.main(args=arguments, prog_name="greenflow", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except GreenflowError as error:
        click.echo(f"error: {error}", err=True)
        return exit_code(error)
    return result if isinstance(result, int) else OK
