"""Large values in flows: shown without being read, compared, changed."""

from __future__ import annotations

import array
import random
from typing import Any

import pytest

import greenflow
from greenflow import Continuation, limits
from greenflow.continuation import codec
from greenflow.parted import size_of
from greenflow.store.bulk import names

SIZE = 3 * limits.BULK_BYTES_MIN + 5


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def waits(data: Any, more: Any = None) -> Any:
    greenflow.suspend("here")
    return data if more is None else [data, more]


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
