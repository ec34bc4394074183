"""The public Store, and which store is meant when none is named."""

from __future__ import annotations

import os
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar

from greenflow.continuation import tags
from greenflow.continuation.tags import public
from greenflow.later import later_all
from greenflow.runtime import ambient, values
from greenflow.runtime.hosting import current_slice
from greenflow.runtime.outgoing import check_key
from greenflow.runtime.places import default_path
from greenflow.runtime.scheduler import Scheduler
from greenflow.runtime.upkeep import Upkeep
from greenflow.store import keyfile, open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextvars import Context
    from datetime import datetime

    from greenflow.runtime import names, times, typed
    from greenflow.runtime.flow import Flow
    from greenflow.runtime.names import CodePolicy
    from greenflow.store import base
    from greenflow.store.base import FlowRecord, Status
    from greenflow.store.keyring import Provider
else:
    _LATE = ("names", "times", "typed")
    names, times, typed = later_all(__name__, "greenflow.runtime", *_LATE)

P = ParamSpec("P")
R = TypeVar("R")

#: LMDB must not be opened twice by one process: one Store per place.
_open_stores: dict[str, Store] = {}
_opening = threading.Lock()


@public
class Store(Upkeep):
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
        """The store of bytes under it."""
        return self._base

    @property
    def location(self) -> str:
        """The absolute path of its folder."""
        return self._path

    def spawn(
        self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs
    ) -> Flow[R]:
        """Make a flow that will call ``fn``. As :func:`greenflow.spawn`."""
        return self.spawning(fn, args, kwargs)()

    def spawning(
        self, fn: Callable[..., R], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Callable[[], Flow[R]]:
        """Return what writes the flow, in any thread."""
        from greenflow.runtime.making import Options

        return Options(store=self).spawning(fn, args, kwargs)

    def outcome(self, flow_id: str) -> Any:
        """Return the result of a flow that has ended, or raise its exception."""
        if (record := self._base.get(flow_id)).status != "done":
            raise self.failure(record)
        data = self._base.value(flow_id)
        return None if data is None else self.within(values.load, data)

    def failure(self, record: FlowRecord) -> BaseException:
        """Return the exception that ended a flow."""
        data = self._base.value(record.id) or b""
        return self.within(values.load_failure, data, record.id, record.error)

    def get(self, flow_id: str) -> Flow[Any]:
        """Return the flow of that id. As :func:`greenflow.get`."""
        from greenflow.runtime.flow import Flow

        return Flow(self, Flow(self, flow_id).record.id)

    def flows(
        self,
        *,
        status: Status | Iterable[Status] | None = None,
        fn: Callable[..., object] | str | None = None,
        tag: str | None = None,
        queue: str | None = None,
        after: Flow[Any] | str | None = None,
        limit: int | None = None,
    ) -> Iterator[Flow[Any]]:
        """Yield the flows, oldest first. As :func:`greenflow.flows`."""
        from greenflow.runtime.flow import Flow

        records = self._base.flows(
            status=names.statuses(status),
            function=names.function_name(fn) if callable(fn) else fn or "",
            tag=tag or "",
            queue=queue,
            after=after.id if isinstance(after, Flow) else after or "",
            limit=names.page_limit(limit),
        )
        return (Flow(self, record.id) for record in records)

    def send(
        self,
        flow: Flow[Any] | str,
        message: object,
        *,
        topic: str | None = None,
        key: str | None = None,
        at: datetime | None = None,
    ) -> None:
        """Put a message into a flow's mailbox. As :func:`greenflow.send`."""
        self.sending(flow, message, topic, key, at)()

    def sending(
        self,
        flow: Flow[Any] | str,
        message: object,
        topic: str | None,
        key: str | None,
        at: datetime | None,
    ) -> Callable[[], object]:
        """Return what writes the message of send(), in any thread."""
        from greenflow.runtime.flow import Flow

        if isinstance(flow, Flow):
            if flow.store.location != self._path:
                raise ValueError(f"{flow!r} is of {flow.store!r}, not of {self!r}")
            flow = flow.id
        name, due = names.topic_name(topic), None if at is None else times.moment(at)
        sender, key = current_slice(), check_key(key)
        if sender is not None and sender.store.location == self._path:
            self.within(sender.outbound.send, flow, name, message, key, due)
            return lambda: None  # it goes out with the sender's next save
        body = self.within(self._message_body, flow, name, message)
        return partial(self._base.send, flow, name, body, key=key, at=due)

    def _message_body(self, flow_id: str, topic: str, message: object) -> bytes:
        message = typed.checked(message, self._base.get(flow_id), topic)
        return values.dump_message(message, f"the message to flow {flow_id}")

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
        return ambient.context_in(self)

    def within(self, call: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call with this as the default store: handles are of it when they load."""
        return self.context().run(call, *args, **kwargs)

    def reduce_flow(self, flow_id: str) -> tuple[Any, ...]:
        """Return what pickles a flow of this store: its id, if that is enough."""
        if self._path == _default_location():
            return _load_flow, (flow_id,)
        return _load_flow, (flow_id, self._path)

    def __enter__(self) -> Self:
        ambient.enter(self)
        return self

    def __exit__(self, *error: object) -> None:
        ambient.leave(self)

    def __repr__(self) -> str:
        return f"<greenflow.Store {self._path}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _load_store, (self._path,)


@public
def open(
    path: str | os.PathLike[str],
    *,
    create: bool = True,
    key: str | os.PathLike[str] | None = None,
    keys: Provider | None = None,
    encrypt: bool = False,
    code: CodePolicy | None = None,
) -> Store:
    """Return the store in the folder ``path``, made with all parents if need be.

    Opened again by the same process it is the same Store. Only you may write it:
    who can runs code as you, unless it has a key, of ``$GREENFLOW_KEY_FILE`` or these.

    Args:
        path: a folder that is, or will be, a store and nothing else.
        create: make it if it is not there.
        key: a file with its keys: ``greenflow key new FILE`` makes one.
        keys: gives its secret of 32 bytes or more; or several, the newest first.
        encrypt: it must be encrypted; it is if it is made: needs greenflow[crypto].
        code: what to do with flows whose code was changed while they waited: "pinned"
            (the default): they go on in the code that they wait in, new calls get the
            new one; "upgrade": they go on in the new code, where the place that they
            wait at is found again, else as pinned; "strict": they go to the hospital.

    Raises:
        UnsafeStore: its owner or mode lets others write.
        WrongKey: it has another key, or none, or the key file is not safe.
        ExtraMissing: a library to encrypt it is missing.
        StoreError: it is not there, is no store, or is of another format.
    """
    if code is not None:
        names.check_code(code)
    place = _location(path)
    with _opening:
        store, given = _open_stores.get(place), keyfile.source(key, keys)
        if store is None:
            base = open_store(place, create=create, keys=given, encrypt=encrypt)
            store = _open_stores[place] = Store(base, place)
        else:
            store.base.check_same(given, encrypt=encrypt)
        store.code = code or store.code
    return store


def default() -> Store:
    """Return the store that is meant when none is named.

    The one of the innermost ``with store:``, else that of the running flow, else the
    one at :func:`default_path`.
    """
    return ambient.chosen() or open(default_path())


def _default_location() -> str:
    store = ambient.chosen()
    return store.location if store else _location(default_path())


def _location(path: str | os.PathLike[str]) -> str:
    """Return the one name of a place; a store refuses to be a symbolic link itself."""
    folder, name = os.path.split(os.path.abspath(path))
    return os.path.join(os.path.realpath(folder), name)


def _load_flow(flow_id: str, location: str | None = None) -> Flow[Any]:
    from greenflow.runtime.flow import Flow

    store = default() if location is None else open(location, create=False)
    return Flow(store, flow_id)


def _load_store(location: str) -> Store:
    return open(location, create=False)


def _forget_after_fork() -> None:
    """Let the child open its own: an inherited store refuses every call."""
    global _opening
    _opening = threading.Lock()
    _open_stores.clear()


tags.register("flow", _load_flow)
tags.register("store", _load_store)
os.register_at_fork(after_in_child=_forget_after_fork)
