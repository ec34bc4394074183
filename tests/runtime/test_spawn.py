"""spawn(): on disk when it returns, and refused at once where it could not run."""

from __future__ import annotations

import functools
import re
import socket

import pytest

import greenflow
from tests.runtime import target_flows
from tests.runtime.conftest import InStore, Journal


def test_flow_is_there_though_the_process_is_killed_right_after_spawn(
    store: greenflow.Store, in_store: InStore
):
    flow_id = in_store(
        """
        print(greenflow.spawn(t.add, 1, 2, c=3).id, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
        """,
        killed=True,
    )
    assert greenflow.get(flow_id).status == "ready"
    assert in_store("print(greenflow.run())") == "1"
    assert greenflow.get(flow_id).result() == 6


def test_spawn_does_not_run_the_function(store: greenflow.Store, journal: Journal):
    flow = greenflow.spawn(target_flows.step, "ran")
    assert (flow.status, journal.lines()) == ("ready", [])
    assert greenflow.run() == 1
    assert (flow.status, journal.lines()) == ("done", ["ran"])


def test_record_names_the_function(store: greenflow.Store):
    flow = greenflow.spawn(target_flows.add, 1)
    assert flow.record.function == "tests.runtime.target_flows:add"
    assert flow.record.seq == 0
    assert flow.record.state_bytes > 0
    assert re.fullmatch(r"add-[0-9a-z]{8}", flow.id)


def test_what_is_no_plain_function_can_be_spawned_too(store: greenflow.Store):
    word = "closure"
    flows = [
        greenflow.spawn(functools.partial(target_flows.add, 1), 2),
        greenflow.spawn(lambda: f"lambda and {word}"),
        greenflow.spawn("builtin method".upper),
        greenflow.spawn(len, [1, 2]),
        greenflow.spawn(functools.partial(divmod, 7), 2),
    ]
    assert [flow.record.function.partition(":")[2] for flow in flows] == [
        "add",
        "test_what_is_no_plain_function_can_be_spawned_too.<locals>.<lambda>",
        "str.upper",
        "len",
        "divmod",
    ]
    greenflow.run()
    assert [flow.result() for flow in flows] == [
        3,
        "lambda and closure",
        "BUILTIN METHOD",
        2,
        (3, 1),
    ]


@pytest.mark.parametrize(
    ("args", "kwargs"), [((), {}), ((1, 2, 3), {}), ((1,), {"d": 1})]
)
def test_arguments_that_do_not_fit_are_refused_at_once(
    store: greenflow.Store, args: tuple[int, ...], kwargs: dict[str, int]
):
    with pytest.raises(TypeError, match="target_flows:add"):
        greenflow.spawn(target_flows.add, *args, **kwargs)
    assert list(greenflow.flows()) == []


async def later() -> None:
    """Only to be refused."""


def test_what_cannot_be_called_or_is_async_is_refused(store: greenflow.Store):
    with pytest.raises(TypeError, match="takes a function first"):
        greenflow.spawn(3)
    with pytest.raises(TypeError, match="later is async"):
        greenflow.spawn(later)


def test_argument_that_cannot_be_saved_is_refused_at_once(store: greenflow.Store):
    with (
        socket.socket() as connection,
        pytest.raises(greenflow.NotSaveable, match="socket"),
    ):
        greenflow.spawn(target_flows.add, connection)
    assert list(greenflow.flows()) == []


def test_a_flow_spawns_durably(
    store: greenflow.Store, in_store: InStore, journal: Journal
):
    parent = greenflow.spawn(target_flows.spawn_child, 1)
    in_store("greenflow.run()", killed=True, KILL_AT="spawned")
    # The parent was not saved after the spawn, so the child is not there either.
    assert list(greenflow.flows(fn=target_flows.add)) == []
    greenflow.run()
    # It ran that line again, and there is one child all the same.
    [child] = greenflow.flows(fn=target_flows.add)
    assert parent.result() == child
    assert (child.result(), child.parent, parent.children) == (2, parent, [child])


def test_flows_are_filtered(store: greenflow.Store):
    first, second = (greenflow.spawn(target_flows.add, n) for n in range(2))
    waiting = greenflow.spawn(target_flows.ask, "?")
    greenflow.run()
    assert list(greenflow.flows()) == [first, second, waiting]
    assert list(greenflow.flows(limit=2)) == [first, second]
    assert list(greenflow.flows(status="waiting")) == [waiting]
    assert list(greenflow.flows(status=("done", "failed"))) == [first, second]
    assert list(greenflow.flows(fn=target_flows.ask)) == [waiting]
    assert list(greenflow.flows(fn="tests.runtime.target_flows:ask")) == [waiting]
    with pytest.raises(ValueError, match="no status"):
        greenflow.flows(status="asleep")
    with pytest.raises(ValueError, match="at least 1"):
        greenflow.flows(limit=0)


def test_unknown_flow_is_a_lookup_error(store: greenflow.Store):
    with pytest.raises(greenflow.FlowNotFound):
        greenflow.get("nobody")
    with pytest.raises(LookupError):
        greenflow.send("nobody", 1)
