"""Two checkpoints compared: what is told of frames and values, and nothing is run."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

import greenflow
from greenflow import limits
from greenflow.errors import NoSuchCheckpoint
from greenflow.inspect import Change, Diff
from greenflow.store.base import Edit
from tests.inspect.hostile import waits


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with greenflow.open(tmp_path / "store") as opened:
        yield opened
    opened.close()


def changed(store: greenflow.Store, *values: object) -> Diff:
    """Let a variable have one value after the other; return what that changed."""
    flow = greenflow.spawn(two_values, *values)
    store.run()
    flow.resume()
    store.run()
    return flow.diff()


def two_values(before, after):
    value = before
    after = [after]
    greenflow.suspend()
    value = after.pop()
    greenflow.suspend()
    return value


def of_value(diff: Diff) -> list[Change]:
    [frame] = diff.frames
    return [each for each in frame.changes if each.path.startswith("value")]


class Order:
    def __init__(self, number, lines, api_key="k1"):
        self.number, self.lines, self.api_key = number, lines, api_key


CASES = {
    "number": (500, 1500, ["value 500 -> 1500"]),
    "same": ([1, {2: 3}], [1, {2: 3}], []),
    "type": (1, True, ["value 1 -> True"]),
    "float": (1, 1.0, ["value 1 -> 1.0"]),
    "nan": (math.nan, math.nan, []),
    "list": ([1, 2, 3], [1, 5, 3], ["value[1] 2 -> 5"]),
    "list, longer": ([1, 2], [1, 2, 3], ["+ value[2] 3"]),
    "list, shorter": ([1, 2, 3], [2, 3], ["- value[0] 1"]),
    "list, inserted": ([*range(9)], [0, 1, "new", *range(2, 9)], ["+ value[2] 'new'"]),
    "dict": (
        {"a": 1, "b": 2},
        {"a": 1, "b": 3, "c": 4},
        ["value['b'] 2 -> 3", "+ value['c'] 4"],
    ),
    "set": ({1, 2}, {1, 3}, ["value {1, 2} -> {1, 3}"]),
    "same set": ({"a", "b", "c"}, {"c", "b", "a"}, []),
    "object": (
        Order(7, [1, {"price": 2}]),
        Order(7, [1, {"price": 3}]),
        ["value.lines[1]['price'] 2 -> 3"],
    ),
    "secret": (
        Order(7, []),
        Order(7, [], "k2"),
        ["value.api_key ******** -> ********"],
    ),
    "other kind": ([1], (1,), ["value [1] -> (1,)"]),
    "none": (None, Order, ["value None -> "]),
}


@pytest.mark.parametrize("case", CASES)
def test_what_changed_in_a_value(store: greenflow.Store, case: str):
    before, after, wanted = CASES[case]
    told = [str(each) for each in of_value(changed(store, before, after))]
    assert len(told) == len(wanted)
    for text, begin in zip(told, wanted, strict=True):
        assert text.startswith(begin)
    assert "k2" not in "".join(told)


def test_cycles_and_shared_objects(store: greenflow.Store):
    one: list[object] = [1]
    one.append(one)
    other: list[object] = [2]
    other.append(other)
    assert [str(each) for each in of_value(changed(store, one, other))] == [
        "value[0] 1 -> 2"
    ]
    doubled: list[object] = []
    for _ in range(60):
        doubled = [doubled, doubled]
    assert of_value(changed(store, doubled, doubled)) == []


def test_so_many_changes_that_nobody_reads_them(store: greenflow.Store):
    size = limits.DIFFERENCES_MAX + 10
    diff = changed(store, list(range(size)), [str(n) for n in range(size)])
    assert diff.truncated
    assert len(diff.frames[0].changes) <= limits.DIFFERENCES_MAX
    assert str(diff).endswith("... and more")


def test_too_much_to_compare(store: greenflow.Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "COMPARED_OBJECTS_MAX", 100)
    diff = changed(store, list(range(200)), [*range(199), "x"])
    assert diff.truncated


def outer(number):
    total = number
    inner(total)
    total += 1
    return inner(total)


def inner(limit):
    greenflow.suspend("here")
    greenflow.recv(topic="there")
    return limit


def test_frames_are_aligned_from_the_outermost(store: greenflow.Store):
    flow = greenflow.spawn(outer, 5)
    store.run()
    flow.resume()
    store.run()
    diff = flow.diff()
    assert [(f.function, f.change) for f in diff.frames] == [
        ("outer", "same"),
        ("inner", "changed"),
    ]
    assert diff.waits == ("suspend 'here'", "recv topic=there")
    assert "waits for suspend 'here' -> recv topic=there" in str(diff)
    begun = flow.diff(0, 1)
    assert [(f.function, f.change) for f in begun.frames] == [
        ("outer", "added"),
        ("inner", "added"),
    ]
    assert [str(each) for each in begun.arguments] == ["- 1 5"]
    back = flow.diff(1, 0)
    assert [f.change for f in back.frames] == ["removed", "removed"]
    greenflow.send(flow, 1, topic="there")
    store.run()
    flow.rollback(1)
    assert flow.diff().same  # with the one it was rolled back to
    assert str(flow.diff()).endswith("nothing changed")
    assert not flow.diff(2).same


def test_which_are_compared(store: greenflow.Store):
    flow = greenflow.spawn(outer, 5)
    with pytest.raises(NoSuchCheckpoint, match="before 0"):
        flow.diff()
    store.run()
    diff = flow.diff()
    assert (diff.a.seq, diff.b.seq) == (0, 1)
    with pytest.raises(NoSuchCheckpoint):
        flow.diff(0, 5)


def test_as_json_and_as_a_page(store: greenflow.Store):
    diff = changed(store, "<b>", "</script>")
    document = json.loads(json.dumps(diff.document()))
    [frame] = document["frames"]
    assert frame["change"] == "changed"
    assert frame["before"]["frame"] == 0
    assert {
        "path": "value",
        "kind": "changed",
        "before": "'<b>'",
        "after": "'</script>'",
    } in frame["changes"]
    page = diff._repr_html_()
    assert "<b>" not in page
    assert "&lt;/script&gt;" in page


def test_secrets_are_shown_when_asked_for(store: greenflow.Store):
    flow = greenflow.spawn(two_values, Order(1, []), Order(1, [], "k2"))
    store.run()
    flow.resume()
    store.run()
    assert "k2" in str(flow.diff(reveal=True))


def test_damaged_values_are_told(store: greenflow.Store):
    flow = greenflow.spawn(waits, "x")
    store.run()
    from greenflow.continuation.head import unpack
    from greenflow.envelope import seal

    head, _ = unpack(store.base.state(flow.id))
    bad = seal(b"continuation", b"", bytes(head), b"no pickle")
    store.base.edit(flow.id, 1, Edit(state=bad, parent=1))
    diff = flow.diff()
    assert diff.trouble
    assert "cannot be compared" in str(diff)
    assert [frame.change for frame in diff.frames] == ["same"]
