"""What flows logged: the last lines of each, written with the step they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from greenflow import limits
from greenflow.envelope import seal, unseal
from greenflow.errors import BadContents
from greenflow.store import keys
from greenflow.store.model import LogLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from greenflow.store.records import Row
    from greenflow.store.work import Work

_KIND = b"g"

_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(LogLine)


def key(flow_id: str, number: int) -> bytes:
    """Return the key of a line."""
    return under(flow_id) + number.to_bytes(keys.SEQ_BYTES, "big")


def under(flow_id: str) -> bytes:
    """Return how the keys of all lines of a flow begin."""
    return keys.flow(flow_id) + _KIND


def write(work: Work, row: Row, lines: Iterable[LogLine]) -> Row:
    """Add lines to a flow's; the oldest go."""
    flow_id = row.record.id
    for number, line in enumerate(lines, row.logged):
        at = key(flow_id, number)
        work.txn.put(at, seal(b"log", at, _encode(replace(line, number=number)), b""))
        if number >= limits.LOG_LINES_KEPT_MAX:
            work.txn.delete(key(flow_id, number - limits.LOG_LINES_KEPT_MAX))
        row = replace(row, logged=number + 1)
    return row


def read(work: Work, flow_id: str, begin: int) -> list[tuple[bytes, bytes]]:
    """Return the lines of a flow from a number on: see :func:`opened`."""
    row = work.row(flow_id)
    begin = max(begin, row.logged - limits.LOG_LINES_KEPT_MAX, 0)
    wanted = [key(flow_id, number) for number in range(begin, row.logged)]
    found = ((each, work.txn.get(each)) for each in wanted)
    return [(each, data) for each, data in found if data is not None]


def opened(records: Iterable[tuple[bytes, bytes]]) -> Iterator[LogLine]:
    """Yield what :func:`read` returned. Raises BadRecord."""
    for each, data in records:
        try:
            yield _decoder.decode(unseal(b"log", each, data)[0])
        except msgspec.MsgspecError as error:
            raise BadContents(f"a log line is not as expected: {error}") from error
