"""The least that any store of Python values must do: pickle them, and commit the bytes.

``floor.py FOLDER DEPTH KIND MEGABYTES`` is one repetition; it prints JSON.
"""

from __future__ import annotations

import json
import pickle
import sys
import time

import lmdb

from bench import states
from bench.criu.repetition import RESUMES, SAVES
from bench.system import sync_folder

_MAP_BYTES = 1 << 40


def main(folder: str, depth: str, kind: str, megabytes: str) -> None:
    """Save the values of all frames; load them again."""
    state = states.make(kind, float(megabytes))
    values = (state, [(level, state) for level in range(int(depth))])
    found: dict[str, float] = {}
    with lmdb.open(f"{folder}/plain", map_size=_MAP_BYTES) as env:
        for save, resume in zip(SAVES, RESUMES, strict=True):
            if save == "save_changed":
                states.change(state)
            sync_folder(folder)
            begin = time.perf_counter_ns()
            data = pickle.dumps(values, protocol=5)
            pickled = time.perf_counter_ns()
            with env.begin(write=True) as transaction:
                transaction.put(b"key", data)
            durable = time.perf_counter_ns()
            with env.begin(buffers=True) as transaction:
                loaded = pickle.loads(transaction.get(b"key"))
            ended = time.perf_counter_ns()
            if states.digest(loaded[0]) != states.digest(state):
                raise SystemExit("the values did not come back")
            found[save] = (durable - begin) / 1e6
            found[f"{save}_pickle"] = (pickled - begin) / 1e6
            found[f"{save}_bytes"] = len(data)
            found[resume] = (ended - durable) / 1e6
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
