"""The keys of the store's one tree; the first byte tells the kind of the record.

    m                                      what this store is
    f id NUL                               a flow
    f id NUL s piece(2)                    its saved state
    f id NUL v piece(2)                    its payload, result or exception
    c created(8) id                        flows by age
    q ticket(8)                            flows that are ready, the first first
    r owner / id                           flows that are running, by worker
    t due(8) id                            flows that wait until a time, by it
    b id NUL topic(16) seq(8) piece(2)     a message

One tree and not one for each kind: every tree that a commit touches costs it two more
pages. For the same reason a flow and its state lie side by side. Integers are
big-endian, so that keys sort as they count. A topic is in its key as a digest, because
LMDB's keys end at 511 bytes; the message tells it in full.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from greenflow import limits

META: Final = b"m"
FLOW: Final = b"f"
CREATED: Final = b"c"
READY: Final = b"q"
RUNNING: Final = b"r"
TIMER: Final = b"t"
STATE: Final = b"s"
VALUE: Final = b"v"
MESSAGE: Final = b"b"

PIECE_BYTES: Final = 2
SEQ_BYTES: Final = 8
_TOPIC_BYTES: Final = 16
_NUMBER_MAX: Final = 2**63 - 1
_ID = re.compile(rf"[!-~]{{1,{limits.NAME_CHARS_MAX}}}", re.ASCII)


def is_id(text: str) -> bool:
    """Return whether this can be the id of a flow: printable ASCII, without blanks."""
    return _ID.fullmatch(text) is not None


def flow(flow_id: str) -> bytes:
    """Return the key of a flow."""
    return b"f%b\0" % flow_id.encode()


def flow_id(key: bytes) -> str:
    """Return the id in the key of a flow or of a part of one."""
    return key[1 : key.index(b"\0")].decode()


def after_flow(flow_id: str) -> bytes:
    """Return what sorts behind a flow and its parts, and before the next flow."""
    return b"f%b\1" % flow_id.encode()


def created(seconds: float, flow_id: str) -> bytes:
    """Return the key of a flow among the flows by age."""
    return CREATED + _micros(seconds) + flow_id.encode()


def _micros(seconds: float) -> bytes:
    return min(max(int(seconds * 1e6), 0), _NUMBER_MAX).to_bytes(8, "big")


def created_id(key: bytes) -> str:
    """Return the id in a key that :func:`created` made."""
    return key[9:].decode()


def ready(ticket: int) -> bytes:
    """Return the key of a place in the queue of ready flows."""
    return READY + ticket.to_bytes(8, "big")


def ready_ticket(key: bytes) -> int:
    """Return the place in a key that :func:`ready` made."""
    return int.from_bytes(key[1:], "big")


def running(owner: str, flow_id: str = "") -> bytes:
    """Return the key of a running flow; without an id, how all of the owner begin."""
    return b"r%b/%b" % (owner.encode(), flow_id.encode())


def running_names(key: bytes) -> tuple[str, str]:
    """Return owner and id in a key that :func:`running` made."""
    owner, _, flow_id = key[1:].decode().partition("/")
    return owner, flow_id


def after_owner(owner: str) -> bytes:
    """Return what sorts behind all running flows of this owner, and before the next."""
    return b"r%b0" % owner.encode()  # "0" is what follows "/"


def timer(seconds: float, flow_id: str) -> bytes:
    """Return the key of a flow among those that wait until a time."""
    return TIMER + _micros(seconds) + flow_id.encode()


def timer_seconds(key: bytes) -> float:
    """Return the time in a key that :func:`timer` made, as it was rounded."""
    return int.from_bytes(key[1:9], "big") / 1e6


def timer_id(key: bytes) -> str:
    """Return the id in a key that :func:`timer` made."""
    return key[9:].decode()


def part(kind: bytes, flow_id: str) -> bytes:
    """Return how the keys of all pieces of a flow's state or value begin."""
    return b"f%b\0%b" % (flow_id.encode(), kind)


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
    return topic(flow_id, name) + seq.to_bytes(SEQ_BYTES, "big")


def message_seq(prefix: bytes) -> int:
    """Return the seq in a key that :func:`message` made."""
    return int.from_bytes(prefix[-SEQ_BYTES:], "big")


@lru_cache(maxsize=1024)
def _digest(name: str) -> bytes:
    return blake2b(name.encode(), digest_size=_TOPIC_BYTES).digest()
