"""Several processes edit one flow: one of them writes, the others are told."""

from __future__ import annotations

from greenflow.store import LmdbStore
from greenflow.store.base import Step
from tests.store.conftest import Start
from tests.store.helpers import check_invariants, take, waiting_flow

EDITORS = 4


def edited(start: Start, seq: int, count: int = EDITORS) -> list[str]:
    """Let processes edit at once; return what became of each."""
    editors = [start("target_edit.py", str(seq), f"state {n}") for n in range(count)]
    for each in editors:
        assert each.stdout.readline() == "ready\n"
    for each in editors:
        each.stdin.write("go\n")
        each.stdin.flush()
    return [each.stdout.readline().strip() for each in editors]


def test_one_editor_writes_and_the_others_meet_a_conflict(
    store: LmdbStore, start: Start
):
    waiting_flow(store, "one")
    for turn in range(1, 6):
        told = edited(start, turn)
        assert sorted(told) == ["Conflict"] * (EDITORS - 1) + [f"wrote {turn + 1}"]
        assert store.state("one") == f"state {told.index(f'wrote {turn + 1}')}".encode()
    assert [each.seq for each in store.history("one")] == list(range(7))
    check_invariants(store)


def test_a_flow_that_another_process_runs_is_not_edited(store: LmdbStore, start: Start):
    waiting_flow(store, "one")
    store.send("one", "", b"m")
    claim = take(store)
    assert edited(start, 1, 1) == ["Conflict"]
    store.commit(claim, Step(status="done", value=b"result"))
    assert edited(start, 1, 1) == ["Conflict"]
    assert store.value("one") == b"result"
