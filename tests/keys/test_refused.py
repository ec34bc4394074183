"""Records that nobody with the key has written there are refused: none is accepted."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import pytest

from greenflow import envelope
from greenflow.errors import BadRecord, BadSignature, WrongKey
from greenflow.store import LmdbStore, keyfile, keys
from greenflow.store.keyed import KeyedTxn
from greenflow.store.keyfile import Source
from greenflow.store.records import encode_index
from greenflow.store.wrapping import Wrap
from tests.keys.helpers import (
    as_writer,
    dump,
    fill,
    is_refused,
    kind_of,
    opened,
    planted,
    restore,
)
from tests.upkeep.helpers import damage

SOAK = "GREENFLOW_SOAK_SECONDS" in os.environ
BITS = range(8) if SOAK else (0, 5)
#: Of a value above so many bytes only some are flipped, unless there is time.
SHORT_BYTES = 300
STEP = 1 if SOAK else 61


def positions(data: bytes) -> list[int]:
    ends = range(SHORT_BYTES // 2)
    if len(data) <= SHORT_BYTES or SOAK:
        return list(range(len(data)))
    middle = range(SHORT_BYTES // 2, len(data) - SHORT_BYTES // 2, STEP)
    return [*ends, *middle, *(len(data) - 1 - at for at in ends)]


def flipped(data: bytes, at: int, bit: int) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 1 << bit
    return bytes(changed)


def test_every_byte_of_every_kind_of_record(
    place: Path, source: Source, encrypt: bool
) -> None:
    fill(place, source, encrypt=encrypt)
    stored = dump(place)
    wanted = {"a", "root", "b", "c", "d", "e", "f", "f c", "f s s", "f s v", "h", "k"}
    assert {kind_of(key) for key in stored} >= wanted | set("lmnopqrtuwxz")
    flips = accepted = 0
    with opened(place, source) as store:
        for key, data in stored.items():
            if key == keys.META:
                continue
            assert not planted(store, {}, lambda txn, key=key: is_refused(txn, key))
            for at in positions(data):
                for bit in BITS:
                    change = {key: flipped(data, at, bit)}
                    flips += 1
                    accepted += not planted(
                        store, change, lambda txn, key=key: is_refused(txn, key)
                    )
    assert accepted == 0
    assert flips > 10_000


def test_every_byte_of_what_the_store_says_of_itself(
    place: Path, source: Source, encrypt: bool
) -> None:
    fill(place, source, encrypt=encrypt)
    data = dump(place)[keys.META]
    for at in range(len(data)):
        restore(place, {keys.META: flipped(data, at, at % 8)})
        with pytest.raises((WrongKey, BadRecord)):
            LmdbStore(place, create=False, keys=source)
    restore(place, {keys.META: data})
    with opened(place, source) as store:
        assert damage(store) == []


def test_every_part_of_a_file_of_blocks(
    place: Path, source: Source, encrypt: bool
) -> None:
    fill(place, source, encrypt=encrypt)
    [file] = (place / "blocks").iterdir()
    data = file.read_bytes()
    for at in [*range(8), *range(8, len(data), len(data) // 40), len(data) - 1]:
        file.write_bytes(flipped(data, at, 3))
        with opened(place, source) as store, pytest.raises(BadRecord):
            store.state("large")
    file.write_bytes(data)
    with opened(place, source) as store:
        store.state("large")


def test_a_record_is_refused_where_it_was_not_written(
    place: Path, source: Source, encrypt: bool
) -> None:
    fill(place, source, encrypt=encrypt)
    stored = dump(place)
    by_kind: dict[str, list[bytes]] = {}
    for key in stored:
        by_kind.setdefault(kind_of(key), []).append(key)
    swaps = 0
    with opened(place, source) as store:
        for alike in by_kind.values():
            for first, second in pairwise(alike):
                change = {first: stored[second], second: stored[first]}
                for key in (first, second):
                    swaps += 1
                    assert planted(
                        store, change, lambda txn, key=key: is_refused(txn, key)
                    ), key
    assert swaps > 50


def test_a_record_is_refused_in_another_store_of_the_same_key(
    folder: Path, source: Source, encrypt: bool
) -> None:
    fill(folder / "one", source, encrypt=encrypt)
    fill(folder / "two", source, encrypt=encrypt)
    theirs = dump(folder / "two")
    with opened(folder / "one", source) as store:
        for key, data in theirs.items():
            if key != keys.META:
                assert planted(
                    store, {key: data}, lambda txn, key=key: is_refused(txn, key)
                ), key
    # With what that store says of itself, nothing of this one is left that is right.
    restore(folder / "one", {keys.META: theirs[keys.META]})
    with opened(folder / "one", source) as store:
        assert damage(store)
        with pytest.raises(BadSignature):
            store.get("held")


def test_a_record_without_a_signature_is_refused(
    place: Path, source: Source, encrypt: bool
) -> None:
    fill(place, source, encrypt=encrypt)
    key = keys.hospital("nobody")
    plain = encode_index(key)
    assert envelope.unseal(b"index", key, plain) == (b"", b"")  # a store without a key
    with opened(place, source) as store:
        assert planted(store, {key: plain}, lambda txn: is_refused(txn, key))


def test_a_signed_record_is_refused_in_an_encrypted_store(
    place: Path, source: Source
) -> None:
    pytest.importorskip("cryptography")
    fill(place, source, encrypt=True)
    key = keys.hospital("nobody")
    with opened(place, source) as store:
        wrap = store.wrap
        assert wrap is not None
        good = wrap.wrap(key, 1, encode_index(key))
        signing = Wrap(source.ring, wrap._store, encrypts=False)
        signed = signing.wrap(key, 1, encode_index(key))
        assert not planted(store, {key: good}, lambda txn: is_refused(txn, key))
        assert planted(store, {key: signed}, lambda txn: is_refused(txn, key))


def test_no_way_down(
    place: Path, tmp_path: Path, source: Source, encrypt: bool
) -> None:
    fill(place, source, encrypt=encrypt)
    with pytest.raises(WrongKey, match="has a key, and this process has none"):
        LmdbStore(place, create=False)
    other = keyfile.make(tmp_path / "other")
    with pytest.raises(WrongKey, match=source.ring.newest.id.hex()):
        LmdbStore(place, create=False, keys=other)
    # Somebody takes away what says that the store has a key.
    with opened(place.with_name("plain"), None):
        pass
    plain = dump(place.with_name("plain"))[keys.META]
    restore(place, {keys.META: plain})
    with pytest.raises(WrongKey, match="has no key, and this process has"):
        LmdbStore(place, create=False, keys=source)
    with opened(place, None) as store:
        for read in (store.get, store.state, store.claim):
            with pytest.raises(BadRecord):
                read("held")
        assert damage(store)


def test_a_key_for_a_store_that_has_none(place: Path, source: Source) -> None:
    fill(place, None)
    with pytest.raises(WrongKey, match="greenflow rekey"):
        LmdbStore(place, create=False, keys=source)


def test_damage_costs_no_other_flow(place: Path, source: Source, encrypt: bool) -> None:
    fill(place, source, encrypt=encrypt)
    key = keys.flow("sleeping")
    restore(place, {key: flipped(dump(place)[key], 40, 1)})
    with opened(place, source) as store:
        assert store.get("talking").status == "waiting"
        with pytest.raises(BadSignature):
            store.get("sleeping")
        assert any("sleeping" in text for text in damage(store))


def test_what_was_refused_can_be_deleted_and_replaced(
    place: Path, source: Source
) -> None:
    fill(place, source)
    key = keys.death("1-0123456789abcdef")
    restore(place, {key: b"something"})
    with opened(place, source) as store:
        assert damage(store)
        store.note_death("1-0123456789abcdef", "signal 15")
    # What the other one wrote counts for nothing in what all records add up to, and
    # what it wrote over is missing there.
    with opened(place, source) as store:
        assert damage(store)


def test_nothing_is_seen_of_anchors(place: Path, source: Source) -> None:
    fill(place, source)
    assert [key for key in dump(place) if key[:1] == keys.ANCHOR]

    def look(txn: KeyedTxn) -> list[bytes]:
        with txn.cursor() as cursor:
            found = [key for key, _ in cursor]
            assert cursor.last()
            backwards = [cursor.key()]
            while cursor.prev():
                backwards.append(cursor.key())
        assert backwards == found[::-1]
        assert len(found) == txn.stat()["entries"]
        return found

    with opened(place, source) as store:
        assert not [key for key in planted(store, {}, look) if key[:1] == b"a"]


def test_the_writer_of_these_tests_can_write(place: Path) -> None:
    """Without a key, what somebody puts there is taken: the control of all above."""
    fill(place, None)
    key = keys.hospital("done")
    as_writer(place, lambda txn: txn.put(key, encode_index(key)))
    with opened(place, None) as store:
        assert store.read(lambda work: work.txn.get(key)) == encode_index(key)
