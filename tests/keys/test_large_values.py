"""Large values in stores with a key: the same blocks, and none that was put there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from greenflow import limits
from greenflow.errors import BadChecksum, BadRecord, BadSignature
from greenflow.parted import Parted
from greenflow.store import LmdbStore
from greenflow.store.keyfile import Source
from greenflow.store.rekey import rekey
from greenflow.store.upkeep_copy import backup
from greenflow.store.upkeep_doctor import doctor
from greenflow.store.wrapping import TAG_BYTES
from tests.keys.helpers import HAS_CRYPTOGRAPHY, opened
from tests.store.helpers import add, save, take
from tests.store.large import (
    BLOCK,
    MUCH,
    check_whole,
    files,
    noise,
    state_of,
    stored,
    values,
)

#: In LMDB, in one block, in several, in files; read by more than one thread.
SIZES = (1, BLOCK, BLOCK + 1, MUCH, 5 * limits.BULK_BYTES_MIN)


def several() -> list[Any]:
    own = [noise(size, number) for number, size in enumerate(SIZES)]
    return [*own, *map(bytes, own), own[3][:BLOCK]]


def save_as(store: LmdbStore, flow_id: str, *large: Any) -> None:
    state = state_of(*large)
    # A stream of its own that is large, too, lies in the same file.
    stream = state.stream + bytes(noise(limits.BULK_BYTES_MIN, 99))
    save(store, take(store, add(store, flow_id)), Parted(stream, state.buffers))


def found(store: LmdbStore, flow_id: str) -> list[Any]:
    state = store.state(flow_id)
    assert isinstance(state, Parted)
    assert state.stream.endswith(bytes(noise(limits.BULK_BYTES_MIN, 99)))
    return values(state)


def test_all_come_back(place: Path, source: Source, encrypt: bool) -> None:
    large = several()
    with opened(place, source, encrypt=encrypt) as store:
        save_as(store, "one", *large)
        assert found(store, "one") == large
        check_whole(store)
    with opened(place, source) as store:
        assert found(store, "one") == large
        backup(store, str(place) + "-copy")
    with opened(Path(f"{place}-copy"), source) as copy:
        assert found(copy, "one") == large
        check_whole(copy)


def test_a_changed_block_alone_is_written(
    place: Path, source: Source, encrypt: bool
) -> None:
    more = TAG_BYTES if encrypt else 0
    with opened(place, source, encrypt=encrypt) as store:
        claim = take(store, add(store, "one"))
        value = noise(12 * BLOCK)
        save(store, claim, state_of(value))
        first = stored(store)
        assert first - len(value) == (12 * more + 4 if encrypt else 0)
        save(store, claim, state_of(value))
        assert stored(store) == first
        value[BLOCK : 7 * BLOCK] = noise(6 * BLOCK, 2)
        save(store, claim, state_of(value))
        assert stored(store) - first == 6 * (BLOCK + more) + (4 if encrypt else 0)
        assert values(store.state("one")) == [value]
        check_whole(store)


def test_blocks_are_refused_where_they_were_not_put(
    place: Path, source: Source, encrypt: bool
) -> None:
    """Two of one file changed places; and two files did."""
    with opened(place, source, encrypt=encrypt) as store:
        for number in (1, 2):
            claim = take(store, add(store, str(number)))
            save(store, claim, state_of(noise(6 * BLOCK, number)))
        one, two = (Path(store.depot.folder, name.hex()) for name in files(store))
    expected = BadSignature if encrypt else BadChecksum
    begin, size = (4, BLOCK + TAG_BYTES) if encrypt else (0, BLOCK)
    data, other = one.read_bytes(), two.read_bytes()
    blocks = [data[at : at + size] for at in range(begin, len(data), size)]
    blocks[1], blocks[4] = blocks[4], blocks[1]
    for changed in (data[:begin] + b"".join(blocks), other):
        one.write_bytes(changed)
        with opened(place, source) as store:
            refused = []
            for flow in ("1", "2"):
                try:
                    store.state(flow)
                except BadRecord as error:
                    refused.append(type(error))
            assert refused == [expected]
            assert [each.flow for each in doctor(store) if each.weight == "damage"]
    one.write_bytes(data)
    with opened(place, source) as store:  # the control
        for number in (1, 2):
            assert values(store.state(str(number))) == [noise(6 * BLOCK, number)]
        check_whole(store)


@pytest.mark.skipif(not HAS_CRYPTOGRAPHY, reason="cryptography is not installed")
def test_all_come_back_from_each_change_of_the_key(place: Path, source: Source) -> None:
    large = several()
    with opened(place, None) as store:
        save_as(store, "one", *large)
        save_as(store, "two", *large[::-1])
        before = set(files(store))
    for encrypt in (False, True, True, False):
        rekey(os.fspath(place), source, encrypt=encrypt)
        with opened(place, source) as store:
            assert found(store, "one") == large
            assert found(store, "two") == large[::-1]
            check_whole(store)
            assert store.depot.cipher is None or not before & set(files(store))
            before = set(files(store))
            assert len(before) == 2
