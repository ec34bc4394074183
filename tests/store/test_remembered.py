"""What is remembered of memory is true: whoever writes it, and however."""

from __future__ import annotations

import array
import mmap
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from greenflow import limits
from greenflow._pages import address_of, room, watch_works
from greenflow.store import remembered
from greenflow.store.blocks import digest_of
from greenflow.store.remembered import Memory
from tests.store.ways import WAYS, by_index

BLOCK = 64 * 1024
SIZE = 40 * BLOCK + 12_345
PAGE = mmap.PAGESIZE

pytestmark = [
    pytest.mark.skipif(
        not watch_works(), reason="the kernel does not tell which pages were written"
    ),
    pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning"),
]


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Memory]:
    monkeypatch.setattr(limits, "WATCHED_BYTES_MIN", 1024 * 1024)
    made = Memory(BLOCK)
    yield made
    for key in list(made._pieces):
        made._forget(key)


def digests(view: memoryview) -> list[bytes]:
    return [digest_of(view[at : at + BLOCK]) for at in range(0, len(view), BLOCK)]


def checked(memory: Memory, owner: Any, then: Callable[[], None] | None = None) -> int:
    """Look at a value as a save does; return how many of its blocks were known."""
    with memoryview(owner).cast("B") as view:
        look = memory.look(view, is_wanted=remembered.is_wanted([view]))
        if then is not None:
            then()  # somebody writes while it is saved
        now = digests(view)
        if then is None:
            for number, known in enumerate(look.digests):
                assert known in (b"", now[number]), number
        kept = [old or new for old, new in zip(look.digests, now, strict=True)]
        memory.note(look, len(view), kept)
    return len(look.digests) - look.digests.count(b"")


