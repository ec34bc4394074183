"""The other process: goes on with what it is given, for as long as it is asked."""

from __future__ import annotations

import pickle
import sys
from typing import Any

from greenflow import Continuation


def step(data: bytes, answer: Any) -> tuple[str, Any]:
    """Answer a continuation; return what it became."""
    k = Continuation.loads(data)
    try:
        k.resume(answer)
    except Exception as error:
        return "raised", (type(error), str(error))
    return ("done", k.value) if k.done else ("asked", (k.value, k.dumps()))


def main() -> None:
    read, write = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr
    while True:
        try:
            data, answer = pickle.load(read)
        except EOFError:
            return
        pickle.dump(step(data, answer), write)
        write.flush()


if __name__ == "__main__":
    main()
