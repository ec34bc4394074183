"""Settings that a store keeps for all its users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from greenflow import limits
from greenflow.envelope import seal, unseal
from greenflow.errors import BadContents
from greenflow.store import keys

if TYPE_CHECKING:
    from greenflow.store.work import Work

T = TypeVar("T")

_RETENTION: Final = "retention"
_HISTORY: Final = "history"


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """Which of the flows that have ended may be deleted."""

    older_seconds: float | None = None  #: ended longer ago than that; None: all
    keep: int = 0  #: so many that ended last are kept, however old

    def __post_init__(self) -> None:
        if self.older_seconds is None and not self.keep:
            raise ValueError("a retention needs an age, or a number to keep")
        if (self.older_seconds or 0) < 0 or self.keep < 0:
            raise ValueError(f"a retention cannot be negative: {self}")


class _History(msgspec.Struct, frozen=True):
    keep: int


_retention = msgspec.msgpack.Decoder(Retention)
_history = msgspec.msgpack.Decoder(_History)


def put_retention(work: Work, retention: Retention | None) -> None:
    """Set what gc does when it is told nothing else; None: nothing."""
    _put(work, _RETENTION, retention)


def get_retention(work: Work) -> Retention | None:
    """Return what :func:`put_retention` set. Raises BadRecord."""
    return _get(work, _RETENTION, _retention)


def put_history(work: Work, keep: int) -> None:
    """Set how many of the last checkpoints of a flow are kept; 0: the current one.

    Raises ValueError.
    """
    if keep < 0:
        raise ValueError(f"checkpoints that are kept cannot be {keep}")
    _put(work, _HISTORY, _History(keep))


def get_history(work: Work) -> int:
    """Return what :func:`put_history` set. Raises BadRecord."""
    found = _get(work, _HISTORY, _history)
    return limits.CHECKPOINTS_KEPT if found is None else max(found.keep, 0)


def check(work: Work) -> None:
    """Read all settings. Raises BadRecord."""
    get_retention(work)
    get_history(work)


def _put(work: Work, name: str, setting: msgspec.Struct | None) -> None:
    key = keys.setting(name)
    if setting is None:
        work.txn.delete(key)
    else:
        work.txn.put(key, seal(b"setting", key, msgspec.msgpack.encode(setting), b""))


def _get(work: Work, name: str, decoder: msgspec.msgpack.Decoder[T]) -> T | None:
    key = keys.setting(name)
    data = work.txn.get(key)
    if data is None:
        return None
    try:
        return decoder.decode(unseal(b"setting", key, data)[0])
    except (msgspec.MsgspecError, ValueError) as error:
        raise BadContents(f"the store's {name}: {error}") from error