def most(owner: Any) -> int:
    """All blocks but those that have a part of the first or the last page."""
    return -(-memoryview(owner).nbytes // BLOCK) - 2


def filled(size: int = SIZE) -> bytearray:
    made, view = room(size, True)
    view[:] = random.Random(size).randbytes(size)
    view.release()
    assert isinstance(made, bytearray)
    return made


def test_what_was_not_written_is_known(memory: Memory):
    value = filled()
    assert checked(memory, value) == 0
    for _ in range(3):
        assert checked(memory, value) >= most(value) - 1


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_byte_written_in_any_way_is_seen(memory: Memory, way):
    value = filled()
    begin = address_of(value)
    to_page = -begin % PAGE
    edges = [
        *(0, 1, SIZE - 1, SIZE // 2, BLOCK - 1, BLOCK, BLOCK + 1),
        *(to_page - 1, to_page, to_page + PAGE - 1),
        *((begin + SIZE) // PAGE * PAGE - begin + more for more in (-1, 0)),
    ]
    checked(memory, value)
    for at in edges:
        before = bytes(value)
        way(value, at)
        assert bytes(value) != before or way.__name__ in ("_by_read", "_by_preadv")
        checked(memory, value)  # it compares with what is there
        assert checked(memory, value) >= most(value) - 1


def test_what_writes_at_random_is_seen(memory: Memory):
    made = random.Random(11)
    values: list[Any] = [filled(SIZE + number * 4099) for number in range(3)]
    values += [array.array("d", bytes(SIZE // 8 * 8)), bytes(SIZE)]
    known = 0
    for _ in range(300):
        number = made.randrange(len(values))
        value = values[number]
        doing = made.random()
        if isinstance(value, bytearray) and doing < 0.5:
            made.choice(WAYS[:9])(value, made.randrange(len(value)))
        elif isinstance(value, bytearray) and doing < 0.6:
            value += bytes(made.randrange(100_000))  # it may move
        elif isinstance(value, bytearray) and doing < 0.7:
            del value[-made.randrange(1, 50_000) :]
        elif isinstance(value, array.array) and doing < 0.6:
            value[made.randrange(len(value))] += 1.0
        elif doing < 0.8:
            # Another object, often in the same place.
            values[number] = value[:-8] + value[-8:]
        known += checked(memory, values[made.randrange(len(values))])
    assert known > 1000


def test_memory_that_is_given_back_and_taken_again_is_not_known(memory: Memory):
    for _ in range(20):
        value = filled()
        checked(memory, value)
        checked(memory, value)
        del value
        value = bytearray(SIZE)
        checked(memory, value)
        del value


def private(size: int) -> mmap.mmap:
    return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)


@pytest.mark.parametrize("large", [False, True], ids=["small", "large pages"])
@pytest.mark.parametrize("size", [PAGE, 4 * 1024 * 1024], ids=["page", "tables"])
def test_pages_that_are_given_back_are_not_known(
    memory: Memory, size: int, large: bool
):
    whole = 16 * 1024 * 1024
    value = private(whole)
    if large:
        value.madvise(mmap.MADV_HUGEPAGE)
    value.write(random.Random(3).randbytes(whole))
    checked(memory, value)
    assert checked(memory, value) >= most(value)
    begin = -address_of(value) % size
    value.madvise(mmap.MADV_DONTNEED, begin, size)
    for _ in range(3):
        checked(memory, value)


def test_memory_of_others_is_never_known(memory: Memory, tmp_path: Path):
    (tmp_path / "file").write_bytes(bytes(SIZE))
    with open(tmp_path / "file", "r+b") as file:
        shared = mmap.mmap(-1, SIZE)
        of_file = mmap.mmap(file.fileno(), SIZE)
        copied = mmap.mmap(file.fileno(), SIZE, access=mmap.ACCESS_COPY)
        for value in (shared, of_file, copied):
            value[:] = bytes(value)
            for _ in range(3):
                assert checked(memory, value) == 0
        read_only = mmap.mmap(file.fileno(), SIZE, access=mmap.ACCESS_READ)
        assert [checked(memory, read_only) for _ in range(3)] == [0, 0, 0]


def test_parts_of_one_piece_of_memory(memory: Memory):
    value = filled()
    view = memoryview(value)
    parts = [view, view[: SIZE // 2], view[SIZE // 3 :], view[7 * BLOCK :]]
    made = random.Random(5)
    for _ in range(100):
        value[made.randrange(SIZE)] ^= 1
        checked(memory, made.choice(parts))


def test_the_child_of_a_fork_knows_nothing(memory: Memory):
    value = filled()
    checked(memory, value)
    assert checked(memory, value) > 0
    child = os.fork()
    if not child:
        value[SIZE // 2] ^= 1
        first = checked(memory, value)
        again = checked(memory, value)
        os._exit(0 if (first == 0) and again > 0 else 1)
    assert os.waitpid(child, 0)[1] == 0
    checked(memory, value)
    assert checked(memory, value) > 0


def test_what_is_written_while_it_is_saved_is_not_known_next_time(memory: Memory):
    value = filled()
    checked(memory, value)
    for at in range(0, SIZE, BLOCK // 2):
        checked(memory, value, lambda at=at: by_index(value, at))
        checked(memory, value)


def test_an_earlier_look_tells_nothing_of_a_later_one(memory: Memory):
    value = filled()
    view = memoryview(value)
    checked(memory, value)
    early = memory.look(view)
    then = digests(view)
    value[SIZE // 2] ^= 1
    late = memory.look(view)
    memory.note(late, SIZE, digests(view))
    memory.note(early, SIZE, then)
    checked(memory, value)


def test_a_value_that_changes_all_the_time_is_hashed(memory: Memory):
    value = filled()
    checked(memory, value)
    for number in range(5):
        value[:] = random.Random(number).randbytes(SIZE)
        assert checked(memory, value) == 0
    for _ in range(2):
        assert checked(memory, value) == 0  # it is seen to have become calm
    assert checked(memory, value) >= most(value) - 1


def test_it_can_be_turned_off(memory: Memory, monkeypatch):
    monkeypatch.setenv(remembered.VARIABLE, "0")
    value = filled()
    assert [checked(memory, value) for _ in range(3)] == [0, 0, 0]


def test_a_process_with_a_device_is_not_watched(memory: Memory, monkeypatch):
    value = filled()
    assert checked(memory, value) + checked(memory, value) > 0
    monkeypatch.setattr(remembered, "_DEVICES", ("/dev/null",))
    with open("/dev/null"):
        assert checked(memory, value) == 0
    value[SIZE // 2] ^= 1
    checked(memory, value)


def test_not_more_pieces_are_kept_than_may_be(memory: Memory, monkeypatch):
    monkeypatch.setattr(limits, "WATCHED_PIECES_MAX", 3)
    values = [filled() for _ in range(5)]
    for value in values * 2:
        checked(memory, value)
    assert len(memory._pieces) == 3


def test_a_kernel_that_does_not_tell_is_found_out(memory: Memory, monkeypatch):
    """The control: if writes were not told, the tests above would fail."""

    def all_the_same(begin: int, size: int, block: int) -> bytes:
        return b"\1" * -(-size // block)

    monkeypatch.setattr(remembered, "unwritten", all_the_same)
    value = filled()
    checked(memory, value)
    value[SIZE // 2] ^= 1
    with pytest.raises(AssertionError):
        checked(memory, value)
