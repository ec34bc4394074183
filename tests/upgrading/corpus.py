"""Functions that wait in the middle, each of another shape; edits are tried on them.

Each takes ``n=3`` and a default ``k``, keeps what it gets in ``acc``, and tells what it
does by ``out()``.
"""

from __future__ import annotations

import re
from textwrap import dedent
from typing import Final

from tests.upgrading import corpus_blocks, corpus_exits, corpus_inner, corpus_values

PRELUDE: Final = """\
from contextlib import contextmanager, ExitStack
from functools import wraps
from greenflow import suspend
from corpus_out import out

class Block:
    def __init__(self, name):
        self.name = name
    def __enter__(self):
        out("enter " + self.name)
        return self
    def __exit__(self, *error):
        out("exit " + self.name)
        return False

class Swallow(Block):
    def __exit__(self, *error):
        out("swallow " + str(error[0] and error[0].__name__))
        return True

class Asking:
    def __enter__(self):
        return suspend("enter")
    def __exit__(self, *error):
        out(("left", suspend("exit")))
        return False
    def __add__(self, other):
        return "added", other, suspend("add")
    def __getitem__(self, key):
        return "item", key, suspend("item")
    def __iter__(self):
        return iter((1, 2))
    @property
    def field(self):
        return "field", suspend("field")
"""

_SOURCES: Final = "\n".join(
    each.SOURCE for each in (corpus_blocks, corpus_exits, corpus_values, corpus_inner)
)


def functions(sources: str) -> dict[str, str]:
    """Return the source of each function, by its name."""
    return {
        re.search(r"def (\w+)", text)[1]: dedent(text).strip() + "\n"
        for text in re.split(r"\n(?=def f_)", sources)
        if text.strip()
    }


FUNCTIONS: Final = functions(_SOURCES)
