"""A flow in an editor: a real client of the protocol against the real debugpy."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import greenflow
from tests.conftest import Child
from tests.debugger import target_shop as shop
from tests.debugger.conftest import Journal, line_of, waiting
from tests.debugger.editor import Editor, StartEditor
from tests.debugger.terminal import Cli

FILE = Path(shop.__file__)
ASKS = line_of(shop.ask_boss, "recv")
CALLS = line_of(shop.approval, "ask_boss")
AT_REST = [("recv", ASKS), ("ask_boss", ASKS), ("approval", CALLS)]


@pytest.fixture
def editor(
    tmp_path: Path, place: Path, store: greenflow.Store
) -> Iterator[StartEditor]:
    started: list[Editor] = []

    def start(*arguments: str) -> Editor:
        started.append(Editor([*arguments], tmp_path, place))
        return started[-1]

    yield start
    for each in started:
        each.close()


def test_looked_at_changed_and_stepped(
    store: greenflow.Store, editor: StartEditor
) -> None:
    flow = waiting(shop.approval)
    before = flow.record
    here = editor(flow.id)
    assert here.attach(FILE) == AT_REST
    assert {each.path for each in here.frames} == {str(FILE)}
    assert here.variables(0)["flow"].startswith(f"'{flow.id}  approval(total=1200, ")
    assert "nothing" in here.variables(0)["value"]
    assert here.variables(1)["order"] == "Order(1200)"
    assert here.variables(2)["history"] == "['created']"
    here.set(2, "limit", "1500")
    here.evaluate(2, "history.append('seen')")
    here.set(0, "value", "'yes'")
    assert here.go("next") == [("ask_boss", ASKS + 1), ("approval", CALLS)]
    assert here.variables()["answer"] == "'yes'"
    # From 3.12 on it stops in the line that it returns to, too.
    while (stack := here.go("next")) == [("approval", CALLS)]:
        pass
    assert stack == [("approval", CALLS + 1)]
    assert here.variables()["limit"] == "1500"
    assert here.go("continue") == []
    code, told = here.end()
    [fork] = flow.children
    assert code == 0
    assert f"on the fork {fork.id}\n" in told
    assert f"{fork.id} is done: ('approved', ['created', 'seen', 'yes'], 1500)" in told
    assert "Traceback" not in told
    assert flow.record == before
    [edit] = [each for each in fork.history() if each.kind == "edit"]
    assert edit.reason == "as it was in the debugger"
    assert edit.by
    assert "frame 1 approval: limit 500 -> 1500" in edit.changes


def test_for_real_with_a_breakpoint_in_an_older_frame(
    store: greenflow.Store, journal: Journal, editor: StartEditor
) -> None:
    flow = waiting(shop.guarded)
    total = line_of(shop.guarded, 'note(f"total')
    here = editor(flow.id, "--live")
    assert here.attach(FILE, total)[0][0] == "suspend"
    assert journal.lines() == ["begun", "in try"]
    here.set(0, "value", "5")
    here.go("continue")
    assert flow.status == "running"
    assert here.go("continue")[0] == ("guarded", total)
    assert here.go("continue") == []
    assert here.end()[0] == 0
    assert flow.children == []
    assert flow.result() == 11
    assert journal.lines()[2:] == ["got 5", "double 10", "total 11", "finally"]


def test_an_exception_for_its_call(store: greenflow.Store, editor: StartEditor) -> None:
    flow = waiting(shop.approval)
    here = editor(flow.id, "--live")
    here.attach(FILE)
    here.set(0, "error", "5")
    assert here.go("continue") == AT_REST
    here.set(0, "error", "LookupError('gone')")
    while here.go("stepOut"):
        pass
    assert "an exception is needed, not 5" in here.end()[1]
    with pytest.raises(LookupError, match="gone"):
        flow.result()


def test_it_stays_at_rest_without_a_value(
    store: greenflow.Store, editor: StartEditor
) -> None:
    flow = waiting(shop.approval)
    before = flow.record
    here = editor(flow.id, "--live")
    here.attach(FILE)
    assert here.go("continue") == AT_REST
    assert here.go("stepOut") == AT_REST
    here.disconnect()
    code, told = here.end()
    assert code == 0
    assert "the flow waits in recv: nothing is there for it to go on with" in told
    assert flow.record == before


def test_left_in_the_middle_it_goes_on(
    store: greenflow.Store, editor: StartEditor
) -> None:
    flow = waiting(shop.approval)
    here = editor(flow.id, "--live")
    here.attach(FILE)
    here.set(0, "value", "'yes'")
    here.go("next")
    here.disconnect()
    assert here.end()[0] == 0
    assert flow.result(0) == ("too much", ["created", "yes"], 500)


def test_it_rests_again_where_it_waits_again(
    store: greenflow.Store, editor: StartEditor
) -> None:
    flow = waiting(shop.counting)
    waits = line_of(shop.countdown, "suspend")
    here = editor(flow.id, "--live")
    stack = here.attach(FILE)
    for number in (3, 2, 1):
        assert stack[:2] == [("suspend", waits), ("countdown", waits)]
        assert here.variables(1)["start"] == str(number)
        here.set(0, "value", f"{number * 10}")
        assert here.go("next")[0] == ("countdown", waits + 1)
        stack = here.go("continue")
    assert stack == []
    assert flow.result() == [(3, 30), (2, 20), (1, 10)]


def test_one_that_has_not_begun(
    store: greenflow.Store, journal: Journal, editor: StartEditor
) -> None:
    flow = greenflow.spawn(shop.guarded)
    here = editor(flow.id)
    assert [name for name, _ in here.attach(FILE)] == ["guarded"]
    assert journal.lines() == []
    while here.go("next")[0][1] != line_of(shop.guarded, "in try"):
        pass
    assert journal.lines() == ["begun"]
    assert here.go("stepIn")[0][0] == "note"
    assert here.go("stepOut")[0][0] == "guarded"
    assert here.go("continue")[0][0] == "suspend"


def test_a_worker_leaves_it_alone(
    store: greenflow.Store, editor: StartEditor, elsewhere: Any
) -> None:
    flow = waiting(shop.approval)
    here = editor(flow.id, "--live")
    here.attach(FILE)
    here.set(0, "value", "'yes'")
    here.go("next")
    greenflow.send(flow, "no", topic="boss")
    assert elsewhere("greenflow.run(); print('idle')") == "idle"
    assert flow.status == "running"
    here.go("continue")
    here.end()
    assert flow.result(0)[1] == ["created", "yes"]


def test_code_that_is_not_the_users(
    store: greenflow.Store, editor: StartEditor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIBRARY_ROOTS", str(FILE.parent))
    flow = waiting(shop.approval)
    hidden = editor(flow.id)
    assert hidden.attach(FILE) == []
    assert 'attaches with "justMyCode": false' in hidden.end()[1]
    shown = editor(flow.id)
    assert shown.attach(FILE, just_my_code=False)[0] == ("recv", ASKS)
    assert {*AT_REST} < {(each.name, each.line) for each in shown.frames}
    assert flow.children == []


def test_without_debugpy_the_way_out_is_told(
    store: greenflow.Store, child: Child, place: Path
) -> None:
    flow = waiting(shop.approval)
    code = f"""
    import sys
    sys.modules["debugpy"] = None
    from greenflow.cli import main
    sys.argv = ["greenflow", "debug", {flow.id!r}, "--dap"]
    sys.exit(main())
    """
    done = child(code, env={"GREENFLOW_STORE": str(place)}, code=None)
    assert done.returncode == 1
    assert "HINT: pip install 'greenflow[dap]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken(store: greenflow.Store, cli: Cli) -> None:
    flow = waiting(shop.approval)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        told = cli("debug", flow.id, "--dap", port, code=1)
    assert f"cannot listen at 127.0.0.1:{port}" in told
    assert flow.status == "waiting"


def test_pdbs_commands_are_none_of_an_editors(store: greenflow.Store, cli: Cli) -> None:
    flow = waiting(shop.approval)
    told = cli("debug", flow.id, "-c", "w", "--dap", "0", code=2)
    assert "-c speaks to pdb" in told
