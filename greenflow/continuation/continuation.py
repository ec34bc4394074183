"""Continuation: a suspended call of an ordinary function, as a value."""

from __future__ import annotations

from contextvars import Context
from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict

from greenflow.continuation import canary, codec, frames, tags
from greenflow.continuation.generators import forget
from greenflow.continuation.head import PATCH, Head
from greenflow.continuation.nested import State, register_nested
from greenflow.continuation.outcome import Sent, Thrown
from greenflow.continuation.resting import Resting
from greenflow.continuation.tags import public
from greenflow.errors import ContinuationError, StackTooDeep
from greenflow.later import later
from greenflow.parted import Parted

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenflow.continuation.frames import Records
    from greenflow.continuation.resting import Pause
    from greenflow.continuation.saved import Body
    from greenflow.parted import AnyState

    Hook = Callable[["Continuation", Any], object]
    from greenflow.continuation import spares
else:
    spares = later(__name__, "greenflow.continuation.spares")


@public
class Continuation(Resting):
    """A call of a function that can stop in the middle and go on later.

        k = Continuation.start(work, 3)     # runs until suspend(x), return or raise
        k.value                             # x
        data = k.dumps()                    # bytes, for any other process
        Continuation.loads(data).resume(7)  # suspend() returned 7; goes on from there

    One saved continuation can be loaded and resumed any number of times; each goes its
    own way. It is not bound to a thread; only one thread may advance it at a time.
    Context variables that it sets are saved too; those of its caller it does not see.
    """

    __slots__ = ("__weakref__",)

    def __init__(
        self,
        state: State,
        value: Any = None,
        call: tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]] | None = None,
        records: Records | None = None,
        context: Context | None = None,
        waiting: list[Any] | None = None,
    ) -> None:
        """Make one of parts; users call :meth:`start` or :meth:`loads`."""
        self._state, self._value = state, value
        self._call, self._records = call, records
        self._context = Context() if context is None else context
        self._generators = waiting or []

    @classmethod
    def start(
        cls, fn: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Continuation:
        """Call ``fn`` and run it until it suspends or returns.

        Raises:
            TypeError: ``fn`` is not callable.
            BaseException: whatever ``fn`` raises.
        """
        new = cls.new(fn, args, kwargs)
        new.advance(Sent())
        return new

    @classmethod
    def new(
        cls,
        fn: Callable[..., Any],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Continuation:
        """Return the call ``fn(*args, **kwargs)``, not begun: resume() begins it."""
        if not callable(fn):
            raise TypeError(f"a function is needed, not {fn!r}")
        return cls("new", call=(fn, tuple(args), dict(kwargs or {})))

    @property
    def value(self) -> Any:
        """What it is suspended with, or the result; None before and while it runs."""
        if self._generators and self.done:
            self._recall()  # the result is the caller's now
        return self._value

    def resume(self, value: Any = None) -> Continuation:
        """Let the waiting call return ``value`` and run on; return this continuation.

        Raises:
            ContinuationError: it is finished or running.
            StackTooDeep: it has more frames than the recursion limit allows here.
            BaseException: whatever the function raises.
        """
        self.advance(Sent(value))
        return self

    def throw(self, error: BaseException | type[BaseException]) -> Continuation:
        """Let the waiting call raise ``error`` and run on; return this continuation.

        Raises: as :meth:`resume`; TypeError if ``error`` is no exception.
        """
        if isinstance(error, type) and issubclass(error, BaseException):
            error = error()
        if not isinstance(error, BaseException):
            raise TypeError(f"an exception is needed, not {error!r}")
        self.advance(Thrown(error))
        return self

    def advance(
        self,
        outcome: Sent | Thrown,
        hook: Hook | None = None,
        pause: Pause | None = None,
    ) -> None:
        """Go on until the function returns, raises or leaves its stack.

        Args:
            outcome: what the waiting call returns or raises.
            hook: called as ``hook(self, request)``, on the function's stack, whenever
                an :class:`Operation` is called in it. It returns LEAVE to take the
                function off the stack, or what the operation returns to it; what it
                raises, the operation raises. :meth:`dumps` works in it. Without a
                hook every operation leaves.
            pause: called with the innermost frame when the stack has been built and
                nothing of it has run yet; it returns LEAVE to take it apart again. A
                call that has not begun has no frames: then it is not called.

        Raises: as :meth:`resume`.
        """
        if self._state == "running":
            raise ContinuationError(
                "this continuation is running", hint="load another copy of its bytes"
            )
        if self.done:
            raise ContinuationError(
                "this continuation is finished",
                hint="to go on again from an earlier point, load bytes of that time",
            )
        before = self._state, self._value, self._generators
        self._state = "running"
        self._recall()
        try:
            done, value, records = self._run(outcome, self._hooked(hook), pause)
        except BaseException as error:
            self._after_error(before, error)
            raise
        self._value, self._records, self._call = value, records, None
        if not done and records is None:
            self._state = "failed"  # it was taken off its stack where none begins
        else:
            self._state = "done" if done else "suspended"

    def _hooked(self, hook: Hook | None) -> Callable[[Records, Any], object] | None:
        if hook is None:
            return None

        def answer(records: Records, request: Any) -> object:
            self._records = records
            try:
                decision = hook(self, request)
            except BaseException:
                self._recall()
                raise
            finally:
                self._records = None
            if decision is not frames.LEAVE:
                self._recall()
            return decision

        return answer

    def _forget(self, generators: list[Any]) -> None:
        # What was saved in the middle ends where its saved copy ends: this object may
        # go, in any order with others of a cycle, and must not run its finally blocks.
        self._generators += forget(generators)

    def _recall(self) -> None:
        for generator in self._generators:
            frames.generator_recall(generator)
        self._generators = []

    def _after_error(
        self, before: tuple[State, Any, list[Any]], error: BaseException
    ) -> None:
        if self._records is not None and not self._records.consumed:
            # Nothing of it ran: it waits where it did.
            self._state, self._value, generators = before
            self._forget(generators)
            if isinstance(error, RecursionError):
                raise StackTooDeep(
                    f"{error}",
                    hint="raise it with sys.setrecursionlimit() before going on",
                ) from error
            return
        self._state, self._value = "failed", None
        self._records = self._call = None

    def dumps(self) -> bytes:
        """Return it as bytes, from which loads() makes an equal one in any process.

        If it is dropped then, the generators among its values go without running their
        ``finally`` blocks and ``with`` exits: these run where the saved ones end.

        Raises:
            NotSaveable: a value cannot be saved; the message tells which, and where.
                The continuation stays as it is.
            TooLarge: it is above a limit of :mod:`greenflow.limits`.
            ContinuationError: it is running, or ended by an exception.
        """
        saved = self._save()
        data = saved.data
        self._forget(saved.generators)
        return data

    @classmethod
    def loads(cls, data: AnyState | bytearray | memoryview) -> Continuation:
        """Return the continuation that :meth:`dumps` saved, or :meth:`save`.

        Loading runs code of the values' classes: load only what you trust.

        Raises:
            TypeError: ``data`` is not bytes.
            BadRecord: the bytes are not what dumps() returned (see its subclasses).
            WrongInterpreter: another Python saved them.
            CodeMissing, CodeChanged: a function on the stack is not there any more, or
                is another one.
            NotRestorable: a value refuses to be loaded here.
        """
        if not isinstance(data, bytes | bytearray | memoryview | Parted):
            raise TypeError(f"bytes are needed, not {type(data).__name__}")
        state = data if isinstance(data, Parted) else bytes(data)
        head, head_bytes, body = codec.open_saved(state)
        if head.patch == PATCH:
            return cls.decoded(head, head_bytes, body)
        with spares.Reading(body.data):
            return cls.decoded(head, head_bytes, body)

    @classmethod
    def decoded(cls, head: Head, head_bytes: bytes, body: Body) -> Continuation:
        """Return what has these parts."""
        if head.kind == "call":
            call, waiting = codec.decode_call(body)
            return cls("new", call=call, waiting=waiting)
        if head.kind == "done":
            value, waiting = codec.decode_result(body)
            return cls("done", value, waiting=waiting)
        loaded = codec.decode_stack(head, head_bytes, body)
        return cls("suspended", **asdict(loaded))

    def with_records(self, records: Records, value: Any) -> Continuation:
        """Return one with other frames: see :mod:`greenflow.continuation.editing`."""
        rest = self._context, self._generators
        return Continuation("suspended", value, None, records, *rest)

    def discard(self) -> None:
        """Drop everything: it lives on in the bytes that dumps() returned last.

        Raises:
            ContinuationError: it is running.
        """
        if self._state == "running":
            raise ContinuationError("a continuation that is running cannot be dropped")
        self._records = self._call = self._value = None
        self._generators = []
        self._state = "failed"

    def __reduce__(self) -> tuple[Any, ...]:
        return _loads, (self.dumps(),)


def _loads(data: bytes) -> Continuation:
    return Continuation.loads(data)


tags.register("continuation", _loads)
register_nested(Continuation)
canary.prove()
