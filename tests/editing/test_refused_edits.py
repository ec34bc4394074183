"""Edits that are refused, that others were faster than, and what flows keep."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

import greenflow
from greenflow.errors import (
    Conflict,
    EditRefused,
    FlowBusy,
    GreenflowError,
    NotRestorable,
    NotSaveable,
)
from greenflow.runtime.worker import Worker
from tests.editing import target_edited as t
from tests.editing.conftest import Elsewhere


def waiting(store: greenflow.Store, function: Any, *args: Any) -> greenflow.Flow[Any]:
    flow = store.spawn(function, *args)
    store.run()
    return flow


def state(flow: greenflow.Flow[Any]) -> bytes:
    return flow.store.base.state(flow.id)


class Unsaveable:
    def __reduce__(self) -> Any:
        raise TypeError("not this one")


class Unloadable:
    def __reduce__(self) -> Any:
        return int, ("no number",)


def returned_from(flow: greenflow.Flow[Any], number: int) -> None:
    with flow.edit() as e:
        e.frames[0].locals["limit"] = 1
        e.force_return(number, None)


@pytest.mark.parametrize(
    ("value", "error"),
    [(Unsaveable(), NotSaveable), (Unloadable(), NotRestorable)],
    ids=["unsaveable", "unloadable"],
)
def test_what_cannot_be_saved_or_loaded_changes_nothing(
    value: object, error: type[GreenflowError], store: greenflow.Store
):
    flow = waiting(store, t.shop, 7)
    before, record = state(flow), flow.record
    with pytest.raises(error), flow.edit() as e:
        e.frames[0].locals["limit"] = value
    with pytest.raises(NotSaveable), flow.edit() as e:
        e.value = Unsaveable()
    with pytest.raises(EditRefused):
        returned_from(flow, 3)
    with pytest.raises(greenflow.errors.NoSuchPart):
        returned_from(flow, 9)
    assert state(flow) == before
    assert flow.record == record


def test_of_two_editors_one_wins(store: greenflow.Store, elsewhere: Elsewhere):
    flow = waiting(store, t.shop, 7)

    def edit_twice() -> None:
        with flow.edit() as first:
            first.frames[0].locals["limit"] = 1
            with flow.edit() as second:
                second.frames[0].locals["limit"] = 2

    with pytest.raises(Conflict, match="moved on"):
        edit_twice()
    assert [each.seq for each in store.base.history(flow.id)] == [0, 1, 2]
    assert elsewhere(flow, "a", "b", "c").startswith("([((('a', 2, 7)")


def test_a_flow_that_moved_on_is_not_edited(store: greenflow.Store):
    flow = waiting(store, t.shop, 7)

    def edit_too_late() -> None:
        with flow.edit() as e:
            flow.resume("meanwhile")
            store.run()
            e.frames[0].locals["limit"] = 1

    with pytest.raises(Conflict, match="moved on"):
        edit_too_late()
    result = flow.inspect(load=True).frames[2].locals["result"].load()
    assert result == [((("meanwhile", 500, 7), 7), 0)]


def test_one_that_runs_is_not_edited(store: greenflow.Store):
    flow = waiting(store, t.shop, 7)
    claim = store.base.claim(flow.id)
    assert claim is None
    flow.resume("go on")
    claim = store.base.claim(flow.id)
    assert claim is not None
    with pytest.raises(Conflict, match="is running"), flow.edit():
        pass
    store.base.release(claim)
    with flow.edit() as e:
        e.frames[0].locals["limit"] = 1
    store.run()


def test_one_that_has_begun_or_ended_only(store: greenflow.Store):
    flow = store.spawn(t.shop, 7)
    with (
        pytest.raises(greenflow.ContinuationError, match="only what waits"),
        flow.edit(),
    ):
        pass
    flow.kill()
    with pytest.raises(FlowBusy, match="cancelled"), flow.edit():
        pass
    with pytest.raises(greenflow.FlowNotFound):
        greenflow.Flow(store, "nobody").edit().__enter__()


def test_the_answer_that_it_has_is_kept_by_an_edit_of_values(store: greenflow.Store):
    flow = waiting(store, t.shop, 7)
    flow.resume("answer")
    with flow.edit() as e:
        e.frames[0].locals["limit"] = 0
    assert flow.status == "ready"
    store.run()
    result = flow.inspect(load=True).frames[2].locals["result"].load()
    assert result == [((("answer", 0, 7), 7), 0)]


def test_a_checkpoint_gives_its_new_number(store: greenflow.Store):
    flow = store.spawn(t.checkpointed)
    store.run()
    with flow.edit(at=1) as e:
        e.note("nothing")
    store.run()
    assert flow.payload == 2 + 1


def test_secrets_are_not_told(store: greenflow.Store):
    flow = waiting(store, t.shop, 7)
    with flow.edit() as e:
        e.frames[2].locals["result"] = {"api_key": "geheim"}
    changes = "".join(store.base.history(flow.id)[-1].changes)
    assert "geheim" not in changes


def test_many_changes_are_cut(store: greenflow.Store):
    flow = waiting(store, t.shop, 7)
    with flow.edit() as e:
        for number in range(1000):
            e.note(f"{number} " + "x" * 10_000)
    changes = store.base.history(flow.id)[-1].changes
    assert changes[-1] == "and 900 more changes"


def test_a_worker_that_has_it_on_its_stack_goes_on_with_what_was_changed(
    store: greenflow.Store,
):
    worker = Worker(store, lambda *told: None)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        flow = store.spawn(t.shop, 7)
        for number, answer in enumerate(("a", "b", "c"), 1):
            waits_at(flow, 2 * number - 1)
            with flow.edit() as e:
                e.frames[0].locals["limit"] = number
            flow.resume(answer)
        assert flow.result(60) == (
            [((("a", 1, 7), 7), 0), ((("b", 2, 7), 7), 1), ((("c", 3, 7), 7), 2)],
            7,
        )
    finally:
        worker.stop()
        thread.join()


def waits_at(flow: greenflow.Flow[Any], checkpoint: int) -> None:
    """Wait until the flow waits at that checkpoint."""
    end = time.monotonic() + 60
    while flow.record.seq < checkpoint or flow.status != "waiting":
        assert time.monotonic() < end
        time.sleep(0.005)
