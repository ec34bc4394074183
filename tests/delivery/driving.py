"""Run a row as a flow. Nothing here needs pytest: child processes use it too."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

from greenflow import Continuation
from tests.delivery.rows import MODULES, ROWS, Row, answers

#: ("asked", ...), ("done", value) or ("raised", (type, text)).
End = tuple[str, Any]
#: Takes a step: answers a continuation.
Step = Callable[[Continuation, Any], End]


def load() -> dict[str, Row]:
    """Return the rows of all modules."""
    for module in MODULES:
        importlib.import_module(f"tests.delivery.rows_{module}")
    return ROWS


def shown(value: Any) -> Any:
    """What is the same in two processes."""
    text = repr(value)
    return type(value).__name__ if " at 0x" in text else text


def function_of(row: Row) -> Any:
    return getattr(sys.modules[row.module], row.attribute)


def in_memory(k: Continuation, answer: Any) -> End:
    try:
        k.resume(answer)
    except Exception as error:
        return "raised", (type(error), str(error))
    return ("done", k.value) if k.done else ("asked", (k.value, k))


def run(row: Row, outcome: str, step: Step) -> tuple[End, list[Any]]:
    """Run it as a flow; each step after the first suspend is taken elsewhere."""
    answer, asked = answers(row, outcome), []
    k: Any = Continuation.start(function_of(row))
    state: End = ("asked", (k.value, k))
    while state[0] == "asked":
        label, k = state[1]
        if isinstance(k, bytes):
            k = Continuation.loads(k)
        asked.append(label)
        state = step(k, answer(len(asked) - 1))
    kind, value = state
    return (kind, shown(value) if kind == "done" else value), asked


def over_bytes(k: Continuation, answer: Any) -> End:
    """Answer what was loaded from its bytes."""
    return in_memory(Continuation.loads(k.dumps()), answer)
