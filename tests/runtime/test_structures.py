"""Every control structure, its process killed at every stop, against a plain call."""

from __future__ import annotations

from functools import partial

import pytest

import greenflow
from tests.runtime import target_structures
from tests.runtime.conftest import InStore, Journal


def model(structure):
    """Return what a plain call returns, what it notes, and how often it stops."""
    lines = []
    stop = target_structures.Count()
    result = structure(stop, lines.append)
    return result, lines, stop("count") - 1


def spawn_all(stop):
    """Make a flow of every structure; return it with its model, by name."""
    flows = {}
    for structure in target_structures.STRUCTURES:
        name = structure.__name__
        note = partial(target_structures.note_of, name)
        flows[name] = greenflow.spawn(structure, stop, note), model(structure)
    return flows


def check(flows, journal):
    for name, (flow, (result, lines, _)) in flows.items():
        head = f"{name}: "
        noted = [x.removeprefix(head) for x in journal.lines() if x.startswith(head)]
        assert noted == lines, name
        assert flow.result() == result, name


@pytest.mark.parametrize("stop", ["at_suspend", "at_recv"])
def test_goes_on_at_each_stop_in_a_new_process_after_the_last_was_killed(
    store: greenflow.Store, journal: Journal, in_store: InStore, stop: str
):
    flows = spawn_all(getattr(target_structures, stop))
    for _ in range(1 + max(stops for _, (_, _, stops) in flows.values())):
        in_store(
            """
            from tests.runtime import target_structures
            target_structures.answer_and_run()
            os.kill(os.getpid(), signal.SIGKILL)
            """,
            killed=True,
        )
    assert {flow.status for flow, _ in flows.values()} == {"done"}
    check(flows, journal)


def test_goes_on_after_each_checkpoint_that_its_process_was_killed_at(
    store: greenflow.Store, journal: Journal, in_store: InStore
):
    flows = spawn_all(target_structures.at_checkpoint)
    # Every checkpoint of every flow is the end of a process.
    for _ in range(sum(stops for _, (_, _, stops) in flows.values())):
        in_store("greenflow.run()", killed=True, KILL_AT="checkpoint")
    in_store("greenflow.run()")
    assert {flow.status for flow, _ in flows.values()} == {"done"}
    check(flows, journal)
