"""Tasklets, channels and what they share as bytes: one graph, as a whole.

A tasklet that is met while the graph is saved is taken off its stack, so nothing has to
be known beforehand of what belongs together. Where each stands, in a queue or in its
turn, is part of it.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from greenflow.continuation import codec, frames, tags
from greenflow.continuation.nested import CLASSES
from greenflow.errors import ContinuationError, NotSuspendable
from greenflow.green import stacks
from greenflow.green.channels import Channel
from greenflow.green.core import Bomb, _green
from greenflow.green.loop import here
from greenflow.green.selecting import Case
from greenflow.green.tasklets import Tasklet
from greenflow.later import later

if TYPE_CHECKING:
    from types import FunctionType

    from greenflow.continuation import spares
else:
    spares = later(__name__, "greenflow.continuation.spares")


class _Here(threading.local):
    #: While a graph is saved: who stands where in its turn.
    turns: dict[int, int] | None = None
    #: While one is loaded: the tasklets of it, with their turns and timers.
    loaded: list[tuple[Tasklet, int | None, Any]] | None = None


_here = _Here()


# --- save ---


def dumps(value: object) -> bytes:
    """Return any value as bytes, with all tasklets and channels that it leads to.

    They stay what they are here too. Whoever runs cannot be saved.

    Raises:
        NotSaveable: a value of it cannot be saved; the message tells which and where.
        NotSuspendable: a tasklet waits under C code that cannot be entered again.
        ContinuationError: a tasklet of it runs, or is of another thread.
    """
    before = _here.turns
    _here.turns = {id(each): turn for turn, each in enumerate(here().runnable)}
    try:
        data: bytes = _encoded(value).data
        return data
    finally:
        _here.turns = before


def _encoded(value: object) -> Any:
    running: dict[int, FunctionType] = {}
    try:
        saved = codec.encode_result(value, running)
    except ContinuationError:
        raise
    except Exception:
        if not _take_all_off(running):
            raise
        return codec.encode_result(value, running)
    # A generator may have been met before the tasklet on whose stack it is.
    return codec.encode_result(value, running) if running else saved


def _take_all_off(running: dict[int, FunctionType]) -> bool:
    """Take what can be off its stack; return whether that told of more generators."""
    known = len(running)
    for tasklet in here().tasklets():
        with suppress(ContinuationError, NotSuspendable):
            stacks.take_off(tasklet)
            _tell(tasklet, running)
    return len(running) > known


def _tell(tasklet: Tasklet, running: dict[int, FunctionType]) -> None:
    if tasklet._stack is not None:
        pairs = tasklet._stack.records.generators
        running.update((id(generator), function) for generator, function in pairs)


def dump_one(value: Tasklet | Channel) -> tuple[Any, ...]:
    """Reduce a tasklet or channel for a pickler of others: a whole graph within it."""
    return _load_one, (_encoded(value).data,)


def _reduce_tasklet(self: Tasklet, running: dict[int, FunctionType]) -> Any:
    if self.is_main:
        return _main, ()
    stacks.take_off(self)
    _tell(self, running)
    stack = None if self._stack is None else self._stack.continuation()
    state = {
        "function": self._function,
        "call": self._call,
        "stack": stack,
        "value": self.tempval,
        "waits": (self._channel, self._cases),
        "timer": self.timer_left,
        "turn": None if _here.turns is None else _here.turns.get(id(self)),
        "flags": (
            *(self.name, self.block_trap, self._atomic, self._nesting),
            *(self._iterates, self.priority),
        ),
        "own": self.__dict__,
    }
    cls = None if type(self) is Tasklet else type(self)
    return _empty_tasklet, (cls,), state, None, None, _fill_tasklet


def _reduce_channel(self: Channel, _running: dict[int, FunctionType]) -> Any:
    flags = self.label, self.preference, self.schedule_all, self.closing
    direction = 1 if self.balance > 0 else -1
    state = {
        "flags": flags,
        "buffer": (self._capacity, self._buffer) if self._capacity else None,
        "queue": [(each, each._owner) for each in self.waiting],
        "direction": direction,
        "own": getattr(self, "__dict__", None),
    }
    cls = None if type(self) is Channel else type(self)
    return _empty_channel, (cls,), state, None, None, _fill_channel


def _reduce_case(self: Case, _running: dict[int, FunctionType]) -> Any:
    state = self.channel, self.direction, self.sends, self.tempval
    return _empty_case, (), state, None, None, _fill_case


def _reduce_bomb(self: Bomb, _running: dict[int, FunctionType]) -> Any:
    return _bomb, (self.error,)


# --- load ---


def loads(data: bytes) -> Any:
    """Return the value that :func:`dumps` saved; its tasklets go on in their turns.

    Those that could run come behind the ones of this thread, in the order they had;
    those that slept sleep for what was left. Loading runs code of the values' classes:
    load only what you trust.

    Raises: as :meth:`Continuation.loads`.
    """
    value, loaded = _loaded(data)
    in_turn = [(turn, each) for each, turn, _ in loaded if turn is not None]
    for _, each in sorted(in_turn, key=lambda pair: pair[0]):
        each.insert()
    return value


def _load_one(data: bytes) -> Any:
    return _loaded(data)[0]


def _loaded(data: bytes) -> tuple[Any, list[Any]]:
    before, _here.loaded = _here.loaded, []
    try:
        _, _, body = codec.open_saved(bytes(data))
        with spares.Reading(body.data):
            value, waiting = codec.decode_result(body)
        loaded = _here.loaded
    finally:
        _here.loaded = before
    for generator in waiting:
        frames.generator_recall(generator)
    for each, _, timer in loaded:
        if timer is not None:  # it waits, as at a channel
            here().arm(each, *timer)
    return value, loaded


def _main() -> Tasklet:
    return here().main


def _empty_tasklet(cls: type[Tasklet] | None) -> Tasklet:
    kind = Tasklet if cls is None else cls
    return kind.__new__(kind)


def _fill_tasklet(self: Tasklet, state: dict[str, Any]) -> None:
    self._function, self._call = state["function"], state["call"]
    stack = state["stack"]
    self._stack = None if stack is None else stacks.Stack.of(stack)
    self.tempval = state["value"]
    flags = state["flags"]
    self.name, self.block_trap, self._atomic, self._nesting = flags[:4]
    self._iterates, self.priority = flags[4:]
    self.__dict__.update(state["own"])
    if _here.loaded is not None:
        _here.loaded.append((self, state["turn"], state["timer"]))


def _empty_channel(cls: type[Channel] | None) -> Channel:
    kind = Channel if cls is None else cls
    return kind.__new__(kind)


def _fill_channel(self: Channel, state: dict[str, Any]) -> None:
    self.label, self.preference, self.schedule_all, self._closing = state["flags"]
    if state["buffer"] is not None:
        self._capacity, self._buffer = state["buffer"]
    for each, owner in state["queue"]:
        _green.enqueue(self, each, state["direction"], owner)
    if state["own"]:
        self.__dict__.update(state["own"])


def _empty_case() -> Case:
    return Case.__new__(Case)


def _fill_case(self: Case, state: tuple[Any, ...]) -> None:
    self.channel, self.direction, self.sends, self.tempval = state


def _bomb(error: BaseException) -> Bomb:
    return Bomb(error)


def _register() -> None:
    reducers: tuple[tuple[Any, Any], ...] = (
        (Tasklet, _reduce_tasklet),
        (Channel, _reduce_channel),
        (Case, _reduce_case),
        (Bomb, _reduce_bomb),
    )
    for cls, reduce in reducers:
        cls.reduce_within = reduce
        CLASSES.append(cls)
    for name, function in (
        ("one_of_green", _load_one),
        ("main_tasklet", _main),
        ("empty_tasklet", _empty_tasklet),
        ("fill_tasklet", _fill_tasklet),
        ("empty_channel", _empty_channel),
        ("fill_channel", _fill_channel),
        ("empty_case", _empty_case),
        ("fill_case", _fill_case),
        ("bomb", _bomb),
    ):
        tags.register(name, function)


_register()
