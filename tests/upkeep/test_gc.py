"""gc: what goes, what stays, and that nothing is left behind."""

from __future__ import annotations

import time

import pytest

from greenflow import limits
from greenflow.errors import FlowNotFound
from greenflow.store import LmdbStore, keys
from greenflow.store.base import NewFlow, Outgoing, Step, Waiting
from greenflow.store.upkeep_gc import Collector
from tests.upkeep.helpers import (
    DAY,
    LARGE,
    add,
    contents,
    damage,
    delete,
    end,
    ended,
    everything,
    gc,
    ids,
    new,
    populate,
    put,
    record,
    save,
    take,
)


def rich_flow(store: LmdbStore) -> None:
    """Make a flow to which belongs all that can, and end it."""
    deadline = time.time() + DAY
    store.create(
        NewFlow(
            record=record("rich", queue="q", tags=("t",)),
            state=LARGE,
            deadline=deadline,
            cancelled=b"too late",
        )
    )
    for topic in ("a", "b"):
        store.send("rich", topic, LARGE, key="k")
        store.send("rich", topic, b"small")
        store.send("rich", topic, LARGE, at=deadline, key="later")
    save(store, "rich", state=LARGE, waiting=Waiting(kind="sleep", until=deadline))
    store.cancel("rich", b"cancelled", "Cancelled", b"")
    save(store, "rich", "done", value=LARGE, spawns=(new("child", parent="rich"),))


def test_nothing_is_left_of_a_flow(store: LmdbStore) -> None:
    before = contents(store)
    rich_flow(store)
    assert len(contents(store)) > 25
    end(store, "child")
    collected = gc(store, older_seconds=0)
    assert contents(store) == before
    # Two topics with a large and a small one, three of them later, and the cancelling.
    assert (collected.flows, collected.messages) == (2, 8)


def test_a_flow_that_goes_on_loses_nothing(store: LmdbStore) -> None:
    populate(store)
    before = contents(store)
    collected = gc(store, older_seconds=0)
    after = contents(store)
    assert {"failed"} == set(ids_of(before)) - set(ids(store))
    assert all(after[key] == before[key] for key in after)
    assert (collected.flows, collected.needed) == (1, 1)
    assert damage(store) == []


def ids_of(found: dict[bytes, bytes]) -> list[str]:
    return [keys.timed_id(key) for key in found if key[:1] == keys.CREATED]


def test_old_enough_is_who_ended_so_long_ago(store: LmdbStore) -> None:
    ended(store, "old")
    border = time.time()
    ended(store, "young")
    assert gc(store, older_seconds=DAY).flows == 0
    assert gc(store, older_seconds=time.time() - border).flows == 1
    assert ids(store) == ["young"]


def test_the_last_that_ended_are_kept(store: LmdbStore) -> None:
    # "d" began first, and ended last.
    add(store, "d")
    ended(store, "a", "b", "c")
    end(store, "d")
    assert gc(store, keep=5).flows == 0
    assert gc(store, keep=4).flows == 0
    assert gc(store, keep=2, older_seconds=DAY).flows == 0
    assert gc(store, keep=2, older_seconds=0).flows == 2
    assert sorted(ids(store)) == ["c", "d"]
    assert gc(store, keep=1).flows == 1
    assert ids(store) == ["d"]


def test_who_is_waited_for_stays_until_who_waits_is_saved(store: LmdbStore) -> None:
    add(store, "a")
    add(store, "b")
    save(store, add(store, "w"), waiting=Waiting(kind="join", flows=("a", "b")))
    end(store, "a")

    def nothing_goes() -> None:
        assert gc(store, older_seconds=0).flows == 0
        assert damage(store) == []

    nothing_goes()
    end(store, "b")
    assert store.get("w").status == "ready"
    nothing_goes()
    claim = take(store, "w")
    nothing_goes()
    store.commit(claim, Step(status="running", state=b"has seen the results"))
    store.release(claim)
    assert gc(store, older_seconds=0).flows == 2
    assert ids(store) == ["w"]
    assert damage(store) == []


def test_who_waited_and_ended_needs_nobody(store: LmdbStore) -> None:
    ended(store, "a")
    add(store, "b")
    save(store, add(store, "w"), waiting=Waiting(kind="join", flows=("a", "b")))
    store.kill("w", "killed", b"")
    assert gc(store, older_seconds=0).flows == 2
    assert ids(store) == ["b"]


