"""What Stackless's documentation says, one by one: docs/stackless.md has the list."""

from __future__ import annotations

import pickle
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

import greenflow.stackless as stackless
from tests.conftest import Child


@pytest.fixture(autouse=True)
def nobody_is_left() -> Iterator[None]:
    yield
    stackless.set_schedule_callback(None)
    stackless.set_channel_callback(None)
    for each in stackless.getmain()._loop.tasklets():
        if not each.is_main:
            each.kill(pending=True)
    stackless.run()
    assert stackless.runcount == 1


def test_main_and_current() -> None:
    assert stackless.main is stackless.current is stackless.getmain()
    assert stackless.getcurrent().is_main
    assert stackless.current.is_current
    assert stackless.getcurrentid() == id(stackless.current)
    assert stackless.runcount == stackless.getruncount() == 1
    stackless.tasklet(lambda: None)()
    assert stackless.runcount == 2
    with pytest.raises(AttributeError, match="no attribute"):
        stackless.nothing


def test_bind_setup_and_insert() -> None:
    seen: list[Any] = []

    def func(*args: Any, **kwargs: Any) -> None:
        seen.append((args, kwargs))

    bound = stackless.tasklet()
    bound.bind(func)
    assert not bound.alive
    bound.setup(1, 2, name="test")
    assert (bound.alive, bound.scheduled, bound.paused) == (True, True, False)
    with pytest.raises(RuntimeError, match="alive"):
        bound.setup()
    with pytest.raises(RuntimeError, match="bound"):
        bound.bind(None)
    whole = stackless.tasklet()
    whole.bind(func, (3,), {"name": "test"})
    assert (whole.alive, whole.scheduled, whole.paused) == (True, False, True)
    whole.insert()
    stackless.run()
    assert seen == [((1, 2), {"name": "test"}), ((3,), {"name": "test"})]
    assert not whole.alive
    with pytest.raises(TypeError, match="function"):
        stackless.tasklet()()
    with pytest.raises(TypeError, match="function"):
        stackless.tasklet(3)
    with pytest.raises(RuntimeError, match="not alive"):
        whole.insert()


def test_unbinding_runs_no_finally() -> None:
    seen: list[str] = []

    def func() -> None:
        try:
            seen.append("part 1")
            stackless.schedule_remove()
            seen.append("part 2")
        finally:
            seen.append("cleanup")

    tasklet = stackless.tasklet(func)()
    stackless.run()
    tasklet.bind(None)
    assert (seen, tasklet.alive) == (["part 1"], False)


def loops(name: str, seen: list[str]) -> None:
    while True:
        seen.append(name)
        stackless.schedule()


def test_run_of_a_scheduled_tasklet_runs_those_behind_it() -> None:
    seen: list[str] = []
    tasklets = [stackless.tasklet(loops)(name, seen) for name in ("t1", "t2", "t3")]
    tasklets[0].run()
    assert seen == ["t1", "t2", "t3"]
    seen.clear()
    tasklets[1].run()
    assert seen == ["t2", "t3"]


def test_run_of_a_removed_tasklet_runs_it_alone() -> None:
    seen: list[str] = []
    tasklets = [stackless.tasklet(loops)(name, seen) for name in ("t1", "t2", "t3")]
    assert tasklets[1].remove() is tasklets[1]
    tasklets[1].run()
    assert seen == ["t2"]
    assert tasklets[1].scheduled


def test_switch_pauses_the_caller() -> None:
    seen: list[Any] = []
    main = stackless.main

    def func() -> None:
        seen.append((main.scheduled, main.paused))
        main.switch()

    tasklet = stackless.tasklet(func)()
    tasklet.switch()
    assert seen == [(False, True)]
    assert tasklet.paused


def test_next_and_prev_are_neighbours() -> None:
    tasklets = [stackless.tasklet(lambda: None)() for _ in range(2)]
    main = stackless.main
    assert (main.next, main.next.next, tasklets[1].next) == (*tasklets, main)
    assert (main.prev, tasklets[0].prev) == (tasklets[1], main)


def test_remove_and_insert() -> None:
    seen: list[int] = []
    tasklet = stackless.tasklet(seen.append)(1)
    tasklet.remove()
    stackless.run()
    assert seen == []
    tasklet.insert()
    tasklet.insert()
    stackless.run()
    assert seen == [1]
    with pytest.raises(RuntimeError, match="current"):
        stackless.current.remove()
    blocked = stackless.tasklet(stackless.channel().receive)()
    stackless.run()
    for call in (blocked.insert, blocked.remove, blocked.run, blocked.switch):
        with pytest.raises(RuntimeError, match="waits at a channel"):
            call()


