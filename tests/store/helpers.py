"""What the store's tests and their child processes share."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from pathlib import Path

from greenflow.store import LmdbStore, keys
from greenflow.store.base import ANSWERS, Claim, FlowRecord, Message, Step, Waiting
from greenflow.store.records import decode_index
from greenflow.store.work import Work

RECV = Waiting(kind="recv", topic="")
NUMBER_BYTES = 4
SUSPEND = Waiting(kind="suspend", preview="'?'")


def record(flow_id: str, *, created: float = 1.0, function: str = "m:f") -> FlowRecord:
    return FlowRecord(
        id=flow_id, status="ready", function=function, created=created, updated=created
    )


def add(store: LmdbStore, flow_id: str, state: bytes = b"start", **more: object) -> str:
    store.create(record(flow_id, **more), state)
    return flow_id


def take(store: LmdbStore, flow_id: str | None = None) -> Claim:
    claim = store.claim(flow_id)
    assert claim is not None
    return claim


def wait(
    store: LmdbStore, claim: Claim, waiting: Waiting = RECV, state: bytes = b"waits"
) -> None:
    """Let a claimed flow leave, waiting."""
    step = Step(status="waiting", state=state, waiting=waiting)
    assert store.commit(claim, step).message is None


def waiting_flow(store: LmdbStore, flow_id: str, waiting: Waiting = RECV) -> str:
    wait(store, take(store, add(store, flow_id)), waiting)
    return flow_id


def bodies(store: LmdbStore, flow_id: str, topic: str | None = None) -> list[bytes]:
    return [message.body for message in store.messages(flow_id, topic)]


def noise(size: int) -> bytes:
    """Return bytes that do not compress, the same each time."""
    return random.Random(size).randbytes(size)


def numbers(data: bytes) -> list[int]:
    """Return the numbers that a state or several messages are made of."""
    ends = range(NUMBER_BYTES, len(data) + 1, NUMBER_BYTES)
    return [int.from_bytes(data[end - NUMBER_BYTES : end], "big") for end in ends]


def taken(message: Message | None) -> tuple[tuple[str, int], ...]:
    assert message is not None
    return ((message.topic, message.seq),)


def contents(store: LmdbStore) -> dict[bytes, bytes]:
    """Return everything that is stored."""
    return store.read(lambda work: dict(work.txn.cursor()))


def overwrite(store: LmdbStore, key: bytes, value: bytes) -> None:
    store.write(lambda work: work.txn.put(key, value))


def verify(place: Path) -> list[object]:
    """Return what LMDB's own verifier has against a closed store."""
    from lmdb import verify

    return list(verify.verify(str(place / "data.mdb")))


def run_threads(*targets: Callable[[], None]) -> None:
    """Run them at once; raise what one of them raised."""
    failed: list[BaseException] = []

    def guarded(target: Callable[[], None]) -> None:
        try:
            target()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=guarded, args=(each,)) for each in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def check_invariants(store: LmdbStore) -> None:
    """Read every record, and compare all indexes with the flows."""
    flows = {each.id: each for each in store.flows()}
    assert list(flows) == sorted(flows, key=lambda each: (flows[each].created, each))
    for flow_id, flow in flows.items():
        assert len(store.state(flow_id)) == flow.state_bytes
        store.value(flow_id)
        messages = list(store.messages(flow_id))
        row = store.read(lambda work, at=flow_id: work.row(at))
        assert row.messages == len(messages)
        assert all(message.seq < row.next_seq for message in messages)
        assert [m.seq for m in messages] == sorted({m.seq for m in messages})
        topics = {message.topic for message in messages}
        if flow.waiting is not None:
            wanted = {ANSWERS} | (
                {flow.waiting.topic} if flow.waiting.kind == "recv" else set()
            )
            assert flow.status != "waiting" or not topics & wanted
            assert flow.status == "waiting" or topics & wanted or flow.waiting.due
        else:
            assert flow.status != "waiting"
        assert bool(flow.owner) == (flow.status == "running")
    assert store.read(queued) == {
        flow.id for flow in flows.values() if flow.status == "ready"
    }
    assert store.read(claimed) == {
        (flow.owner, flow.id) for flow in flows.values() if flow.status == "running"
    }
    assert store.read(timed) == {
        flow.id: flow.waiting.until
        for flow in flows.values()
        if flow.status == "waiting" and flow.waiting and flow.waiting.until is not None
    }
    assert store.read(lambda work: orphans(work, set(flows))) == []


def queued(work: Work) -> set[str]:
    found = [
        work.queued(ticket, key, data).record.id for ticket, key, data in work.queue()
    ]
    assert len(found) == len(set(found))
    return set(found)


def timed(work: Work) -> dict[str, float]:
    found = {}
    with work.txn.cursor() as cursor:
        more = cursor.set_range(keys.TIMER)
        while more and (key := cursor.key())[:1] == keys.TIMER:
            decode_index(key, cursor.value())
            assert keys.timer_id(key) not in found
            found[keys.timer_id(key)] = keys.timer_seconds(key)
            more = cursor.next()
    return found


def claimed(work: Work) -> set[tuple[str, str]]:
    return {(owner, each) for owner in work.owners() for each in work.owned(owner)}


def orphans(work: Work, flows: set[str]) -> list[bytes]:
    """Return the keys that belong to no flow, and pieces beyond a part's last."""
    wrong = []
    for key, value in work.txn.cursor():
        kind = key[:1]
        if kind == keys.FLOW:
            flow_id, _, rest = key[1:].partition(b"\0")
            row = work.row(flow_id.decode())
            part = {b"s": row.state, b"v": row.value}.get(rest[:1])
            number = int.from_bytes(rest[1:], "big")
            ok = not rest or (part is not None and number < part.pieces)
        elif kind == keys.MESSAGE:
            ok = key[1:].partition(b"\0")[0].decode() in flows
        elif kind == keys.CREATED:
            decode_index(key, value)
            ok = keys.created_id(key) in flows
        elif kind == keys.RUNNING:
            decode_index(key, value)
            ok = True
        else:
            ok = kind in (keys.META, keys.READY, keys.TIMER)
        if not ok:
            wrong.append(key)
    return wrong
