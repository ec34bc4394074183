"""Source texts and code: written with the first state that refers to them."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from greenflow import limits
from greenflow.errors import Conflict, StoreError
from greenflow.store import keys, open_store
from greenflow.store.base import Claim, FlowRecord, NewFlow, Source, Step, Store
from greenflow.store.records import FORMAT, decode_meta, encode_meta

HASH = b"12345678"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store", create=True)


def claimed(store: Store) -> Claim:
    record = FlowRecord(
        id="f-1", status="ready", function="m:f", created=1.0, updated=1.0
    )
    store.create(NewFlow(record=record, state=b"state"))
    claim = store.claim()
    assert claim is not None
    return claim


def text_of(text: str) -> Source:
    return Source(identity=HASH, file="f.py", first_line=3, text=text)


@pytest.mark.parametrize("text", ["def f():\n    pass", "", "x = 'ö'\n" * 3000])
def test_what_was_written_is_read(store: Store, text: str) -> None:
    assert store.source(HASH) is None
    step = Step(status="running", state=b"next", sources=(text_of(text),))
    store.commit(claimed(store), step)
    found = store.source(HASH)
    assert found == text_of(text)
    assert found.lines == text.split("\n")
    assert store.source(b"87654321") is None


def test_a_text_stays_as_it_was_first(store: Store) -> None:
    claim = claimed(store)
    for text in ("one", "two" * 9000):
        step = Step(status="running", state=b"next", sources=(text_of(text),))
        store.commit(claim, step)
    assert store.source(HASH) == text_of("one")


def test_a_text_goes_with_its_commit(store: Store) -> None:
    claim = claimed(store)
    store.commit(claim, Step(status="ready", state=b"next"))
    with pytest.raises(Conflict):
        store.commit(
            claim, Step(status="running", state=b"x", sources=(text_of("late"),))
        )
    assert store.source(HASH) is None


def test_a_long_text_is_left_out(store: Store) -> None:
    long = text_of("x" * (limits.SOURCE_BYTES_MAX + 1))
    store.commit(claimed(store), Step(status="running", state=b"x", sources=(long,)))
    assert store.source(HASH) is None


def code_of(data: bytes, text: str = "text") -> Source:
    identity = b"16 bytes of code"
    return Source(identity=identity, file="f.py", first_line=3, text=text, code=data)


@pytest.mark.parametrize("data", [b"code", b"large" * 9000])
def test_code_that_was_written_is_read_and_stays(store: Store, data: bytes) -> None:
    code, claim = code_of(data), claimed(store)
    assert store.code(code.identity) is None
    for each in (code, code_of(b"other")):
        store.commit(claim, Step(status="running", state=b"next", sources=(each,)))
    assert store.code(code.identity) == data
    assert store.source(code.identity) == code


def test_code_comes_to_a_text_that_had_none(store: Store) -> None:
    claim = claimed(store)
    for each in (code_of(b""), code_of(b"code"), code_of(b"")):
        store.commit(claim, Step(status="running", state=b"next", sources=(each,)))
    assert store.source(b"16 bytes of code") == code_of(b"code")


def test_code_of_a_long_text_is_kept_without_it(store: Store) -> None:
    long = code_of(b"code", "x" * (limits.SOURCE_BYTES_MAX + 1))
    store.commit(claimed(store), Step(status="running", state=b"x", sources=(long,)))
    assert store.source(long.identity) == code_of(b"code", "")


def test_code_goes_with_its_commit(store: Store) -> None:
    code, claim = code_of(b"code"), claimed(store)
    store.commit(claim, Step(status="ready", state=b"next"))
    with pytest.raises(Conflict):
        store.commit(claim, Step(status="running", state=b"x", sources=(code,)))
    assert store.code(code.identity) is None


def test_a_store_of_the_format_before_is_of_this_one_from_its_first_code_on(
    store: Store, tmp_path: Path
) -> None:
    def told(work) -> int:
        return decode_meta(work.txn.get(keys.META)).format

    def become(number: int):
        def write(work) -> None:
            known = decode_meta(work.txn.get(keys.META))
            work.txn.put(keys.META, encode_meta(replace(known, format=number)))

        return write

    claim = claimed(store)
    store.write(become(FORMAT - 1))
    store.close()
    store = open_store(tmp_path / "store")
    store.commit(claim, Step(status="running", state=b"x", sources=(text_of("t"),)))
    assert store.read(told) == FORMAT - 1
    store.commit(claim, Step(status="running", state=b"x", sources=(code_of(b"c"),)))
    assert store.read(told) == FORMAT
    store.write(become(FORMAT + 1))
    store.close()
    with pytest.raises(StoreError, match=f"format {FORMAT + 1}"):
        open_store(tmp_path / "store")
