"""Many threads use an environment; one that remaps or closes it must be alone."""

from __future__ import annotations

import threading
import time
from threading import get_ident


class Gate:
    """``with gate:`` is to use what it guards; :meth:`shut` waits until nobody does.

    A thread that is inside never waits for itself: a finalizer or a signal handler
    that uses the store in the midst of a transaction goes through.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside: dict[int, int] = {}
        self._shut_by = 0

    def __enter__(self) -> None:
        me = get_ident()
        with self._changed:
            while self._shut_by not in (0, me) and me not in self._inside:
                self._changed.wait()
            self._inside[me] = self._inside.get(me, 0) + 1

    def __exit__(self, *error: object) -> None:
        me = get_ident()
        with self._changed:
            depth = self._inside.pop(me) - 1
            if depth:
                self._inside[me] = depth
            elif self._shut_by:
                self._changed.notify_all()

    def shut(self, seconds: float) -> bool:
        """Keep other threads out, wait until none is inside; return whether that is so.

        If it is not after that many seconds, the gate is open as before.
        """
        me = get_ident()
        end = time.monotonic() + seconds
        with self._changed:
            while self._shut_by:
                if not self._changed.wait(max(end - time.monotonic(), 0)):
                    return False
            self._shut_by = me
            while self._inside.keys() - {me}:
                if not self._changed.wait(max(end - time.monotonic(), 0)):
                    self.reopen()
                    return False
        return True

    def reopen(self) -> None:
        """Let others in again."""
        with self._changed:
            self._shut_by = 0
            self._changed.notify_all()
