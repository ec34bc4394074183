"""The examples, as a user runs them: killed by SIGKILL, and gone on with elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import Child
from tests.runtime.conftest import SIGKILLED

EXAMPLES = Path(__file__).parents[2] / "examples"


class Example:
    """Runs one example's script, each time in a fresh process."""

    def __init__(self, child: Child, name: str, store: Path) -> None:
        self.child = child
        self.script = str(EXAMPLES / f"{name}.py")
        self.store = str(store)

    def __call__(self, *words: str, killed: bool = False, **env: str) -> list[str]:
        env["GREENFLOW_STORE"] = self.store
        code = SIGKILLED if killed else 0
        output = self.child(self.script, *words, code=code, env=env).stdout
        # Processes have other numbers each time.
        return re.sub(r"process \d+", "process N", output).splitlines()


def test_checkpointing(child: Child, tmp_path: Path):
    run = Example(child, "checkpointing", tmp_path / "store")
    assert run("start", killed=True, KILL_IN="second") == [
        "process N: first()",
        "process N: second(6)",
    ]
    *steps, result = run("go-on")
    assert steps == ["process N: second(6)", "process N: third(6, 7)"]
    assert re.fullmatch(r"workflow-\w{8}: 42", result)


def test_messaging(child: Child, tmp_path: Path):
    run = Example(child, "messaging", tmp_path / "store")
    first, waits = run("start", killed=True, KILL_AT="end")
    assert first == "process N: first()"
    flow_id = waits.removesuffix(" waits")
    assert run("send", flow_id, "hello", killed=True, KILL_AT="end") == []
    assert run("go-on", killed=True, KILL_AT="end") == [
        "process N: hello, sent to somebody who asked: who is there?",
        f"{flow_id} waits",
    ]
    run("send", flow_id, "bye")
    assert run("go-on") == [f"{flow_id} ended: 2 messages"]


def test_approval(child: Child, tmp_path: Path):
    run = Example(child, "approval", tmp_path / "store")
    [asks] = run("start", "desk", "420", killed=True, KILL_AT="end")
    flow_id = asks.split()[0]
    assert asks == f"{flow_id} asks: buy desk for 420?"
    assert run("list", killed=True, KILL_AT="end") == [asks]
    assert run("answer", flow_id, "maybe", killed=True, KILL_AT="end") == [
        f"{asks} Please say yes or no, not maybe"
    ]
    assert run("answer", flow_id, "yes") == [f"{flow_id}: bought desk"]
    assert run("list") == []


LABELS = (
    "ada 1",
    "ada 1 seen",
    "ada 2 seen",
    "ada closing",
    "bob has ordered nothing",
    "cy 2 failed",
    "cy 2 seen",
    "cy 3",
    "cy closing",
    "try 1",
    "4 left",
    "try 7",
    "last one",
)


PRINTED = [
    "opened parcel of ada",
    "ada 1 paid",
    "ada 2 paid",
    "closed parcel of ada",
    "opened parcel of cy",
    "cy 1 paid",
    "cy 2: no lamp",
    "cy 3 paid",
    "closed parcel of cy",
    "tried 8 times",
]


@pytest.mark.parametrize("label", LABELS)
def test_control_flow(child: Child, tmp_path: Path, label: str):
    run = Example(child, "control_flow", tmp_path / "store")
    before = run("start", killed=True, KILL_AFTER=label)
    assert len(before) < len(PRINTED)
    assert before + run("go-on") == PRINTED
