"""Bytes that changed, were swapped, or are missing: refused, each by its error."""

from __future__ import annotations

import random
import resource
import zlib
from collections.abc import Callable

import lmdb
import msgspec
import pytest

from greenflow import limits
from greenflow.envelope import seal
from greenflow.errors import (
    BadChecksum,
    BadContents,
    BadFormat,
    BadMagic,
    BadRecord,
    StoreError,
    TooLarge,
    Truncated,
)
from greenflow.store import LmdbStore, keys, records
from greenflow.store.base import Step
from tests.store.conftest import Open
from tests.store.helpers import (
    SUSPEND,
    add,
    contents,
    noise,
    overwrite,
    swap_pieces,
    take,
    waiting_flow,
)

Look = Callable[[LmdbStore], object]


def look_at_mailbox(store: LmdbStore) -> None:
    list(store.messages("one"))


#: How the key of each kind of record begins, and who notices that it is damaged.
KINDS: dict[str, tuple[bytes, Look]] = {
    "flow": (keys.flow("one"), lambda store: store.get("one")),
    "state": (keys.part(keys.STATE, "one", 2), lambda store: store.state("one")),
    "value": (keys.part(keys.VALUE, "one", 2), lambda store: store.value("one")),
    "message": (keys.mailbox("one"), look_at_mailbox),
    "age": (keys.CREATED, lambda store: list(store.flows())),
    "queue": (keys.READY, lambda store: store.claim()),
    "queue list": (keys.READY, lambda store: list(store.flows(status=["ready"]))),
}


@pytest.fixture
def full(store: LmdbStore) -> LmdbStore:
    """A store with one record, or one piece, of each kind."""
    waiting_flow(store, "one", SUSPEND)
    store.answer("one", "value", b"answer")
    claim = take(store)
    step = Step(status="ready", state=noise(100), value=noise(50))
    store.commit(claim, step)
    return store


def key_of(store: LmdbStore, kind: str) -> bytes:
    found = [key for key in contents(store) if key.startswith(KINDS[kind][0])]
    return min(found, key=len)


def refused(store: LmdbStore, kind: str) -> type[BadRecord]:
    with pytest.raises(BadRecord) as caught:
        KINDS[kind][1](store)
    return caught.type


@pytest.mark.parametrize("kind", KINDS)
def test_every_changed_byte_is_refused(full: LmdbStore, kind: str):
    key = key_of(full, kind)
    good = contents(full)[key]
    bit = random.Random(1)
    seen = set()
    for at in range(len(good)):
        bad = bytearray(good)
        bad[at] ^= 1 << bit.randrange(8)
        overwrite(full, key, bytes(bad))
        seen.add(refused(full, kind))
    assert seen >= {BadMagic, BadFormat, BadChecksum}
    assert seen <= {BadMagic, BadFormat, BadChecksum, Truncated, TooLarge}
    overwrite(full, key, good)
    KINDS[kind][1](full)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("change", ["shorter", "longer", "empty"])
def test_record_of_another_length_is_refused(full: LmdbStore, kind: str, change: str):
    key = key_of(full, kind)
    good = contents(full)[key]
    bad = {"shorter": good[:-1], "longer": good + b"\0", "empty": b""}[change]
    overwrite(full, key, bad)
    assert refused(full, kind) is (BadMagic if change == "empty" else Truncated)


def test_what_the_store_says_of_itself(full: LmdbStore, open_again: Open):
    good = contents(full)[keys.META]
    overwrite(full, keys.META, good[:-1] + bytes([good[-1] ^ 1]))
    full.close()
    with pytest.raises(BadChecksum):
        open_again()


@pytest.mark.parametrize(
    "change", [{"format": 1}, {"engine": "lmdb 1.0"}, {"page_bytes": 65536}]
)
def test_store_of_another_kind(store: LmdbStore, open_again: Open, change):
    meta = records.decode_meta(contents(store)[keys.META])
    other = records.encode_meta(msgspec.structs.replace(meta, **change))
    overwrite(store, keys.META, other)
    store.close()
    with pytest.raises(StoreError, match=f"has {next(iter(change))}") as caught:
        open_again()
    assert not isinstance(caught.value, BadRecord)


def test_lmdb_file_of_something_else(place, open_again: Open):
    place.mkdir(0o700)
    with lmdb.open(str(place), mode=0o600) as env, env.begin(write=True) as txn:
        txn.put(b"key", b"value")
    with pytest.raises(StoreError, match="no greenflow store"):
        open_again()
    with pytest.raises(StoreError, match="no greenflow store"):
        LmdbStore(place, create=False)


