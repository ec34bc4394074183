"""Flows of a store are edited here, and go on in other processes."""

from __future__ import annotations

import getpass
import socket
from typing import Any

import pytest

import greenflow
from greenflow.runtime.past import author
from tests.editing import target_edited as t
from tests.editing import target_stacks
from tests.editing.conftest import Elsewhere


def waiting(store: greenflow.Store, function: Any, *args: Any) -> greenflow.Flow[Any]:
    flow = store.spawn(function, *args)
    store.run()
    return flow


def state(flow: greenflow.Flow[Any]) -> bytes:
    return flow.store.base.state(flow.id)


def test_a_variable_three_frames_up(store: greenflow.Store, elsewhere: Elsewhere):
    flow = waiting(store, t.shop, 7)
    with flow.edit(reason="ticket 812") as e:
        assert e.checkpoint is None
        e.frames[2].locals["number"] = 42
        e.frames[0].locals["limit"] = 1500
        e.frames[1].locals["order"].total = 8
    assert e.checkpoint == flow.record.seq == 2
    assert flow.status == "waiting"
    assert flow.payload == "ask"
    assert elsewhere(flow, "a", "b", "c") == repr(
        (
            [
                ((("a", 1500, 8), 8), 42),
                ((("b", 500, 8), 8), 1),
                ((("c", 500, 8), 8), 2),
            ],
            8,
        )
    )


def test_who_when_why_and_what(store: greenflow.Store):
    flow = waiting(store, t.shop, 7)
    before = flow.record
    with flow.edit(reason="ticket 812") as e:
        e.frames[0].locals["limit"] = 1500
    made = store.base.history(flow.id)[-1]
    assert (made.seq, made.kind, made.parent) == (2, "edit", 1)
    assert made.reason == "ticket 812"
    assert made.by == author() == f"{getpass.getuser()}@{socket.gethostname()}"
    assert made.changes == ("frame 0 ask: limit 500 -> 1500",)
    assert made.at >= before.updated
    assert made.waiting == before.waiting


def test_a_variable_that_functions_share(store: greenflow.Store, elsewhere: Elsewhere):
    flow = waiting(store, t.sharing)
    with flow.edit() as e:
        e.frames[0].locals["count"] = 1000
    assert elsewhere(flow, None) == "(1010, [0, 1000])"


def test_generators(store: greenflow.Store, elsewhere: Elsewhere):
    flow = waiting(store, t.looping, 3)
    with flow.edit() as e:
        e.frames[0].locals["to"] = 2
        e.frame_of(e.frames[1].locals["left"]).locals["to"] = 3
    assert elsewhere(flow, None, None) == "([0, 1], [1, 2])"


def test_what_its_call_returns(store: greenflow.Store, elsewhere: Elsewhere):
    flow = waiting(store, t.shop, 7)
    with flow.edit() as e:
        e.frames[0].locals["limit"] = 0
        e.value = "given"
    assert flow.status == "ready"
    assert elsewhere(flow, "b", "c").startswith("([((('given', 0, 7), 7), 0)")


def test_what_its_call_raises(store: greenflow.Store, elsewhere: Elsewhere):
    flow = waiting(store, t.asking)
    with flow.edit() as e:
        e.error = LookupError("no boss")
    store.run()
    with pytest.raises(LookupError, match="no boss"):
        flow.result(0)


@pytest.mark.parametrize("function", [t.asking, t.sleeping], ids=["recv", "sleep"])
def test_any_call_is_answered(function: Any, store: greenflow.Store):
    flow = waiting(store, function)
    with flow.edit() as e:
        e.value = "given"
    store.run()
    wanted = {t.asking: ("given", "asked"), t.sleeping: "slept"}
    assert flow.result(0) == wanted[function]


def test_it_waits_for_resume_where_frames_were_dropped(
    store: greenflow.Store, elsewhere: Elsewhere
):
    flow = waiting(store, t.shop, 7)
    with flow.edit() as e:
        e.drop_to(1)
    assert flow.status == "waiting"
    waits = flow.record.waiting
    assert waits is not None
    assert waits.kind == "suspend"
    assert flow.payload is None
    store.run()
    assert flow.status == "waiting"
    assert elsewhere(flow, "given", "b", "c").startswith("([(('given', 7), 0)")


