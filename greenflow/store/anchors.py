"""What tells that a signed record is not the one that was written there last.

Somebody who can write the store can put back what lay under a key before: its signature
is right. So a store with a key has two kinds of records more, signed as all are, and
written by the same transaction as what they are of:

- an *anchor* for each flow: the signature of its record, when it was made, and which
  messages are in its mailbox. A record of a flow, a message or a piece of a state that
  does not fit its anchor is refused where it is read; so is a setting or a limit that
  does not fit the root.
- the *root*: the number of the last transaction, and a sum over all records there are.
  It fits all of them together or none, and audit() tells.

What no record of a store can tell is that the whole folder was put back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from greenflow.envelope import refused
from greenflow.errors import BadRecord, BadSignature, RolledBack
from greenflow.store import keys, ranges
from greenflow.store.roots import HINT, ROOT, Root, Sum
from greenflow.store.wrapping import tag

if TYPE_CHECKING:
    import lmdb

    from greenflow.store.wrapping import Wrap

T = TypeVar("T")

_PIECE: Final = keys.PIECE_BYTES
#: What an anchor tells of.
_OWNED: Final = frozenset({keys.FLOW, keys.MESSAGE, keys.DELAYED, keys.SENT})
#: What the root has the signatures of.
_NAMED: Final = frozenset({keys.SETTING, keys.LIMITS})
_FIRST: Final = bytes(_PIECE)


class Anchor(msgspec.Struct, array_like=True):
    """What is known of a flow besides its record."""

    birth: int  #: the transaction that made it
    row: bytes = b""  #: the signature of its record
    waiting: list[int] = []  #: seqs of the messages in its mailbox: see ranges.py
    delayed: list[int] = []  #: of those that are delivered later


_encode = msgspec.msgpack.Encoder().encode
_anchor = msgspec.msgpack.Decoder(Anchor)
_roots = msgspec.msgpack.Decoder(Root)


class Anchors:
    """The anchors that one transaction reads and changes, and the root."""

    def __init__(
        self, txn: lmdb.Transaction[bytes], wrap: Wrap, *, fresh: bool = False
    ) -> None:
        """Begin; ``fresh`` lets an empty store have no root yet."""
        self._txn, self._wrap, self._fresh = txn, wrap, fresh
        self._loaded: dict[bytes, tuple[bytes | None, Anchor | None]] = {}
        self._changed: set[bytes] = set()
        self._root: Root | None = None
        self._sum: Sum | None = None

    # --- what is read ---

    def check(self, key: bytes, data: bytes, stamp: int) -> None:
        """Refuse a record that is signed, and not what was written last.

        Raises RolledBack, or what is wrong with its anchor.
        """
        kind = key[:1]
        if kind == keys.FLOW:
            self._check_flow(key, data, stamp)
        elif kind in {keys.MESSAGE, keys.DELAYED, keys.SENT}:
            anchor = self._of(_owner(key))
            if anchor is None:
                return  # there is no such flow, so nobody receives it
            if stamp < anchor.birth:
                raise _older(key, "its flow was made later")
            if kind != keys.SENT and not ranges.has(_seqs(anchor, kind), _seq(key)):
                raise _older(key, "that message was taken already")
        elif kind in _NAMED and self.root.named.get(key) != tag(data):
            raise _older(key, "it was changed since")

    def _check_flow(self, key: bytes, data: bytes, stamp: int) -> None:
        anchor, part = self._of(_owner(key)), _part(key)
        if not part:
            if anchor is None or anchor.row != tag(data):
                raise _older(key, "the flow was changed or deleted since")
        elif anchor is not None and stamp < anchor.birth:
            raise _older(key, "its flow was made later")
        elif part[:1] == keys.STATE and part[_VALUE_AT : _VALUE_AT + 1] == keys.VALUE:
            self._check_value(key, stamp)

    def _check_value(self, key: bytes, stamp: int) -> None:
        """Refuse a value that is older than the state it belongs to.

        How a flow ended lies behind its last state. If the flow is rolled back then,
        the number is that of its next state, and perhaps of another value.
        """
        flow_id, seq = keys.flow_id(key), keys.checkpoint_seq(key)
        for number in (seq, seq - 1):
            beside = keys.piece(keys.part(keys.STATE, flow_id, max(number, 0)), 0)
            data = self._txn.get(beside)
            if data is not None:
                if stamp < self._wrap.opened(beside, data).stamp:
                    raise _older(key, "its checkpoint was saved later")
                return

    def missing(self, key: bytes, default: bytes | None) -> bytes | None:
        """Return what stands for a record that is not there."""
        kind = key[:1]
        try:
            if kind == keys.FLOW and not _part(key):
                anchor = self._of(_owner(key))
                gone = anchor is not None and anchor.row != b""
            elif kind in _NAMED:
                gone = key in self.root.named
            else:
                return default
        except BadRecord as error:
            return refused(error)
        return refused(_older(key, "it is not there, and must be")) if gone else default

    def _of(self, flow_id: bytes) -> Anchor | None:
        """Return the anchor of a flow; None if it has none. Raises BadRecord."""
        loaded = self._loaded.get(flow_id)
        if loaded is None:
            key = keys.ANCHOR + flow_id
            data = self._txn.get(key) if flow_id else None
            anchor = None if data is None else self._decoded(key, data, _anchor)
            loaded = self._loaded[flow_id] = data, anchor
        return loaded[1]

    @property
    def root(self) -> Root:
        """The root. Raises BadRecord."""
        if self._root is None:
            data = self._txn.get(ROOT)
            if data is None:
                if not self._fresh:
                    raise _older(ROOT, "the root of the store is not there")
                self._root = Root(key=self._wrap.ring.newest.id)
            else:
                self._root = self._decoded(ROOT, data, _roots)
        return self._root

    def _decoded(
        self, key: bytes, data: bytes, decoder: msgspec.msgpack.Decoder[T]
    ) -> T:
        opened = self._wrap.opened(key, data)
        try:
            return decoder.decode(opened.value)
        except msgspec.MsgspecError as error:
            raise BadSignature(f"the record under {key!r} is no anchor") from error

    # --- what is written ---

    @property
    def stamp(self) -> int:
        """The number of this transaction. Raises BadRecord."""
        return self.root.stamp + 1

    def wrote(self, key: bytes, old: bytes | None, data: bytes) -> None:
        """Hear what lies under a key now, and lay there before. Raises BadRecord."""
        self._add(key, old, data)
        kind = key[:1]
        if kind in _OWNED and _owner(key):
            anchor = self._made(_owner(key))
            if kind == keys.FLOW and not _part(key):
                anchor.row = tag(data)
            elif kind in {keys.MESSAGE, keys.DELAYED} and key.endswith(_FIRST):
                ranges.add(_seqs(anchor, kind), _seq(key))
        elif kind in _NAMED:
            self.root.named[key] = tag(data)

    def deleted(self, key: bytes, old: bytes) -> None:
        """Hear that nothing lies under a key any more. Raises BadRecord."""
        self._add(key, old, None)
        kind = key[:1]
        flow_id = _owner(key) if kind in _OWNED else b""
        if kind == keys.FLOW and flow_id and not _part(key):
            self._of(flow_id)
            self._loaded[flow_id] = self._loaded[flow_id][0], None
            self._changed.add(flow_id)
        elif kind in {keys.MESSAGE, keys.DELAYED} and key.endswith(_FIRST):
            anchor = self._of(flow_id)
            if anchor is not None:
                ranges.remove(_seqs(anchor, kind), _seq(key))
                self._changed.add(flow_id)
        elif kind in _NAMED:
            self.root.named.pop(key, None)

    def _made(self, flow_id: bytes) -> Anchor:
        """Return a flow's anchor, to be changed; a new one if it has none."""
        anchor = self._of(flow_id)
        if anchor is None:
            anchor = Anchor(birth=self.stamp)
            self._loaded[flow_id] = self._loaded[flow_id][0], anchor
        self._changed.add(flow_id)
        return anchor

    def _add(self, key: bytes, old: bytes | None, data: bytes | None) -> None:
        if self._sum is None:
            self._sum = Sum(self._wrap, self.root)
        self._sum.change(key, old, data)

    def flush(self) -> None:
        """Write what changed, if anything did: the last thing of a transaction."""
        for flow_id in self._changed:
            old, anchor = self._loaded[flow_id]
            key = keys.ANCHOR + flow_id
            data = None
            if anchor is not None:
                data = self._wrap.wrap(key, self.stamp, _encode(anchor))
                self._txn.put(key, data)
            elif old is not None:
                self._txn.delete(key)
            self._add(key, old, data)
            self.root.anchors += (data is not None) - (old is not None)
        self._changed.clear()
        if self._sum is not None:
            root = self.root
            root.stamp += 1
            self._sum.close()
            self._txn.put(ROOT, self._wrap.wrap(ROOT, root.stamp, _encode(root)))
            self._root = self._sum = None
            self._loaded.clear()


_VALUE_AT: Final = 1 + keys.SEQ_BYTES


def _owner(key: bytes) -> bytes:
    """Return the id of the flow that a record belongs to."""
    begin = 9 if key[:1] == keys.DELAYED else 1
    return key[begin:].partition(b"\0")[0]


def _part(key: bytes) -> bytes:
    """Return what a key of a flow's says behind its id; nothing of its own record."""
    return key.partition(b"\0")[2]


def _seq(key: bytes) -> int:
    return int.from_bytes(key[-keys.SEQ_BYTES - _PIECE : -_PIECE], "big")


def _seqs(anchor: Anchor, kind: bytes) -> list[int]:
    return anchor.waiting if kind == keys.MESSAGE else anchor.delayed


def _older(key: bytes, why: str) -> RolledBack:
    return RolledBack(
        f"the record under key {key!r} is not what was written there last: {why}",
        hint=HINT,
    )
