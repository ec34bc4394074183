"""What holds after every transaction: each record is read, each index compared."""

from __future__ import annotations

from collections import Counter

from greenflow.parted import size_of
from greenflow.store import (
    LmdbStore,
    bulk,
    filed,
    keys,
    mailbox,
    sources,
    throttle,
    timers,
    upkeep_entry,
    upkeep_history,
)
from greenflow.store.base import ANSWERS, CANCELS, ENDED, JOINS, FlowRecord, Waiting
from greenflow.store.records import Row, decode_index, decode_meta, unseal_message
from greenflow.store.work import Work

#: Kinds of keys that are exactly those that the flows want.
INDEXES = (
    keys.CREATED,
    keys.READY,
    keys.RUNNING,
    keys.TIMER,
    keys.HOSPITAL,
    keys.FINISHED,
    keys.CHILD,
    keys.WATCHER,
    keys.NEEDED,
)


def check_invariants(store: LmdbStore) -> None:
    """Read every record, and compare all indexes with the flows."""
    flows = {each.id: each for each in store.flows()}
    assert list(flows) == sorted(flows, key=lambda each: (flows[each].created, each))
    for flow_id, flow in flows.items():
        assert size_of(store.state(flow_id)) == flow.state_bytes
        store.value(flow_id)
        kept = store.history(flow_id)
        assert [each.seq for each in kept] == sorted({each.seq for each in kept})
        assert (kept[-1].seq, kept[-1].size) == (flow.seq, flow.state_bytes)
    store.read(check)


def check(work: Work) -> None:
    have = dict(work.txn.cursor())
    rows = {
        flow_id: work.row(flow_id)
        for flow_id in (keys.flow_id(key) for key in have if is_row(key))
    }
    decode_meta(have[keys.META])
    for row in rows.values():
        check_record(row.record)
        assert upkeep_history.examine(work, row) == []
        check_wait(work, row, rows)
    expected = {key for row in rows.values() for key in wanted(row, rows)}
    assert {key for key in have if key[:1] in INDEXES} == expected
    for key, value in have.items():
        check_entry(work, key, value, rows)
    assert mail(work, keys.MESSAGE) == {
        each: row.messages for each, row in rows.items() if row.messages
    }
    assert mail(work, keys.DELAYED) == {
        each: row.delayed for each, row in rows.items() if row.delayed
    }


def is_row(key: bytes) -> bool:
    return key[:1] == keys.FLOW and key[-1:] == b"\0" and key.count(b"\0") == 1


def wanted(row: Row, rows: dict[str, Row]) -> list[bytes]:
    """Return the keys that indexes have because of a flow."""
    record = row.record
    found = [keys.created(record.created, record.id)]
    needed = set(record.waiting.flows if record.waiting else ())
    found += [keys.pair(keys.NEEDED, target, record.id) for target in needed]
    due = timers.due_at(record)
    if due is not None:
        found.append(keys.timer(due, record.id))
    if record.parent:
        found.append(keys.pair(keys.CHILD, record.parent, record.id))
    if record.status == "ready":
        found.append(keys.ready(record.queue, record.priority, row.ticket))
    elif record.status == "running":
        found.append(keys.running(record.owner, record.id))
    elif record.status == "hospital":
        found.append(keys.hospital(record.id))
    elif record.status in ENDED:
        found.append(keys.finished(record.updated, record.id))
    elif record.status == "waiting":
        targets = {*(record.waiting.flows if record.waiting else ()), record.blocked}
        found += [
            keys.pair(keys.WATCHER, target, record.id)
            for target in targets
            if target and rows[target].record.status not in ENDED
        ]
    return found


def check_record(record: FlowRecord) -> None:
    status = record.status
    assert bool(record.owner) == (status == "running")
    assert (record.retry_at is not None) == (status == "retrying")
    assert not record.blocked or status == "waiting"
    assert status != "ready" or not record.held
    assert status != "held" or record.held
    assert status not in ENDED or record.waiting is None
    assert status != "hospital" or record.trouble
    assert record.attempts >= 0


def check_wait(work: Work, row: Row, rows: dict[str, Row]) -> None:
    record, waiting = row.record, row.record.waiting
    if record.blocked:
        assert mailbox.is_over(rows[record.blocked])
        assert record.blocked != record.id
    if waiting is None or waiting.kind in ("once", "intent"):
        assert record.status != "waiting" or record.blocked
        return
    if record.status == "waiting" and waiting.flows:
        going_on = [
            each for each in set(waiting.flows) if rows[each].record.status not in ENDED
        ]
        if waiting.kind != "first":
            assert waiting.left == len(going_on)
        else:
            assert (waiting.left > 0) == (len(going_on) == len(set(waiting.flows)))
    has = satisfied(work, record.id, waiting)
    assert has if record.status != "waiting" else record.blocked or not has


def satisfied(work: Work, flow_id: str, waiting: Waiting) -> bool:
    over = waiting.left <= 0 and waiting.kind in JOINS
    if waiting.due or over:
        return True
    topics = {ANSWERS, *waiting.topics} | (
        {waiting.topic} if waiting.kind == "recv" else set()
    )
    if waiting.kind == "start":
        topics = {CANCELS}
    elif not waiting.shielded:
        topics.add(CANCELS)
    return any(work.under(keys.topic(flow_id, topic)) for topic in topics)


def check_entry(work: Work, key: bytes, value: bytes, rows: dict[str, Row]) -> None:
    kind = key[:1]
    if kind == keys.READY:
        assert decode_index(key, value) in rows
    elif kind in INDEXES:
        assert decode_index(key, value) == ""
    elif kind == keys.FLOW and not is_row(key):
        assert keys.flow_id(key) in rows  # doctor looks at all that is of a flow
    elif kind == keys.SENT:
        assert keys.flow_id(key) in rows
        assert decode_index(key, value) == ""
    elif kind == keys.LIMITS:
        assert throttle.get(work, keys.named(key)) is not None
    elif kind == keys.DEATH:
        decode_index(key, value)
    elif kind == keys.SETTING:
        assert value
    elif kind in {keys.SOURCE, keys.CODE}:
        identity = sources.identity_in(key)
        assert identity is not None
        assert sources.opened(identity, sources.get(work, identity)) is not None
    elif kind == keys.BULK:
        assert upkeep_entry.examine(work, key) == []
        assert bulk.size(work.folder, filed.name_in(key)) > 0
    else:
        assert kind in (keys.META, keys.FLOW, keys.MESSAGE, keys.DELAYED)


def mail(work: Work, kind: bytes) -> Counter[str]:
    """Return how many messages of each flow lie there, having read them all."""
    found: Counter[str] = Counter()
    for prefix in mailbox.prefixes(work.txn, kind):
        entry = mailbox.first(work.txn, prefix)
        assert entry is not None
        message = unseal_message(prefix, entry.record)
        assert len(work.under(prefix)) >= 1
        flow_id = (
            keys.flow_id(prefix) if kind == keys.MESSAGE else keys.delayed_id(prefix)
        )
        row = work.row(flow_id)
        assert message.seq < row.next_seq
        found[flow_id] += 1
    return found