@pytest.mark.parametrize("held", [False, True], ids=["free", "held"])
def test_it_is_ready_behind_a_forced_return(
    held: bool, store: greenflow.Store, elsewhere: Elsewhere
):
    flow = waiting(store, t.shop, 7)
    if held:
        flow.hold()
    with flow.edit() as e:
        e.force_return(0, "forced")
    assert flow.status == ("held" if held else "ready")
    flow.release()
    assert elsewhere(flow, "b", "c").startswith("([(('forced', 7), 0)")


def test_an_error_is_raised_in_the_caller(store: greenflow.Store):
    flow = waiting(store, t.shop, 7)
    with flow.edit() as e:
        e.force_raise(0, KeyError("forced"))
    store.run()
    with pytest.raises(KeyError, match="forced"):
        flow.result(0)


def test_a_frame_begins_anew(store: greenflow.Store, elsewhere: Elsewhere):
    flow = waiting(store, t.shop, 7)
    with flow.edit() as e:
        e.frames[1].locals["order"] = target_stacks.Order(1)
        e.restart(1)
    assert flow.status == "ready"
    assert elsewhere(flow, "a", "b", "c").startswith("([((('a', 500, 1), 1), 0)")


def test_a_frame_jumps(store: greenflow.Store, elsewhere: Elsewhere):
    flow = waiting(store, t.waiting_twice, "path")
    with flow.edit() as e:
        e.frames[0].locals["first"] = "skipped"
        e.jump(0, e.frames[0].line + 1)
    assert flow.status == "ready"
    assert elsewhere(flow, "second") == "('skipped', 'second')"


def test_an_edit_of_an_edit_before_it_ran(store: greenflow.Store, elsewhere: Elsewhere):
    flow = waiting(store, t.shop, 7)
    with flow.edit() as e:
        e.force_return(0, "first")
    with flow.edit() as e:
        assert not e.takes_value
        e.force_return(0, "second")
    assert elsewhere(flow, "b", "c").startswith("([('second', 0)")


def test_from_an_earlier_checkpoint(store: greenflow.Store, elsewhere: Elsewhere):
    flow = waiting(store, t.waiting_twice, "path")
    flow.resume(1)
    store.run()
    assert flow.payload == "second"
    with flow.edit(at=1, reason="again") as e:
        assert e.frames[0].locals["path"] == "path"
        e.value = "other"
    made = store.base.history(flow.id)[-1]
    assert (made.seq, made.parent) == (3, 1)
    assert elsewhere(flow, 2) == "('other', 2)"


def test_undone_it_is_what_it_was_to_the_byte(
    store: greenflow.Store, elsewhere: Elsewhere
):
    flow = waiting(store, t.shop, 7)
    before = state(flow)
    with flow.edit() as e:
        e.frames[2].locals["number"] = 42
    assert state(flow) != before
    assert flow.rollback(1, "undo") == 3
    assert state(flow) == before
    assert flow.payload == "ask"
    assert elsewhere(flow, "a", "b", "c").startswith("([((('a', 500, 7), 7), 0)")


def test_undone_before_it_ran_the_answer_is_void(
    store: greenflow.Store, elsewhere: Elsewhere
):
    flow = waiting(store, t.shop, 7)
    with flow.edit() as e:
        e.value = "edited"
    assert flow.status == "ready"
    flow.rollback(1)
    assert flow.status == "waiting"
    assert elsewhere(flow, "a", "b", "c").startswith("([((('a', 500, 7), 7), 0)")


def test_a_fork_of_an_edit_goes_on_from_it(store: greenflow.Store):
    flow = waiting(store, t.shop, 7)
    with flow.edit() as e:
        e.force_return(0, "forced")
    other = flow.fork()
    flow.kill()
    store.run()
    result = other.inspect(load=True).frames[2].locals["result"].load()
    assert result == [(("forced", 7), 0)]
