"""Read every key of a store: is each there that must be, and none that must not?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from greenflow.store import (
    LmdbStore,
    history,
    keys,
    mailbox,
    needs,
    sources,
    states,
    timers,
    upkeep_entry,
    upkeep_history,
    watching,
)
from greenflow.store.base import ENDED
from greenflow.store.records import (
    Row,
    decode_index,
    decode_meta,
    unseal_message,
)
from greenflow.store.work import Work

#: Kinds of keys that say nothing of a flow.
_OF_NO_FLOW = (keys.LIMITS, keys.DEATH)


def verify(place: Path) -> list[object]:
    """Return what LMDB's own verifier has against a closed store."""
    from lmdb import verify

    return list(verify.verify(str(place / "data.mdb")))


def audit(store: LmdbStore) -> list[str]:
    """Return what is wrong with a store that nobody writes."""
    return store.read(lambda work: list(_audit(work)))


def _audit(work: Work) -> Iterator[str]:
    found: dict[bytes, dict[bytes, bytes]] = defaultdict(dict)
    for key, value in work.txn.cursor():
        found[key[:1]][key] = value
    decode_meta(found.pop(keys.META)[keys.META])
    rows = {}
    for key in found[keys.FLOW]:
        flow_id = keys.flow_id(key)
        if flow_id not in rows:
            rows[flow_id] = work.row(flow_id)
    yield from _parts(work, found.pop(keys.FLOW), rows)
    yield from _messages(work, found.pop(keys.MESSAGE, {}), rows)
    yield from _delayed(work, found.pop(keys.DELAYED, {}), rows)
    yield from _statuses(work, rows)
    wanted = _indexes(rows)
    for kind, expected in wanted.items():
        there = found.pop(kind, {})
        for key, value in there.items():
            decode_index(key, value)
        yield from (f"I9 not listed: {key!r}" for key in expected - there.keys())
        extra = there.keys() - expected
        if kind == keys.WATCHER:
            # One that is tried again later waits for nobody, and stays listed.
            extra = {key for key in extra if not _is_retrying(rows, key)}
        yield from (f"I8 listed: {key!r}" for key in extra)
    for key, value in found.pop(keys.SENT, {}).items():
        decode_index(key, value)
        if keys.flow_id(key) not in rows:
            yield f"I8 of no flow: {key!r}"
    _sources(work, {**found.pop(keys.SOURCE, {}), **found.pop(keys.CODE, {})})
    yield from _files(work, found.pop(keys.BULK, {}))
    for kind in _OF_NO_FLOW:
        found.pop(kind, None)
    yield from (f"I8 of no kind: {key!r}" for kind in found.values() for key in kind)


def _files(work: Work, there: dict[bytes, bytes]) -> Iterator[str]:
    """I8: files of blocks are there, and needed."""
    for key in there:
        yield from (
            f"I8 {each.finding.text}" for each in upkeep_entry.examine(work, key)
        )


def _sources(work: Work, there: dict[bytes, bytes]) -> None:
    """Read all source texts. They may outlive the flows that they came with."""
    for identity in filter(None, {sources.identity_in(key) for key in there}):
        assert sources.opened(identity, sources.get(work, identity)) is not None


def _is_retrying(rows: dict[str, Row], key: bytes) -> bool:
    row = rows.get(keys.pair_second(key))
    return row is not None and row.record.status == "retrying"


def _parts(
    work: Work, there: dict[bytes, bytes], rows: dict[str, Row]
) -> Iterator[str]:
    """I8, I10: a flow has its checkpoints, whole, and nothing else."""
    lost = {keys.flow_id(key) for key in there} - rows.keys()
    yield from (f"I8 parts of no flow: {flow_id}" for flow_id in lost)
    for flow_id, row in rows.items():
        for found in upkeep_history.examine(work, row):
            yield f"I8 {found.finding.text}"
        raw = history.current(work, row)
        known, stream = states.opened_stream(raw)
        size = len(stream) + sum(span.size for span in known.spans)
        if size != row.record.state_bytes:
            yield f"I10 {flow_id}: its state has {size} bytes"


