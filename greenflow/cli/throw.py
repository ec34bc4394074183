"""``greenflow throw``: an exception, raised where a flow waits."""

from __future__ import annotations

import builtins
from importlib import import_module
from typing import Any

import click

from greenflow.cli.acting import working_directory_on_path
from greenflow.cli.steering import Target, steer, targets, words_of


@click.command(name="throw")
@targets("ID EXC [MESSAGE]")
def command(target: Target) -> int:
    """Let the call that a flow waits in raise an exception.

    EXC is the name of a built-in one, or module:Class. A worker runs the flow then:
    greenflow worker --once.
    """
    flow_id, words = words_of(target, 2, 1)
    error = _made(words[0], words[1:])
    done = "can go on"
    return steer(target, flow_id, "throw into", done, lambda flow: flow.throw(error))


def _made(name: str, arguments: tuple[str, ...]) -> BaseException:
    """Return the exception; what is none is wrong usage."""
    try:
        found = _found(name)(*arguments)
    except click.UsageError:
        raise
    except Exception as error:
        raise click.UsageError(
            f"{name} cannot be made of {arguments!r}: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(found, BaseException) or isinstance(found, KeyboardInterrupt):
        raise click.UsageError(f"{name} is no exception that a flow takes")
    return found


def _found(name: str) -> Any:
    module, colon, qualname = name.partition(":")
    if not colon:
        module, qualname = "builtins", name
    try:
        working_directory_on_path()
        found: Any = builtins if not colon else import_module(module)
        for part in qualname.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, ValueError):
        raise click.UsageError(
            f"there is no exception {name!r}\n"
            "HINT: name it by its module, like shop:OutOfStock"
        ) from None
    return found
