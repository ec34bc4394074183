"""How who waits is woken: by a byte from whoever made a flow ready, or ended one.

Each worker that waits has a socket beside the lock files of the workers; so has each
process that waits for the end of flows. Who commits a change that lets a flow run rings
the ones, and who ends a flow the others. A ring can get lost with the process that owes
it, so who waits looks again by itself after a while.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from greenflow.errors import StoreError
from greenflow.later import later

if TYPE_CHECKING:
    import select
    import socket
    from types import TracebackType
    from typing import Self
else:
    select = later(__name__, "select")
    socket = later(__name__, "socket")

#: What a bell rings for.
READY: Final = ".bell"
ENDED: Final = ".end"


class Bell:
    """What one thread waits by; any other may ring."""

    def __init__(self, folder: str, kind: str = READY) -> None:
        """Put up a bell in ``folder``, which is made. Raises StoreError."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._name = f"{os.getpid()}-{os.urandom(8).hex()}{kind}"
        self._path = os.path.join(folder, self._name)
        try:
            with suppress(FileExistsError):
                os.mkdir(folder, 0o700)
            with _Folder(folder) as short:
                self._socket.bind(f"{short}/{self._name}")
            os.chmod(self._path, 0o600)
        except OSError as error:
            self._socket.close()
            raise StoreError(f"who waits cannot be woken: {error}") from error

    def clear(self) -> None:
        """Forget who rang: what they did is looked at next."""
        with suppress(BlockingIOError):
            while True:
                self._socket.recv(1)

    def wait(self, seconds: float) -> bool:
        """Wait until somebody rings, also since :meth:`clear`; return whether."""
        # Not select(), which takes no descriptor above 1023: a server has more.
        polled = select.poll()
        polled.register(self._socket, select.POLLIN)
        return bool(polled.poll(max(seconds, 0) * 1000))

    def ring(self) -> None:
        """Let the wait end; also from a signal handler."""
        with suppress(OSError), _Folder(os.path.dirname(self._path)) as short:
            _ring(f"{short}/{self._name}")

    def close(self) -> None:
        """Take it down."""
        with suppress(FileNotFoundError):
            os.unlink(self._path)
        self._socket.close()

    def forget(self) -> None:
        """Let go of it in a forked child: it stays the parent's."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tail: TracebackType | None,
    ) -> None:
        self.close()


def ring_all(folder: str, kinds: tuple[str, ...] = (READY,)) -> None:
    """Wake who waits; what cannot be woken is no error, it looks by itself."""
    with suppress(OSError), _Folder(folder) as short:
        for name in os.listdir(short):
            if name.endswith(kinds):
                _ring_or_remove(f"{short}/{name}")


def _ring_or_remove(path: str) -> None:
    try:
        _ring(path)
    except BlockingIOError:
        pass  # it was rung more often than it looked
    except ConnectionRefusedError:
        os.unlink(path)  # its process died
    except FileNotFoundError:
        pass


def _ring(path: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ringing:
        ringing.setblocking(False)
        ringing.sendto(b"!", path)


class _Folder:
    """A short name of a folder: that of a socket ends at 107 bytes."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> str:
        self._opened = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY)
        return f"/proc/self/fd/{self._opened}"

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tail: TracebackType | None,
    ) -> None:
        os.close(self._opened)