@pytest.mark.parametrize(
    "what",
    [
        ("get", keys.flow("one"), keys.flow("two")),
        (
            "state",
            keys.piece(keys.part(keys.STATE, "one", 1), 0),
            keys.piece(keys.part(keys.STATE, "two", 1), 0),
        ),
        (
            "state",
            keys.piece(keys.part(keys.STATE, "one", 1), 0),
            keys.piece(keys.part(keys.VALUE, "one", 1), 0),
        ),
        (
            "messages",
            keys.piece(keys.message("one", "", 0), 0),
            keys.piece(keys.message("one", "", 1), 0),
        ),
        (
            "messages",
            keys.piece(keys.message("one", "", 0), 0),
            keys.piece(keys.message("one", "t", 2), 0),
        ),
        (
            "messages",
            keys.piece(keys.message("one", "", 0), 0),
            keys.piece(keys.message("two", "", 0), 0),
        ),
        ("claim", keys.ready("", 0, 0), keys.ready("", 0, 1)),
        ("flows", keys.created(1.0, "one"), keys.created(1.0, "two")),
    ],
    ids=str,
)
def test_swapped_records_are_refused(store: LmdbStore, what: tuple[str, bytes, bytes]):
    for flow_id in ("one", "two"):
        claim = take(store, add(store, flow_id))
        step = Step(status="running", state=noise(9), value=noise(8))
        store.commit(claim, step)
        store.release(claim)
        for topic in ("", "", "t"):
            store.send(flow_id, topic, b"m")
    call, one, other = what
    swap_pieces(store, one, other)
    calls: dict[str, Look] = {
        "get": lambda store: store.get("one"),
        "state": lambda store: store.state("one"),
        "messages": lambda store: list(store.messages("one")),
        "claim": lambda store: store.claim(),
        "flows": lambda store: list(store.flows()),
    }
    with pytest.raises(BadChecksum):
        calls[call](store)


def test_older_state_in_the_place_of_the_last_is_refused(store: LmdbStore):
    add(store, "one", b"old!")
    claim = take(store)
    store.commit(claim, Step(status="running", state=b"new!"))
    old, new = (keys.piece(keys.part(keys.STATE, "one", seq), 0) for seq in (0, 1))
    overwrite(store, new, contents(store)[old])
    with pytest.raises(BadChecksum):
        store.state("one")


@pytest.mark.parametrize("damage", ["lost", "swapped", "twice"])
def test_pieces_of_a_large_state(store: LmdbStore, damage: str):
    add(store, "one", noise(limits.SHARED_BYTES_MIN))
    prefix = keys.part(keys.STATE, "one", 0)
    have, pieces = contents(store), [keys.piece(prefix, n) for n in range(5)]
    assert {len(have[key]) for key in pieces[:4]} == {limits.CHUNK_BYTES}
    if damage == "lost":
        store.write(lambda work: work.txn.delete(pieces[2]))
    elif damage == "swapped":
        swap_pieces(store, pieces[1], pieces[2])
    else:
        overwrite(store, pieces[2], have[pieces[1]])
    with pytest.raises(Truncated if damage == "lost" else BadChecksum):
        store.state("one")


def test_lost_piece_of_a_message(store: LmdbStore):
    add(store, "one")
    store.send("one", "", noise(20_000))
    prefix = keys.message("one", "", 0)
    store.write(lambda work: work.txn.delete(keys.piece(prefix, 2)))
    with pytest.raises(Truncated):
        list(store.messages("one"))


def part_record(store: LmdbStore, head: list[object], body: bytes) -> None:
    """Put a state with a right checksum and any contents into flow one.

    ``head`` is what it says of its bytes: how many they are, whether compressed.
    """
    checkpoint = {"seq": 0, "at": 1.0, "kind": "spawn", "size": head[0]}
    made = msgspec.msgpack.encode([checkpoint, *head[1:], False, False, head[0]])
    key = keys.part(keys.STATE, "one", 0)
    overwrite(store, keys.piece(key, 0), seal(b"state", key, made, body))


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ([5, False], b"four"),
        ([3, False], b"four"),
        ([100, True], b"not compressed"),
        ([100, True], zlib.compress(b"x" * 99)),
        ([100, True], zlib.compress(b"x" * 101)),
        ([0, True], zlib.compress(b"x" * 100)),
        ([-1, True], zlib.compress(b"x" * 100)),
        ([limits.STATE_BYTES_MAX + 1, True], zlib.compress(b"x" * 100)),
        ([100, True], zlib.compress(b"x" * 100) + b"more"),
        ([100, True], zlib.compress(b"x" * 100)[:-1]),
        (["100", True], b"x" * 100),
        ([100], b"x" * 100),
        ([100, b"no bool"], b"x" * 100),
    ],
)
def test_state_that_says_something_else_than_it_is(store: LmdbStore, head, body: bytes):
    add(store, "one")
    part_record(store, [4, False], b"four")
    assert store.state("one") == b"four"
    part_record(store, head, body)
    with pytest.raises(BadContents):
        store.state("one")


def test_bomb_is_not_inflated(store: LmdbStore):
    add(store, "one")
    bomb = zlib.compress(bytes(256 * 1024 * 1024), 1)
    part_record(store, [100, True], bomb)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BadContents):
        store.state("one")
    grown_kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kilobytes < 64 * 1024
