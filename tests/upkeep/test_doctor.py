"""doctor: each kind of damage is told, and put right where that can be known."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from greenflow.store import LmdbStore, keys
from greenflow.store.base import QueueLimits
from greenflow.store.records import encode_index
from greenflow.store.settings import put_retention
from greenflow.store.upkeep_doctor import doctor
from greenflow.store.upkeep_finding import Finding
from greenflow.store.work import Work
from tests.upkeep.helpers import (
    add,
    contents,
    delete,
    end,
    ended,
    everything,
    populate,
    put,
    save,
)

Plant = Callable[[LmdbStore], object]


@pytest.fixture
def full(store: LmdbStore) -> LmdbStore:
    """A store with flows of every status, and all that there can be."""
    populate(store)
    store.limit_queue(QueueLimits(name="q", concurrency=3))
    store.write(lambda work: put_retention(work, everything(10.0)))
    return store


def found(store: LmdbStore, *, fix: bool = False) -> list[Finding]:
    return [each for each in doctor(store, fix=fix) if each.weight == "damage"]


def test_a_healthy_store_is_told_healthy(full: LmdbStore) -> None:
    before = contents(full)
    kinds = {key[:1] for key in before}
    every = {value for name, value in vars(keys).items() if name.isupper()}
    indexes = {each for each in every if isinstance(each, bytes)}
    # The store that is examined has something of every kind there is, but for files of
    # blocks: those are in tests/store/test_large_values_upkeep.py; and anchors, which
    # nobody sees.
    assert kinds == indexes - {keys.STATE, keys.VALUE, keys.BULK, keys.ANCHOR}
    assert found(full) == found(full, fix=True) == []
    assert contents(full) == before


def only(store: LmdbStore, kind: bytes, flow_id: str = "") -> bytes:
    """Return the one key of a kind that ends so, or the first."""
    name = flow_id.encode()
    return next(k for k in contents(store) if k[:1] == kind and k.endswith(name))


def drop(kind: bytes, flow_id: str = "") -> Plant:
    return lambda store: delete(store, only(store, kind, flow_id))


def spoil(kind: bytes, flow_id: str = "") -> Plant:
    def plant(store: LmdbStore) -> None:
        key = only(store, kind, flow_id)
        value = bytearray(contents(store)[key])
        value[-1] ^= 1
        put(store, key, bytes(value))

    return plant


def change(flow_id: str, **told: object) -> Plant:
    """Let a flow's row say something else, its entries as they were."""

    def plant(store: LmdbStore) -> None:
        def call(work: Work) -> None:
            work.change(replace(work.row(flow_id), **told))

        store.write(call)

    return plant


def entry(key: bytes, name: str = "") -> Plant:
    return lambda store: put(store, key, encode_index(key, name))


#: What is planted, and as what it is told. All of it follows from the flows.
DERIVED: dict[str, tuple[Plant, str]] = {
    **{
        f"no entry of {name} in {kind!r}": (drop(kind, name), "missing-entry")
        for kind, name in (
            (keys.CREATED, "done"),
            (keys.FINISHED, "failed"),
            (keys.HOSPITAL, "hospital"),
            (keys.TIMER, "sleeping"),
            (keys.TIMER, "retrying"),
            (keys.RUNNING, "running"),
            (keys.READY, ""),
            (keys.WATCHER, "joining"),
            (keys.NEEDED, "joining"),
            (keys.CHILD, "child"),
        )
    },
    **{
        f"a damaged entry of {name} in {kind!r}": (spoil(kind, name), "damaged-entry")
        for kind, name in (
            (keys.CREATED, "done"),
            (keys.FINISHED, "failed"),
            (keys.HOSPITAL, "hospital"),
            (keys.TIMER, "sleeping"),
            (keys.RUNNING, "running"),
            (keys.READY, ""),
            (keys.WATCHER, "joining"),
            (keys.NEEDED, "joining"),
            (keys.CHILD, "child"),
        )
    },
    **{
        f"an entry that is not so: {key!r}": (entry(key, name), "void-entry")
        for key, name in (
            (keys.created(5.0, "done"), ""),
            (keys.created(5.0, "nobody"), ""),
            (keys.finished(5.0, "joining"), ""),
            (keys.hospital("done"), ""),
            (keys.timer(5.0, "sleeping"), ""),
            (keys.timer(5.0, "joining"), ""),
            (keys.running("1-0123456789abcdef", "running"), ""),
            (keys.ready("q", 3, 99), "joining"),
            (keys.ready("", 0, 99), "nobody"),
            (keys.pair(keys.WATCHER, "talking", "joining"), ""),
            (keys.pair(keys.WATCHER, "child", "done"), ""),
            (keys.pair(keys.NEEDED, "talking", "joining"), ""),
            (keys.pair(keys.NEEDED, "talking", "nobody"), ""),
            (keys.pair(keys.CHILD, "done", "child"), ""),
            (keys.sent("nobody", "key"), ""),
        )
    },
    "too few messages are counted": (change("held", messages=0), "wrong-count"),
    "too many messages are counted": (change("held", messages=9), "wrong-count"),
    "the next message would replace one": (change("held", next_seq=0), "wrong-count"),
    "too few are counted that come": (change("talking", delayed=0), "wrong-count"),
    "too many are counted that come": (change("held", delayed=2), "wrong-count"),
    "a piece of a state too much": (
        lambda store: put(store, keys.part(keys.STATE, "done", 0) + b"\0\7", b"x"),
        "spare-piece",
    ),
    "a value that nobody knows of": (
        lambda store: put(store, keys.part(keys.VALUE, "joining", 1) + b"\0\0", b"x"),
        "spare-piece",
    ),
}


