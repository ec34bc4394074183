"""The source text of code, as its file has it.

The file is compiled: what gives other code than what is asked for has been changed
since the module was imported, and has no text.
"""

from __future__ import annotations

import tokenize
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from greenflow import limits
from greenflow.continuation.code import code_identity, identity, within

if TYPE_CHECKING:
    from types import CodeType

#: Forgotten all at once when full.
_FILES_MAX = 64


class FileText(NamedTuple):
    """The text of some code, from its first line in its file on."""

    identity: bytes  #: of the code
    qualname: str
    first_line: int
    text: str


#: By their code's identity, with lines counted from its first.
Texts = dict[bytes, FileText]
#: By path: when it was changed, and its texts.
_files: dict[str, tuple[float, Texts]] = {}


def file_of(code: CodeType) -> str | None:
    """Return the text of the file of some code, if it gives this very code there."""
    known = text_of(code)
    if known is None or known.first_line != code.co_firstlineno:
        return None
    try:
        with tokenize.open(code.co_filename) as file:
            return file.read()
    except (OSError, SyntaxError, ValueError):
        return None


def text_of(code: CodeType) -> FileText | None:
    """Return the text of some code in its file, where it may have moved up or down."""
    return texts_in(code.co_filename).get(_key(code))


def _key(code: CodeType) -> bytes:
    return identity(code, first_line=code.co_firstlineno)


def texts_in(path: str) -> Texts:
    """Return the texts in a file; none if it is not there."""
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


def _read(path: str) -> Texts:
    if Path(path).stat().st_size > limits.SOURCE_FILE_BYTES_MAX:
        return {}
    with tokenize.open(path) as file:
        source = file.read()
    with warnings.catch_warnings():
        # What there is to say of it was said when it was imported.
        warnings.simplefilter("ignore")
        whole = compile(source, path, "exec", dont_inherit=True)
    lines = source.split("\n")
    texts: Texts = {}
    for code in within(whole):
        first, last = code.co_firstlineno, _last_line(code)
        text = "\n".join(lines[first - 1 : last])
        texts[_key(code)] = FileText(code_identity(code), code.co_qualname, first, text)
    return texts


def _last_line(code: CodeType) -> int:
    ends = [end for _, end, _, _ in code.co_positions() if end is not None]
    ends += [_last_line(inner) for inner in within(code)]
    return max(ends, default=code.co_firstlineno)
