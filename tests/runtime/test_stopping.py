"""Workers that end while flows run: what they leave, and that nothing of it runs."""

from __future__ import annotations

import gc
import os
import signal
import threading

import pytest

import greenflow
from greenflow.runtime.slice import Slice
from greenflow.runtime.worker import Worker
from tests.runtime import target_flows
from tests.runtime.conftest import Driver, Journal, until, waits

ENDLESS = 100_000


def loop():
    """Save again and again, and tell if anything of it is unwound."""
    try:
        for _ in range(ENDLESS):
            greenflow.checkpoint()
    finally:
        target_flows.note("finally")


def ask():
    try:
        return greenflow.recv()
    finally:
        target_flows.note("finally")


def waits_on_the_stack():
    child = greenflow.spawn(ask)
    greenflow.checkpoint()
    try:
        return greenflow.once(child.result)
    finally:
        target_flows.note("finally")


def runs_inside():
    child = greenflow.spawn(loop)
    greenflow.checkpoint()
    try:
        greenflow.once(child.result)
    finally:
        target_flows.note("finally")


def running(*flows: greenflow.Flow[object]) -> bool:
    return all(flow.record.seq > 0 for flow in flows)


@pytest.mark.parametrize("warm", [0, 10])
@pytest.mark.parametrize(
    "functions",
    [[loop, ask], [waits_on_the_stack, loop], [runs_inside, loop]],
    ids=["asking", "waiting", "inside"],
)
def test_all_are_given_back(
    store: greenflow.Store, journal: Journal, functions, warm: int
):
    flows = [greenflow.spawn(function) for function in functions * 3]
    driver = Driver(store, warm)
    until(lambda: running(*flows))
    driver.close()
    assert {flow.status for flow in greenflow.flows()} <= {"ready", "waiting"}
    assert all(flow.record.attempts == 0 for flow in greenflow.flows())
    assert driver.told == []
    assert journal.lines() == []
    gc.collect()
    assert not [each for each in gc.get_objects() if isinstance(each, Slice)]


def interrupts():
    greenflow.checkpoint()
    raise KeyboardInterrupt


def test_an_interrupt_ends_the_worker_and_gives_all_back(
    store: greenflow.Store, journal: Journal
):
    others = [greenflow.spawn(ask) for _ in range(5)]
    flow = greenflow.spawn(interrupts)
    worker, seen = Worker(store), list[BaseException]()
    thread = threading.Thread(target=run, args=(worker, seen))
    thread.start()
    thread.join()
    assert [type(each) for each in seen] == [KeyboardInterrupt]
    assert (flow.status, flow.record.seq) == ("ready", 1)
    assert all(each.status in ("ready", "waiting") for each in others)
    assert journal.lines() == []


def run(worker: Worker, seen: list[BaseException]) -> None:
    try:
        worker.run()
    except BaseException as error:
        seen.append(error)


def test_a_store_that_fails_ends_the_worker(store: greenflow.Store, journal: Journal):
    flows = [greenflow.spawn(function) for function in [loop, ask] * 3]
    worker, seen = Worker(store), list[BaseException]()
    thread = threading.Thread(target=run, args=(worker, seen))
    thread.start()
    until(lambda: running(*flows))
    store.close()
    thread.join()
    assert [type(each) for each in seen] == [greenflow.StoreClosed]
    assert journal.lines() == []
    with greenflow.open(store.location) as again:
        until(lambda: all(each.status != "hospital" for each in again.flows()))
        assert {again.get(flow.id).status for flow in flows} <= {
            *("ready", "running", "waiting"),
        }
        for flow in flows:
            again.get(flow.id).kill()
        again.close()


def test_a_flow_inside_another_is_the_suspect(
    store: greenflow.Store, in_store, journal: Journal
):
    """Who is marked is the one that runs, also after it was saved."""
    code = """
        import threading
        from greenflow.runtime.worker import Worker
        from tests.runtime import test_stopping
        outer = greenflow.options(id="outer").spawn(test_stopping.runs_a_killer)
        Worker(greenflow.open(os.environ["GREENFLOW_STORE"])).run()
    """
    in_store(code, killed=True)
    store.base.wake()
    claims = store.base.claims(10)
    killers = {claim.record.id: claim.record.killer for claim in claims}
    assert killers["inner"] != ""
    assert killers["outer"] == ""
    for claim in claims:
        store.base.release(claim)


def runs_a_killer():
    inner = greenflow.options(id="inner").spawn(saves_and_kills)
    greenflow.checkpoint()
    greenflow.once(inner.result)


def saves_and_kills():
    greenflow.checkpoint()
    os.kill(os.getpid(), signal.SIGKILL)


def test_others_run_while_one_waits_on_its_stack(
    store: greenflow.Store, warm: Driver, journal: Journal
):
    asked = greenflow.spawn(ask)
    waiting = [greenflow.spawn(wait_for, asked) for _ in range(3)]
    warm.until(lambda: waits(asked) and all(f.status == "running" for f in waiting))
    for number in range(5):
        assert warm.result(greenflow.spawn(target_flows.add, number)) == number + 1
    greenflow.send(asked, "answer")
    assert [warm.result(flow) for flow in waiting] == ["answer"] * 3


def wait_for(flow):
    return greenflow.once(flow.result)


def test_one_that_waits_on_its_stack_sees_timers(store: greenflow.Store, warm: Driver):
    flow = greenflow.spawn(wait_for, greenflow.spawn(sleeps))
    assert warm.result(flow) == "slept"


def sleeps():
    greenflow.sleep(0.2)
    return "slept"
