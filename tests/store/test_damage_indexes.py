"""Damage in what only the store reads: it is told, or it changes nothing."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from greenflow import limits
from greenflow.errors import BadContents, BadRecord
from greenflow.store import LmdbStore, keys, records
from greenflow.store.base import Outgoing, QueueLimits, Step, Waiting
from tests.store.helpers import (
    START,
    Clock,
    add,
    check_invariants,
    contents,
    end,
    flips,
    ids,
    new,
    overwrite,
    take,
    told,
    wait,
    waiting_flow,
)

JOIN = Waiting(kind="join", flows=("parent",))


@pytest.fixture
def full(store: LmdbStore, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> LmdbStore:
    """A store with one record of each kind that only the store reads."""
    monkeypatch.setattr(limits, "MAILBOX_MESSAGES_MAX", 2)
    claim = take(store, add(store, "parent"))
    step = Step(status="running", state=b"", spawns=(new("child", parent="parent"),))
    store.commit(claim, step)
    wait(store, take(store, "child"), JOIN)
    store.commit(take(store, add(store, "sick")), Step(status="hospital", error="E"))
    end(store, add(store, "over"))
    waiting_flow(store, "full", Waiting(kind="suspend"))
    sends = tuple(Outgoing(flow="full", topic="", body=b"m") for _ in range(3))
    step = Step(status="running", state=b"", sends=sends)
    store.commit(take(store, add(store, "blocked")), step)
    add(store, "later")
    store.send("later", "t", b"later", key="k", at=START + 1)
    store.hold("later")
    store.limit_queue(QueueLimits(name="q", concurrency=1))
    add(store, "limited", queue="q")
    store.note_death("1-00", "signal 9")
    check_invariants(store)
    return store


def join_is_woken(store: LmdbStore) -> None:
    store.kill("parent", "", b"")
    assert store.get("child").status == "ready"


def block_ends(store: LmdbStore) -> None:
    store.kill("full", "", b"")
    assert store.get("blocked").status == "ready"


def children(store: LmdbStore) -> None:
    assert store.children("parent") == ["child"]


def hospital(store: LmdbStore) -> None:
    assert [each.id for each in store.flows(status=["hospital"])] == ["sick"]
    store.retry("sick")
    assert store.get("sick").status == "ready"


def key_is_known(store: LmdbStore) -> None:
    assert store.send("later", "t", b"again", key="k") is None


def nothing(store: LmdbStore) -> None:
    assert store.get("over").status == "done"


#: Entries whose bytes say nothing that their key does not: damage in them is nothing.
HARMLESS: dict[str, tuple[bytes, Callable[[LmdbStore], None]]] = {
    "watcher": (keys.pair(keys.WATCHER, "parent", "child"), join_is_woken),
    "blocked": (keys.pair(keys.WATCHER, "full", "blocked"), block_ends),
    "child": (keys.pair(keys.CHILD, "parent", "child"), children),
    "hospital": (keys.hospital("sick"), hospital),
    "finished": (keys.finished(START, "over"), nothing),
    "sent": (keys.sent("later", "t", "k"), key_is_known),
}


@pytest.mark.parametrize("kind", HARMLESS)
@pytest.mark.parametrize("number", range(5))
def test_damage_that_changes_nothing(full: LmdbStore, kind: str, number: int):
    key, check = HARMLESS[kind]
    good = contents(full)[key]
    overwrite(full, key, random.Random(number).choice(flips(good)))
    check(full)


def test_every_damage_of_limits_is_told_and_stops_only_their_queue(full: LmdbStore):
    add(full, "free")
    key = keys.limits_of("q")
    good = contents(full)[key]
    for number, bad in enumerate(flips(good)):
        overwrite(full, key, bad)
        with pytest.raises(BadRecord):
            full.queue_limits()
        assert ids(full.claims(9)) == ["free" if not number else f"free{number}"]
        assert any("limits" in note for note in told(full))
        assert full.get("limited").status == "ready"
        add(full, f"free{number + 1}")
        assert full.next_due() == START + 1
    full.limit_queue(QueueLimits(name="q", concurrency=1))
    assert "limited" in ids(full.claims(99))


def test_limits_that_lie_under_another_queue(full: LmdbStore):
    overwrite(full, keys.limits_of("r"), contents(full)[keys.limits_of("q")])
    add(full, "other", queue="r")
    with pytest.raises(BadRecord):
        full.queue_limits()
    assert ids(full.claims(9)) == ["limited"]
    assert any("'r'" in note for note in told(full))


def test_limits_that_are_none(full: LmdbStore):
    key = keys.limits_of("q")
    overwrite(full, key, records.seal(b"limits", key, b"\xc0", b""))
    with pytest.raises(BadContents, match="limits of queue 'q'"):
        full.queue_limits()


def test_every_damage_of_a_death_is_told(full: LmdbStore):
    key = keys.death("1-00")
    for bad in flips(contents(full)[key]):
        overwrite(full, key, bad)
        with pytest.raises(BadRecord):
            full.death("1-00")


@pytest.mark.parametrize("kind", [keys.WATCHER, keys.READY, keys.RUNNING])
def test_entries_of_flows_that_are_not_there(store: LmdbStore, kind: bytes):
    add(store, "one")
    key = {
        keys.WATCHER: keys.pair(keys.WATCHER, "one", "gone\xff"),
        keys.READY: keys.ready("q", 0, 0),
        keys.RUNNING: keys.running("1-0123456789abcdef", "gone\xff"),
    }[kind]
    data = records.encode_index(key, "gone" if kind == keys.READY else "")
    for each in (key, key + b"\xff\xfe", key[:1] + b"\xff\xff"):
        overwrite(store, each, data)
    assert ids(store.claims(9)) == ["one"]
    end_it = [each for each in store.flows() if each.status == "running"]
    assert [each.id for each in end_it] == ["one"]
    notes = told(store)
    assert bool(notes) == (kind != keys.WATCHER)


def test_a_watcher_that_does_not_wait(store: LmdbStore):
    for flow_id in ("one", "two", "runs"):
        add(store, flow_id)
    take(store, "runs")
    waiting_flow(store, "waits")
    for flow_id in ("two", "runs", "waits"):
        key = keys.pair(keys.WATCHER, "one", flow_id)
        overwrite(store, key, records.encode_index(key))
    end(store, "one")
    assert [store.get(each).status for each in ("two", "runs", "waits")] == [
        "ready",
        "running",
        "waiting",
    ]


def test_a_running_flow_that_is_damaged_takes_no_place_in_its_queue(
    store: LmdbStore,
):
    store.limit_queue(QueueLimits(name="q", concurrency=1))
    for flow_id in ("a", "b"):
        add(store, flow_id, queue="q")
    take(store)
    assert store.claim() is None
    overwrite(store, keys.flow("a"), b"damage")
    assert take(store).record.id == "b"


@pytest.mark.parametrize("status", ["ready", "running", "waiting", "hospital", "held"])
def test_an_entry_that_is_missing_comes_back_with_the_next_status(
    store: LmdbStore, clock: Clock, status: str
):
    """Nobody finds such a flow by itself; what is done to it by its id goes well."""
    add(store, "other")
    add(store, "one")
    claim = take(store, "one")
    waiting = Waiting(kind="join", flows=("other",), until=START + 1)
    if status == "held":
        store.hold("one")
    if status in ("waiting", "hospital"):
        store.commit(
            claim,
            Step(
                status=status,
                state=b"",
                error="E",
                waiting=waiting if status == "waiting" else None,
            ),
        )
    elif status != "running":
        store.release(claim)
    assert store.get("one").status == status
    indexes = (keys.READY, keys.RUNNING, keys.WATCHER, keys.TIMER, keys.HOSPITAL)
    for key in contents(store):
        if key[:1] in indexes and b"one" in key + contents(store)[key]:
            store.write(lambda work, key=key: work.txn.delete(key))
    assert "one" not in ids(store.claims(9))
    store.send("one", "", b"m")
    store.hold("one")
    store.unhold("one")
    store.kill("one", "killed", b"")
    assert store.get("one").status == "cancelled"
    check_invariants(store)
