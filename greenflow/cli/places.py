"""Where a store is looked for when none is named.

As in greenflow.runtime.stores, which a command that only reads must not import.
"""

from __future__ import annotations

from typing import Final

STORE_VARIABLE: Final = "GREENFLOW_STORE"
STORE_FOLDER: Final = ".greenflow"
