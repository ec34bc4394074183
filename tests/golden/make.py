"""Makes the golden store of the Python that runs this, of today's format.

    python make.py FOLDER

The store is FOLDER/cpython-3XX-format-N.mdb.gz; the flows wait in golden_flows.py,
which has to be in the working directory. A store that is there is never made again:
what it is for is that later versions read it.
"""

from __future__ import annotations

import gzip
import shutil
import sys
from importlib import import_module
from pathlib import Path

import greenflow
from greenflow.store.records import FORMAT

#: As it is named where the flows wait: no part of these tests.
golden_flows = import_module("golden_flows")


def main(folder: str) -> None:
    """Make the store, with flows that wait, have ended, and have messages."""
    place = Path(folder) / f"{sys.implementation.cache_tag}-format-{FORMAT}"
    packed = place.with_suffix(".mdb.gz")
    if packed.exists():
        raise SystemExit(f"{packed} is there already")
    store = greenflow.open(place.with_suffix(".work"))
    for name in golden_flows.DONE:
        _spawn(store, name)
    for name in ("payload", "ended", "broken"):
        _spawn(store, name)
    store.run()
    store.send("plain", "kept", topic="another")
    with store.get("plain").edit(reason="golden") as editor:
        editor.frames[0].locals["n"] = 3
    store.backup(place)
    data = (place / "data.mdb").read_bytes()
    packed.write_bytes(gzip.compress(data, mtime=0))
    store.close()
    for made in (place, place.with_suffix(".work")):
        shutil.rmtree(made)


def _spawn(store: greenflow.Store, name: str) -> None:
    made = greenflow.options(store=store, id=name, name=f"golden {name}", tags=["t"])
    made.spawn(getattr(golden_flows, name), 2)


if __name__ == "__main__":
    main(sys.argv[1])
