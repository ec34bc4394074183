"""What the tests of upkeep and their child processes share."""

from __future__ import annotations

import os
import time

from greenflow.store import LmdbStore
from greenflow.store.base import (
    Claim,
    FlowRecord,
    NewFlow,
    Outgoing,
    Source,
    Step,
    Waiting,
)
from greenflow.store.settings import Retention
from greenflow.store.upkeep_doctor import doctor
from greenflow.store.upkeep_gc import Collected, Collector

RECV = Waiting(kind="recv", topic="")
DAY = 86400.0
#: More than one page, so it is kept in pieces; it cannot be compressed.
LARGE = os.urandom(10_000)


def record(flow_id: str, **more: object) -> FlowRecord:
    now = time.time()
    return FlowRecord(
        id=flow_id,
        status="ready",
        function="m:f",
        created=now,
        updated=now,
        **more,
    )


def new(flow_id: str, **more: object) -> NewFlow:
    return NewFlow(record=record(flow_id, **more), state=b"begins")


def add(store: LmdbStore, flow_id: str, **more: object) -> str:
    store.create(new(flow_id, **more))
    return flow_id


def take(store: LmdbStore, flow_id: str) -> Claim:
    claim = store.claim(flow_id)
    assert claim is not None
    return claim


def save(store: LmdbStore, flow_id: str, status: str = "waiting", **more: object):
    """Claim a flow and let it make one step."""
    if status == "waiting":
        more = {"state": b"waits", "waiting": RECV, **more}
    return store.commit(take(store, flow_id), Step(status=status, **more))


#: A text with its code.
CODE = Source(
    identity=b"16 bytes of code", file="f.py", first_line=1, text="x", code=LARGE
)


def source(text: str, identity: bytes = b"of code1") -> Source:
    return Source(identity=identity, file="m.py", first_line=1, text=text)


def end(store: LmdbStore, *flow_ids: str) -> None:
    for flow_id in flow_ids:
        save(store, flow_id, "done", value=b"result")


def ended(store: LmdbStore, *flow_ids: str, **more: object) -> None:
    for flow_id in flow_ids:
        end(store, add(store, flow_id, **more))


def contents(store: LmdbStore) -> dict[bytes, bytes]:
    """Return everything that is stored."""
    return store.read(lambda work: dict(work.txn.cursor()))


def put(store: LmdbStore, key: bytes, value: bytes) -> None:
    store.write(lambda work: work.txn.put(key, value))


def delete(store: LmdbStore, key: bytes) -> None:
    assert store.write(lambda work: work.txn.delete(key))


def gc(store: LmdbStore, *, children: bool = False, **retention: object) -> Collected:
    collector = Collector(store, Retention(**retention), children=children)
    assert collector.run()
    return collector.collected


def everything(older_seconds: float = 0.0) -> Retention:
    return Retention(older_seconds=older_seconds)


def ids(store: LmdbStore) -> list[str]:
    return [each.id for each in store.flows()]


def damage(store: LmdbStore) -> list[str]:
    return [each.text for each in doctor(store) if each.weight == "damage"]


def populate(store: LmdbStore) -> None:
    """Make flows of every status, with all that can belong to them."""
    for name in ("held", "hospital", "retrying", "running", "sleeping", "talking"):
        add(store, name, queue="q", tags=("t",), priority=3)
    store.hold("held")
    save(store, "hospital", "hospital", error="trouble")
    save(store, "retrying", "retrying", retry_at=time.time() + DAY)
    sleeping = Waiting(kind="sleep", until=time.time() + DAY)
    texts = (source(LARGE.hex()), source("def g(): pass", b"of code2"), CODE)
    save(store, "sleeping", waiting=sleeping, state=LARGE, value=LARGE, sources=texts)
    later = Outgoing(flow="talking", topic="x", body=b"later", at=time.time() + DAY)
    take(store, "running")
    save(
        store,
        "talking",
        sends=(later, Outgoing(flow="held", topic="y", body=LARGE, key="once")),
        spawns=(new("child", parent="talking"), new("other", parent="talking")),
    )
    ended(store, "failed", "done")
    joining = Waiting(kind="join", flows=("child", "other", "done"))
    save(store, add(store, "joining"), waiting=joining)
    store.note_death("1-0123456789abcdef", "signal 9")