@pytest.mark.parametrize("what", DERIVED)
def test_what_follows_from_the_flows_is_told_and_put_right(
    full: LmdbStore, what: str
) -> None:
    plant, kind = DERIVED[what]
    before = contents(full)
    plant(full)
    damaged = contents(full)
    assert damaged != before
    told = found(full)
    # A place in a queue that cannot be read is told from both sides.
    assert kind in [each.kind for each in told]
    assert len(told) == 1 or kind == "damaged-entry"
    assert contents(full) == damaged
    assert all(each.fixed for each in found(full, fix=True))
    assert found(full) == []
    assert contents(full) == before


#: A flow's second checkpoint, or how a flow ended that had one.
SECOND = "\0s\0\0\0\0\0\0\0\1"
#: What a user stored, and nothing can bring back.
LOST: dict[str, tuple[Plant, str]] = {
    "a record": (spoil(keys.FLOW, "done\0"), "damaged-flow"),
    "a state": (
        spoil(keys.FLOW, f"sleeping{SECOND}s\0\1"),
        "damaged-state",
    ),
    "a result": (spoil(keys.FLOW, f"done{SECOND}v\0\0"), "damaged-value"),
    "a piece of a state": (
        drop(keys.FLOW, f"sleeping{SECOND}s\0\1"),
        "damaged-state",
    ),
    "a message": (spoil(keys.MESSAGE), "damaged-message"),
    "a message that comes later": (spoil(keys.DELAYED), "damaged-message"),
    "limits": (spoil(keys.LIMITS), "damaged-record"),
    "a note of a death": (spoil(keys.DEATH), "damaged-record"),
    "a setting": (spoil(keys.SETTING), "damaged-record"),
    "a key of nobody's": (lambda store: put(store, b"zebra", b"x"), "unknown-key"),
    "a short key": (lambda store: put(store, b"f", b"x"), "unknown-key"),
    "a key that is no text": (
        lambda store: put(store, b"h\xff\xfe", b"x"),
        "unknown-key",
    ),
}


@pytest.mark.parametrize("what", LOST)
def test_what_a_user_stored_is_told_and_left_alone(full: LmdbStore, what: str) -> None:
    plant, kind = LOST[what]
    plant(full)
    damaged = contents(full)
    for fix in (False, True):
        told = found(full, fix=fix)
        assert [each.kind for each in told] == [kind]
        assert not told[0].fixed
        assert told[0].advice
    assert contents(full) == damaged


def test_bytes_without_a_record_are_not_thrown_away(full: LmdbStore) -> None:
    before = contents(full)
    delete(full, keys.flow("held"))
    told = found(full, fix=True)
    # Its state, and a message to it.
    assert [each.kind for each in told].count("lost-flow") == 2
    after = contents(full)
    kept = {key for key in before if b"held" in key and key[:1] in b"fb"}
    assert kept - {keys.flow("held")} <= after.keys()
    assert {each.kind for each in found(full)} == {"lost-flow"}


def test_two_flows_at_one_place_both_get_one(store: LmdbStore) -> None:
    add(store, "a")
    add(store, "b")
    place = only(store, keys.READY)
    change("b", ticket=keys.ready_ticket(place))(store)
    delete(store, keys.ready("", 0, keys.ready_ticket(place) + 1))
    assert [each.kind for each in found(store, fix=True)] == ["taken-place"]
    assert found(store) == []
    assert {each.record.id for each in store.claims(5)} == {"a", "b"}


def test_a_flow_that_sleeps_on_its_message_is_woken(store: LmdbStore) -> None:
    add(store, "a")
    save(store, "a")
    waits = contents(store)
    store.send("a", "", b"wakes it")
    for key in [each for each in contents(store) if each[:1] == keys.READY]:
        delete(store, key)
    row = store.read(lambda work: work.row("a"))
    asleep = replace(row, ticket=-1, record=replace(row.record, status="waiting"))
    store.write(lambda work: work.change(asleep))
    assert contents(store) != waits
    assert [each.kind for each in found(store)] == ["asleep"]
    found(store, fix=True)
    assert found(store) == []
    claim = store.claim()
    assert claim is not None
    assert claim.message is not None
    assert claim.message.body == b"wakes it"


def test_all_that_is_wrong_is_put_right_at_once(full: LmdbStore) -> None:
    before = contents(full)
    planted = [each for each, _ in DERIVED.values()]
    for plant in planted[:10] + planted[19:]:
        plant(full)
    assert len(found(full)) > 20
    found(full, fix=True)
    assert found(full) == []
    assert contents(full) == before


def test_no_false_alarm_while_flows_run(store: LmdbStore, start) -> None:
    populate(store)
    process = start("target_work.py")
    assert process.stdout.readline() == "ready\n"
    for fix in (False, True) * 3:
        assert found(store, fix=fix) == []
    answer, _ = process.communicate("stop\n")
    assert process.returncode == 0
    assert int(answer) > 0


def test_progress_is_told(store: LmdbStore) -> None:
    for number in range(500):
        add(store, f"f{number}")
    end(store, "f1")
    ended(store, "more")
    told: list[tuple[int, int]] = []
    doctor(store, tell=lambda done, total: told.append((done, total)))
    assert len(told) > 3
    assert told == sorted(told)
    assert told[-1] == (len(contents(store)),) * 2