def waits(channel: stackless.channel, seen: list[Any]) -> None:
    try:
        channel.receive()
    except LookupError as error:
        seen.append(error.args)
    except stackless.TaskletExit:
        seen.append("exit")
        raise


def test_raise_exception_throw_and_kill() -> None:
    channel, seen = stackless.channel(), list[Any]()
    start = stackless.tasklet(waits)
    start(channel, seen)
    stackless.run()
    start.raise_exception(LookupError, 1, 2)
    assert seen == [(1, 2)]
    assert not start.alive
    pending = stackless.tasklet(waits)(channel, seen)
    stackless.run()
    pending.throw(LookupError, "later", pending=True)
    assert len(seen) == 1
    stackless.run()
    assert seen[1:] == [("later",)]
    killed = stackless.tasklet(waits)(channel, seen)
    stackless.run()
    killed.kill()
    assert seen[2:] == ["exit"]
    with pytest.raises(RuntimeError):
        killed.raise_exception(LookupError)
    killed.raise_exception(stackless.TaskletExit)
    assert issubclass(stackless.TaskletExit, SystemExit)
    assert channel.balance == 0


def test_an_exception_that_is_thrown_keeps_its_traceback() -> None:
    channel = stackless.channel()
    tasklet = stackless.tasklet(channel.receive)()
    stackless.run()
    try:
        {}["nothing"]
    except KeyError:
        with pytest.raises(KeyError) as caught:
            tasklet.throw(*sys.exc_info())
    assert "test_an_exception_that_is_thrown" in str(caught.traceback[-1]) or any(
        each.name == "test_an_exception_that_is_thrown_keeps_its_traceback"
        for each in caught.traceback
    )


def test_atomic_and_flags() -> None:
    current = stackless.current
    assert not current.atomic
    with stackless.atomic():
        assert current.atomic
        assert current.set_atomic(True) is True
    assert not current.atomic
    assert current.set_ignore_nesting(True) is False
    assert current.ignore_nesting
    current.set_ignore_nesting(False)
    assert stackless.enable_softswitch(None) is True


def test_tempval_is_what_schedule_remove_returns() -> None:
    waiting: list[stackless.tasklet] = []
    seen: list[str] = []

    def wait_for_result() -> Any:
        waiting.append(stackless.current)
        return stackless.schedule_remove()

    def func() -> None:
        seen.append(wait_for_result())

    stackless.tasklet(func)()
    stackless.run()
    for each in waiting:
        each.tempval = "result"
        each.insert()
    stackless.run()
    assert seen == ["result"]


def test_schedule_returns_its_argument_or_the_tasklet() -> None:
    assert stackless.schedule(3) == 3
    assert stackless.schedule() is stackless.current


def test_block_trap() -> None:
    stackless.current.block_trap = True
    try:
        with pytest.raises(RuntimeError, match="does not like to be blocked"):
            stackless.channel().receive()
    finally:
        stackless.current.block_trap = False


def test_a_deadlock_is_a_runtime_error() -> None:
    with pytest.raises(RuntimeError, match="the last runnable tasklet cannot be block"):
        stackless.channel().receive()


def test_channels_send_a_sequence_and_are_iterated() -> None:
    channel, seen = stackless.channel(), list[Any]()

    def sender(values: Any) -> None:
        seen.append(channel.send_sequence(values))
        channel.send_exception(StopIteration)

    def receiver() -> None:
        for value in channel:
            seen.append(value)

    stackless.tasklet(sender)(range(4))
    stackless.tasklet(receiver)()
    stackless.run()
    assert seen == [0, 1, 2, 3, 4]


def test_the_callbacks() -> None:
    switches: list[Any] = []
    actions: list[Any] = []
    channel = stackless.channel()

    def on_switch(previous: Any, following: Any) -> None:
        switches.append((previous, following))

    def on_channel(*args: Any) -> None:
        actions.append(args)

    assert stackless.set_schedule_callback(on_switch) is None
    assert stackless.set_channel_callback(on_channel) is None
    assert stackless.get_schedule_callback() is on_switch
    assert stackless.get_channel_callback() is on_channel
    tasklet = stackless.tasklet(channel.receive)()
    stackless.run()
    channel.send(1)
    assert stackless.set_schedule_callback(None) is on_switch
    assert stackless.set_channel_callback(None) is on_channel
    main = stackless.main
    assert switches[:2] == [(main, tasklet), (tasklet, main)]
    assert actions == [(channel, tasklet, 0, 1), (channel, main, 1, 0)]


def test_the_switch_trap() -> None:
    stackless.tasklet(lambda: None)()
    assert stackless.switch_trap(1) == 0
    try:
        with pytest.raises(RuntimeError, match="switch_trap"):
            stackless.schedule()
    finally:
        assert stackless.switch_trap(-1) == 1
    stackless.run()


