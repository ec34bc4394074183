"""Plain values, shared and cyclic: what comes back is what went in."""

from __future__ import annotations

import io
import itertools
import socket
import types

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenflow.continuation import pickling

LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
)
VALUES = st.recursive(
    LEAVES | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=5), inner, max_size=4)
        | st.frozensets(LEAVES, max_size=4)
    ),
    max_leaves=20,
)


def copy_of(value):
    return pickling.load(pickling.dump(value).data)


@given(VALUES)
def test_any_value_comes_back(value):
    assert copy_of(value) == value


@given(st.lists(VALUES, min_size=1, max_size=5), st.data())
def test_what_is_shared_stays_shared(values, data):
    boxes = [[value] for value in values]
    picks = data.draw(st.lists(st.integers(0, len(boxes) - 1), max_size=8))
    loaded, again = copy_of((boxes, [boxes[pick] for pick in picks]))
    assert all(again[i] is loaded[pick] for i, pick in enumerate(picks))


def test_cycles():
    ring: list = [1]
    ring.append({"ring": ring, "pair": (ring, ring)})
    loaded = copy_of(ring)
    assert loaded[1]["ring"] is loaded
    assert loaded[1]["pair"][0] is loaded


def half_used(iterator):
    next(iterator)
    return iterator


@pytest.mark.parametrize(
    ("make", "rest"),
    [
        (lambda: iter([1, 2, 3]), [2, 3]),
        (lambda: iter("abc"), ["b", "c"]),
        (lambda: iter(b"abc"), [98, 99]),
        (lambda: iter(range(5)), [1, 2, 3, 4]),
        (lambda: iter({"a": 1, "b": 2}), ["b"]),
        (lambda: iter({"a": 1, "b": 2}.items()), [("b", 2)]),
        (lambda: reversed([1, 2, 3]), [2, 1]),
        (lambda: enumerate("abc"), [(1, "b"), (2, "c")]),
        (lambda: zip("ab", "cd", strict=True), [("b", "d")]),
        (lambda: map(str, [1, 2]), ["2"]),
        (lambda: filter(None, [1, 0, 2]), [2]),
        (lambda: itertools.chain("ab", "c"), ["b", "c"]),
        (lambda: itertools.islice(range(9), 4), [1, 2, 3]),
        (lambda: itertools.accumulate([1, 2, 3]), [3, 6]),
        (lambda: (x for x in "abc"), ["b", "c"]),
    ],
)
def test_half_used_iterators(make, rest):
    assert list(copy_of(half_used(make()))) == rest


def test_views_keep_their_kind():
    table = {"a": 1}
    for view in (table.keys(), table.values(), table.items()):
        loaded = copy_of(view)
        assert type(loaded) is type(view)
        assert list(loaded) == list(view)


def test_mapping_proxy():
    assert copy_of(types.MappingProxyType({"a": [1]})) == {"a": [1]}


# --- what an operating system holds --------------------------------------------------


@pytest.mark.parametrize("mode", ["r", "w", "rb", "wb", "r+b"])
def test_a_closed_file_is_a_closed_file(tmp_path, mode):
    path = tmp_path / "file"
    path.write_text("text")
    with path.open(mode) as file:
        pass
    loaded = copy_of(file)
    assert (type(loaded), loaded.closed, loaded.name) == (type(file), True, str(path))


def test_an_open_file_is_refused(tmp_path):
    with (tmp_path / "file").open("w") as file, pytest.raises(TypeError, match="open"):
        pickling.dump(file)


def test_text_in_memory_is_kept():
    text = io.StringIO("abc")
    text.read(1)
    assert copy_of(text).read() == "bc"


def test_a_closed_socket_is_a_closed_socket():
    with socket.socket() as connection, pytest.raises(TypeError, match="open"):
        pickling.dump(connection)
    loaded = copy_of(connection)
    assert (loaded.fileno(), loaded.family) == (-1, connection.family)


def test_a_view_of_memory_is_refused():
    with pytest.raises(TypeError, match="memoryview"):
        pickling.dump(memoryview(b"abc"))
