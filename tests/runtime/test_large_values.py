"""Large values in flows: the same objects again, shown without being read, changed."""

from __future__ import annotations

import array
import io
import random
from typing import Any

import pytest

import greenflow
from greenflow import Continuation, limits
from greenflow.parted import Parted, size_of
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
