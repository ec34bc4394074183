"""Files for reading that are opened again where a flow goes on: only if asked for."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Any, Literal, overload

from greenflow.continuation import tags

if TYPE_CHECKING:
    from collections.abc import Callable


class _Raw(io.FileIO):
    def _dealloc_warn(self, source: object) -> None:
        """It goes with a flow that was saved: that is no leak."""


class _Text(io.TextIOWrapper):
    """Tells its position also in the midst of a loop over its lines."""

    newline: str | None

    def __next__(self) -> str:  # type: ignore[override]  # io.IOBase is of bytes
        line = self.readline()
        if not line:
            raise StopIteration
        return line


class _Binary(io.BufferedReader):
    pass


@overload
def open_file(
    path: str | os.PathLike[str],
    mode: Literal["r", "rt"] = "r",
    *,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
) -> io.TextIOWrapper: ...


@overload
def open_file(
    path: str | os.PathLike[str], mode: Literal["rb"]
) -> io.BufferedReader: ...


def open_file(
    path: str | os.PathLike[str],
    mode: str = "r",
    *,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
) -> io.TextIOWrapper | io.BufferedReader:
    """Open a file for reading, as ``open()`` does, that a flow may keep open.

        with greenflow.open_file("orders.csv") as lines:
            for line in lines:
                greenflow.send(handler, line)   # may wait, and go on at the next line

    It is saved as its absolute path and the position in it. Loading the flow opens that
    path again, in whatever process and with whatever content it has by then.

    Args:
        path: of a file that can be read at any position; no pipe.
        mode: "r", "rt" or "rb".
        encoding: as of ``open()``, for text; also ``errors`` and ``newline``.

    Raises:
        ValueError: another mode.
        OSError: it cannot be opened or has no positions. Loading a flow whose file is
            gone, or shorter than its position, raises NotRestorable.
    """
    if mode not in {"r", "rt", "rb"}:
        raise ValueError(f"a file is opened again for reading only, not as {mode!r}")
    place = os.path.abspath(path)
    if mode == "rb":
        return _binary(place)
    return _text(place, encoding, errors, newline)


def _binary(place: str) -> _Binary:
    file = _Binary(_Raw(place))
    file.tell()
    return file


def _text(
    place: str, encoding: str | None, errors: str | None, newline: str | None
) -> _Text:
    file = _Text(_binary(place), io.text_encoding(encoding), errors, newline)
    file.newline = newline
    return file


def _reduce_text(file: _Text) -> Any:
    reading = file.encoding, file.errors, file.newline
    return _reopen, (file.name, _position(file), *reading)


def _reduce_binary(file: _Binary) -> Any:
    return _reopen, (file.name, _position(file))


def _position(file: Any) -> int | None:
    return None if file.closed else file.tell()


def _reopen(place: str, position: int | None, *reading: str | None) -> Any:
    make: Any = _text if reading else _binary
    if position is None:
        file = make(os.devnull, *reading)
        file.close()
        (file.buffer.raw if reading else file.raw).name = place
        return file
    file = make(place, *reading)
    file.seek(position)
    at = file.buffer.tell() if reading else position
    if at > os.fstat(file.fileno()).st_size:
        file.close()
        raise OSError(f"{place} is shorter than it was when the flow was saved")
    return file


#: By exact type.
REDUCERS: dict[type, Callable[[Any], Any]] = {
    _Text: _reduce_text,
    _Binary: _reduce_binary,
}

tags.register("reopen", _reopen)
