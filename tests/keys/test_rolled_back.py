"""Old records, rightly signed, that somebody puts back.

What is promised: a single record of a flow, a message, a setting or a limit is refused
where it is read; and any set of old records is told by doctor, but for all of them: the
whole store as it was at one moment is a store that nothing inside of it can tell from a
right one.
"""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from greenflow.errors import BadRecord, RolledBack, StoreError
from greenflow.store import LmdbStore, keyfile, keys
from greenflow.store.base import QueueLimits, Step
from greenflow.store.keyfile import Source
from greenflow.store.rekey import rekey
from greenflow.store.settings import get_history, put_history
from tests.keys.helpers import (
    Pairs,
    dump,
    fill,
    is_noticed,
    is_refused,
    kind_of,
    opened,
    planted,
    restore,
)
from tests.upkeep.helpers import RECV, add, damage, end, ended, gc, save, take

SUBSETS = 300


def receive(store: LmdbStore, flow_id: str) -> bytes:
    """Let a flow take the message that it waits for, and wait for the next one."""
    claim = take(store, flow_id)
    message = claim.message
    assert message is not None
    taken = ((message.topic, message.seq),)
    step = Step(status="waiting", state=b"w", waiting=RECV, consumed=taken)
    store.commit(claim, step)
    return message.body


def live(store: LmdbStore) -> None:
    """Let much happen: what lies under many keys changes, comes and goes."""
    store.send("talking", "", b"first")
    store.send("talking", "", b"second")
    assert receive(store, "talking") == b"zero"
    store.send("talking", "z", b"waits")
    store.unhold("held")
    end(store, "held")
    store.cancel("sleeping", b"cancel", "Cancelled", b"")
    store.limit_queue(QueueLimits(name="q", concurrency=1))
    store.write(lambda work: put_history(work, 5))
    for name in ("new", "newer"):
        ended(store, name)


def two_moments(place: Path, source: Source, *, encrypt: bool) -> tuple[Pairs, Pairs]:
    """Return all that a store held, and all that it holds later, now."""
    fill(place, source, encrypt=encrypt)
    with opened(place, source) as store:
        add(store, "gone")
        store.send("talking", "", b"zero")
        store.send("talking", "later", b"m", at=time.time() + 0.05)
    before = dump(place)
    with opened(place, source) as store:
        time.sleep(0.1)  # so that it is due
        store.wake()
        end(store, "gone")
        live(store)
        gc(store, keep=3)
    return before, dump(place)


def changes(before: Pairs, after: Pairs) -> dict[bytes, bytes | None]:
    """Return what makes of the later moment the one before it."""
    every = before.keys() | after.keys()
    return {
        key: before.get(key)
        for key in sorted(every)
        if before.get(key) != after.get(key)
    }


def test_single_records(place: Path, source: Source, encrypt: bool) -> None:
    before, after = two_moments(place, source, encrypt=encrypt)
    at_once, seen = set[str](), set[str]()
    with opened(place, source) as store:
        assert not is_noticed(store, {})
        for key, old in changes(before, after).items():
            assert is_noticed(store, {key: old}), key
            if old is None:
                continue
            kind = kind_of(key)
            seen.add(kind)
            if planted(store, {key: old}, lambda txn, key=key: is_refused(txn, key)):
                at_once.add(kind)
            else:
                # Nothing of these is believed that a flow's own record does not say.
                assert kind in set("cehknoqrtw") | {"f s s", "f c", "f s v", "a"}, key
    assert at_once >= {"root", "a", "f", "b", "d", "l", "p"}
    assert seen >= at_once | {"q", "t"}


def test_many_records_at_once(place: Path, source: Source, encrypt: bool) -> None:
    before, after = two_moments(place, source, encrypt=encrypt)
    every = changes(before, after)
    choose = random.Random(7)
    with opened(place, source) as store:
        assert len(every) > 30
        for _ in range(SUBSETS):
            count = choose.randint(1, len(every) - 1)
            some = {key: every[key] for key in choose.sample(list(every), count)}
            assert is_noticed(store, some), sorted(some)
        for key in every:
            rest = {other: old for other, old in every.items() if other != key}
            assert is_noticed(store, rest), key


def test_the_whole_store_is_not_noticed(place: Path, source: Source) -> None:
    """What is not promised, and why the two above can fail."""
    before, after = two_moments(place, source, encrypt=False)
    with opened(place, source) as store:
        assert not is_noticed(store, changes(before, after))
    restore(place, changes(before, after))
    with opened(place, source) as store:
        assert damage(store) == []


def test_a_record_that_was_deleted(place: Path, source: Source, encrypt: bool) -> None:
    fill(place, source, encrypt=encrypt)
    with opened(place, source) as store:
        for key in dump_of(store):
            assert is_noticed(store, {key: None}), key
        for key in (keys.flow("held"), keys.limits_of("q"), keys.setting("history")):
            assert planted(
                store, {key: None}, lambda txn, key=key: is_refused(txn, key)
            )


def dump_of(store: LmdbStore) -> Pairs:
    found: Pairs = store.environment.read(lambda txn: dict(txn.cursor()))
    return found


