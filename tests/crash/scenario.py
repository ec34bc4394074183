"""One step of every kind, in one process that may die at any of them.

Every part can be run again, by another process, whatever was done before: flows have
fixed ids, messages have keys, and who is to be answered is asked first. So the process
that comes after one that died does the same once more, and must come to the same end.
"""

from __future__ import annotations

import os
import signal
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import greenflow
from greenflow import limits
from greenflow.continuation import Continuation
from greenflow.runtime import values
from greenflow.runtime.names import function_name
from greenflow.store.base import (
    ENDED,
    Claim,
    FlowRecord,
    NewFlow,
    Outgoing,
    QueueLimits,
    Step,
    Waiting,
)
from tests.crash import checks, history, population
from tests.crash.audit import audit, verify

LATER_SECONDS = 0.002
PAUSE_SECONDS = 0.001


def raiser() -> None:
    greenflow.checkpoint("now it raises")
    raise ValueError("told")


def new(flow_id: str, function: str, state: bytes, **more: Any) -> NewFlow:
    record = FlowRecord(
        id=flow_id, status="ready", function=function, created=1.0, updated=1.0, **more
    )
    return NewFlow(record=record, state=state, exist_ok=True)


def ensure(store: greenflow.Store, flow_id: str, fn: Any, *args: Any) -> None:
    state = store.within(lambda: Continuation.new(fn, args, {}).dumps())
    store.base.create(new(flow_id, function_name(fn), state))


def prepare(place: Path) -> None:
    """Make the store, with a flow that a worker has which is dead."""
    pid = os.fork()
    if not pid:
        store = greenflow.open(place)
        ensure(store, "brief", population.brief, 7)
        store.base.claim("brief")
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)


def play(place: Path) -> None:
    """Do all there is to do, or what is left of it."""
    store = greenflow.open(place, create=False)
    store.base.limit_queue(QueueLimits(name="raw", concurrency=2))
    steps_by_hand(store.base)
    flows(store)
    store.close()


def flows(store: greenflow.Store) -> None:
    started = {
        "collector": (population.collector,),
        "sink": (population.sink, 1),
        "asker": (population.asker, 4),
        "payer": (population.payer, 2),
        "napper": (population.napper,),
        "brief": (population.brief, 7),
        "raiser": (raiser,),
        # More than are kept, so that files are deleted too.
        "heavy": (population.heavy, 38, limits.BULK_BYTES_MIN + 5),
    }
    for flow_id, (fn, *args) in started.items():
        ensure(store, flow_id, fn, *args)
    ensure(store, "relay", population.relay, 0, store.get("sink"))
    store.run()  # those that receive wait, and are woken
    for flow_id, messages in (("collector", [0, 1, 2, None]), ("relay", [0, None])):
        flow = store.get(flow_id)
        for number, message in enumerate(messages):
            if not flow.done():
                body = values.dump_message(message, "a message")
                store.base.send(flow_id, "work", body, key=str(number))
    while not all(store.get(each).done() for each in (*started, "relay")):
        asker, napper = store.get("asker"), store.get("napper")
        if asker.status == "waiting" and asker.record.waiting.kind == "suspend":
            turn = asker.payload
            if turn % 4 == 3:
                asker.throw(KeyError(turn))
            else:
                asker.resume(turn * 10)
        if napper.status == "waiting" and napper.record.waiting.until > time.time() + 9:
            napper.cancel("no naps")
        if store.get("heavy").status == "hospital":
            store.base.retry("heavy")  # what no disk does was raised in its save
        store.run()
        time.sleep(PAUSE_SECONDS)


def steps_by_hand(base: Any) -> None:
    """What no function of the flows' own does: the store's own calls."""
    base.create(new("parent", "raw", b"0", queue="raw"))
    base.note_death("1-0000000000000000", "SIGKILL")
    if base.get("parent").status == "ready":
        base.hold("parent")
        base.unhold("parent")
    while base.get("parent").status not in ENDED:
        for flow_id in ("parent", "child"):
            claim = _claim(base, flow_id)
            while claim is not None:
                claim = _advance(base, claim)
        time.sleep(PAUSE_SECONDS)


