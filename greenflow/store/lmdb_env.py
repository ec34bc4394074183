"""One LMDB environment for each store and process, and its transactions.

What a transaction calls may be called again: it must only read and write through the
transaction it is given, and hold no lock. Nothing of a user's runs inside one.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from threading import get_ident
from typing import TYPE_CHECKING, Final, TypeVar

import lmdb

from greenflow import limits
from greenflow.errors import StoreClosed, StoreError
from greenflow.failpoints import reach
from greenflow.later import later
from greenflow.store import directory
from greenflow.store.gate import Gate
from greenflow.store.lmdb_errors import outcome_unknown, translated
from greenflow.store.lmdb_open import open_lmdb

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    Call: TypeAlias = Callable[[lmdb.Transaction[bytes]], "T"]
    import ctypes
else:
    ctypes = later(__name__, "ctypes")

T = TypeVar("T")


_READER_CHECK_SECONDS: Final = 30.0
_ALONE_SECONDS: Final = 30.0
_FORK_SECONDS: Final = 1.0


class Environment:
    """An open environment. It is shared: use :func:`attach` and :func:`detach`."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.users = self.stale_readers = 0
        self._env = open_lmdb(path)
        self.place = _place(path)
        self._gate = Gate()
        self._pid = os.getpid()
        self._map_bytes: int = self._env.info()["map_size"]
        self._check_readers()

    @property
    def page_bytes(self) -> int:
        """The size of its pages."""
        with self._gate:
            return int(self._env.stat()["psize"])

    def read(self, call: Call[T]) -> T:
        """Return what ``call`` returns in a read transaction, which ends with it.

        Raises:
            StoreClosed: it is closed, or another process's.
            StoreError: LMDB failed.
        """
        return self._retry(self._read_once, call)

    def write(self, call: Call[T]) -> T:
        """Return what ``call`` returns when all that it wrote is on disk.

        Raises:
            StoreClosed: it is closed, or another process's.
            StoreError: LMDB failed; unless the error says so, nothing was written.
        """
        return self._retry(self._write_once, call)

    def using(self, call: Callable[[lmdb.Environment], T]) -> T:
        """Return what ``call`` returns of LMDB's own, which stays open meanwhile."""
        with self._gate:
            self._check_usable()
            return call(self._env)

    def close(self) -> None:
        """Close it when no thread uses it any more."""
        if self._gate.shut(_ALONE_SECONDS):
            self._pid = 0
            self._env.close()
            self._gate.reopen()

    def before_fork(self) -> bool:
        """Wait for the threads that use it; return whether they are out of it."""
        return self._gate.shut(_FORK_SECONDS)

    def after_fork_in_parent(self) -> None:
        """Let the threads go on."""
        self._gate.reopen()

    def after_fork_in_child(self, *, alone: bool) -> None:
        """Make it unusable: its places among the readers are the parent's."""
        # Other threads of the child are to be told, not to wait for the parent's.
        self._pid, self._gate = 0, Gate()
        if alone:
            self._env.close()
        else:
            # To close it would be to wait for threads that are not in this process.
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._env))

    def _retry(self, once: Callable[[Call[T]], T], call: Call[T]) -> T:
        for _ in range(limits.COMMIT_TRIES_MAX):
            map_bytes = self._map_bytes
            try:
                with self._gate:
                    self._check_usable()
                    return once(call)
            except lmdb.MapFullError:
                self._remap(map_bytes, map_bytes * 2)
            except lmdb.MapResizedError:
                self._remap(map_bytes, 0)
            except lmdb.ReadersFullError:
                with self._gate:
                    self._check_usable()
                    self._check_readers()
            except lmdb.Error as error:
                self._check_usable()
                raise translated(error, self.path) from error
        raise StoreError(
            f"store {self.path}: {limits.COMMIT_TRIES_MAX} tries of one transaction "
            "met a full or changing map, or no free reader",
            hint="end readers that hang; see how much address space there is",
        )

    def _read_once(self, call: Call[T]) -> T:
        txn = self._env.begin()
        try:
            return call(txn)
        finally:
            txn.abort()

    def _write_once(self, call: Call[T]) -> T:
        if time.monotonic() - self._readers_checked > _READER_CHECK_SECONDS:
            self._check_readers()
        reach("before-begin")
        txn = self._env.begin(write=True)
        try:
            reach("in-txn")
            result = call(txn)
            number = txn.id()
            reach("before-commit")
        except BaseException:
            with suppress(lmdb.Error):
                txn.abort()
            raise
        try:
            txn.commit()
        except lmdb.MapFullError:
            raise
        except lmdb.Error as error:
            if self._may_be_written(number):
                raise outcome_unknown(error, self.path) from error
            raise
        reach("after-commit")
        return result

    def _may_be_written(self, number: int) -> bool:
        """Return whether the failed transaction of this number could be there."""
        try:
            txn = self._env.begin()
            try:
                return bool(txn.id() >= number)
            finally:
                txn.abort()
        except lmdb.Error:
            return True

    def _remap(self, seen_bytes: int, new_bytes: int) -> None:
        """Change the map's size, or by 0 adopt what another process made it."""
        if not self._gate.shut(_ALONE_SECONDS):
            raise StoreError(
                f"store {self.path}: its map must grow, but a thread does not leave it"
            )
        try:
            self._check_usable()
            if self._map_bytes == seen_bytes:
                self._env.set_mapsize(new_bytes)
                self._map_bytes = self._env.info()["map_size"]
        except lmdb.Error as error:
            raise translated(error, self.path) from error
        finally:
            self._gate.reopen()

    def _check_readers(self) -> None:
        """Free the places of readers that died; they would keep old pages in use."""
        self._readers_checked = time.monotonic()
        self.stale_readers += self._env.reader_check()

    def _check_usable(self) -> None:
        if self._pid != os.getpid():
            raise StoreClosed(
                f"store {self.path} is closed, or was opened before a fork()",
                hint="open it again in this process",
            )


