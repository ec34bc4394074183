"""How a message comes in: at once, or later, or not again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from greenflow import limits
from greenflow.errors import BadRecord, FlowNotFound
from greenflow.store import keys, mailbox
from greenflow.store.base import ENDED
from greenflow.store.records import encode_index, pack, unseal_message

if TYPE_CHECKING:
    import lmdb

    from greenflow.store.mailbox import Letter
    from greenflow.store.records import Row
    from greenflow.store.work import Work

#: Messages that one transaction delivers.
_DUE_MAX: Final = 500


def send(work: Work, item: Letter, now: float) -> int | None:
    """Post a message from outside a flow. Raises as post(), and MailboxFull."""
    row = work.row(item.flow)
    mailbox.check_receiver(row.record)
    if not _is_known(work, item):
        mailbox.check_room(row)
    return post(work, item, now)


def post(work: Work, item: Letter, now: float) -> int | None:
    """Take a message in: at once, or to be delivered later; return its seq.

    It is None if there was a message of that key before, or if it comes later.

    Raises:
        FlowNotFound: there is no such flow.
        FlowBusy: it has ended.
    """
    row = work.row(item.flow)
    mailbox.check_receiver(row.record)
    if _is_known(work, item):
        return None
    if item.key:
        sent = keys.sent(item.flow, item.topic, item.key)
        work.txn.put(sent, encode_index(sent))
    if item.at is not None and item.at > now:
        _put(work, row, item, item.at)
        return None
    return mailbox.deliver(work, item, now)


def _is_known(work: Work, item: Letter) -> bool:
    """Return whether there was a message of its key before."""
    sent = keys.sent(item.flow, item.topic, item.key)
    return bool(item.key) and work.txn.get(sent) is not None


def _put(work: Work, row: Row, item: Letter, at: float) -> None:
    """Keep a message until ``at``, in seconds since the epoch."""
    before = next_due(work.txn)
    prefix = keys.delayed(at, item.flow, row.next_seq)
    mailbox.put_pieces(work.txn, prefix, item)
    work.change(replace(row, next_seq=row.next_seq + 1, delayed=row.delayed + 1))
    work.wakes |= before is None or at < before


def next_due(txn: lmdb.Transaction[bytes]) -> float | None:
    """Return when the first message is due, in seconds since the epoch, or None."""
    with txn.cursor() as cursor:
        if cursor.set_range(keys.DELAYED) and cursor.key()[:1] == keys.DELAYED:
            return keys.timer_seconds(cursor.key())
    return None


def deliver(work: Work, now: float) -> dict[str, BadRecord]:
    """Put what is due into its mailbox; return what could not be read, by flow.

    That is kept, and looked at again after a while.
    """
    damaged: dict[str, BadRecord] = {}
    begin = keys.DELAYED
    for _ in range(_DUE_MAX):
        found = mailbox.first_from(work.txn, begin, keys.DELAYED)
        if found is None or keys.timer_seconds(found.prefix) > now:
            break
        flow_id = keys.delayed_id(found.prefix)
        try:
            _deliver(work, flow_id, found, now)
        except BadRecord as error:
            damaged[flow_id] = error
            _put_off(work, found.prefix, now + limits.DAMAGED_SECONDS)
        else:
            mailbox.delete(work.txn, found.prefix)
        begin = found.prefix + b"\xff" * (keys.PIECE_BYTES + 1)
    return damaged


def _deliver(work: Work, flow_id: str, found: mailbox.Found, now: float) -> None:
    message = unseal_message(found.prefix, found.record)
    try:
        row = work.row(flow_id)
    except FlowNotFound:
        return
    work.change(replace(row, delayed=row.delayed - 1))
    if row.record.status in ENDED:
        return
    body = pack(message.body, "a message")
    item = mailbox.Letter(flow_id, message.topic, message.kind, body)
    mailbox.deliver(work, item, now)


def _put_off(work: Work, prefix: bytes, until: float) -> None:
    for key in work.under(prefix):
        data = work.txn.pop(key)
        assert data is not None
        work.txn.put(keys.put_off(key, until), data)
