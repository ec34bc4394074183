"""The store for commands that run or wake flows; those that only look use options."""

from __future__ import annotations

import sys
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from greenflow import runtime
from greenflow.cli.options import store_place

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def acting(named: Path | None, *, create: bool = False) -> Iterator[runtime.Store]:
    """Open the store that is meant, as the default store of the block.

    The working directory goes on the path, as for ``python -m``: that is where the
    modules are that flows were made from. Raises NoStore, unless it may be created.
    """
    working_directory_on_path()
    place = (named or runtime.default_path()) if create else store_place(named)
    with closing(runtime.open(place, create=create)) as store, store:
        yield store


def working_directory_on_path() -> None:
    """Let modules of the working directory be found."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
