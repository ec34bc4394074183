"""options(...).spawn(...): all that can be said of a flow when it is made."""

from __future__ import annotations

import time
from datetime import datetime
from functools import partial
from hashlib import sha256
from math import inf
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar

import msgspec

from greenflow import limits
from greenflow.continuation import Continuation
from greenflow.continuation.tags import public
from greenflow.errors import Cancelled, FlowExists
from greenflow.parted import frozen
from greenflow.runtime import values
from greenflow.runtime.flow import Flow
from greenflow.runtime.hosting import current_slice, running_slice
from greenflow.runtime.names import check_call, check_code, function_name, new_id
from greenflow.runtime.times import moment, seconds
from greenflow.store.base import FlowRecord, NewFlow, Waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import timedelta

    from greenflow.parted import AnyState
    from greenflow.runtime.names import CodePolicy
    from greenflow.runtime.stores import Store

P = ParamSpec("P")
R = TypeVar("R")


@public
class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What :func:`greenflow.options` was given."""

    store: Store | None = None
    id: str | None = None
    name: str = ""
    tags: tuple[str, ...] = ()
    at: datetime | None = None
    delay: float | timedelta | None = None
    deadline: float | timedelta | datetime | None = None
    queue: str = ""
    priority: int = 0
    retry: int = 0
    if_exists: Literal["raise", "return"] = "raise"
    code: CodePolicy | None = None

    def spawn(
        self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs
    ) -> Flow[R]:
        """Make a flow that will call ``fn``. As :func:`greenflow.spawn`.

        Raises:
            FlowExists: there is a flow of that ``id``, and ``if_exists`` is "raise".
        """
        return self.spawning(fn, args, kwargs)()

    def schedule(
        self, cron: str, fn: Callable[P, Any], /, *args: P.args, **kwargs: P.kwargs
    ) -> Flow[None]:
        """Make flows again and again. As :func:`greenflow.schedule`.

        The ``id``, ``at``, ``delay`` and ``if_exists`` of these options are the
        schedule's, all others those of each flow that it makes.
        """
        from greenflow.runtime.schedules import make

        return make(self, cron, fn, args, kwargs)

    def spawning(
        self, fn: Callable[..., R], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Callable[[], Flow[R]]:
        """Return what writes the flow that spawn() makes, in any thread.

        Raises: as :meth:`spawn`, but for FlowExists.
        """
        store = self.store
        if store is None:
            from greenflow.runtime.stores import default

            store = default()
        check_call(fn, args, kwargs)
        # It may be written when what it refers to has changed.
        state = frozen(store.within(Continuation.new(fn, args, kwargs).save))
        running = current_slice()
        add: Callable[[NewFlow], object] = store.base.create
        if running is not None and running.store is store:
            add = running.outbound.spawn  # it is written when that flow is saved next
        return partial(self._write, store, fn, state, add)

    def _write(
        self,
        store: Store,
        fn: Callable[..., object],
        state: AnyState,
        add: Callable[[NewFlow], object],
    ) -> Flow[Any]:
        while True:
            new = self._new(store, fn, state)
            try:
                add(new)
            except FlowExists:
                if self.id is not None:
                    raise
            else:
                return Flow(store, new.record.id)

    def _new(self, store: Store, fn: Callable[..., object], state: AnyState) -> NewFlow:
        now = time.time()
        begins = self._begins(now)
        record = FlowRecord(
            id=new_id(fn) if self.id is None else self.id,
            status="ready",
            function=function_name(fn),
            created=now,
            updated=now,
            waiting=None if begins is None else Waiting(kind="start", until=begins),
            name=self.name,
            tags=self.tags,
            queue=self.queue,
            priority=self.priority,
            retries=self.retry,
            code=self.code or "",
        )
        exist_ok = self.if_exists == "return"
        end = inf if self.deadline is None else _deadline(self.deadline, now)
        if end == inf:
            return NewFlow(record=record, state=state, exist_ok=exist_ok)
        late = Cancelled("the deadline is over")
        return NewFlow(
            record=record,
            state=state,
            exist_ok=exist_ok,
            deadline=end,
            cancelled=store.within(values.dump_message, late, "the deadline"),
        )

    def _begins(self, now: float) -> float | None:
        """Return when it may run first; None: at once."""
        if self.at is not None:
            return moment(self.at)
        return None if self.delay is None else now + seconds(self.delay)


@public
def options(
    *,
    id: str | None = None,  # noqa: A002  # it is Flow.id
    name: str = "",
    tags: Iterable[str] = (),
    at: datetime | None = None,
    delay: float | timedelta | None = None,
    deadline: float | timedelta | datetime | None = None,
    queue: str = "",
    priority: int = 0,
    retry: int = 0,
    if_exists: Literal["raise", "return"] = "raise",
    code: CodePolicy | None = None,
    store: Store | None = None,
) -> Options:
    """Say more of a flow: ``options(id="order-7", queue="mail").spawn(fn, 1, x=2)``.

    Args:
        id: its id, of printable ASCII without blanks; else one is made up.
        name: a name for people; need not be unique.
        tags: words to find it by.
        at: when it begins, with a time zone.
        delay: after how many seconds (or a timedelta) it begins.
        deadline: when it is cancelled if it has not ended: seconds from now, a
            timedelta, or a datetime with a time zone.
        queue: workers may be told to serve some queues only, and a queue can have
            limits: :func:`greenflow.limit_queue`.
        priority: the higher goes first, within its queue; from -100 to 100.
        retry: how often it may run again, from where it was saved last, if it raises
            an Exception; with growing pauses.
        if_exists: what to do if there is a flow of that ``id``: "raise" FlowExists, or
            "return" that flow, whatever its function.
        code: what to do if its code was changed while it waited: see
            :func:`greenflow.open`; by default as its store says.
        store: another than the default one.

    Raises:
        TypeError, ValueError: what cannot be meant.
    """
    if at is not None and delay is not None:
        raise ValueError("a flow begins at a time or after a delay, not both")
    if isinstance(tags, str):
        raise TypeError(f"tags= takes several words, not the str {tags!r}")
    if retry < 0:
        raise ValueError(f"retry= is how often to run again, not {retry!r}")
    if if_exists not in ("raise", "return"):
        raise ValueError(f'if_exists= is "raise" or "return", not {if_exists!r}')
    if id is None and if_exists == "return":
        raise ValueError("if_exists= needs an id=")
    if at is not None:
        moment(at)
    if delay is not None and seconds(delay) == inf:
        raise ValueError("a flow that begins never is none")
    if deadline is not None:
        _deadline(deadline, 0.0)
    check_code(code)
    return Options(
        store=store,
        id=id,
        name=name,
        tags=tuple(tags),
        at=at,
        delay=delay,
        deadline=deadline,
        queue=queue,
        priority=priority,
        retry=retry,
        if_exists=if_exists,
        code=code,
    )


def _deadline(deadline: float | timedelta | datetime, now: float) -> float:
    if isinstance(deadline, datetime):
        return moment(deadline)
    return now + seconds(deadline)


@public
def outbox(fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> str:
    """Have ``fn(*args, **kwargs)`` called when the flow is saved next, and not before.

    The call is written in the same transaction as the state, and carried out by a flow
    of its own, again and again with growing pauses until it returns: at least once. In
    ``fn``, ``greenflow.current().id`` is the key that this returns: the same in every
    try, for receivers that can tell that they had it already.

    Returns:
        The key, which is the id of that flow.

    Raises:
        NotInFlow: called outside of a flow.
        TypeError, NotSaveable, TooLarge: as by :func:`greenflow.spawn`.
    """
    running = running_slice("outbox()")
    key = f"{running.idempotency_key()}-out"
    if len(key) > limits.NAME_CHARS_MAX:
        key = f"{sha256(key.encode()).hexdigest()}-out"
    chosen = Options(store=running.store, id=key, tags=("outbox",), retry=_OUTBOX_TRIES)
    return chosen.spawn(fn, *args, **kwargs).id


#: With pauses of up to a minute that is some weeks.
_OUTBOX_TRIES = 50_000
