"""Large values as the record of a state lists them, and how they are cut.

They are cut at fixed places from their own beginning: a large value is changed where it
is, and seldom becomes longer in its middle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from greenflow import limits
from greenflow.errors import BadContents
from greenflow.store.blocks import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BLOCK: Final = limits.BUFFER_BLOCK_BYTES
#: Blocks that are copied, written and read together: less than a MiB takes longer.
AT_ONCE: Final = 4


class Span(NamedTuple):
    """A large value, as the record of a state has it; its blocks are listed there."""

    at: int
    size: int
    mutable: bool

    @property
    def blocks(self) -> int:
        """How many blocks it has."""
        return -(-self.size // BLOCK)


def sizes(size: int) -> Iterator[int]:
    """Yield the sizes of the blocks of a value."""
    for at in range(0, size, BLOCK):
        yield min(BLOCK, size - at)


def check(spans: Sequence[Span], count: int, size: int, *, in_all: bool) -> None:
    """Refuse sizes that do not fit so many digests, of these values, or ``in_all``.

    Raises BadContents.
    """
    total = 0
    for span in spans:
        total += span.size
        if span.size <= 0 or span.at < 0 or total > size:
            raise BadContents(f"a large value says that it has {span.size} bytes")
    wanted = sum(span.blocks for span in spans)
    if wanted > count or (in_all and wanted != count):
        raise BadContents(f"large values of {total} bytes list {count} blocks")


def digests_by_value(spans: Sequence[Span], digests: Sequence[bytes]) -> list[bytes]:
    """Return the digests of each value in one: what tells it from others."""
    found, at = [], 0
    for span in spans:
        found.append(b"".join(digests[at : at + span.blocks]))
        at += span.blocks
    return found


def digests_of(value: bytes | bytearray) -> bytes:
    """Return the digests of a value in one."""
    with memoryview(value) as view:
        return b"".join(
            digest_of(view[at : at + BLOCK]) for at in range(0, len(view), BLOCK)
        )