def _claim(base: Any, flow_id: str) -> Claim | None:
    try:
        record = base.get(flow_id)
    except greenflow.FlowNotFound:
        return None
    if record.status == "hospital":
        base.retry(flow_id)
    elif record.status in {"held", "ready"} and record.held:
        base.unhold(flow_id)
    base.wake()
    return base.claim(flow_id)


def _advance(base: Any, claim: Claim) -> Claim | None:
    """Write the next step of a flow; return the claim if it goes on under it."""
    record, state = claim.record, claim.state
    now = time.time()
    if record.id == "child":
        _advance_child(base, claim)
    elif state == b"0" and record.epoch == 1:
        base.release(claim)
    elif state == b"0":
        later = now + LATER_SECONDS
        step = Step(
            status="running",
            state=b"1" * 5000,  # in pieces
            spawns=(new("child", "raw", b"", queue="raw", parent="parent"),),
            sends=(
                Outgoing(flow="child", topic="t", body=b"now;", key="a"),
                Outgoing(flow="child", topic="t", body=b"later;", key="b", at=later),
                Outgoing(flow="child", topic="t", body=b"again;", key="a"),
            ),
        )
        committed = base.commit(claim, step)
        return Claim(record=committed.record, state=b"1", message=None)
    elif state[:1] == b"1":
        waiting = Waiting(kind="join", flows=("child",))
        base.commit(claim, Step(status="waiting", state=b"2", waiting=waiting))
    elif state == b"2" and record.attempts == 1:
        at = now + LATER_SECONDS
        base.commit(claim, Step(status="retrying", error="later", retry_at=at))
    elif state == b"2":
        base.commit(claim, Step(status="hospital", state=b"3", error="ill"))
    else:
        base.commit(claim, Step(status="done", value=b"parent"))
    return None


def _advance_child(base: Any, claim: Claim) -> None:
    message = claim.message
    if message is None:
        state, taken = claim.state, ()
    else:
        state, taken = claim.state + message.body, ((message.topic, message.seq),)
    if state.count(b";") == 2:
        base.commit(claim, Step(status="done", value=state, consumed=taken))
        return
    waiting = Waiting(kind="recv", topic="t")
    step = Step(status="waiting", state=state, waiting=waiting, consumed=taken)
    if base.commit(claim, step).record.status == "running":
        base.release(claim)


def look(place: Path, past: Path, *, ended: bool) -> list[str]:
    """Return what is wrong with the store, and at the end with the results."""
    events = checks.Events(list)
    for kind, *fields in history.read(past):
        events[kind].append(fields)
    store = greenflow.open(place, create=False)
    wrong = audit(store.base)
    wrong += checks.claims_and_commits(events)
    wrong += checks.same_again(events) + checks.effects(events)
    if ended:
        wrong += _results(store, events)
    store.close()
    return wrong + [f"I10 {each}" for each in verify(place)]


def _results(store: greenflow.Store, events: checks.Events) -> list[str]:
    paid = defaultdict[int, set[str]](set)
    for _, turn, _, nonce in events["pay"]:
        paid[turn].add(nonce)
    first, second = store.get("payer").result()
    expected = {
        "collector": [0, 1, 2],
        "relay": [0],
        "sink": [[0, 0]],
        "asker": [0, 10, 20, ["thrown", 3]],
        "brief": 7,
        "heavy": 38,
    }
    found = {flow: store.get(flow).result() for flow in expected}
    wrong = [f"results: {found}"] if found != expected else []
    if first not in paid[0] or second not in paid[1] | {"ambiguous"}:
        wrong.append(f"I6 receipts {first}, {second} of {dict(paid)}")
    raised = store.get("raiser").exception()
    if not (isinstance(raised, ValueError) and raised.args == ("told",)):
        wrong.append(f"raiser ended with {raised!r}")
    if store.get("napper").status != "cancelled":
        wrong.append(f"napper is {store.get('napper').status}")
    by_hand = (store.base.value("parent"), store.base.value("child"))
    if by_hand != (b"parent", b"now;later;"):
        wrong.append(f"by hand: {by_hand}")
    return wrong
