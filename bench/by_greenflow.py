"""The measured program as a flow: it waits with ``suspend()``."""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import Final

import greenflow
from bench import program
from bench.page import Page

#: Names the file of the page on which the flow takes its times.
PAGE_VARIABLE: Final = "GREENFLOW_BENCH_PAGE"
_ROOM: Final = 1_000


@cache
def page() -> Page:
    """Return the page that the environment names."""
    return Page(os.environ[PAGE_VARIABLE])


def _note() -> None:
    page().note()


def _tell(answer: int) -> None:
    page().tell(answer)


program.note = _note
program.wait = greenflow.suspend
program.keep = greenflow.checkpoint
program.tell = _tell


def start(depth: int, kind: str, megabytes: float) -> int:
    """Run the program; tell its answer."""
    make_room(depth)
    answer = program.work(depth, kind, megabytes)
    page().end(answer)
    return answer


def make_room(depth: int) -> None:
    """Let this process call so deep."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), depth + _ROOM))
