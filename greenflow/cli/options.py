"""Options that several commands share, and the store that they name, for reading."""

from __future__ import annotations

import os
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from greenflow.cli.exits import NOT_FOUND
from greenflow.cli.places import STORE_FOLDER, STORE_VARIABLE
from greenflow.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from greenflow.store import base

store_option: Callable[[Any], Any] = click.option(
    "--store",
    "store_path",
    metavar="PATH",
    envvar=STORE_VARIABLE,
    show_envvar=True,
    type=click.Path(path_type=Path),
    help="The store's folder; else the nearest .greenflow here or above.",
)
json_option: Callable[[Any], Any] = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document."
)


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
def reading(named: Path | None) -> Iterator[base.Store]:
    """Open the store for a command that only looks: no code of a flow is loaded."""
    place = os.path.realpath(store_place(named))
    with closing(open_store(place, create=False)) as store:
        yield store
