"""Generators, coroutines and async generators in the middle."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager

import pytest

from greenflow.continuation import pickling
from tests.pickling.copies import copy_of, saved


def counting(n):
    for i in range(n):
        got = yield i
        if got:
            yield got


def delegating(inner):
    result = yield from inner
    yield "result", result


def own(box):
    yield box
    yield box[0]


@contextmanager
def managed(log):
    log.append("in")
    try:
        yield log
    finally:
        log.append("out")


class Pause:
    def __await__(self):
        got = yield "paused"
        return got


async def waiting(x):
    got = await Pause()
    return x, got


async def async_counting(n):
    for i in range(n):
        yield i


def test_not_begun_in_the_middle_and_finished():
    new, middle, done = counting(3), counting(3), counting(1)
    next(middle)
    assert list(done) == [0]
    new, middle, done = copy_of([new, middle, done])
    assert list(new) == [0, 1, 2]
    assert middle.send("got") == "got"
    assert list(middle) == [1, 2]
    assert list(done) == []


def test_finished_ones_of_all_kinds():
    coroutine, agen = waiting(1), async_counting(1)
    coroutine.close()
    with pytest.raises(StopIteration):
        agen.aclose().send(None)
    copied, acopied = copy_of([coroutine, agen])
    assert (copied.__name__, acopied.__name__) == ("waiting", "async_counting")
    with pytest.raises(RuntimeError):
        copied.send(None)
    with pytest.raises(StopAsyncIteration):
        acopied.__anext__().send(None)


def test_the_names():
    generator = counting(1)
    generator.__name__, generator.__qualname__ = "other", "an.other"
    copied = copy_of(generator)
    assert (copied.__name__, copied.__qualname__) == ("other", "an.other")


def test_the_original_is_untouched():
    generator = counting(3)
    next(generator)
    copied = copy_of(generator)
    assert list(copied) == list(generator) == [1, 2]


def test_one_generator_twice():
    generator = counting(3)
    first, second = copy_of([generator, {"same": generator}])
    assert next(first) == 0
    assert next(second["same"]) == 1


def test_a_chain():
    outer = delegating(counting(2))
    next(outer)
    assert list(copy_of(outer)) == [1, ("result", None)]


def test_a_generator_that_holds_itself():
    box: list = []
    generator = own(box)
    box.append(generator)
    assert next(generator) is box
    copied = copy_of(generator)
    assert next(copied) is copied


def test_a_cell_shared_by_a_generator_and_a_function():
    def make():
        n = 1

        def walk():
            nonlocal n
            while True:
                n += 1
                yield n

        def read():
            return n

        return walk(), read

    walk, read = make()
    next(walk)
    walk, read = copy_of([walk, read])
    assert next(walk) == 3
    assert read() == 3


def test_generator_expressions():
    factor = 3
    squares = (factor * x for x in [1, 2, 3])
    next(squares)
    assert list(copy_of(squares)) == [6, 9]


def test_a_context_manager_that_was_entered():
    log: list = []
    manager = managed(log)
    manager.__enter__()
    manager, log = copy_of([manager, log])
    assert log == ["in"]
    manager.__exit__(None, None, None)
    assert log == ["in", "out"]


def test_coroutines():
    coroutine = waiting("x")
    assert coroutine.send(None) == "paused"
    copied = copy_of(coroutine)
    with pytest.raises(StopIteration) as caught:
        copied.send("back")
    assert caught.value.value == ("x", "back")
    coroutine.close()


def test_async_generators():
    agen = async_counting(3)

    async def first():
        return await agen.__anext__()

    async def rest(agen):
        return [x async for x in agen]

    with pytest.raises(StopIteration) as caught:
        first().send(None)
    assert caught.value.value == 0
    assert asyncio.run(rest(copy_of(agen))) == [1, 2]


def test_those_that_were_met_are_told():
    inner = counting(2)
    outer = delegating(inner)
    next(outer)
    met = pickling.dump([outer, outer]).generators
    assert sorted(map(id, met)) == sorted([id(outer), id(inner)])
    assert pickling.dump([1])[1] == []


def test_running_ones_are_empty_shells():
    data = []

    def running():
        data.append(pickling.dump([me], {id(me): running}).data)
        yield

    me = running()
    next(me)
    (shell,) = pickling.load(data[0])
    assert shell.__name__ == "running"
    assert list(shell) == []


def test_a_running_one_is_refused():
    def running():
        with pytest.raises(ValueError, match="running"):
            saved(me)
        yield "refused"

    me = running()
    assert next(me) == "refused"


def test_in_another_process(child, tmp_path):
    generator = delegating(counting(3))
    next(generator)
    (tmp_path / "saved").write_bytes(saved([generator, generator]))
    child(
        """
        import pathlib
        from greenflow.continuation import pickling
        first, second = pickling.load(pathlib.Path("saved").read_bytes())
        assert first is second
        assert list(first) == [1, 2, ("result", None)]
        """
    )
