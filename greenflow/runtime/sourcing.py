"""Hands the source text of code that flows wait in over to the store, each once.

A text is stored under the hash of the code that it gives: the file is compiled, and
what gives other code has been changed since the module was imported, and is left out.
"""

from __future__ import annotations

import logging
import tokenize
import warnings
import zlib
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from greenflow import limits
from greenflow.continuation import spares, tags
from greenflow.continuation.code import code_from_bytes, code_hash
from greenflow.continuation.head import decode_head, unpack
from greenflow.parted import stream_of
from greenflow.store.base import Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    from greenflow.parted import AnyState
    from greenflow.runtime.slice import Slice
    from greenflow.store.base import Step

    #: A store; the hash of the places that a flow waits at, and of their code.
    Place: TypeAlias = tuple[str, int]

_LOG = logging.getLogger("greenflow")

#: Places whose texts were written; a file's texts. Forgotten all at once when full.
_PLACES_MAX = 10_000
_FILES_MAX = 64

#: Of what this process has written.
_written: set[Place] = set()


class _Text(NamedTuple):
    qualname: str
    first_line: int
    text: str


_Texts = dict[bytes, _Text]
#: By path: when it was changed, and its texts by the hash of their code.
_files: dict[str, tuple[float, _Texts]] = {}


def with_texts(running: Slice, step: Step) -> tuple[Step, Place | None]:
    """Return a step with the source texts that its state is the first to refer to.

    Also what :func:`remember` is told when it has been committed.
    """
    if step.state is None:
        return step, None
    place = running.store.location, hash(spares.places(stream_of(step.state)))
    if place in _written:
        return step, None
    texts = texts_of(step.state, running.id)
    return msgspec.structs.replace(step, sources=texts), place


def texts_of(state: AnyState, flow_id: str) -> tuple[Source, ...]:
    """Return the source texts of all code that a state refers to, if they are there."""
    try:
        return tuple(_texts_of(stream_of(state)))
    except Exception:
        # No flow may fail for them.
        _LOG.warning("no source is kept of flow %s", flow_id, exc_info=True)
        return ()


def remember(place: Place | None) -> None:
    """Let steps at a place have no texts from here on: they are in the store."""
    if place is None:
        return
    if len(_written) >= _PLACES_MAX:
        _written.clear()
    _written.add(place)


def _texts_of(state: bytes) -> Iterator[Source]:
    """Yield the texts of all code that a saved continuation refers to."""
    head_bytes, body = unpack(state)
    head = decode_head(head_bytes)
    wanted = {
        (function.file, function.code_hash or function.qualname)
        for function in head.functions
        if function.module != tags.MODULE
    }
    for data in spares.kept(body).values():
        code = code_from_bytes(zlib.decompress(data))
        wanted.add((code.co_filename, code_hash(code)))
    for file, name in wanted:
        for known_hash, found in _file(file).items():
            if name in (known_hash, found.qualname):
                yield Source(
                    code_hash=known_hash,
                    file=file,
                    first_line=found.first_line,
                    text=found.text,
                )


def file_of(code: CodeType) -> str | None:
    """Return the text of the file of some code, if it gives this very code there."""
    known = _file(code.co_filename).get(code_hash(code))
    if known is None or known.first_line != code.co_firstlineno:
        return None
    try:
        with tokenize.open(code.co_filename) as file:
            return file.read()
    except (OSError, SyntaxError, ValueError):
        return None


def _file(path: str) -> _Texts:
    """Return the texts in a file by the hash of their code; none if it is not there."""
    try:
        changed = Path(path).stat().st_mtime
        known = _files.get(path)
        if known is not None and known[0] == changed:
            return known[1]
        texts = _read(path)
    except (OSError, SyntaxError, ValueError, MemoryError, RecursionError):
        return {}
    if len(_files) >= _FILES_MAX:
        _files.clear()
    _files[path] = changed, texts
    return texts


def _read(path: str) -> _Texts:
    if Path(path).stat().st_size > limits.SOURCE_FILE_BYTES_MAX:
        return {}
    with tokenize.open(path) as file:
        source = file.read()
    with warnings.catch_warnings():
        # What there is to say of it was said when it was imported.
        warnings.simplefilter("ignore")
        whole = compile(source, path, "exec", dont_inherit=True)
    lines = source.split("\n")
    texts: _Texts = {}
    for code in _within(whole):
        first, last = code.co_firstlineno, _last_line(code)
        texts[code_hash(code)] = _Text(
            code.co_qualname, first, "\n".join(lines[first - 1 : last])
        )
    return texts


def _within(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _within(constant)


def _last_line(code: CodeType) -> int:
    ends = [end for _, end, _, _ in code.co_positions() if end is not None]
    ends += [_last_line(inner) for inner in _within(code)]
    return max(ends, default=code.co_firstlineno)
