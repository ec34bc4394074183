"""Checkpoints and blocks whose bytes changed: told, and no other is harmed."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from greenflow import limits
from greenflow.envelope import seal
from greenflow.errors import (
    BadChecksum,
    BadContents,
    BadRecord,
    Truncated,
)
from greenflow.store import LmdbStore, blocks, keys, pieces, states
from greenflow.store.base import Claim, Waiting
from greenflow.store.upkeep_doctor import doctor
from tests.store.helpers import (
    check_invariants,
    contents,
    keep,
    noise,
    overwrite,
    save,
    swap_pieces,
    take,
    wait,
    waiting_flow,
)

pytestmark = pytest.mark.usefixtures("left_whole_or_told")


def block_keys(store: LmdbStore) -> list[bytes]:
    return [key for key in contents(store) if key.startswith(keys.block("one"))]


@pytest.mark.parametrize("damage", ["changed", "lost", "swapped", "cut"])
def test_a_damaged_block(store: LmdbStore, damage: str):
    state = noise(200_000)
    waiting_flow(store, "one")
    store.send("one", "", b"m")
    wait(store, take(store), state=state, waiting=Waiting(kind="recv", topic="t"))
    first = next(key for key in block_keys(store) if key.endswith(b"\0\0"))
    good = contents(store)[first]
    if damage == "changed":
        overwrite(store, first, good[:-1] + bytes([good[-1] ^ 1]))
    elif damage == "lost":
        store.write(lambda work: work.txn.delete(first))
    elif damage == "cut":
        overwrite(store, first, good[:100])
    else:
        other = next(k for k in block_keys(store) if k.endswith(b"\0\0") and k != first)
        swap_pieces(store, first, other)
    with pytest.raises((BadChecksum, BadContents, Truncated)):
        store.state("one")
    before = contents(store)
    for fix in (False, True):
        told = [each.kind for each in doctor(store, fix=fix)]
        assert set(told) == {"damaged-state"}
    assert contents(store) == before
    # The flow goes to the hospital when it is claimed, and an earlier state is whole.
    store.send("one", "t", b"m")
    with pytest.raises(BadRecord):
        store.claim()
    assert store.get("one").status == "hospital"
    assert store.saved("one", 1).state == b"waits"


def test_a_damaged_older_checkpoint_is_told_and_harms_no_other(
    store: LmdbStore, claim: Claim
):
    keep(store, 3)
    shared = noise(100_000)
    save(store, claim, shared)
    save(store, claim, shared + b"2")
    key = keys.piece(keys.part(keys.STATE, "one", 1), 0)
    good = contents(store)[key]
    overwrite(store, key, good[:-1] + bytes([good[-1] ^ 1]))
    assert [each.kind for each in doctor(store, fix=True)] == ["damaged-state"]
    with pytest.raises(BadChecksum):
        store.saved("one", 1)
    for _ in range(9):
        save(store, claim, shared + b"3")
    assert store.state("one") == shared + b"3"


def test_blocks_of_what_could_not_be_read_are_put_right(store: LmdbStore, claim: Claim):
    keep(store, 2)
    save(store, claim, noise(100_000))
    key = keys.piece(keys.part(keys.STATE, "one", 1), 0)
    overwrite(store, key, b"damaged")
    for _ in range(4):
        save(store, claim)
    assert block_keys(store)
    assert {each.kind for each in doctor(store, fix=True)} == {"spare-piece"}
    assert not block_keys(store)


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        (lambda work: work.txn.delete(keys.part(keys.LABELLED, "one", 1)), "missing"),
        (lambda work: work.txn.put(keys.part(keys.LABELLED, "one", 1), b"x"), "dam"),
        (
            lambda work: work.txn.put(
                keys.piece(keys.block("one", b"x" * 16), 0), b"x"
            ),
            "spare-piece",
        ),
        (
            lambda work: work.txn.put(
                keys.piece(keys.part(keys.VALUE, "one", 1), 0), b"x"
            ),
            "spare-piece",
        ),
    ],
    ids=["label", "damaged label", "block", "value"],
)
def test_what_follows_from_the_checkpoints_is_put_right(
    store: LmdbStore, claim: Claim, what, kind: str
):
    save(store, claim, label="kept")
    good = contents(store)
    store.write(what)
    assert any(each.kind.startswith(kind) for each in doctor(store))
    doctor(store, fix=True)
    assert contents(store) == good
    check_invariants(store)


def test_a_state_that_lists_too_much(store: LmdbStore, claim: Claim):
    """A right checksum over wrong lengths: it is refused before it is used."""
    state = noise(100_000)
    save(store, claim, state)
    checkpoint = store.history("one")[-1]

    def other(size: int, count: int) -> None:
        def put(work):
            made = states.prepare("one", state, states.nothing_stored, store.depot)
            listed = made.made._replace(stream=made.made.stream[:count] * 2)
            made = replace(made, size=size, stream_bytes=size, made=listed)
            sealed = states.seal_state(
                "one", replace(checkpoint, size=size), made, has_value=False
            )
            pieces.put(work.txn, keys.part(keys.STATE, "one", 1), sealed)

        store.write(put)

    for size, count in ((100_000, 9), (limits.STATE_BYTES_MAX + 1, 2), (1, 0)):
        other(size, count)
        with pytest.raises(BadContents):
            store.state("one")
        assert "damaged-state" in [each.kind for each in doctor(store)]


def test_a_block_that_says_something_else_than_it_is():
    def record(head: object, body: bytes, digest: bytes) -> bytes:
        key = keys.block("one", digest)
        return seal(b"block", key, msgspec.msgpack.encode(head), b"") + body

    digest = blocks.digest_of(b"right")
    good = record([5, False], b"right", digest)
    assert blocks.unseal_block("one", digest, good) == b"right"
    for head, body in (
        ([5, False], b"wrong"),
        ([6, False], b"right"),
        ([limits.BUFFER_BLOCK_BYTES + 1, True], b"right"),
        ([5, False, bytes(16), 0], b"right"),
        ([5, False, bytes(15), 0], b""),
        ([5, False, bytes(16), -1], b""),
        ([5], b"right"),
        (["5", False], b"right"),
    ):
        with pytest.raises((BadChecksum, BadContents)):
            blocks.unseal_block("one", digest, record(head, body, digest))
