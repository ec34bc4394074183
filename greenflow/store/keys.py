"""The keys of the store's one tree; the first byte tells the kind of the record.

    a [id]                                 with a key: what all records, or a flow, have
    m                                      what this store is
    f id NUL                               a flow
    f id NUL s seq(8) s piece(2)           a checkpoint of it: a saved state
    f id NUL s seq(8) v piece(2)           its payload; behind the last: how it ended
    f id NUL s seq(8) l                    it has a label: it is kept
    f id NUL c digest(24) piece(2)         what checkpoints with large states share
    f id NUL g number(8)                   a line that it logged
    c created(8) id                        flows by age
    q queue NUL rank(1) ticket(8)          flows that are ready, the first first
    r owner / id                           flows that are running, by worker
    t due(8) id                            flows that wait until a time, by it
    b id NUL topic(16) seq(8) piece(2)     a message
    d due(8) id NUL seq(8) piece(2)        a message that is delivered later
    k id NUL digest(16)                    a message's key: it was sent
    w id NUL id                            who waits for the end of the first
    o id NUL id                            children of the first
    n id NUL id                            who needs the first one's end or result
    e ended(8) id                          flows that have ended, by when
    h id                                   flows in the hospital
    l queue                                limits of a queue
    x worker                               how a worker died
    p name                                 a setting of the store
    u hash(8) piece(2)                     source text of code, in formats before 3
    y identity(16) piece(2)                code that flows wait in, and its source text
    z name(16) piece(2)                    a file of blocks, and whose they are

One tree and not one for each kind: each that a commit touches costs two more pages.
So a flow and its state lie side by side. Integers are big-endian: keys sort as they
count. A topic is there as a digest: keys end at 511 bytes, and its message has it all.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from greenflow import limits
from greenflow.digests import blake2b

ANCHOR: Final = b"a"
META: Final = b"m"
FLOW: Final = b"f"
CREATED: Final = b"c"
READY: Final = b"q"
RUNNING: Final = b"r"
TIMER: Final = b"t"
STATE: Final = b"s"
VALUE: Final = b"v"
LABELLED: Final = b"l"
BLOCK: Final = b"c"
MESSAGE: Final = b"b"
DELAYED: Final = b"d"
SENT: Final = b"k"
WATCHER: Final = b"w"
CHILD: Final = b"o"
HOSPITAL: Final = b"h"
FINISHED: Final = b"e"
LIMITS: Final = b"l"
DEATH: Final = b"x"
NEEDED: Final = b"n"
SETTING: Final = b"p"
SOURCE: Final = b"u"
CODE: Final = b"y"
BULK: Final = b"z"

PIECE_BYTES: Final = 2
SEQ_BYTES: Final = 8
HASH_BYTES: Final = 8
IDENTITY_BYTES: Final = 16
_TOPIC_BYTES: Final = 16
_NUMBER_MAX: Final = 2**63 - 1
_ID = re.compile(rf"[!-~]{{1,{limits.NAME_CHARS_MAX}}}", re.ASCII)


def is_id(text: str) -> bool:
    """Return whether this can be the id of a flow: printable ASCII, without blanks."""
    return _ID.fullmatch(text) is not None


def is_queue(name: str) -> bool:
    """Return whether a queue can have this name."""
    return "\0" not in name and len(name.encode()) <= limits.NAME_CHARS_MAX


def flow(flow_id: str) -> bytes:
    """Return the key of a flow."""
    return b"f%b\0" % flow_id.encode()


def flow_id(key: bytes) -> str:
    """Return the id in the key of a flow or of a part of one."""
    return _text(key[1:].partition(b"\0")[0])


def after_flow(flow_id: str) -> bytes:
    """Return what sorts behind a flow and its parts, and before the next flow."""
    return b"f%b\1" % flow_id.encode()


def created(seconds: float, flow_id: str) -> bytes:
    """Return the key of a flow among the flows by age."""
    return CREATED + _micros(seconds) + flow_id.encode()


def _micros(seconds: float) -> bytes:
    return int(min(max(seconds * 1e6, 0), _NUMBER_MAX)).to_bytes(8, "big")


def _text(name: bytes) -> str:
    """Return a name in a key; what is damaged is then the name of nothing."""
    return name.decode("utf-8", "backslashreplace")


def timed_id(key: bytes) -> str:
    """Return the id in a key that created(), timer() or finished() made."""
    return _text(key[9:])


def queue(name: str) -> bytes:
    """Return how the keys of all places in a queue begin."""
    return b"q%b\0" % name.encode()


def after_queue(key: bytes) -> bytes:
    """Return what sorts behind all places in a queue, and before the next queue."""
    return key.partition(b"\0")[0] + b"\1"


def queue_name(key: bytes) -> str:
    """Return the queue in a key that :func:`ready` made."""
    return _text(key[1:].partition(b"\0")[0])


def rank(name: str, priority: int) -> bytes:
    """Return how the keys of all places of one priority begin, the highest first."""
    return queue(name) + (limits.PRIORITY_MAX - priority).to_bytes(1, "big")


def ready(name: str, priority: int, ticket: int) -> bytes:
    """Return the key of a place in a queue of ready flows."""
    return rank(name, priority) + ticket.to_bytes(8, "big")


def ready_ticket(key: bytes) -> int:
    """Return the place in a key that :func:`ready` made."""
    return int.from_bytes(key[-8:], "big")


def running(owner: str, flow_id: str = "") -> bytes:
    """Return the key of a running flow; without an id, how all of the owner begin."""
    return b"r%b/%b" % (owner.encode(), flow_id.encode())


def running_names(key: bytes) -> tuple[str, str]:
    """Return owner and id in a key that :func:`running` made."""
    owner, _, flow_id = _text(key[1:]).partition("/")
    return owner, flow_id


def after_owner(key: bytes) -> bytes:
    """Return what sorts behind all running flows of an owner, and before the next."""
    return key.partition(b"/")[0] + b"0"  # that is what follows "/"


def timer(seconds: float, flow_id: str) -> bytes:
    """Return the key of a flow among those that wait until a time."""
    return TIMER + _micros(seconds) + flow_id.encode()


def timer_seconds(key: bytes) -> float:
    """Return the time in a key that timer() or delayed() made, as it was rounded."""
    return int.from_bytes(key[1:9], "big") / 1e6


def delayed(seconds: float, flow_id: str, seq: int) -> bytes:
    """Return how the keys of all pieces of a message begin that is delivered later."""
    return DELAYED + _micros(seconds) + flow_id.encode() + b"\0" + _number(seq)


def put_off(key: bytes, seconds: float) -> bytes:
    """Return a key that :func:`timer` or :func:`delayed` made for another time."""
    return key[:1] + _micros(seconds) + key[9:]


def delayed_id(key: bytes) -> str:
    """Return the id in a key that :func:`delayed` made."""
    return _text(key[9:].partition(b"\0")[0])


def sent(flow_id: str, topic: str = "", key: str = "") -> bytes:
    """Return the key of a message's key; without one, how all of the flow begin."""
    digest = _digest(f"{len(topic)}:{topic}{key}") if key else b""
    return b"k%b\0%b" % (flow_id.encode(), digest)


