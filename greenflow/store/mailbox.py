"""The messages of a flow: put in, looked at, deleted by the commit that took them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec.structs import replace

from greenflow import limits
from greenflow.errors import FlowBusy, InternalError, MailboxFull, TooLarge
from greenflow.store import keys
from greenflow.store.base import ANSWERS, CANCELS, ENDED
from greenflow.store.records import Packed, Row, pack, seal_message

if TYPE_CHECKING:
    from collections.abc import Iterable

    import lmdb

    from greenflow.store.base import FlowRecord, Outgoing, Waiting
    from greenflow.store.work import Work

Kind = Literal["value", "throw"]


class Found(msgspec.Struct, frozen=True):
    """A message as it lies in the store, to be unsealed after the transaction."""

    prefix: bytes
    record: bytes


class Letter(msgspec.Struct, frozen=True):
    """A message that is ready to be put into a mailbox."""

    flow: str
    topic: str
    kind: Kind
    body: Packed
    key: str = ""
    at: float | None = None


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
    topic.encode()  # raises if it cannot be stored
    return Letter(flow_id, topic, kind, pack(body, "a message"))


def mail(item: Outgoing) -> Letter:
    """Return a message as users send it. Raises TooLarge, ValueError."""
    check_user_topic(item.topic)
    item.key.encode()
    if item.at is not None and math.isnan(item.at):
        raise ValueError(f"a message of topic {item.topic!r} is sent at {item.at}")
    made = letter(item.flow, item.topic, item.body)
    return replace(made, key=item.key, at=item.at)


def check_user_topic(topic: str) -> None:
    """Refuse the name that answers have. Raises ValueError."""
    if topic.startswith("\x00"):
        raise ValueError(f"a topic must not begin with NUL: {topic!r}")


def deliver(work: Work, item: Letter, now: float) -> int:
    """Put a message into a mailbox, wake the flow if it waits for it; return its seq.

    Raises:
        FlowNotFound: there is no such flow.
    """
    row = work.row(item.flow)
    seq = row.next_seq
    prefix = keys.message(item.flow, item.topic, seq)
    # Sealed only here: its key has the seq, which only the transaction knows.
    put_pieces(work.txn, prefix, item)
    row = replace(row, next_seq=seq + 1, messages=row.messages + 1)
    if _wakes(row.record, item.topic):
        row = work.move(row, "ready", now)
    work.change(row)
    return seq


def _wakes(record: FlowRecord, topic: str) -> bool:
    """Return whether a message of this topic ends the wait of a flow."""
    waiting = record.waiting
    if record.status != "waiting":
        return False
    if record.blocked:  # what it cannot do is not worth to be waited for any more
        return topic == CANCELS and not (waiting and waiting.shielded)
    return topic in topics(waiting)


def put_pieces(txn: lmdb.Transaction[bytes], prefix: bytes, item: Letter) -> None:
    """Write a message."""
    for number, piece in enumerate(
        seal_message(prefix, item.topic, item.kind, item.body)
    ):
        txn.put(keys.piece(prefix, number), piece)


def answer(work: Work, item: Letter, now: float) -> None:
    """Deliver an answer, if the flow waits for one. Raises FlowNotFound, FlowBusy."""
    row = work.row(item.flow)
    record, waiting = row.record, row.record.waiting
    if record.status != "waiting" or waiting is None or waiting.kind == "start":
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
    if record.blocked and first(work.txn, keys.topic(record.id, ANSWERS)):
        raise FlowBusy(
            f"flow {record.id} has an answer already, and goes on when there is room "
            f"in the mailbox of flow {record.blocked}",
            hint="wait until it has taken that answer",
        )
    deliver(work, item, now)


def consume(work: Work, row: Row, taken: Iterable[tuple[str, int]]) -> Row:
    """Delete messages; return the flow with as many less."""
    count = 0
    for topic, seq in taken:
        prefix = keys.message(row.record.id, topic, seq)
        if not delete(work.txn, prefix):
            raise InternalError(
                f"message {seq} of topic {topic!r} of flow {row.record.id} was "
                "consumed, but is not in its mailbox"
            )
        count += 1
    return replace(row, messages=row.messages - count) if count else row


def awaited(work: Work, row: Row, waiting: Waiting | None) -> Found | None:
    """Return the message that a flow waits for, if it is in the mailbox."""
    if row.messages:
        begins = waiting is None and row.record.seq == 0
        for topic in (CANCELS,) if begins else topics(waiting):
            if waiting is not None and topic in waiting.topics:
                break  # it only wakes the flow, which then looks by itself
            found = first(work.txn, keys.topic(row.record.id, topic))
            if found is not None:
                return found
    return None


def has_any(txn: lmdb.Transaction[bytes], row: Row) -> bool:
    """Return whether any message that the flow waits for is in its mailbox."""
    wanted = topics(row.record.waiting) if row.messages else ()
    return any(first(txn, keys.topic(row.record.id, topic)) for topic in wanted)


def topics(waiting: Waiting | None) -> tuple[str, ...]:
    """Return the topics whose messages wake a flow that waits so, the first first."""
    if waiting is None or waiting.kind in {"once", "intent"}:
        return ()
    if waiting.kind == "start":
        return (CANCELS,)
    given = (ANSWERS,) if waiting.shielded else (ANSWERS, CANCELS)
    if waiting.kind == "recv":
        return (*given, waiting.topic)
    return (*given, *waiting.topics)


def first(txn: lmdb.Transaction[bytes], begin: bytes) -> Found | None:
    """Return the first message whose key begins so."""
    return first_from(txn, begin, begin)


def first_from(
    txn: lmdb.Transaction[bytes], place: bytes, begin: bytes
) -> Found | None:
    """Return the first message from ``place`` on whose key begins with ``begin``."""
    with txn.cursor() as cursor:
        if not cursor.set_range(place) or not cursor.key().startswith(begin):
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
        len(pieces[-1]) >= limits.CHUNK_BYTES
        and len(pieces) * limits.CHUNK_BYTES < limits.RECORD_BYTES_MAX
        and cursor.next()
        and cursor.key().startswith(prefix)
    ):
        pieces.append(cursor.value())
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def delete(txn: lmdb.Transaction[bytes], prefix: bytes) -> bool:
    """Delete all pieces of a message; return whether there was one."""
    deleted = False
    with txn.cursor() as cursor:
        while cursor.set_range(prefix) and cursor.key().startswith(prefix):
            cursor.delete()
            deleted = True
    return deleted


def check_receiver(record: FlowRecord) -> None:
    """Refuse a message to a flow that has ended. Raises FlowBusy."""
    if record.status in ENDED:
        raise FlowBusy(
            f"flow {record.id} is {record.status}: it receives nothing any more",
            hint="look at its status before sending, or catch FlowBusy",
        )


def check_room(row: Row) -> None:
    """Refuse a message to a full mailbox. Raises MailboxFull."""
    if row.messages + row.delayed >= limits.MAILBOX_MESSAGES_MAX:
        raise MailboxFull(
            f"the mailbox of flow {row.record.id} is full: {row.messages} messages",
            hint="send again when the flow has received some",
        )


def is_over(row: Row) -> bool:
    """Return whether a mailbox has more than it may: flows fill it before they wait."""
    return row.messages + row.delayed > limits.MAILBOX_MESSAGES_MAX
