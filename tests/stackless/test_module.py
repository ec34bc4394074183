"""What the module's functions do: callbacks, threads, run(timeout), bombs, flags."""

from __future__ import annotations

import pickle
import sys
import threading
from typing import Any

import pytest

import greenflow.stackless as stackless
from tests.conftest import Child


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
