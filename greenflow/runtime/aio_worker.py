"""A worker in a thread of its own, beside an event loop."""

from __future__ import annotations

import asyncio
import atexit
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

from greenflow import limits
from greenflow.errors import ContinuationError
from greenflow.runtime.aio_calls import default_store
from greenflow.runtime.logs import LOG
from greenflow.runtime.worker import Worker as _Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Self

    from greenflow.runtime.stores import Store

#: How long the slice that runs may keep a program from ending that did not stop it.
_EXIT_SECONDS: Final = 10.0


class Worker:
    """Runs the flows of a store in a thread, while the block of ``async with`` runs.

        async with greenflow.aio.Worker(store):
            flow = await greenflow.aio.spawn(order, 7)
            print(await flow)

    At the end of the block the slice that runs is run to its next leaving, and no other
    is begun. If the store fails, the block is cancelled, and ``async with`` raises why.
    A flow that computes takes turns with the loop (there is one GIL): what computes for
    long belongs into a process of its own, ``greenflow worker``.

    For the life of a Starlette or FastAPI application::

        @contextlib.asynccontextmanager
        async def lifespan(app):
            async with greenflow.aio.Worker(greenflow.open("flows")):
                yield

        app = FastAPI(lifespan=lifespan)

    Attributes:
        slices: how many slices were run.
    """

    def __init__(
        self,
        store: Store | None = None,
        *,
        told: Callable[[str, Exception], object] | None = None,
        queues: Sequence[str] | None = None,
        warm: int = limits.WARM_FLOWS_MAX,
    ) -> None:
        """Make one, to be entered once.

        Args:
            store: whose flows; None is the default store.
            told: ``told(flow_id, error)`` is called, in the thread, for each flow that
                this process cannot go on with; None logs a warning.
            queues: run only flows of these; None means all.
            warm: how many flows that wait are kept in memory as they are.
        """
        self._store = store
        self._told = told or _warn
        self._queues, self._warm = queues, warm
        self._worker: _Worker | None = None
        self._ended = False

    @property
    def slices(self) -> int:
        """How many slices were run."""
        return 0 if self._worker is None else self._worker.slices

    async def __aenter__(self) -> Self:
        if self._worker is not None:
            raise ContinuationError(
                "this aio.Worker was entered before", hint="make another one"
            )
        task = asyncio.current_task()
        assert task is not None
        self._task, self._loop = task, asyncio.get_running_loop()
        self._done: asyncio.Future[BaseException | None] = self._loop.create_future()
        self._inside, self._interrupted = True, False
        self._worker = _Worker(
            self._store or await default_store(),
            self._told,
            queues=self._queues,
            warm=self._warm,
        )
        self._thread = threading.Thread(
            target=self._run, name="greenflow-worker", daemon=True
        )
        _running.add(self)
        self._thread.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tail: TracebackType | None,
    ) -> None:
        self._inside = False
        self.stop()
        failed = await asyncio.shield(self._done)
        self._thread.join()  # telling so was the last that it did
        if failed is None:
            return
        if self._interrupted:
            self._interrupted = False
            # Somebody else may want to cancel the task, too.
            if self._task.uncancel() > 0 and kind is asyncio.CancelledError:
                return
        if kind is None or kind is asyncio.CancelledError:
            raise failed
        # What the block raised is on its way; why the worker ended was logged.

    def stop(self) -> None:
        """Let it begin no other slice. Any thread may call; the block goes on."""
        if self._worker is not None:
            self._worker.stop()

    def _run(self) -> None:
        assert self._worker is not None
        failed: BaseException | None = None
        try:
            self._worker.run()
        except BaseException as error:
            failed = error
            # Also if the program is told: a server may hide what its lifespan raises.
            LOG.exception("the worker of an asyncio program ended")
        finally:
            _running.discard(self)
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._tell, failed)

    def _tell(self, failed: BaseException | None) -> None:
        if not self._done.done():
            self._done.set_result(failed)
        if failed is not None and self._inside:
            self._interrupted = self._task.cancel()

    def join(self, seconds: float) -> None:
        """Wait for the thread, from outside of the loop."""
        self._thread.join(seconds)


def _warn(flow_id: str, error: Exception) -> None:
    told = {"flow_id": flow_id}
    LOG.warning("flow %s cannot go on here: %s", flow_id, error, extra=told)


def _end_all() -> None:
    """Let the slices end that run when the program does, so that none is cut off."""
    left: list[Any] = list(_running)
    for worker in left:
        worker.stop()
    for worker in left:
        worker.join(_EXIT_SECONDS)


_running: WeakSet[Worker] = WeakSet()
atexit.register(_end_all)