def _messages(
    work: Work, there: dict[bytes, bytes], rows: dict[str, Row]
) -> Iterator[str]:
    """I1, I4: a mailbox has as many messages as its flow says, each of its own seq."""
    pieces = 0
    for flow_id, row in rows.items():
        seqs = []
        for prefix in mailbox.prefixes(work.txn, keys.mailbox(flow_id)):
            found = mailbox.first(work.txn, prefix)
            assert found is not None
            message = unseal_message(found.prefix, found.record)
            seqs.append(message.seq)
            pieces += len(work.under(prefix))
        if len(seqs) != row.messages or seqs != sorted(set(seqs)):
            yield f"I1 {flow_id}: says {row.messages} messages, has {seqs}"
        if seqs and seqs[-1] >= row.next_seq:
            yield f"I4 {flow_id}: has {seqs}, and its next is {row.next_seq}"
    if pieces != len(there):
        yield f"I8 {len(there)} pieces of messages, {pieces} of flows that are there"


def _delayed(
    work: Work, there: dict[bytes, bytes], rows: dict[str, Row]
) -> Iterator[str]:
    """I1: as many messages are to be delivered later as a flow says."""
    counts: dict[str, int] = defaultdict(int)
    for prefix in {key[: -keys.PIECE_BYTES] for key in there}:
        found = mailbox.first(work.txn, prefix)
        assert found is not None
        unseal_message(found.prefix, found.record)
        counts[keys.delayed_id(prefix)] += 1
    for flow_id, row in rows.items():
        if counts.pop(flow_id, 0) != row.delayed and row.record.status not in ENDED:
            yield f"I1 {flow_id}: says {row.delayed} delayed messages"
    yield from (f"I8 delayed messages of no flow: {each}" for each in counts)


def _statuses(work: Work, rows: dict[str, Row]) -> Iterator[str]:
    for flow_id, row in rows.items():
        record = row.record
        if bool(record.owner) != (record.status == "running"):
            yield f"I9 {flow_id} is {record.status} and owned by {record.owner!r}"
        if record.status in {"ready", "running"} and not work.satisfied(row):
            yield f"I9 {flow_id} is {record.status}, and waits: {record.waiting}"
        if record.status == "waiting" and not record.blocked and work.satisfied(row):
            yield f"I9 {flow_id} waits, and has what it waits for"
        if record.status == "held" and not record.held:
            yield f"I9 {flow_id} is held by nobody"
        if record.status == "ready" and record.held:
            yield f"I9 {flow_id} is ready, and to be held"


def _indexes(rows: dict[str, Row]) -> dict[bytes, set[bytes]]:
    """I9: return what each index must list."""
    wanted: dict[bytes, set[bytes]] = {
        kind: set()
        for kind in (
            *(keys.CREATED, keys.READY, keys.RUNNING, keys.TIMER, keys.WATCHER),
            *(keys.CHILD, keys.HOSPITAL, keys.FINISHED, keys.NEEDED),
        )
    }
    for flow_id, row in rows.items():
        record = row.record
        wanted[keys.CREATED].add(keys.created(record.created, flow_id))
        if record.status == "ready":
            key = keys.ready(record.queue, record.priority, row.ticket)
            wanted[keys.READY].add(key)
        elif record.status == "running":
            wanted[keys.RUNNING].add(keys.running(record.owner, flow_id))
        elif record.status == "hospital":
            wanted[keys.HOSPITAL].add(keys.hospital(flow_id))
        elif record.status in ENDED:
            wanted[keys.FINISHED].add(keys.finished(record.updated, flow_id))
        due = timers.due_at(record)
        if due is not None:
            wanted[keys.TIMER].add(keys.timer(due, flow_id))
        if record.status == "waiting":
            wanted[keys.WATCHER] |= {
                keys.pair(keys.WATCHER, target, flow_id)
                for target in watching._targets(record)
                if rows[target].record.status not in ENDED
            }
        wanted[keys.NEEDED] |= {
            keys.pair(keys.NEEDED, target, flow_id)
            for target in needs.needed_by(record)
        }
        if record.parent:
            wanted[keys.CHILD].add(keys.pair(keys.CHILD, record.parent, flow_id))
    return wanted
