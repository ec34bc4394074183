"""The messages of a flow: put in, looked at, deleted by the commit that took them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from msgspec.structs import replace

from greenflow import limits
from greenflow.errors import FlowBusy, InternalError, TooLarge
from greenflow.store import keys
from greenflow.store.base import ANSWERS, ENDED
from greenflow.store.records import Packed, Row, pack, seal_message

if TYPE_CHECKING:
    from collections.abc import Iterable

    import lmdb

    from greenflow.store.base import Waiting
    from greenflow.store.work import Work

Kind = Literal["value", "throw"]


class Found(NamedTuple):
    """A message as it lies in the store, to be unsealed after the transaction."""

    prefix: bytes
    record: bytes


class Letter(NamedTuple):
    """A message that is ready to be put into a mailbox."""

    flow: str
    topic: str
    kind: Kind
    body: Packed


def letter(flow_id: str, topic: str, body: bytes, kind: Kind = "value") -> Letter:
    """Return a message that can be delivered. Raises TooLarge, ValueError."""
    if len(body) > limits.MESSAGE_BYTES_MAX:
        raise TooLarge(
            f"a message of {len(body)} bytes for flow {flow_id}; the limit is "
            f"{limits.MESSAGE_BYTES_MAX}",
            hint="send the path or the key of large data",
        )
    if len(topic) > limits.NAME_CHARS_MAX:
        raise TooLarge(
            f"a topic of {len(topic)} characters; the limit is {limits.NAME_CHARS_MAX}"
        )
    return Letter(flow_id, topic, kind, pack(body, "a message"))


def check_user_topic(topic: str) -> None:
    """Refuse the name that answers have. Raises ValueError."""
    if topic.startswith("\x00"):
        raise ValueError(f"a topic must not begin with NUL: {topic!r}")


def deliver(work: Work, item: Letter, now: float) -> int:
    """Put a message into a mailbox, wake the flow if it waits for it; return its seq.

    Raises:
        FlowNotFound: there is no such flow.
        FlowBusy: it has ended, or its mailbox is full.
    """
    row = work.row(item.flow)
    _check_takes(row, item.topic)
    seq = row.next_seq
    prefix = keys.message(item.flow, item.topic, seq)
    # Sealed only here: its key has the seq, which only the transaction knows.
    for number, piece in enumerate(
        seal_message(prefix, item.topic, item.kind, item.body)
    ):
        work.txn.put(keys.piece(prefix, number), piece)
    row = replace(row, next_seq=seq + 1, messages=row.messages + 1)
    if row.record.status == "waiting" and item.topic in topics(row.record.waiting):
        row = work.move(row, "ready", now)
    work.change(row)
    return seq


def answer(work: Work, item: Letter, now: float) -> None:
    """Deliver an answer, if the flow waits for one. Raises FlowNotFound, FlowBusy."""
    record = work.row(item.flow).record
    waiting = record.waiting
    if record.status != "waiting" or waiting is None:
        raise FlowBusy(
            f"flow {record.id} is {record.status}: it waits for no answer",
            hint="look at its status first, or catch FlowBusy",
        )
    if item.kind == "value" and waiting.kind != "suspend":
        raise FlowBusy(
            f"flow {record.id} waits in {waiting.kind}({waiting.topic}), not in "
            "suspend()",
            hint="send a message of that topic to a flow that waits in recv()",
        )
    deliver(work, item, now)


def consume(work: Work, row: Row, taken: Iterable[tuple[str, int]]) -> Row:
    """Delete messages; return the flow with as many less."""
    count = 0
    for topic, seq in taken:
        prefix = keys.message(row.record.id, topic, seq)
        if not _delete(work.txn, prefix):
            raise InternalError(
                f"message {seq} of topic {topic!r} of flow {row.record.id} was "
                "consumed, but is not in its mailbox"
            )
        count += 1
    return replace(row, messages=row.messages - count) if count else row


def awaited(work: Work, row: Row, waiting: Waiting | None) -> Found | None:
    """Return the message that a flow waits for, if it is in the mailbox."""
    if row.messages:
        for topic in topics(waiting):
            found = first(work.txn, keys.topic(row.record.id, topic))
            if found is not None:
                return found
    return None


def topics(waiting: Waiting | None) -> tuple[str, ...]:
    """Return the topics whose messages wake a flow that waits so, the first first."""
    if waiting is None or waiting.kind in {"once", "intent"}:
        return ()
    return (ANSWERS, waiting.topic) if waiting.kind == "recv" else (ANSWERS,)


def first(txn: lmdb.Transaction[bytes], begin: bytes) -> Found | None:
    """Return the first message whose key begins so."""
    with txn.cursor() as cursor:
        if not cursor.set_range(begin) or not cursor.key().startswith(begin):
            return None
        prefix = cursor.key()[: -keys.PIECE_BYTES]
        return Found(prefix, _read(cursor, prefix))


def prefixes(txn: lmdb.Transaction[bytes], begin: bytes) -> list[bytes]:
    """Return the keys of all messages that begin so, in the order they came in."""
    found = []
    with txn.cursor() as cursor:
        more = cursor.set_range(begin)
        while more and (key := cursor.key()).startswith(begin):
            prefix = key[: -keys.PIECE_BYTES]
            found.append(prefix)
            # Behind all pieces of this message.
            more = cursor.set_range(prefix + b"\xff" * (keys.PIECE_BYTES + 1))
    return sorted(found, key=keys.message_seq)


def _read(cursor: lmdb.Cursor[bytes], prefix: bytes) -> bytes:
    pieces = [cursor.value()]
    # Only the last piece can be shorter.
    while (
        len(pieces[-1]) == limits.CHUNK_BYTES
        and len(pieces) * limits.CHUNK_BYTES < limits.RECORD_BYTES_MAX
        and cursor.next()
        and cursor.key().startswith(prefix)
    ):
        pieces.append(cursor.value())
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _delete(txn: lmdb.Transaction[bytes], prefix: bytes) -> bool:
    """Delete all pieces of a message; return whether there was one."""
    deleted = False
    with txn.cursor() as cursor:
        while cursor.set_range(prefix) and cursor.key().startswith(prefix):
            cursor.delete()
            deleted = True
    return deleted


def _check_takes(row: Row, topic: str) -> None:
    record = row.record
    if record.status in ENDED:
        raise FlowBusy(
            f"flow {record.id} is {record.status}: it receives nothing any more",
            hint="look at its status before sending, or catch FlowBusy",
        )
    # An answer finds room in a full mailbox: it may be what the flow needs to empty it.
    if topic != ANSWERS and row.messages >= limits.MAILBOX_MESSAGES_MAX:
        raise FlowBusy(
            f"the mailbox of flow {record.id} is full: {row.messages} messages",
            hint="send again when the flow has received some",
        )
