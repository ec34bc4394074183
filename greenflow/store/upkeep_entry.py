"""doctor's look at what is no flow: entries of indexes, messages, limits, notes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from greenflow.errors import BadRecord, FlowNotFound
from greenflow.store import (
    blocks,
    bulk,
    filed,
    keys,
    mailbox,
    needs,
    settings,
    sources,
    throttle,
)
from greenflow.store.records import decode_index, decode_meta, unseal_message
from greenflow.store.upkeep_finding import Finding, Found, derived, lost
from greenflow.store.upkeep_flow import entries, is_child, is_watching

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenflow.store.records import Row
    from greenflow.store.work import Work


_IN_PIECES: Final = frozenset({keys.DELAYED, keys.SOURCE, keys.CODE, keys.BULK})


class Unit(NamedTuple):
    """What is looked at at once: one key, or several that are one thing."""

    key: bytes
    behind: bytes  #: where the next one begins


def unit(key: bytes) -> Unit:
    """Return what a key is the first of."""
    kind = key[:1]
    if kind in {keys.FLOW, keys.MESSAGE} and b"\0" in key:
        owner = key[: key.index(b"\0")]
        return Unit(key, owner + b"\1")
    if kind in _IN_PIECES and len(key) > keys.PIECE_BYTES:
        prefix = key[: -keys.PIECE_BYTES]
        return Unit(key, prefix + b"\xff" * (keys.PIECE_BYTES + 1))
    return Unit(key, key + b"\0")


def examine(work: Work, key: bytes) -> list[Found]:
    """Return what is wrong with what begins at a key that is not a flow's own."""
    look = _LOOKS.get(key[:1], _unknown)
    try:
        return look(work, key)
    except BadRecord as error:
        return [lost("damaged-record", "", error)]
    except (ValueError, IndexError):
        return _unknown(work, key)


def _entry(name_in: Callable[[bytes], str], work: Work, key: bytes) -> list[Found]:
    """Look at an entry that must be one of those that its flow has."""
    if key[:1] == keys.READY:
        try:
            flow_id = decode_index(key, work.txn.get(key, b""))
        except BadRecord as error:
            # If it is a flow's place, that flow puts it right, and first.
            text = f"a place in a queue cannot be read: {key!r}: {error.message}"
            return [derived("void-entry", "", text, partial(_delete_damaged, key))]
    else:
        flow_id = name_in(key)
        if flow_id.encode() not in key:
            return _unknown(work, key)  # it is no text, and stands for itself in ASCII
    row = _row(work, flow_id)
    if isinstance(row, str):
        return [_void(key, flow_id, f"flow {flow_id} is not there")] if row else []
    if _is_of(work, key, row):
        return []
    return [_void(key, flow_id, f"flow {flow_id} is {row.record.status}")]


def _is_of(work: Work, key: bytes, row: Row) -> bool:
    """Return whether this is an entry that a flow has, or may have."""
    kind, record = key[:1], row.record
    if kind == keys.NEEDED:
        return keys.flow_id(key) in needs.needed_by(record)
    if kind == keys.WATCHER:
        # Also if the one that is waited for has ended: that harms nobody.
        return is_watching(row) and keys.flow_id(key) in needs.watched_by(record)
    if kind == keys.CHILD:
        return keys.flow_id(key) == record.parent and is_child(work, row)
    return key in entries(work, row)


def _void(key: bytes, flow_id: str, why: str) -> Found:
    text = f"an entry lists what is not so: {key!r}: {why}"
    return derived("void-entry", flow_id, text, partial(_delete, key))


def _row(work: Work, flow_id: str) -> Row | str:
    """Return a flow; else "" if it is damaged, which is told already, or "gone"."""
    _check_id(flow_id)
    try:
        return work.row(flow_id)
    except FlowNotFound:
        return "gone"
    except BadRecord:
        return ""


def _messages(work: Work, key: bytes) -> list[Found]:
    """Look at a mailbox whose flow is not there: if it is, it looks itself."""
    flow_id = keys.flow_id(key)
    if _row(work, flow_id) != "gone":
        return []
    return [lost("lost-flow", flow_id, f"messages to flow {flow_id}, which is gone")]


def _pieces_alone(work: Work, key: bytes) -> list[Found]:
    """Return that a flow's bytes are there, and not its record."""
    flow_id = keys.flow_id(key)
    _check_id(flow_id)
    return [
        lost("lost-flow", flow_id, f"bytes of flow {flow_id}, whose record is gone")
    ]


