"""Saves the functions of the corpus where they wait, or goes on with what was saved.

    python target_crossing.py [save FILE | go FILE | edited FILE]...

Run by one Python to save and by another to go on, in code that was edited since or not,
each of which prints one line of JSON.
"""

from __future__ import annotations

import json
import pickle
import sys
import warnings
from functools import partial
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from greenflow import Continuation
from greenflow.continuation.code import code_hash
from greenflow.continuation.upgrading import crossing
from greenflow.continuation.upgrading.trees import Text
from greenflow.errors import NotRestorable
from greenflow.inspect.saved import Saved
from greenflow.runtime.sourcing import Sourcing
from greenflow.runtime.texts import file_of
from tests.upgrading import corpus_crossing, corpus_crossing_inner
from tests.upgrading.corpus import FUNCTIONS as EDITED
from tests.upgrading.corpus import PRELUDE, functions

FUNCTIONS = {
    **EDITED,
    **functions(corpus_crossing.SOURCE),
    **functions(corpus_crossing_inner.SOURCE),
}

TOLD: list[Any] = []


def _out(what: object) -> None:
    TOLD.append(repr(what))


#: It does the same, at other lines.
_EDIT = "\n    # Edited.\n    k = k\n"


def _source(name: str, *, edited: bool) -> str:
    head, rest = FUNCTIONS[name].split("\n", 1)
    return PRELUDE + (head + _EDIT + rest if edited else FUNCTIONS[name])


def _module(name: str, *, edited: bool = False) -> Any:
    events = ModuleType("corpus_out")
    events.out = _out
    _out.__module__, _out.__qualname__ = "corpus_out", "out"
    sys.modules["corpus_out"] = events
    module: Any = ModuleType("corpus_app")
    sys.modules["corpus_app"] = module
    warnings.simplefilter("ignore", SyntaxWarning)
    code = compile(_source(name, edited=edited), "app.py", "exec")
    exec(code, module.__dict__)
    return module


def _to_end(k: Continuation, number: int, save: Any) -> None:
    while not k.done:
        _out(("waits", k.value))
        save(k)
        try:
            k.resume(f"v{number}")
        except Exception as error:
            _out(("raised", repr(error)))
            return
        number += 1
    _out(("returned", k.value))


def save(file: str) -> None:
    """Write each state, and what the function did behind it."""
    found = []
    for name in FUNCTIONS:
        module = _module(name)
        TOLD.clear()
        states: list[tuple[bytes, int]] = []
        k = Continuation.start(getattr(module, name), 3)
        _to_end(k, 0, lambda k, states=states: states.append((k.dumps(), len(TOLD))))
        hashes = {code_hash(each) for each in _codes(module)}
        for number, (state, at) in enumerate(states):
            texts = {each.identity: each for each in Sourcing().of(state, name)}
            found.append((name, number, state, TOLD[at:], hashes, texts))
    Path(file).write_bytes(pickle.dumps(found))


def _codes(module: Any) -> list[CodeType]:
    found = [each.__code__ for each in _functions(module)]
    for code in found:  # grows meanwhile
        found += [each for each in code.co_consts if isinstance(each, CodeType)]
    return found


def _functions(module: Any) -> list[Any]:
    held = [*vars(module).values()]
    classes = [each for each in held if isinstance(each, type)]
    held += [each for cls in classes for each in vars(cls).values()]
    held = [getattr(each, "fget", each) for each in held]
    return [each for each in held if hasattr(each, "__code__")]


def _texts(saved: Any, *, edited: bool) -> Any:
    """Return what finds the texts of old code by its hash, and of new code."""
    name, _, state, _, hashes, texts = saved
    was, now = ([Text(1, _source(name, edited=each))] for each in (False, edited))

    def old(key: bytes) -> list[Text]:
        for identity in Saved(state).keys(key):
            if identity in texts:
                found = texts[identity]
                return [Text(found.first_line, found.text)]
        return was if key in hashes else []

    def new(code: CodeType) -> list[Text]:
        whole = file_of(code)
        return [Text(1, whole)] if whole is not None else now

    return old, new


def go(file: str, *, edited: bool = False, every: int = 1) -> None:
    """Go on with each state, or each few; print how it went."""
    right, refused, wrong, last = [], {}, [], ""
    for saved in pickle.loads(Path(file).read_bytes())[::every]:
        name, number, state, expected, _, _ = saved
        if name != last:
            _module(name, edited=edited)
            last = name
        old, new = _texts(saved, edited=edited)
        try:
            made = crossing.load(state, Saved(state).code, old, new)
        except NotRestorable as error:
            refused[f"{name} {number}"] = str(error).split("cannot go on: ")[-1]
            continue
        TOLD.clear()
        k = made.continuation
        try:
            k.resume(f"v{number}")
            _to_end(k, number + 1, lambda k: k.dumps())
        except Exception as error:
            _out(("raised", repr(error)))
        (right if expected == TOLD else wrong).append([name, number, [*TOLD], expected])
    told = {"right": [each[0] for each in right], "refused": refused, "wrong": wrong}
    print(json.dumps(told))


WORDS = {"save": save, "go": go, "edited": partial(go, edited=True)}


if __name__ == "__main__":
    for word, file in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
        WORDS[word](file)
