"""Each pending instruction, outcome, carry and state of specialisation, each tried."""

from __future__ import annotations

import importlib
import pickle
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from greenflow import Continuation
from tests.conftest import child_environment
from tests.delivery import rows
from tests.delivery.rows import MODULES, ROWS, Row, answers

for _module in MODULES:
    importlib.import_module(f"tests.delivery.rows_{_module}")

TURNS = 1_000
CASES = [(name, outcome) for name, row in ROWS.items() for outcome in row.outcomes]
End = tuple[str, Any]


def shown(value: Any) -> Any:
    """What is the same in two processes."""
    text = repr(value)
    return type(value).__name__ if " at 0x" in text else text


def function_of(row: Row) -> Any:
    return getattr(sys.modules[row.module], row.attribute)


def model(
    row: Row, outcome: str, monkeypatch: pytest.MonkeyPatch
) -> tuple[End, list[Any]]:
    """Run it plainly."""
    asked: list[Any] = []
    answer = answers(row, outcome)

    def answered(label: Any) -> Any:
        asked.append(label)
        return answer(len(asked) - 1)

    with monkeypatch.context() as patched:
        patched.setattr(rows, "suspend", answered)
        try:
            return ("done", shown(function_of(row)())), asked
        except Exception as error:
            return ("raised", (type(error), str(error))), asked


def make_cold(row: Row) -> None:
    importlib.reload(sys.modules[row.module])


def make_warm(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = answers(row, "returns")
    with monkeypatch.context() as patched:
        count = [0]

        def answered(label: Any) -> Any:
            count[0] += 1
            return answer(count[0] - 1)

        patched.setattr(rows, "suspend", answered)
        function = function_of(row)
        for _ in range(TURNS):
            count[0] = 0
            try:
                function()
            except Exception:
                continue


class Other:
    """Another process."""

    def __init__(self) -> None:
        self.child = subprocess.Popen(
            [sys.executable, "-m", "tests.delivery.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=child_environment(),
        )

    def step(self, k: Continuation, answer: Any) -> End:
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        pickle.dump((k.dumps(), answer), self.child.stdin)
        self.child.stdin.flush()
        kind, value = pickle.load(self.child.stdout)
        return kind, value


@pytest.fixture(scope="module")
def other() -> Iterator[Other]:
    process = Other()
    yield process
    assert process.child.stdin is not None
    assert process.child.stdout is not None
    process.child.stdin.close()
    assert process.child.wait(60) == 0
    process.child.stdout.close()


def step_here(k: Continuation, answer: Any) -> End:
    try:
        k.resume(answer)
    except Exception as error:
        return "raised", (type(error), str(error))
    return ("done", k.value) if k.done else ("asked", (k.value, k))


def run(row: Row, outcome: str, other: Other | None) -> tuple[End, list[Any]]:
    """Run it as a flow; each step after the first suspend is taken elsewhere."""
    answer, asked = answers(row, outcome), []
    k: Any = Continuation.start(function_of(row))
    state: End = ("asked", (k.value, k))
    while state[0] == "asked":
        label, k = state[1]
        if isinstance(k, bytes):
            k = Continuation.loads(k)
        asked.append(label)
        step = step_here if other is None else other.step
        state = step(k, answer(len(asked) - 1))
    kind, value = state
    return (kind, shown(value) if kind == "done" else value), asked


@pytest.mark.parametrize("state", ["cold", "specialised"])
@pytest.mark.parametrize("carry", ["in memory", "new process"])
@pytest.mark.parametrize(("name", "outcome"), CASES)
def test_row(
    name: str,
    outcome: str,
    carry: str,
    state: str,
    other: Other,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = ROWS[name]
    make_cold(row)
    expected = model(row, outcome, monkeypatch)
    if state == "cold":
        make_cold(row)
    else:
        make_warm(row, monkeypatch)
    assert run(row, outcome, None if carry == "in memory" else other) == expected
