"""Greenlets of PyPy: ns of a switch there and back, and what pickle says to one."""

import json
import pickle
import time

from _continuation import continulet
from greenlet import getcurrent, greenlet

LOOPS = 1_000_000
here = getcurrent()


def answer() -> None:
    """Switch back, for ever."""
    while True:
        here.switch()


other = greenlet(answer)
other.switch()
found = []
for _ in range(9):
    begin = time.perf_counter()
    for _ in range(LOOPS):
        other.switch()
    found.append((time.perf_counter() - begin) / LOOPS * 1e9)

waiting = continulet(lambda this: this.switch())
waiting.switch()
try:
    pickled = f"{len(pickle.dumps(waiting))} bytes"
except Exception as error:
    pickled = f"{type(error).__name__}: {error}"
# The first rounds are the compiler's.
print(json.dumps({"switch": found[2:], "pickled": pickled}))
