"""Settings that a store keeps for all its users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from greenflow.envelope import seal, unseal
from greenflow.errors import BadContents
from greenflow.store import keys

if TYPE_CHECKING:
    from greenflow.store.work import Work

_RETENTION: Final = "retention"


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """Which of the flows that have ended may be deleted."""

    older_seconds: float | None = None  #: ended longer ago than that; None: all
    keep: int = 0  #: so many that ended last are kept, however old

    def __post_init__(self) -> None:
        if self.older_seconds is None and not self.keep:
            raise ValueError("a retention needs an age, or a number to keep")
        if (self.older_seconds or 0) < 0 or self.keep < 0:
            raise ValueError(f"a retention cannot be negative: {self}")


_decode = msgspec.msgpack.Decoder(Retention).decode


def put_retention(work: Work, retention: Retention | None) -> None:
    """Set what gc does when it is told nothing else; None: nothing."""
    key = keys.setting(_RETENTION)
    if retention is None:
        work.txn.delete(key)
    else:
        head = msgspec.msgpack.encode(retention)
        work.txn.put(key, seal(b"setting", key, head, b""))


def get_retention(work: Work) -> Retention | None:
    """Return what :func:`put_retention` set. Raises BadRecord."""
    key = keys.setting(_RETENTION)
    data = work.txn.get(key)
    if data is None:
        return None
    try:
        return _decode(unseal(b"setting", key, data)[0])
    except (msgspec.MsgspecError, ValueError) as error:
        raise BadContents(f"the store's retention: {error}") from error
