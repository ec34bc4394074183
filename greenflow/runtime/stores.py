"""The public Store, and which store is meant when none is named."""

from __future__ import annotations

import os
import threading
import time
from contextvars import Context, ContextVar, copy_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar, get_args

from greenflow.continuation import Continuation, tags
from greenflow.continuation.context import keep_local
from greenflow.errors import FlowExists
from greenflow.runtime import values
from greenflow.runtime.flow import Flow
from greenflow.runtime.hosting import current_slice
from greenflow.runtime.names import check_call, function_name, new_id, topic_name
from greenflow.runtime.scheduler import Scheduler
from greenflow.store import open_store
from greenflow.store.base import FlowRecord, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from greenflow.store import base

P = ParamSpec("P")
R = TypeVar("R")

STORE_VARIABLE = "GREENFLOW_STORE"
STORE_FOLDER = ".greenflow"

#: The stores of the ``with`` blocks around this call.
_AMBIENT: ContextVar[tuple[Store, ...]] = ContextVar("greenflow_store", default=())

#: LMDB must not be opened twice by one process: one Store per place.
_open_stores: dict[str, Store] = {}
_opening = threading.Lock()


class Store:
    """A place where flows live longer than processes; made by :func:`greenflow.open`.

    ``with store:`` makes it the default store of the block, in this thread or task;
    it does not close it. The default is not part of a saved flow: one that was
    suspended inside such a block finds its own store as the default when it goes on.
    A Store may be used by several threads.
    """

    def __init__(self, base_store: base.Store, path: str) -> None:
        self._base = base_store
        self._path = path

    @property
    def base(self) -> base.Store:
        """The store of bytes under it, for tools that look inside."""
        return self._base

    @property
    def location(self) -> str:
        """The absolute path of its folder."""
        return self._path

    def spawn(
        self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs
    ) -> Flow[R]:
        """Make a flow that will call ``fn``. As :func:`greenflow.spawn`."""
        check_call(fn, args, kwargs)
        state = self.within(_first_state, fn, args, kwargs)
        name, now = function_name(fn), time.time()
        while True:
            record = FlowRecord(
                id=new_id(fn),
                status="ready",
                function=name,
                created=now,
                updated=now,
                state_bytes=len(state),
            )
            try:
                self._base.create(record, state)
            except FlowExists:
                continue
            return Flow(self, record.id)

    def get(self, flow_id: str) -> Flow[Any]:
        """Return the flow of that id. As :func:`greenflow.get`."""
        return Flow(self, self._base.get(flow_id).id)

    def flows(
        self,
        *,
        status: Status | Iterable[Status] | None = None,
        fn: Callable[..., object] | str | None = None,
        limit: int | None = None,
    ) -> Iterator[Flow[Any]]:
        """Yield the flows, oldest first. As :func:`greenflow.flows`."""
        records = self._base.flows(
            status=_statuses(status),
            function=function_name(fn) if callable(fn) else fn or "",
            limit=_limit(limit),
        )
        return (Flow(self, record.id) for record in records)

    def send(
        self, flow: Flow[Any] | str, message: object, *, topic: str | None = None
    ) -> None:
        """Put a message into a flow's mailbox. As :func:`greenflow.send`."""
        if isinstance(flow, Flow):
            if flow.store.location != self._path:
                raise ValueError(f"{flow!r} is of {flow.store!r}, not of {self!r}")
            flow = flow.id
        name = topic_name(topic)
        sender = current_slice()
        if sender is not None and sender.store.location == self._path:
            self.within(sender.send, flow, name, message)
        else:
            what = f"the message to flow {flow}"
            body = self.within(values.dump_message, message, what)
            self._base.send(flow, name, body)

    def run(self) -> int:
        """Run every flow that can run, until none can. As :func:`greenflow.run`."""
        return Scheduler(self).run()

    def close(self) -> None:
        """Give back files and memory; every later use raises StoreClosed.

        There is one Store per place and process: whoever else uses it loses it too.
        """
        with _opening:
            if _open_stores.get(self._path) is self:
                del _open_stores[self._path]
        self._base.close()

    def context(self) -> Context:
        """Return a copy of the caller's context in which this is the default store."""
        context = copy_context()
        context.run(_AMBIENT.set, (self,))
        return context

    def within(self, call: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call with this as the default store: handles are of it when they load."""
        return self.context().run(call, *args, **kwargs)

    def reduce_flow(self, flow_id: str) -> tuple[Any, ...]:
        """Return what pickles a flow of this store: its id, if that is enough."""
        if self._path == _default_location():
            return _load_flow, (flow_id,)
        return _load_flow, (flow_id, self._path)

    def __enter__(self) -> Self:
        _AMBIENT.set((*_AMBIENT.get(), self))
        return self

    def __exit__(self, *error: object) -> None:
        # No Token: a block that was entered in another process can be left here.
        ambient = list(_AMBIENT.get())
        for place in reversed(range(len(ambient))):
            if ambient[place] is self:
                del ambient[place]
                break
        _AMBIENT.set(tuple(ambient))

    def __repr__(self) -> str:
        return f"<greenflow.Store {self._path}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _load_store, (self._path,)


def open(path: str | os.PathLike[str], *, create: bool = True) -> Store:
    """Return the store in the folder ``path``; made, with all parents, if need be.

    Opened again by the same process it is the same Store. The folder must be on a
    disk of this machine, and nobody else may be able to write it: whoever can write
    a store can run code as those who run its flows.

    Args:
        path: a folder that is, or will be, a store and nothing else.
        create: make it if it is not there; else raise StoreError.

    Raises:
        UnsafeStore: its owner or mode lets others write.
        StoreError: it is not there, is no store, or is of another format.
    """
    place = _location(path)
    with _opening:
        store = _open_stores.get(place)
        if store is None:
            store = _open_stores[place] = Store(open_store(place, create=create), place)
    return store


def default_path() -> Path:
    """Return where the default store is, or would be made, outside of ``with``.

    That is ``$GREENFLOW_STORE``, else the nearest ``.greenflow`` in the working
    directory or above it, else ``.greenflow`` in the working directory.
    """
    named = os.environ.get(STORE_VARIABLE)
    if named:
        return Path(named)
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / STORE_FOLDER).is_dir():
            return folder / STORE_FOLDER
    return here / STORE_FOLDER


def default() -> Store:
    """Return the store that is meant when none is named.

    The one of the innermost ``with store:``, else that of the running flow, else the
    one at :func:`default_path`.
    """
    return _chosen() or open(default_path())


def _default_location() -> str:
    chosen = _chosen()
    return chosen.location if chosen else _location(default_path())


def _chosen() -> Store | None:
    ambient, running = _AMBIENT.get(), current_slice()
    if ambient or running is None:
        return ambient[-1] if ambient else None
    return running.store


def _location(path: str | os.PathLike[str]) -> str:
    """Return the one name of a place; a store refuses to be a symbolic link itself."""
    folder, name = os.path.split(os.path.abspath(path))
    return os.path.join(os.path.realpath(folder), name)


def _first_state(
    fn: Callable[..., object], args: tuple[object, ...], kwargs: dict[str, object]
) -> bytes:
    return Continuation.new(fn, args, kwargs).dumps()


def _statuses(status: Status | Iterable[Status] | None) -> tuple[Status, ...]:
    known = get_args(Status)
    if status is None:
        return ()
    wanted = (status,) if isinstance(status, str) else tuple(status)
    for name in wanted:
        if name not in known:
            raise ValueError(f"{name!r} is no status; these are: {', '.join(known)}")
    return wanted


def _limit(limit: int | None) -> int:
    if limit is None:
        return 0
    if limit < 1:
        raise ValueError(f"limit must be at least 1, not {limit}")
    return limit


def _load_flow(flow_id: str, location: str | None = None) -> Flow[Any]:
    store = default() if location is None else open(location, create=False)
    return Flow(store, flow_id)


def _load_store(location: str) -> Store:
    return open(location, create=False)


def _forget_after_fork() -> None:
    """Let the child open its own: an inherited store refuses every call."""
    global _opening
    _opening = threading.Lock()
    _open_stores.clear()


keep_local(_AMBIENT)
tags.register("flow", _load_flow)
tags.register("store", _load_store)
os.register_at_fork(after_in_child=_forget_after_fork)
