"""What keeps a store healthy: gc, numbers, examinations, copies."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from greenflow.later import later_all
from greenflow.store.base import QueueLimits

if TYPE_CHECKING:
    import os
    from datetime import timedelta

    from greenflow.runtime.names import CodePolicy
    from greenflow.runtime.sourcing import Sourcing
    from greenflow.store import (
        LmdbStore,
        base,
        settings,
        upkeep_copy,
        upkeep_doctor,
        upkeep_gc,
        upkeep_stats,
        upkeep_trim,
    )
    from greenflow.store.settings import Retention
    from greenflow.store.upkeep_finding import Finding
    from greenflow.store.upkeep_gc import Collected, Collector
    from greenflow.store.upkeep_stats import Stats
else:
    settings, upkeep_copy, upkeep_doctor = later_all(
        __name__, "greenflow.store", "settings", "upkeep_copy", "upkeep_doctor"
    )
    upkeep_gc, upkeep_stats, upkeep_trim = later_all(
        __name__, "greenflow.store", "upkeep_gc", "upkeep_stats", "upkeep_trim"
    )

#: A worker that is idle spends so long on gc before it looks for flows again.
_SOME_SECONDS = 0.05


class Upkeep:
    """The part of :class:`greenflow.Store` that keeps it healthy."""

    #: What this process knows of the code that is in it.
    sourcing: Sourcing | None = None
    #: What open() was told of flows whose code was changed.
    code: CodePolicy | None = None
    _base: base.Store
    _collector: Collector | None = None

    def limit_queue(
        self,
        queue: str,
        *,
        concurrency: int | None = None,
        rate: tuple[int, float] | None = None,
    ) -> None:
        """Set the limits of a queue. As :func:`greenflow.limit_queue`."""
        count, per = (0, 1.0) if rate is None else rate
        self._base.limit_queue(
            QueueLimits(name=queue, concurrency=concurrency, count=count, seconds=per)
        )

    def gc(
        self,
        *,
        older: timedelta | None = None,
        keep: int = 0,
        children: bool = False,
        dry_run: bool = False,
    ) -> Collected:
        """Delete flows that have ended, with all that belongs to them.

        With neither ``older`` nor ``keep``, those that :meth:`set_retention` said. A
        handle on a deleted flow raises FlowNotFound. Never deleted is a flow that
        another one waits for, or was woken by and has not been saved since.

        Args:
            older: only those that ended longer ago.
            keep: not so many that ended last, however old they are.
            children: also those whose parent has not ended; it may have a handle on
                them, and ask for a result that is gone.
            dry_run: only tell what would be deleted.

        Returns:
            How many flows and messages were deleted, and how many flows are needed.

        Raises:
            ValueError: nothing says what may be deleted.
            StoreError: the store failed; what was deleted is.
        """
        retention = _retention(older, keep) or self._lmdb.read(settings.get_retention)
        if retention is None:
            raise ValueError(
                "gc() needs older=..., keep=..., or set_retention() before"
            )
        collector = upkeep_gc.Collector(self._lmdb, retention, children=children)
        if dry_run:
            return collector.dry_run()
        collector.run()
        return collector.collected

    def collect_some(self, seconds: float = _SOME_SECONDS) -> bool:
        """Go on with gc for about so long; return whether there is more to do.

        That is for workers that have nothing else to do. It deletes what
        :meth:`set_retention` said; nothing, if that was never called.
        """
        if self._collector is None:
            retention = self._lmdb.read(settings.get_retention)
            if retention is None:
                return False
            self._collector = upkeep_gc.Collector(self._lmdb, retention)
        done = self._collector.run(seconds)
        if done:
            self._collector = None
        return not done

    def set_retention(self, *, older: timedelta | None = None, keep: int = 0) -> None:
        """Say which flows that have ended may be deleted; workers do so when idle.

        With neither, none are. It is kept in the store, for all who use it.

        Args:
            older: only those that ended longer ago.
            keep: not so many that ended last, however old they are.
        """
        retention = _retention(older, keep)
        self._lmdb.write(lambda work: settings.put_retention(work, retention))

    def set_history(self, keep: int) -> int:
        """Say how many of the last checkpoints of a flow are kept; delete the others.

        It is kept in the store, for all who use it; without it, 20 are. The current one
        is always kept, and those that have a label are.

        Args:
            keep: so many; 0: only the current one.

        Returns:
            How many checkpoints were deleted.

        Raises:
            ValueError: it is negative.
        """
        self._lmdb.write(lambda work: settings.put_history(work, keep))
        return upkeep_trim.trim(self._lmdb, [each.id for each in self._lmdb.flows()])

    def stats(self, *, full: bool = False) -> Stats:
        """Return the store in numbers: flows by index, space, readers, writer.

        Args:
            full: look at every flow, for what no index tells.
        """
        return upkeep_stats.stats(self._lmdb, full=full)

    def doctor(self, *, fix: bool = False) -> list[Finding]:
        """Read every record, compare all indexes; return what is wrong.

        Args:
            fix: put right what follows from the flows themselves.
        """
        return upkeep_doctor.doctor(self._lmdb, fix=fix)

    def backup(self, path: str | os.PathLike[str]) -> None:
        """Copy the store as it is at one moment into a new folder, while it is used.

        The copy is a store: :func:`greenflow.open` opens it. All of it is read before
        this returns.

        Raises:
            StoreError: there is something at ``path``, or it cannot be written.
            BadRecord: the store, and so the copy, is damaged; the copy is there.
        """
        upkeep_copy.backup(self._lmdb, path)

    @property
    def _lmdb(self) -> LmdbStore:
        # There is no other kind of store yet.
        return cast("LmdbStore", self._base)


def _retention(older: timedelta | None, keep: int) -> Retention | None:
    """Return the retention that is meant. Raises ValueError."""
    if older is None and not keep:
        return None
    seconds = None if older is None else older.total_seconds()
    return settings.Retention(older_seconds=seconds, keep=keep)
