"""Exceptions come back whole: attributes, notes, cause, context, traceback."""

from __future__ import annotations

import traceback

import pytest

from greenflow.continuation import pickling


class Picky(Exception):
    def __init__(self, code, *, text):
        super().__init__(f"{code}: {text}")
        self.code, self.text = code, text


class WithSlots(ValueError):
    __slots__ = ("extra",)


class Own(Exception):
    def __init__(self, value):
        self.value = value
        super().__init__("own")

    def __reduce__(self):
        return Own, (self.value,)


def copy_of(value):
    return pickling.load(pickling.dump(value).data)


def raised(error):
    try:
        raise error
    except BaseException as caught:
        return caught


def test_an_init_with_other_arguments_is_not_called_again():
    loaded = copy_of(Picky(7, text="no"))
    assert (loaded.code, loaded.text, str(loaded)) == (7, "no", "7: no")


def test_its_own_reduce_is_honoured():
    error = raised(Own(3))
    error.__cause__ = KeyError("cause")
    loaded = copy_of(error)
    assert (loaded.value, repr(loaded.__cause__)) == (3, "KeyError('cause')")
    assert loaded.__traceback__.tb_lineno == error.__traceback__.tb_lineno


@pytest.mark.parametrize(
    ("error", "names"),
    [
        (OSError(2, "No such file", "a"), ("errno", "strerror", "filename")),
        (KeyError("k"), ("args",)),
        (StopIteration("v"), ("value",)),
        (SystemExit(3), ("code",)),
        (ImportError("m", name="n", path="p"), ("name", "path", "msg")),
        (
            UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
            ("object", "start", "reason"),
        ),
        (SyntaxError("bad", ("f.py", 1, 2, "x")), ("filename", "lineno", "text")),
        (AttributeError("a", name="n", obj=[1]), ("args",)),
    ],
)
def test_builtin_ones_keep_what_they_know(error, names):
    loaded = copy_of(error)
    assert type(loaded) is type(error)
    assert [getattr(loaded, n) for n in names] == [getattr(error, n) for n in names]


def test_chains_notes_and_cycles():
    inner = raised(KeyError("inner"))
    try:
        raise ValueError("outer") from inner
    except ValueError as caught:
        outer = caught
    outer.add_note("a note")
    inner.__context__ = None
    inner.args = (outer,)
    loaded = copy_of(outer)
    assert loaded.__cause__.args[0] is loaded
    assert (loaded.__notes__, loaded.__suppress_context__) == (["a note"], True)


def test_groups():
    group = raised(ExceptionGroup("g", [ValueError(1), raised(KeyError(2))]))
    loaded = copy_of(group)
    assert [repr(error) for error in loaded.exceptions] == [
        "ValueError(1)",
        "KeyError(2)",
    ]
    assert loaded.exceptions[1].__traceback__ is not None


def test_the_traceback_reads_the_same():
    def deeper(n):
        if n:
            deeper(n - 1)
        raise LookupError("deep")

    try:
        deeper(3)
    except LookupError as caught:
        error = caught
    before = [(f.filename, f.lineno, f.name, f.line) for f in extracted(error)]
    after = [(f.filename, f.lineno, f.name, f.line) for f in extracted(copy_of(error))]
    assert after == before
    assert len(after) == 5


def test_a_traceback_of_a_thousand_entries():
    def deeper(n):
        if n:
            deeper(n - 1)
        raise LookupError("deep")

    try:
        deeper(800)
    except LookupError as caught:
        error = caught
    assert len(extracted(copy_of(error))) == len(extracted(error))


def extracted(error):
    return traceback.extract_tb(error.__traceback__)