def test_threads() -> None:
    found: list[Any] = []

    def of_thread() -> None:
        found.append((stackless.runcount, stackless.getthreads()[0]))
        found.append(stackless.main)

    thread = threading.Thread(target=of_thread)
    thread.start()
    ident = thread.ident
    thread.join()
    assert found[0] == (1, ident)
    assert found[1] is not stackless.main
    assert found[1].thread_id == -1
    assert stackless.threads[0] == threading.get_ident()
    main, current, count = stackless.get_thread_info(threading.get_ident())
    assert (main, current, count) == (stackless.main, stackless.current, 1)
    with pytest.raises(ValueError, match="never"):
        stackless.get_thread_info(1)


def test_a_tasklet_can_move_to_another_thread() -> None:
    seen: list[int] = []

    def func() -> None:
        seen.append(threading.get_ident())
        stackless.schedule_remove()
        seen.append(threading.get_ident())

    tasklet = stackless.tasklet(func)()
    stackless.run()
    assert tasklet.restorable  # it is off its stack from here on

    def of_thread() -> None:
        tasklet.bind_thread()
        tasklet.insert()
        stackless.run()

    thread = threading.Thread(target=of_thread)
    thread.start()
    thread.join()
    assert seen == [threading.get_ident(), thread.ident]


def counts(seen: list[int]) -> None:
    busy_count = 0
    while True:
        busy_count += 1
        if busy_count % 10 == 0:
            seen.append(busy_count)


def test_a_tasklet_that_runs_too_long_is_interrupted_and_pickled() -> None:
    seen: list[int] = []
    tasklet = stackless.tasklet(counts)(seen)
    first = stackless.run(100)
    assert first is tasklet
    assert (tasklet.paused, tasklet.alive, tasklet.scheduled) == (True, True, False)
    before = list(seen)
    assert before == list(range(10, before[-1] + 1, 10))
    other, others = pickle.loads(pickle.dumps(tasklet)), seen
    tasklet.kill()
    other.insert()
    assert stackless.run(100) is other
    assert others == before
    tasklet_seen = other._stack.continuation().variables()[0]["seen"]
    assert tasklet_seen[: len(before)] == before
    assert len(tasklet_seen) > len(before)


def test_one_that_yields_in_time_is_not_interrupted() -> None:
    seen: list[int] = []

    def yields() -> None:
        for number in range(50):
            seen.append(number)
            stackless.schedule()

    stackless.tasklet(yields)()
    assert stackless.run(1000) is None
    assert len(seen) == 50
    stackless.tasklet(yields)()
    assert stackless.run(60, totaltimeout=True) is not None


def test_soft_interrupts_nobody() -> None:
    seen: list[str] = []

    def long() -> None:
        for _ in range(100):
            pass
        seen.append("long")
        stackless.schedule()
        seen.append("end")

    stackless.tasklet(long)()
    assert stackless.run(10, soft=True) is None
    assert seen == ["long"]
    with pytest.raises(ValueError, match="negative"):
        stackless.run(-1)


def test_the_frame_of_a_tasklet() -> None:
    def func() -> None:
        stackless.schedule()

    tasklet = stackless.tasklet(func)()
    assert tasklet.frame is None
    stackless.getmain()._loop.run(steps=1)
    assert tasklet.frame is not None
    assert tasklet.frame.f_code is func.__code__
    assert stackless.current.frame is sys._getframe()


def test_bombs() -> None:
    try:
        raise LookupError("x")
    except LookupError as raised:
        bomb, error = stackless.make_bomb(), raised
    assert (bomb.value, bomb.type) == (error, LookupError)
    assert bomb.traceback is error.__traceback__
    with pytest.raises(LookupError):
        bomb.raise_()
    assert stackless.bomb(ValueError("y")).value.args == ("y",)


def test_pickle_flags_are_kept() -> None:
    assert stackless.pickle_flags(3) == 0
    assert stackless.pickle_flags(0, 1) == 3
    assert stackless.pickle_flags(0) == 2
    assert stackless.pickle_flags_default() == 0
    assert stackless.pickle_with_tracing_state is False
    with pytest.raises(ValueError, match="flags"):
        stackless.pickle_flags(8)


def test_the_module_can_be_imported_by_its_old_name(child: Child) -> None:
    done = child("""
        import greenflow.stackless

        greenflow.stackless.install()
        import stackless
        from stackless import channel, tasklet

        c = channel()
        tasklet(c.send)("sent")
        print(c.receive(), stackless.current.is_main)
    """)
    assert done.stdout == "sent True\n"
