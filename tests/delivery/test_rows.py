"""Each pending instruction, outcome, carry and state of specialisation, each tried."""

from __future__ import annotations

import importlib
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from greenflow import Continuation
from greenflow.continuation.delivery import instructions
from greenflow.continuation.delivery.answers import PUSH, Answer
from tests.conftest import child_environment
from tests.core.driving import INSTRUMENTS
from tests.delivery import rows
from tests.delivery.driving import (
    End,
    function_of,
    in_memory,
    load,
    over_bytes,
    run,
    shown,
)
from tests.delivery.rows import Row, answers

TURNS = 1_000
ROWS = load()
CASES = [(name, outcome) for name, row in ROWS.items() for outcome in row.outcomes]


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
    record_property: Callable[[str, object], None],
) -> None:
    row = ROWS[name]
    record_property("group", row.group)
    record_property("label", row.label)
    make_cold(row)
    expected = model(row, outcome, monkeypatch)
    if state == "cold":
        make_cold(row)
    else:
        make_warm(row, monkeypatch)
    assert (
        run(row, outcome, in_memory if carry == "in memory" else other.step) == expected
    )


@pytest.mark.parametrize("instrument", sorted(INSTRUMENTS.keys() - {"nothing"}))
@pytest.mark.parametrize(("name", "outcome"), CASES)
def test_watched(
    name: str, outcome: str, instrument: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = ROWS[name]
    expected = model(row, outcome, monkeypatch)
    with INSTRUMENTS[instrument]() as events:
        assert run(row, outcome, over_bytes) == expected
    if events is not None:
        assert not events.unbalanced
        assert not events.stack


def test_without_its_adapters_a_row_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    outcome = "NotImplemented"
    row = ROWS["operators.add_both"]
    expected = model(row, outcome, monkeypatch)
    monkeypatch.setitem(instructions.RULES, "BINARY_OP", lambda *_: Answer(PUSH))
    assert run(row, outcome, over_bytes) != expected
