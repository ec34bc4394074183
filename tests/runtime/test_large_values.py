"""Large values in flows: the same objects again, shown without being read, changed."""

from __future__ import annotations

import array
import io
import random
from typing import Any

import pytest

import greenflow
from greenflow import Continuation, limits
from greenflow.continuation import codec
from greenflow.parted import Parted, size_of
from greenflow.store.bulk import names
from tests.runtime.conftest import InStore

SIZE = 3 * limits.BULK_BYTES_MIN + 5


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def inner(shared: bytearray, also: bytes) -> tuple[int, int]:
    greenflow.suspend("inner")
    shared[7] = 99
    return id(shared), id(also)


def aliased(size: int) -> list[Any]:
    data = bytearray(noise(size))
    fixed = bytes(data)
    held = {"data": data, "list": [data, fixed]}
    found = inner(data, fixed)
    return [
        data is held["data"] is held["list"][0],
        fixed is held["list"][1],
        found == (id(data), id(fixed)),
        data[7] == 99,
        data[:7] == fixed[:7] and data[8:] == fixed[8:],
        (type(data), type(fixed)) == (bytearray, bytes),
    ]


def growing(size: int, turns: int) -> int:
    """What is saved can be resized at once, and between two saves."""
    data, numbers = bytearray(noise(size)), array.array("d", bytes(size // 8 * 8))
    stream, expected = io.BytesIO(data), list(numbers)
    for turn in range(turns):
        greenflow.checkpoint()
        data += bytes([turn]) * 1000
        numbers.append(turn)
        expected.append(turn)
        stream.seek(0, io.SEEK_END)
        stream.write(bytes([turn]))
        greenflow.suspend()
        if len(data) != size + (turn + 1) * 1000 or numbers.tolist() != expected:
            return -1
        if len(stream.getvalue()) != size + turn + 1 or stream.getvalue()[-1] != turn:
            return -2
        numbers[turn] = expected[turn] = turn
    return sum(data[size:])


def waits(data: Any, more: Any = None) -> Any:
    greenflow.suspend("here")
    return data if more is None else [data, more]


def spoiler(size: int) -> list[bool]:
    """A flow that it spawns gets what the value was at that moment."""
    data = bytearray(size)
    other = greenflow.spawn(len_and_sum, data)
    data[:] = b"x" * size
    return other.result()


def len_and_sum(data: bytearray) -> list[int]:
    return [len(data), sum(data)]


def test_identity_and_aliases(store: greenflow.Store):
    flow = store.spawn(aliased, SIZE)
    store.run()
    flow.resume()
    store.run()
    assert flow.result() == [True] * 6


def test_what_was_saved_can_be_resized(store: greenflow.Store):
    flow = store.spawn(growing, SIZE, 4)
    store.run()
    for _ in range(4):
        flow.resume()
        store.run()
    assert flow.result() == sum(turn * 1000 for turn in range(4))


def test_it_goes_on_in_another_process(store: greenflow.Store, in_store: InStore):
    flow = store.spawn(waits, bytearray(noise(SIZE)))
    store.run()
    out = in_store(
        f"""
        import greenflow, hashlib
        flow = greenflow.get({flow.id!r})
        flow.resume()
        greenflow.run()
        print(hashlib.sha256(flow.result()).hexdigest())
        """
    )
    import hashlib

    assert out.strip() == hashlib.sha256(noise(SIZE)).hexdigest()


def test_what_is_spawned_keeps_what_it_was_given(store: greenflow.Store):
    flow = store.spawn(spoiler, SIZE)
    store.run()
    assert flow.result() == [SIZE, 0]


def test_arrays_of_numpy(store: greenflow.Store):
    np = pytest.importorskip("numpy")
    base = np.arange(SIZE // 8).reshape(-1, 1)
    fixed = base.astype("f4")
    fixed.flags.writeable = False
    values = {
        "base": base,
        "view": base[100:200],
        "fixed": fixed,
        "fortran": np.asfortranarray(np.ones((500, 300))),
        "strided": np.arange(SIZE)[::3],
        "masked": np.ma.masked_less(np.arange(100_000), 7),
    }
    flow = store.spawn(waits, values)
    store.run()
    flow.resume()
    store.run()
    found = flow.result()
    for name, value in values.items():
        assert (found[name] == value).all(), name
        assert found[name].dtype == value.dtype
        assert found[name].flags.writeable == value.flags.writeable
    assert found["fortran"].flags.f_contiguous
    found["view"][0] = -5
    assert found["base"][100] == -5


def test_other_kinds_of_large_values(store: greenflow.Store):
    class Own(bytearray):
        pass

    data = noise(SIZE)
    values = [
        "text" * SIZE,
        array.array("B", data),
        array.array("d", bytes(SIZE // 8 * 8)),
        io.BytesIO(data),
        memoryview(data).tolist()[:100_000],
        {bytes([number]) * 70_000: number for number in range(5)},
    ]
    flow = store.spawn(waits, values)
    store.run()
    flow.resume()
    store.run()
    found = flow.result()
    assert found[:3] == values[:3]
    assert found[3].getvalue() == data
    assert found[4:] == values[4:]


def test_dumps_is_one_piece(store: greenflow.Store):
    data, fixed = bytearray(noise(SIZE)), noise(SIZE, 2)
    call = Continuation.new(waits, (data, fixed))
    whole = call.dumps()
    assert type(whole) is bytes
    state = call.save()
    assert isinstance(state, Parted)
    held = [each.data for each in state.buffers]
    assert held[0] is data
    assert held[1] is fixed
    assert size_of(state) < len(whole) < size_of(state) + 100
    from greenflow.continuation.head import whole as joined

    assert Continuation.loads(joined(state)).resume
    for made in (whole, joined(state)):
        loaded = Continuation.loads(made)
        loaded.resume()
        assert loaded.resume().value == [data, fixed]
    nested = Continuation.new(waits, (call,)).dumps()
    inside = Continuation.loads(nested)
    inside.resume()
    assert inside.resume().value._call[1] == (data, fixed)


def test_bytes_that_look_like_the_head_of_a_large_value(store: greenflow.Store):
    """What announces one is told from bytes that only look like it."""
    fake = b"\x8e" + (65_536).to_bytes(8, "little")
    values = [
        fake * 7000,
        b"x" * 65_536,
        fake,
        [fake] * 8000,
        b"B\0\0\1\0",
        b"y" * 65_536,
    ]
    state = Continuation.new(waits, (values,)).save()
    assert [each.size for each in state.buffers] == [63_000, 65_536, 65_536][1:]
    loaded = Continuation.loads(state)
    loaded.resume()
    assert loaded.resume().value == values


def test_a_value_that_is_resized_while_it_is_saved_is_refused():
    class Resizes:
        def __init__(self, data: bytearray) -> None:
            self.data = data

        def __reduce__(self) -> Any:
            self.data.append(1)
            return (int, ())

    data = bytearray(100_000)
    with pytest.raises(greenflow.NotSaveable, match="changed its size"):
        Continuation.new(waits, (data, Resizes(data))).dumps()


# --- looking, changing ---


def test_it_is_shown_without_being_read(store: greenflow.Store):
    data = bytearray(noise(SIZE))
    flow = store.spawn(waits, data, bytes(data))
    store.run()
    frame = flow.inspect().frames[0]
    shown = frame.locals["data"]
    assert (shown.type, shown.size) == ("bytearray", SIZE)
    assert shown.preview.startswith(repr(bytearray(data[:20]))[:40])
    assert shown.preview.endswith("...")
    assert len(shown.preview) <= limits.PREVIEW_CHARS_MAX
    assert frame.locals["more"].type == "bytes"
    assert (shown.literal, list(shown.children)) == (None, [])
    assert flow.inspect(load=True).frames[0].locals["data"].load() == data
    size = size_of(store.base.state(flow.id, shown=True))
    assert size == flow.record.state_bytes


def changing(size: int) -> None:
    data = bytearray(size)
    greenflow.suspend()
    data[size - 1] = 1
    greenflow.suspend()
    greenflow.suspend()


def test_two_checkpoints_are_compared(store: greenflow.Store):
    flow = store.spawn(changing, SIZE)
    store.run()
    for _ in range(2):
        flow.resume()
        store.run()
    told = ["data" in str(flow.diff(a, b)) for a, b in ((1, 2), (2, 3))]
    assert told == [True, False]


def test_it_is_edited_rolled_back_and_forked(store: greenflow.Store):
    data = bytearray(noise(SIZE))
    flow = store.spawn(waits, data)
    store.run()
    before = names(store.base.depot.folder)
    with flow.edit() as editor:
        editor.frames[0].locals["more"] = 5
    assert names(store.base.depot.folder) == before  # the value itself is the same
    fork = flow.fork()
    flow.rollback(1)
    for each, expected in ((flow, data), (fork, [data, 5])):
        each.resume()
        store.run()
        assert each.result() == expected


def test_nothing_keeps_a_value_from_being_resized_after_an_error(
    store: greenflow.Store, monkeypatch: pytest.MonkeyPatch
):
    flow = store.spawn(too_large, SIZE)
    monkeypatch.setattr(limits, "STATE_BYTES_MAX", SIZE)
    store.run()
    assert flow.result() == SIZE + 8 + 1


def too_large(size: int) -> int:
    data, numbers = bytearray(size), array.array("B", bytes(size + 8))
    try:
        greenflow.checkpoint()
    except greenflow.TooLarge as error:
        kept = error
        data.append(1)
        numbers.append(1)
        assert kept.__traceback__ is not None
    data.clear()
    del data
    result = len(numbers)
    del numbers
    return result


def test_a_state_of_one_part_is_bytes():
    assert type(Continuation.new(waits, (1,)).save()) is bytes
    assert codec.Body(b"").buffers == ()


# --- large dictionaries and lists ---


def tables(count: int) -> Any:
    table = {number: (number, str(number)) for number in range(count)}
    rows = [table, table[7]]
    greenflow.suspend()
    table[count] = "new"
    return [rows[0] is table, rows[1] is table[7], len(table), rows]


def test_a_large_dictionary(store: greenflow.Store):
    flow = store.spawn(tables, 3000)
    store.run()
    shown = flow.inspect().frames[0].locals["table"]
    assert (shown.type, shown.size) == ("dict", 3000)
    assert shown.preview.startswith("{0: (0, '0'), 1: (1, '1'), 2: ")
    assert shown.part("[7]").preview == "(7, '7')"
    assert flow.inspect().frames[0].locals["rows"].part("[1]").preview == "(7, '7')"
    with flow.edit() as editor:
        editor.frames[0].locals["table"][2999] = "other"
    assert "other" in str(flow.diff())
    flow.resume()
    store.run()
    assert flow.result()[:3] == [True, True, 3001]
    assert flow.result()[3][0][2999] == "other"


def test_a_dictionary_that_is_too_large_to_be_looked_into(
    store: greenflow.Store, monkeypatch: pytest.MonkeyPatch
):
    flow = store.spawn(tables, 3000)
    store.run()
    monkeypatch.setattr(limits, "INSPECTED_OPCODES_MAX", 5000)
    frame = flow.inspect().frames[0]
    assert frame.locals["table"].preview == (
        "<dict of 3,000 items, too large to be looked into>"
    )
    assert frame.locals["count"].preview == "3000"
    assert flow.inspect().calls == ("pickle:loads",)
    assert flow.inspect().trouble is None
