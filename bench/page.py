"""A page that a measured program and its harness share: stamps, and an answer.

It is a mapped file, so what is written to it is seen at once, outlives the program, and
stands outside of what a checkpoint holds.
"""

from __future__ import annotations

import mmap
import os
import time

_EPOCH, _COUNT, _TOLD, _TOLD_AT, _ENDED, _ANSWER, _STAMPS = range(7)
_BYTES = 4096


class Page:
    """Such a page, in the file of that path, which is made if it is not there.

    Times are in ns of the real time: in what CRIU restores, the monotonic clock goes on
    from the dump.
    """

    def __init__(self, path: str) -> None:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.ftruncate(file, _BYTES)
            self._slots = memoryview(mmap.mmap(file, _BYTES)).cast("q")
        finally:
            os.close(file)

    def clear(self) -> None:
        """Forget all that was written."""
        self._slots[:_STAMPS] = memoryview(bytes(8 * _STAMPS)).cast("q")

    @property
    def epoch(self) -> int:
        """How often the program was told to go on; for who has no other way."""
        return self._slots[_EPOCH]

    def next_epoch(self) -> None:
        """Tell it to go on once more."""
        self._slots[_EPOCH] += 1

    def note(self) -> None:
        """Take the time: it alternates between asking and going on."""
        count = self._slots[_COUNT]
        self._slots[_STAMPS + count] = time.time_ns()
        self._slots[_COUNT] = count + 1

    @property
    def count(self) -> int:
        """How many times were taken."""
        return self._slots[_COUNT]

    @property
    def asked(self) -> list[int]:
        """When the program asked to be saved, each time."""
        return list(self._slots[_STAMPS : _STAMPS + self.count : 2])

    @property
    def went_on(self) -> list[int]:
        """When it went on, each time."""
        return list(self._slots[_STAMPS + 1 : _STAMPS + self.count : 2])

    def kept_ms(self, names: tuple[str, ...]) -> dict[str, float]:
        """Return what the last times were apart, in ms."""
        count = len(names)
        pairs = zip(names, self.asked[-count:], self.went_on[-count:], strict=True)
        return {name: (end - begin) / 1e6 for name, begin, end in pairs}

    def tell(self, answer: int) -> None:
        """Write down what the program says on its way, and when."""
        self._slots[_TOLD] = answer
        self._slots[_TOLD_AT] = time.time_ns()

    @property
    def told_at(self) -> int:
        """When it said something."""
        return self._slots[_TOLD_AT]

    def end(self, answer: int) -> None:
        """Tell what the program came to."""
        self._slots[_ANSWER] = answer
        self._slots[_ENDED] = 1

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self._slots[_ENDED] == 1

    @property
    def answers(self) -> tuple[int, int]:
        """What it said on its way, and what it came to."""
        return self._slots[_TOLD], self._slots[_ANSWER]
