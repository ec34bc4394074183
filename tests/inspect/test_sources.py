"""The source that is shown is what the code was made of, whatever the file has now."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import greenflow
from greenflow.continuation.code import code_identity
from greenflow.errors import FlowBusy
from greenflow.inspect.lines import Position
from greenflow.inspect.sources import excerpt
from greenflow.runtime.executor import Executor
from greenflow.store.base import Source
from tests.conftest import Child

HELPERS = """
def letters():
    for letter in "abc":
        yield letter
"""
PROGRAM = """
import greenflow
from source_helpers import letters


def make(limit):
    def inside(number):
        held = letters(); next(held)
        return greenflow.suspend([
            number, limit,
        ])
    return inside


def flow():
    return make(5)(7)


if __name__ == "__main__":
    with greenflow.open("store") as store:
        store.spawn(flow)
        store.run()
"""


def looked_at(child: Child, folder: Path) -> dict[str, Any]:
    env = {"GREENFLOW_STORE": str(folder / "store")}
    listed = json.loads(child("-m", "greenflow.cli", "ls", "--json", env=env).stdout)
    flow_id = listed["flows"][0]["id"]
    shown = child("-m", "greenflow.cli", "stack", flow_id, "-l", "--json", env=env)
    found: dict[str, Any] = json.loads(shown.stdout)
    return found


def test_programs_closures_and_generators(child: Child, tmp_path: Path) -> None:
    program, helpers = tmp_path / "program.py", tmp_path / "source_helpers.py"
    program.write_text(PROGRAM)
    helpers.write_text(HELPERS)
    child("-W", "error", "program.py")
    program.write_text("raise SystemExit(1)\n" * 50)
    helpers.unlink()
    inner, outer = looked_at(child, tmp_path)["frames"]
    assert inner["source"] == "        return greenflow.suspend(["
    assert outer["source"] == "    return make(5)(7)"
    held = inner["generators"]["held"]
    assert (held["function"], held["source"]) == ("letters", "        yield letter")
    assert [frame["source_stored"] for frame in (inner, outer, held)] == [True] * 3


def refused(target_id: str) -> object:
    target = greenflow.get(target_id)
    greenflow.send(target, "too late")
    target.kill()
    for _ in range(2):
        with suppress(FlowBusy):
            return greenflow.suspend()
    return None


def test_what_was_refused_is_handed_over_again(tmp_path: Path) -> None:
    with greenflow.open(tmp_path / "store") as store:
        target = store.spawn(twice)
        flow = store.spawn(refused, target.id)
        store.run()
        assert (target.status, flow.status) == ("cancelled", "waiting")
        found = store.base.source(code_identity(refused.__code__))
    assert found is not None
    assert found.lines[0] == "def refused(target_id: str) -> object:"
    assert found.lines[-1] == "    return None"


def twice() -> object:
    greenflow.suspend()
    return greenflow.suspend()


def test_who_stays_on_the_stack_of_a_worker_has_its_source(tmp_path: Path) -> None:
    with greenflow.open(tmp_path / "store") as store:
        flow = store.spawn(twice)
        executor = Executor(store, lambda *_: None)
        try:
            for line in ("    greenflow.suspend()", "    return greenflow.suspend()"):
                executor.rung()
                while executor.busy:
                    executor.turn()
                assert flow.status == "waiting"
                excerpt = flow.inspect().frames[0].source
                assert excerpt.stored
                assert excerpt.line is not None
                assert excerpt.line.text == line
                flow.resume()
        finally:
            executor.close()


def test_lines_around_and_marks_over_several_lines(tmp_path: Path) -> None:
    text = "def f():\n    a = 1\n    return g(\n        a,\n    )\n"
    source = Source(identity=b"", file="f.py", first_line=10, text=text)
    position = Position(12, 14, 11, 5)
    found = excerpt("f.py", position, source, context=1)
    assert found.stored
    assert [line.number for line in found.lines] == [11, 12, 13, 14, 15]
    marked = [line.text[line.start : line.end] for line in found.lines]
    assert marked == ["", "g(", "a,", ")", ""]
    assert found.line is not None
    assert found.line.number == 12
    (tmp_path / "f.py").write_text("# today\n" * 20)
    today = excerpt(str(tmp_path / "f.py"), position, None)
    assert not today.stored
    assert {line.text for line in today.lines} == {"# today"}
    assert excerpt("nowhere.py", position, None).lines == ()
