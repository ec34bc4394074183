"""doctor: every record is read, and all indexes are compared with the flows.

Each flow is compared with its entries, and each entry with its flow, in one short
transaction: so what is told was so at one moment, though others write meanwhile, and no
reader keeps old pages in use. ``fix`` looks again, in a transaction that writes, and
puts right what follows from the flows themselves; never a user's bytes.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from msgspec.structs import replace

from greenflow.errors import BadRecord, StoreError
from greenflow.store import keys, upkeep_entry, upkeep_flow, upkeep_machine
from greenflow.store.upkeep_finding import Finding, Found, derived
from greenflow.store.upkeep_keys import audited

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenflow.store.claiming import Transactions
    from greenflow.store.lmdb import LmdbStore
    from greenflow.store.work import Work

T = TypeVar("T")

#: What one transaction looks at: a mailbox with all its messages counts as one.
_UNITS_MAX: Final = 200
#: What a broken tree is passed over by: the next kind of key.
_KINDS: Final = 256


def doctor(
    store: LmdbStore,
    *,
    fix: bool = False,
    tell: Callable[[int, int], object] = lambda *_: None,
) -> list[Finding]:
    """Return what is wrong with an open store, and what is worth knowing of it.

    Args:
        store: the store.
        fix: put right what follows from the flows themselves. What could not be is
            told with ``fixed`` false.
        tell: called with how many keys were looked at, and of how many.

    Raises:
        StoreError: LMDB cannot write what is to be put right.
    """
    stuck = upkeep_machine.stuck_writer(store)
    around = list(upkeep_machine.around(store))
    if stuck is not None:
        around.append(stuck)
    if fix and stuck is None:
        tidied = upkeep_machine.tidy(store, around)
        around = [replace(f, fixed=f.fixed or f.kind in tidied) for f in around]
    examiner = Examiner(store, fix=fix and stuck is None, tell=tell)
    return [*around, *examiner.run(), *audited(store)]


class Examiner:
    """Goes once through everything that is stored."""

    def __init__(
        self,
        store: Transactions,
        *,
        fix: bool,
        tell: Callable[[int, int], object] = lambda *_: None,
    ) -> None:
        """Examine a store; ``tell(done, total)`` hears how many keys are behind."""
        self._store = store
        self._fix = fix
        self._tell = tell
        self._delayed = Counter[str]()
        self._doubtful: set[str] = set()

    def run(self) -> list[Finding]:
        """Return what is wrong. Raises StoreError."""
        total = self._store.read(lambda work: work.txn.stat()["entries"])
        findings: list[Finding] = []
        at, done = b"\0", 0
        while at:
            try:
                units, behind = self._store.read(partial(_units, at))
                findings += self._examine(units)
                done += len(units)
                at = behind
            except StoreError as error:
                if type(error) is not StoreError:
                    raise  # not LMDB's
                findings.append(_unreadable(at, error))
                at = bytes([at[0] + 1]) if at[0] + 1 < _KINDS else b""
            self._tell(min(done, total), total)
        findings += self._recount()
        self._tell(total, total)
        return findings

    def _examine(self, units: list[bytes]) -> list[Finding]:
        found = self._store.read(lambda work: self._look(work, units))
        if self._fix and any(each.repair for each in found):
            found = self._store.write(lambda work: _put_right(work, self._look, units))
        return [each.finding for each in found]

    def _look(self, work: Work, units: list[bytes]) -> list[Found]:
        found: list[Found] = []
        for key in units:
            kind = key[:1]
            if kind == keys.FLOW and key.find(b"\0") == len(key) - 1:
                found += self._flow(work, key)
            elif work.txn.get(key) is not None:
                found += upkeep_entry.examine(work, key)
                if kind == keys.DELAYED and b"\0" in key[9:]:
                    self._delayed[keys.delayed_id(key)] += 1
        return found

    def _flow(self, work: Work, key: bytes) -> list[Found]:
        flow_id = keys.flow_id(key)
        if work.txn.get(key) is None:
            return []  # gc was here
        found = upkeep_flow.examine(work, flow_id)
        try:
            if work.row(flow_id).delayed != self._delayed[flow_id]:
                self._doubtful.add(flow_id)
        except BadRecord:
            pass
        return found

    def _recount(self) -> list[Finding]:
        """Count the delayed messages again of flows that seem to have others."""
        doubtful = list(self._doubtful)
        if not doubtful:
            return []
        found = self._store.read(lambda work: _miscounted(work, doubtful))
        if self._fix and found:
            found = self._store.write(
                lambda work: _put_right(work, _miscounted, doubtful)
            )
        return [each.finding for each in found]


def _put_right(
    work: Work, look: Callable[[Work, list[T]], list[Found]], what: list[T]
) -> list[Found]:
    """Look again, and put right what can be; return it all."""
    fixed: list[Found] = []
    for found in look(work, what):
        if found.repair is None:
            fixed.append(found)
        else:
            found.repair(work)
            fixed.append(Found(replace(found.finding, fixed=True)))
    return fixed


def _units(at: bytes, work: Work) -> tuple[list[bytes], bytes]:
    """Return the keys of some things from a place on, and the place behind them."""
    found: list[bytes] = []
    with work.txn.cursor() as cursor:
        more = cursor.set_range(at)
        while more and len(found) < _UNITS_MAX:
            unit = upkeep_entry.unit(cursor.key())
            found.append(unit.key)
            at = unit.behind
            more = cursor.set_range(at)
    return found, at if more else b""


def _miscounted(work: Work, flow_ids: list[str]) -> list[Found]:
    wanted = dict.fromkeys(flow_ids, 0)
    with work.txn.cursor() as cursor:
        more = cursor.set_range(keys.DELAYED)
        while more and (key := cursor.key())[:1] == keys.DELAYED:
            if b"\0" in key[9:] and (flow_id := keys.delayed_id(key)) in wanted:
                wanted[flow_id] += 1
            more = cursor.set_range(upkeep_entry.unit(key).behind)
    found = []
    for flow_id, count in wanted.items():
        try:
            row = work.listed(flow_id)
        except BadRecord:
            continue
        if row.delayed != count:
            text = f"flow {flow_id} counts {row.delayed} delayed messages, not {count}"
            repair = partial(_set_delayed, flow_id, count)
            found.append(derived("wrong-count", flow_id, text, repair))
    return found


def _set_delayed(flow_id: str, count: int, work: Work) -> None:
    work.change(replace(work.row(flow_id), delayed=count))


def _unreadable(at: bytes, error: StoreError) -> Finding:
    return Finding(
        kind="unreadable",
        text=f"LMDB cannot read what lies at {at[:40]!r} and behind: {error.message}",
        advice="take the store from a copy",
    )
