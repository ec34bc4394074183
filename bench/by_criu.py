"""The measured program as a process: ``by_criu.py PAGE DEPTH KIND MEGABYTES [PATH]``.

It waits by looking at its page, which is what CRIU finds it doing. PATH is where numpy
is. It imports as little as it can: all of that is part of its image.
"""

from __future__ import annotations

import sys
import time

_LOOK_SECONDS = 0.0002


def main(file: str, depth: str, kind: str, megabytes: str, *path: str) -> None:
    """Run the program; tell its answer."""
    sys.path.insert(0, __file__.rsplit("/", 2)[0])
    sys.path += path
    from bench import program
    from bench.page import Page

    page = Page(file)
    program.note = page.note

    def wait() -> None:
        # Known by its own stamps, and not by looking: it may be told at any moment.
        wanted = page.count // 2 + 1
        while page.epoch < wanted:
            time.sleep(_LOOK_SECONDS)

    program.wait = program.keep = wait
    program.tell = page.tell
    sys.setrecursionlimit(int(depth) + 1_000)
    page.end(program.work(int(depth), kind, float(megabytes)))


if __name__ == "__main__":
    main(*sys.argv[1:])
