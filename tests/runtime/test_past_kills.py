"""A process is killed while it rolls a flow back, or forks it: all, or nothing."""

from __future__ import annotations

import pytest

import greenflow
from tests.runtime import target_past as target
from tests.runtime.conftest import InStore

CODE = """
    import greenflow
    from greenflow import failpoints
    flow = greenflow.get({id!r})
    failpoints.armed.arm("{place}:1:kill")
    flow.{call}
"""
POINTS = ("before-begin", "in-txn", "before-commit", "after-commit")


def large_flow(store: greenflow.Store) -> greenflow.Flow:
    flow = greenflow.spawn(target.large, 100_000)
    store.run()
    flow.resume()
    store.run()
    assert [each.kind for each in flow.history()] == ["spawn", "suspend", "suspend"]
    return flow


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_rollback(store: greenflow.Store, in_store: InStore, point: str):
    flow = large_flow(store)
    code = CODE.format(id=flow.id, place=point, call="rollback(1)")
    in_store(code, killed=True, GREENFLOW_FAILPOINT="")
    done = point == "after-commit"
    assert flow.record.seq == (3 if done else 2)
    assert [each.seq for each in flow.history()] == [0, 1, 2, 3][: 3 + done]
    assert [each.text for each in store.doctor() if each.weight == "damage"] == []
    for _ in range(2 if done else 1):
        flow.resume()
        store.run()
    result = flow.result()
    assert (result[50_000], len(result)) == ("changed", 100_000)


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_fork(store: greenflow.Store, in_store: InStore, point: str):
    flow = large_flow(store)
    code = CODE.format(id=flow.id, place=point, call="fork(1, id='forked')")
    in_store(code, killed=True, GREENFLOW_FAILPOINT="")
    there = [each.id for each in store.flows()]
    assert there == ([flow.id, "forked"] if point == "after-commit" else [flow.id])
    assert [each.text for each in store.doctor() if each.weight == "damage"] == []
    fork = flow.fork(1, id="other")
    for _ in range(2):
        fork.resume()
        store.run()
    assert fork.result()[50_000] == "changed"
