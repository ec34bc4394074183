"""Options that several commands share, and the store that they name, for reading."""

from __future__ import annotations

import os
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from greenflow.cli.exits import NOT_FOUND
from greenflow.cli.places import STORE_FOLDER, STORE_VARIABLE
from greenflow.errors import GreenflowError
from greenflow.store import LmdbStore
from greenflow.store.keyfile import FILE_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from greenflow.store.base import FlowRecord

#: Ids that a shell is told of; more of them help nobody.
_COMPLETIONS_MAX = 200


def complete_ids(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[str]:
    """Return the ids that begin with what was typed, for the shell; none on errors."""
    named: Path | None = ctx.params.get("store_path")
    above = ctx.parent.params.get("store") if ctx.parent else None
    if above and ctx.get_parameter_source("store_path") != ParameterSource.COMMANDLINE:
        named = Path(above)
    try:
        with reading(named) as store:
            return store.ids(incomplete, _COMPLETIONS_MAX)
    except (GreenflowError, click.ClickException, OSError):
        return []


def _name_key_file(_: click.Context, __: click.Parameter, named: str | None) -> None:
    """Let everything in this process, and its workers, hear of the key file."""
    if named is not None:
        os.environ[FILE_VARIABLE] = os.path.abspath(named)


_store: Callable[[Any], Any] = click.option(
    "--store",
    "store_path",
    metavar="PATH",
    envvar=STORE_VARIABLE,
    show_envvar=True,
    type=click.Path(path_type=Path),
    help="The store's folder; else the nearest .greenflow here or above.",
)
_key_file: Callable[[Any], Any] = click.option(
    "--key-file",
    metavar="FILE",
    expose_value=False,
    is_eager=True,
    callback=_name_key_file,
    help=f"The store's keys, if it has any; else ${FILE_VARIABLE}.",
)


def store_option(command: Any) -> Any:
    """Give a command the options that say which store is meant, and its keys."""
    return _store(_key_file(command))


flow_argument: Callable[[Any], Any] = click.argument(
    "flow_id", metavar="ID", shell_complete=complete_ids
)
place_argument: Callable[[Any], Any] = click.argument(
    "flow_id", metavar="ID[@N]", shell_complete=complete_ids
)
reveal_option: Callable[[Any], Any] = click.option(
    "--reveal", is_flag=True, help="Show also what has the name of a secret."
)
json_option: Callable[[Any], Any] = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document."
)


def is_of(record: FlowRecord, function: str) -> bool:
    """Return whether the flow's ``module:qualname`` is, or ends with, ``function``."""
    whole = record.function.replace(":", ".")
    return f".{whole}".endswith("." + function.replace(":", "."))


class NoStore(click.ClickException):
    """There is no store where a command looks for one."""

    exit_code = NOT_FOUND


def store_place(named: Path | None) -> Path:
    """Return the folder of the store that is meant. Raises NoStore."""
    if named is not None:
        if not named.is_dir():
            raise NoStore(f"there is no store at {named}")
        return named
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / STORE_FOLDER).is_dir():
            return folder / STORE_FOLDER
    raise NoStore(
        f"there is no {STORE_FOLDER} in {here} or above it\n"
        f"HINT: name a store by --store or ${STORE_VARIABLE}"
    )


@contextmanager
def reading(named: Path | None) -> Iterator[LmdbStore]:
    """Open the store for a command that only looks: no code of a flow is loaded."""
    place = os.path.realpath(store_place(named))
    with closing(LmdbStore(place, create=False)) as store:
        yield store