def test_the_child_of_a_flow_that_goes_on_stays(store: LmdbStore) -> None:
    add(store, "parent")
    save(store, "parent", spawns=(new("child", parent="parent"),))
    end(store, "child")
    assert gc(store, older_seconds=0).needed == 1
    assert store.children("parent") == ["child"]
    assert gc(store, older_seconds=0, children=True).flows == 1
    assert store.children("parent") == []
    assert damage(store) == []


def test_children_go_with_their_parent_and_can_outlive_it(store: LmdbStore) -> None:
    add(store, "parent")
    both = (new("ended", parent="parent"), new("lives", parent="parent"))
    save(store, "parent", "done", spawns=both)
    end(store, "ended")
    assert gc(store, older_seconds=0).flows == 2
    assert store.get("lives").parent == "parent"
    assert damage(store) == []
    # Another flow of that id is not its parent.
    add(store, "parent")
    assert store.children("parent") == []
    assert damage(store) == []


def test_a_new_flow_of_the_id_is_not_cancelled_by_the_old_deadline(
    store: LmdbStore,
) -> None:
    due = time.time() + 0.2
    store.create(
        NewFlow(record=record("one"), state=b"", deadline=due, cancelled=b"too late")
    )
    end(store, "one")
    gc(store, older_seconds=0)
    save(store, add(store, "one"))
    time.sleep(max(due - time.time(), 0) + 0.05)
    store.wake()
    assert list(store.messages("one")) == []
    assert store.next_due() is None


def test_a_deleted_flow_is_as_one_that_never_was(store: LmdbStore) -> None:
    ended(store, "gone")
    gc(store, older_seconds=0)
    add(store, "sender")
    claim = take(store, "sender")
    to_it = Outgoing(flow="gone", topic="", body=b"")
    for call in (
        lambda: store.get("gone"),
        lambda: store.state("gone"),
        lambda: store.send("gone", "", b""),
        lambda: store.commit(claim, Step(status="running", state=b"", sends=(to_it,))),
    ):
        with pytest.raises(FlowNotFound):
            call()


@pytest.mark.parametrize("script", ["messages", "children", "keys"])
def test_a_large_flow_goes_in_steps_that_each_leave_a_healthy_store(
    store: LmdbStore, script: str
) -> None:
    count = 2 * limits.GC_KEYS_MAX + 7
    add(store, "large")
    add(store, "stays")
    many(store, script, count)
    end(store, "large")
    collector = Collector(store, everything())
    steps = 0
    while collector.step():
        steps += 1
        assert damage(store) == []
    assert steps > 3
    assert "large" not in ids(store)
    assert collector.collected.messages == (count if script == "messages" else 0)
    assert not any(b"large" in key for key in contents(store))


def many(store: LmdbStore, what: str, count: int) -> None:
    if what == "children":
        spawns = tuple(new(f"c{n}", parent="large") for n in range(count))
        save(store, "large", waiting=Waiting(kind="sleep", until=0.0), spawns=spawns)
        return
    key = "{}" if what == "keys" else ""
    for at in range(0, count, 500):
        numbers = range(at, min(at + 500, count))
        sends = [
            Outgoing(flow="large", topic="t", body=b"", key=key.format(number))
            for number in numbers
        ]
        claim = take(store, "stays")
        store.commit(claim, Step(status="running", state=b"", sends=tuple(sends)))
        store.release(claim)
        if what == "keys":
            first = next(store.messages("large")).seq
            claim = take(store, "large")
            seen = tuple(("t", first + n) for n in range(len(numbers)))
            store.commit(claim, Step(status="running", state=b"", consumed=seen))
            store.release(claim)


def test_a_dry_run_tells_and_does_nothing(store: LmdbStore) -> None:
    populate(store)
    ended(store, "more")
    before = contents(store)
    told = Collector(store, everything()).dry_run()
    assert contents(store) == before
    done = gc(store, older_seconds=0)
    assert (told.flows, told.needed) == (done.flows, done.needed) == (2, 1)


def test_a_damaged_flow_is_left_to_doctor(store: LmdbStore) -> None:
    ended(store, "bad", "good")
    put(store, keys.flow("bad"), b"\0" * 100)
    collected = gc(store, older_seconds=0)
    assert (collected.flows, collected.damaged) == (1, 1)
    assert store.read(
        lambda work: work.txn.get(keys.part(keys.STATE, "bad", 0) + b"\0\0")
    )


def test_an_entry_of_a_flow_that_goes_on_deletes_nothing(store: LmdbStore) -> None:
    add(store, "lives")
    from greenflow.store.records import encode_index

    key = keys.finished(1.0, "lives")
    put(store, key, encode_index(key))
    assert gc(store, older_seconds=0).flows == 0
    assert ids(store) == ["lives"]
    delete(store, key)