def attach(path: str) -> Environment:
    """Return the environment at ``path``, open; undone by :func:`detach`.

    Raises:
        StoreError: LMDB cannot open it.
    """
    with _opening:
        environment = _environments.get(_place(path))
        if environment is None:
            environment = Environment(path)
            _environments[environment.place] = environment
        environment.users += 1
        return environment


def detach(environment: Environment) -> None:
    """Close the environment if nobody else in this process uses it."""
    with _opening:
        environment.users -= 1
        if not environment.users and environment is _environments.pop(
            environment.place, None
        ):
            environment.close()


def is_any_open() -> bool:
    """Return whether this process has an environment open, which no child could use."""
    return bool(_environments)


def _place(path: str) -> tuple[int, int]:
    """Return what tells one store from another, also under another name."""
    try:
        found = os.stat(os.path.join(path, directory.DATA))
    except FileNotFoundError:
        return (0, 0)
    return (found.st_dev, found.st_ino)


def _before_fork() -> None:
    environments = list(_environments.values())
    _forking[get_ident()] = [(each, each.before_fork()) for each in environments]


def _after_fork_in_parent() -> None:
    for environment, alone in _forking.pop(get_ident(), []):
        if alone:
            environment.after_fork_in_parent()


def _after_fork_in_child() -> None:
    global _opening
    _opening = threading.Lock()
    for environment, alone in _forking.pop(get_ident(), []):
        environment.after_fork_in_child(alone=alone)
    _forking.clear()
    _environments.clear()


_opening = threading.Lock()
#: The open environments of this process: LMDB must not open one twice.
_environments: dict[tuple[int, int], Environment] = {}
#: For each thread that is in fork(): what it shut, and whether that worked.
_forking: dict[int, list[tuple[Environment, bool]]] = {}
os.register_at_fork(
    before=_before_fork,
    after_in_parent=_after_fork_in_parent,
    after_in_child=_after_fork_in_child,
)
