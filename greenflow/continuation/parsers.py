"""Readers and parsers of the standard library that are made in C, in mid-course.

None of their modules is imported before a value of it is met.
"""

from __future__ import annotations

import collections
import gc
import itertools
import operator
from functools import cache
from importlib import import_module
from types import MemberDescriptorType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from greenflow.continuation import tags
from greenflow.continuation.frames import fields_read, fields_write

if TYPE_CHECKING:
    import struct
    from collections.abc import Callable, Iterator


def reducer_of(kind: type) -> Callable[[Any], Any] | None:
    """Return what reduces objects of this type, if it is one of these."""
    if kind.__module__ == "urllib.parse" and issubclass(kind, tuple):
        return _reduce_url
    return _REDUCERS.get((kind.__module__, kind.__qualname__))


# --- csv ---

#: Modules/_csv.c: the lines come first.
_LINES = "I!"
_DIALECT = (
    *("delimiter", "doublequote", "escapechar", "lineterminator"),
    *("quotechar", "quoting", "skipinitialspace", "strict"),
)


def _csv() -> Any:
    return import_module("_csv")


def _reduce_dialect(dialect: Any) -> Any:
    return _dialect, ({name: getattr(dialect, name) for name in _DIALECT},)


def _dialect(told: dict[str, Any]) -> Any:
    return _csv().reader((), **told).dialect


def _reduce_reader(reader: Any) -> Any:
    _require_known_reader()
    ((lines,),) = fields_read(reader, _LINES)
    made_with = reader.dialect, reader.line_num
    return _reader, made_with, lines, None, None, _fill_reader


def _reader(dialect: Any, count: int) -> Any:
    reader = _csv().reader(itertools.repeat("", count), dialect)
    collections.deque(reader, maxlen=0)  # it counts the lines
    return reader


def _fill_reader(reader: Any, lines: Iterator[str]) -> None:
    _require_known_reader()
    fields_write(reader, _LINES, ((lines,),))


@cache
def _reader_is_known() -> bool:
    lines = iter(["a,b"])
    return bool(fields_read(_csv().reader(lines), _LINES) == ((lines,),))


def _require_known_reader() -> None:
    if not _reader_is_known():
        raise TypeError("a csv reader has unknown fields in this Python")


def _reduce_writer(writer: Any) -> Any:
    dialect = writer.dialect
    (write,) = (
        one
        for one in gc.get_referents(writer)
        if one is not dialect and not isinstance(one, type)
    )
    return _writer, (write, dialect)


def _writer(write: Callable[[str], object], dialect: Any) -> Any:
    return _csv().writer(SimpleNamespace(write=write), dialect)


# --- json ---


def _reduce_scanner(scanner: Any) -> Any:
    told = {
        name: getattr(scanner, name)
        for name, held in vars(type(scanner)).items()
        if isinstance(held, MemberDescriptorType)
    }
    return _scanner, (told,)


def _scanner(told: dict[str, Any]) -> Any:
    return import_module("_json").make_scanner(SimpleNamespace(**told))


# --- struct ---


def _reduce_unpacking(iterator: Any) -> Any:
    left = operator.length_hint(iterator)
    if not left:
        return iter, ((),)
    held = [one for one in gc.get_referents(iterator) if not isinstance(one, type)]
    structure, buffer = held
    return _unpacking, (structure, buffer, len(buffer) // structure.size - left)


def _unpacking(structure: struct.Struct, buffer: Any, done: int) -> Any:
    iterator = structure.iter_unpack(buffer)
    collections.deque(itertools.islice(iterator, done), maxlen=0)
    return iterator


# --- urllib ---


def _reduce_url(url: Any) -> Any:
    # 3.15.2 cannot save one that was loaded.
    kept = getattr(url, "_keep_empty", None)
    state = None if kept is None else (None, {"_keep_empty": kept})
    return _url, (type(url), tuple(url)), state


def _url(kind: Any, parts: tuple[Any, ...]) -> Any:
    return tuple.__new__(kind, parts)


#: By module and name.
_REDUCERS: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("_csv", "Dialect"): _reduce_dialect,
    ("_csv", "reader"): _reduce_reader,
    ("_csv", "writer"): _reduce_writer,
    ("_json", "Scanner"): _reduce_scanner,
    ("_struct", "unpack_iterator"): _reduce_unpacking,
}

tags.register("csv_dialect", _dialect)
tags.register("csv_reader", _reader)
tags.register("fill_csv_reader", _fill_reader)
tags.register("csv_writer", _writer)
tags.register("json_scanner", _scanner)
tags.register("unpacking", _unpacking)
tags.register("url", _url)
