"""Runs in a child: breaks each rule of mutations.py; prints what came of it as JSON.

For each: how it was refused as records and as bytes, and what was left of it.
"""

from __future__ import annotations

import gc
import json
import sys
from collections import Counter
from types import FrameType, FunctionType, GeneratorType
from typing import Any

from greenflow import Continuation
from greenflow.continuation import frames
from tests.core.mutations import RULES, Marker, Rule, saved
from tests.core.records_edited import Edited

COUNTED = (Marker, FrameType, GeneratorType, FunctionType, frames.Records)


def alive() -> Counter[str]:
    gc.collect()
    kinds = Counter(type(each).__name__ for each in gc.get_objects())
    return Counter({kind.__name__: kinds[kind.__name__] for kind in COUNTED})


def refusal(load: Any) -> str:
    try:
        load()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "accepted"


def tried(rule: Rule) -> list[str]:
    data = saved(rule)
    edited = Edited.of(data)
    # What was not changed is a stack; else a mutation could be refused for another.
    assert Edited.of(edited.dumps() if rule.by_bytes else data)
    frames.records(*Edited.of(data).parts())
    rule.break_it(edited)
    told = [refusal(lambda: frames.records(*edited.parts()))]
    if rule.by_bytes:
        broken = edited.dumps()
        del edited
        told.append(refusal(lambda: Continuation.loads(broken)))
    return told


def main() -> None:
    found = {}
    for name in sys.argv[1:] or RULES:
        tried(RULES[name])  # fills caches
        before = alive()
        told = tried(RULES[name])
        left = alive()
        found[name] = {"told": told, "left": left - before}
    print(json.dumps(found))


if __name__ == "__main__":
    from tests.core import target_mutated

    target_mutated.main()
