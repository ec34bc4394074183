"""What the store's tests and their child processes share."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

from greenflow.errors import BadRecord
from greenflow.store import LmdbStore, settings
from greenflow.store.base import (
    Claim,
    Edit,
    FlowRecord,
    Message,
    NewFlow,
    Step,
    Waiting,
)
from tests.store.invariants import check_invariants as check_invariants

#: Where a Clock begins, in seconds since the epoch.
START = 1_000_000.0
RECV = Waiting(kind="recv", topic="")
NUMBER_BYTES = 4
SUSPEND = Waiting(kind="suspend", preview="'?'")


class Clock:
    """The wall clock, which stands still until it is set."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


def record(
    flow_id: str, *, created: float = 1.0, function: str = "m:f", **more: object
) -> FlowRecord:
    return FlowRecord(
        id=flow_id,
        status="ready",
        function=function,
        created=created,
        updated=created,
        **more,
    )


def new(flow_id: str, state: bytes = b"start", **more: object) -> NewFlow:
    return NewFlow(record=record(flow_id, **more), state=state)


def add(store: LmdbStore, flow_id: str, state: bytes = b"start", **more: object) -> str:
    assert store.create(new(flow_id, state, **more))
    return flow_id


def end(
    store: LmdbStore, flow_id: str, status: Literal["done", "failed"] = "done"
) -> None:
    """Let a flow that can run come to its end."""
    store.commit(take(store, flow_id), Step(status=status))


def ids(claims: Iterable[Claim]) -> list[str]:
    return [claim.record.id for claim in claims]


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


def save(
    store: LmdbStore, claim: Claim, state: bytes = b"s", label: str | None = None
) -> None:
    """Let a claimed flow save a checkpoint, and go on."""
    store.commit(claim, Step(status="running", state=state, label=label))


def keep(store: LmdbStore, count: int) -> None:
    """Let the store keep so many checkpoints of each flow."""
    store.write(lambda work: settings.put_history(work, count))


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


def swap_pieces(store: LmdbStore, one: bytes, other: bytes) -> None:
    """Let what lies under two keys change places."""
    have = contents(store)
    overwrite(store, one, have[other])
    overwrite(store, other, have[one])


def flips(data: bytes) -> list[bytes]:
    """Return what may become of a record: other lengths, and bits that changed."""
    bit = random.Random(2)
    found = [b"", data[:-1], data + b"\0"]
    for at in range(0, len(data), 3):
        bad = bytearray(data)
        bad[at] ^= 1 << bit.randrange(8)
        found.append(bytes(bad))
    return found


def told(store: LmdbStore) -> list[str]:
    """Claim what there is to be claimed; return what is told of."""
    found = []
    for _ in range(8):
        try:
            if not store.claims(9):
                break
        except BadRecord as error:
            found += error.__notes__
    return found


def dies(store: LmdbStore, marked: str = "") -> str:
    """Let a worker die, of one of its flows if it is marked; return which it was."""
    owner = store._claimer._own_id()
    store.mark(marked)
    # As the kernel does it: the file stays, the lock is gone.
    worker = store._claimer._worker
    assert worker is not None
    with worker._using:
        worker._closing.set()
        worker._let_go()  # the page has a descriptor of its own, which has the lock too
    store._claimer._worker = None
    return owner


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


def edit(store: LmdbStore, flow_id: str, **more: object) -> FlowRecord:
    """Edit a flow as it is now."""
    seq = store.get(flow_id).seq
    made = Edit(**{"state": b"edited", "parent": seq, **more})  # type: ignore[arg-type]
    return store.edit(flow_id, seq, made)