def test_a_message_that_was_taken_is_not_given_again(
    place: Path, source: Source, encrypt: bool
) -> None:
    with opened(place, source, encrypt=encrypt) as store:
        save(store, add(store, "one"))
        store.send("one", "", b"pay")
    before = dump(place)
    with opened(place, source) as store:
        assert receive(store, "one") == b"pay"
        store.send("one", "", b"next")
    after = dump(place)
    [key] = [key for key in before if key[:1] == keys.MESSAGE]
    assert key not in after
    restore(place, {key: before[key]})
    with opened(place, source) as store:
        with pytest.raises(BadRecord):
            store.claim("one")
        assert damage(store)
    restore(place, {key: None})
    with opened(place, source) as store:
        assert store.get("one").status == "hospital"  # as with any damaged message
        store.retry("one")
        assert receive(store, "one") == b"next"


def test_a_fence_is_not_put_back(place: Path, source: Source) -> None:
    """The number of a claim keeps out whoever had the flow before: it only grows."""
    with opened(place, source) as store:
        add(store, "one")
    key = keys.flow("one")
    before = dump(place)[key]
    with opened(place, source) as store:
        assert take(store, "one").record.epoch == 1
    restore(place, {key: before})
    with opened(place, source) as store:
        with pytest.raises(RolledBack):
            store.get("one")
        with pytest.raises(RolledBack):
            store.claim("one")


def test_a_deleted_flow_does_not_come_back(place: Path, source: Source) -> None:
    with opened(place, source) as store:
        ended(store, "one")
    before = dump(place)
    with opened(place, source) as store:
        assert gc(store, older_seconds=0).flows == 1
    row = keys.flow("one")
    restore(place, {row: before[row]})
    with opened(place, source) as store, pytest.raises(RolledBack):
        store.get("one")
    # All that it had, its anchor too: only a look at all records tells.
    every = {key: old for key, old in before.items() if b"one" in key}
    restore(place, every)
    with opened(place, source) as store:
        assert store.get("one").status == "done"
        assert any(
            "somebody who did not have the key" in each for each in damage(store)
        )


def test_what_a_flow_of_the_same_id_had_before(place: Path, source: Source) -> None:
    with opened(place, source) as store:
        ended(store, "one")
    before = dump(place)
    with opened(place, source) as store:
        gc(store, older_seconds=0)
        add(store, "one")
        save(store, "one", state=b"of the second")
    for key in (keys.piece(keys.part(keys.STATE, "one", seq), 0) for seq in (0, 1)):
        old = before.get(key)
        if old is not None:
            with opened(place, source) as store:
                assert planted(
                    store, {key: old}, lambda txn, key=key: is_refused(txn, key)
                )


@pytest.mark.parametrize("value_first", [True, False])
def test_a_value_that_is_older_than_its_checkpoint(
    place: Path, source: Source, value_first: bool
) -> None:
    """As of a flow that ended, and was rolled back: the next state has that number."""
    with opened(place, source) as store:
        add(store, "one")
        value = keys.piece(keys.part(keys.VALUE, "one", 1), 0)
        state = keys.piece(keys.part(keys.STATE, "one", 1), 0)
        for key in (value, state) if value_first else (state, value):
            store.write(lambda work, key=key: work.txn.put(key, b"something"))
        assert store.read(lambda work: is_refused(work.txn, value)) == value_first
        assert not store.read(lambda work: is_refused(work.txn, state))


def test_a_setting_that_was_put_back(place: Path, source: Source) -> None:
    with opened(place, source) as store:
        store.write(lambda work: put_history(work, 2))
    key = keys.setting("history")
    before = dump(place)[key]
    with opened(place, source) as store:
        store.write(lambda work: put_history(work, 9))
    restore(place, {key: before})
    with (
        opened(place, source) as store,
        pytest.raises(BadRecord, match="changed since"),
    ):
        store.read(get_history)


def test_nothing_is_written_without_the_root(place: Path, source: Source) -> None:
    fill(place, source)
    before = dump(place)
    with opened(place, source) as store:
        add(store, "new")
    for root in (None, b"nothing", before[keys.ANCHOR][:-1] + b"\0"):
        restore(place, {keys.ANCHOR: root})
        stored = dump(place)
        with opened(place, source) as store, pytest.raises(BadRecord):
            add(store, "newer")
        assert dump(place) == stored


def test_records_of_before_a_rekey(place: Path, source: Source) -> None:
    fill(place, source)
    before = dump(place)
    rekey(str(place), source)  # with the same key
    with opened(place, source) as store:
        for key, old in before.items():
            if key != keys.META:
                assert planted(
                    store, {key: old}, lambda txn, key=key: is_refused(txn, key)
                ), key


def test_rekey_takes_nothing_that_was_put_back(
    place: Path, source: Source, tmp_path: Path
) -> None:
    before, after = two_moments(place, source, encrypt=False)
    newer = keyfile.make(tmp_path / "key", add=True)
    every = changes(before, after)
    for key in random.Random(3).sample(list(every), 5):
        restore(place, {key: every[key]})
        stored = dump(place)
        with pytest.raises((BadRecord, StoreError)):
            rekey(str(place), newer)
        assert dump(place) == stored
        restore(place, {key: after.get(key)})
    assert rekey(str(place), newer).key == newer.ring.newest.id.hex()
