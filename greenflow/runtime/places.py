"""Where the default store is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

STORE_VARIABLE = "GREENFLOW_STORE"
STORE_FOLDER = ".greenflow"


def default_path() -> Path:
    """Return where the default store is, or would be made, outside of ``with``.

    That is ``$GREENFLOW_STORE``, else the nearest ``.greenflow`` in the working
    directory or above it, else ``.greenflow`` in the working directory.
    """
    from pathlib import Path  # a store that is named needs none

    named = os.environ.get(STORE_VARIABLE)
    if named:
        return Path(named)
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / STORE_FOLDER).is_dir():
            return folder / STORE_FOLDER
    return here / STORE_FOLDER
