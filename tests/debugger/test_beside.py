"""A flow that is debugged, beside workers and other debuggers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import greenflow
from tests.debugger.conftest import Journal, until
from tests.debugger.terminal import StartTerminal

#: pexpect forks, and begins another program at once.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")


def test_a_worker_never_takes_what_is_debugged(
    debugger: StartTerminal, flow: greenflow.Flow[Any], journal: Journal, worker: Any
) -> None:
    shell = debugger("appr-7f3a", "--live")
    shell.prompt()
    worker()
    shell.say("value 'yes'")
    shell.say("n")  # it is claimed here, and saved before that
    claimed = flow.record
    assert claimed.status == "running"
    shell.say("save")
    assert flow.record.owner == claimed.owner
    shell.say("rest")
    assert flow.status == "held"
    assert flow.record.epoch == claimed.epoch
    shell.process.sendline("q")
    shell.end()
    until(lambda: flow.status == "done")
    assert flow.result() == ("yes", 500)


def test_a_debugger_never_gets_what_runs(
    debugger: StartTerminal,
    store: greenflow.Store,
    journal: Journal,
    worker: Any,
    tmp_path: Path,
) -> None:
    from tests.debugger import target_shop

    gate = tmp_path / "gate"
    flow = store.spawn(target_shop.until_there, str(gate))
    worker()
    until(lambda: "runs" in journal.lines())
    shell = debugger(flow.id, "--live")
    told = shell.prompt()
    assert "running" in told
    owner = flow.record.owner
    assert "***" in shell.say("n")
    shell.say("set count 5")
    assert "running under worker" in shell.say("save")
    assert flow.record.owner == owner
    gate.write_text("")
    until(lambda: flow.status in {"held", "waiting", "done"})
    assert journal.lines() == ["runs", "ran"]
    shell.process.sendline("q")


def test_of_two_debuggers_one_is_told(
    debugger: StartTerminal, flow: greenflow.Flow[Any], journal: Journal
) -> None:
    one, other = debugger("appr-7f3a"), debugger("appr-7f3a", "--live")
    one.prompt()
    other.prompt()
    one.say("set limit 7")
    other.say("value 1")
    other.say("n")
    assert "running under worker" in one.say("save")
    other.say("rest")
    assert "moved on" in one.say("save")
    assert flow.record.seq == 3