def _delayed(work: Work, key: bytes) -> list[Found]:
    prefix = key[: -keys.PIECE_BYTES]
    flow_id = keys.delayed_id(prefix)
    found = mailbox.first(work.txn, prefix)
    if found is not None:
        try:
            unseal_message(prefix, found.record)
        except BadRecord as error:
            return [lost("damaged-message", flow_id, error)]
    if _row(work, flow_id) == "gone":
        text = f"a message will be delivered to flow {flow_id}, which is gone"
        return [derived("void-message", flow_id, text, partial(_delete_all, prefix))]
    return []


def _sent(work: Work, key: bytes) -> list[Found]:
    flow_id = keys.flow_id(key)
    if _row(work, flow_id) == "gone":
        return [_void(key, flow_id, f"flow {flow_id} is not there")]
    decode_index(key, work.txn.get(key, b""))
    return []


def _meta(work: Work, key: bytes) -> list[Found]:
    if key != keys.META:
        return _unknown(work, key)
    decode_meta(work.txn.get(key, b""))
    return []


def _limits(work: Work, key: bytes) -> list[Found]:
    throttle.get(work, key[1:].decode())
    return []


def _death(work: Work, key: bytes) -> list[Found]:
    decode_index(key, work.txn.get(key, b""))
    return []


def _setting(work: Work, key: bytes) -> list[Found]:
    settings.check(work)
    return []


def _source(work: Work, key: bytes) -> list[Found]:
    identity = sources.identity_in(key)
    if identity is None:
        return _unknown(work, key)
    try:
        sources.opened(identity, sources.get(work, identity))
    except BadRecord as error:
        if key[:1] == keys.CODE:
            text = f"code that flows may wait in is damaged: {error.message}"
            return [lost("damaged-code", "", text)]
        # A process that has not written it yet writes it again.
        text = f"a source text is damaged, which is shown only: {error.message}"
        repair = partial(_delete_all, sources.prefix_of(identity))
        return [derived("damaged-source", "", text, repair)]
    return []


def _bulk(work: Work, key: bytes) -> list[Found]:
    """Look at the record of a file of blocks; its flow looks at the blocks."""
    name = filed.name_in(key)
    if len(name) != bulk.NAME_BYTES:
        return _unknown(work, key)
    known = filed.get(work, name)
    listed = blocks.digests_in(known.digests, "a file of blocks")
    if bulk.size(work.folder, name) < 0:
        return [lost("damaged-state", known.flow, f"file {name.hex()} is not there")]
    if _row(work, known.flow) == "gone" or not filed.has_any(work, name, listed):
        text = f"a file of blocks is of flow {known.flow}, which needs it no more"
        return [derived("spare-file", known.flow, text, partial(filed.void, name))]
    return []


def _unknown(work: Work, key: bytes) -> list[Found]:
    text = f"a key that is none of greenflow's: {key!r}"
    advice = "use the greenflow that wrote it, or take the store from a copy"
    return [Found(Finding(kind="unknown-key", text=text, advice=advice))]


def _check_id(flow_id: str) -> None:
    """Raise ValueError if a key has no id where it must: it is unknown then."""
    if not keys.is_id(flow_id):
        raise ValueError(flow_id)


def _second(key: bytes) -> str:
    return keys.pair_second(key)


def _owned(key: bytes) -> str:
    return keys.running_names(key)[1]


def _delete(key: bytes, work: Work) -> None:
    work.txn.delete(key)


def _delete_damaged(key: bytes, work: Work) -> None:
    try:
        decode_index(key, work.txn.get(key, b""))
    except BadRecord:
        work.txn.delete(key)


def _delete_all(prefix: bytes, work: Work) -> None:
    mailbox.delete(work.txn, prefix)


_LOOKS: dict[bytes, Callable[[Work, bytes], list[Found]]] = {
    keys.FLOW: _pieces_alone,
    keys.META: _meta,
    keys.CREATED: partial(_entry, keys.timed_id),
    keys.READY: partial(_entry, keys.queue_name),
    keys.RUNNING: partial(_entry, _owned),
    keys.TIMER: partial(_entry, keys.timed_id),
    keys.FINISHED: partial(_entry, keys.timed_id),
    keys.HOSPITAL: partial(_entry, keys.named),
    keys.WATCHER: partial(_entry, _second),
    keys.CHILD: partial(_entry, _second),
    keys.NEEDED: partial(_entry, _second),
    keys.MESSAGE: _messages,
    keys.DELAYED: _delayed,
    keys.SENT: _sent,
    keys.LIMITS: _limits,
    keys.DEATH: _death,
    keys.SETTING: _setting,
    keys.SOURCE: _source,
    keys.CODE: _source,
    keys.BULK: _bulk,
}
