"""What Stackless's documentation says, one by one: docs/stackless.md has the list."""

from __future__ import annotations

import sys
from typing import Any

import pytest

import greenflow.stackless as stackless


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