def pair(kind: bytes, first: str, second: str = "") -> bytes:
    """Return the key of two flows; without the second, how all of the first begin."""
    return b"%b%b\0%b" % (kind, first.encode(), second.encode())


def pair_second(key: bytes) -> str:
    """Return the second id in a key that :func:`pair` made."""
    return _text(key.partition(b"\0")[2])


def hospital(flow_id: str) -> bytes:
    """Return the key of a flow in the hospital."""
    return HOSPITAL + flow_id.encode()


def named(key: bytes) -> str:
    """Return the name in a key that hospital() or limits_of() made."""
    return _text(key[1:])


def finished(seconds: float, flow_id: str) -> bytes:
    """Return the key of a flow among those that have ended, by when they did."""
    return FINISHED + _micros(seconds) + flow_id.encode()


def limits_of(queue_name: str) -> bytes:
    """Return the key of a queue's limits."""
    return LIMITS + queue_name.encode()


def death(worker: str) -> bytes:
    """Return the key of how a worker died."""
    return DEATH + worker.encode()


def setting(name: str) -> bytes:
    """Return the key of a setting of the store."""
    return SETTING + name.encode()


def checkpoint(flow_id: str, seq: int | None = None) -> bytes:
    """Return how the keys of a checkpoint begin; without a seq, of all of the flow."""
    number = b"" if seq is None else _number(seq)
    return b"f%b\0s%b" % (flow_id.encode(), number)


def checkpoint_seq(key: bytes) -> int:
    """Return the seq in a key that :func:`checkpoint` began."""
    begin = key.index(b"\0") + 2
    return int.from_bytes(key[begin : begin + SEQ_BYTES], "big")


def part(kind: bytes, flow_id: str, seq: int) -> bytes:
    """Return how the keys of all pieces of a checkpoint's state or value begin."""
    return checkpoint(flow_id, seq) + kind


def block(flow_id: str, digest: bytes = b"") -> bytes:
    """Return how the keys of a block begin; without a digest, of all of the flow."""
    return b"f%b\0c%b" % (flow_id.encode(), digest)


def piece(prefix: bytes, number: int) -> bytes:
    """Return the key of one piece."""
    return prefix + number.to_bytes(PIECE_BYTES, "big")


def mailbox(flow_id: str) -> bytes:
    """Return how the keys of all messages of a flow begin."""
    return b"b%b\0" % flow_id.encode()


def topic(flow_id: str, name: str) -> bytes:
    """Return how the keys of all messages of one topic begin."""
    return mailbox(flow_id) + _digest(name)


def message(flow_id: str, name: str, seq: int) -> bytes:
    """Return how the keys of all pieces of one message begin."""
    return topic(flow_id, name) + _number(seq)


def message_seq(prefix: bytes) -> int:
    """Return the seq in a key that :func:`message` made."""
    return int.from_bytes(prefix[-SEQ_BYTES:], "big")


def _number(seq: int) -> bytes:
    return seq.to_bytes(SEQ_BYTES, "big")


@lru_cache(maxsize=1024)
def _digest(name: str) -> bytes:
    return blake2b(name.encode(), digest_size=_TOPIC_BYTES).digest()
