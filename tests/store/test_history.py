"""Checkpoints: which are kept, and what is known of them."""

from __future__ import annotations

import pytest

from greenflow import limits
from greenflow.errors import (
    FlowNotFound,
    NoSuchCheckpoint,
)
from greenflow.store import LmdbStore, keys
from greenflow.store.base import Claim, Step, Waiting
from greenflow.store.upkeep_doctor import doctor
from tests.store.helpers import (
    RECV,
    check_invariants,
    contents,
    keep,
    noise,
    overwrite,
    save,
    wait,
)

pytestmark = pytest.mark.usefixtures("left_whole_or_told")

LARGE = 5_000_000


def seqs(store: LmdbStore, flow_id: str = "one") -> list[int]:
    return [each.seq for each in store.history(flow_id)]


def stored(store: LmdbStore) -> set[int]:
    """Return the checkpoints of flow one that are in the store, kept or not."""
    begin = keys.checkpoint("one")
    return {keys.checkpoint_seq(k) for k in contents(store) if k.startswith(begin)}


# --- which are kept ---


def test_the_last_ones_are_kept(store: LmdbStore, claim: Claim):
    for number in range(1, 101):
        save(store, claim, b"%d" % number)
        kept = list(range(max(0, number - limits.CHECKPOINTS_KEPT + 1), number + 1))
        assert seqs(store) == kept
        assert stored(store) >= set(kept)
        assert len(stored(store)) <= 2 * limits.CHECKPOINTS_KEPT
    assert [store.saved("one", seq).state for seq in kept] == [
        b"%d" % seq for seq in kept
    ]


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_as_many_as_the_store_was_told(store: LmdbStore, claim: Claim, count: int):
    keep(store, count)
    for _ in range(30):
        save(store, claim)
    assert seqs(store) == list(range(31 - max(count, 1), 31))
    if count < 2:
        assert stored(store) == {30}
    else:
        assert len(stored(store)) < 2 * count


def test_less_are_kept_from_the_next_save_on(store: LmdbStore, claim: Claim):
    for _ in range(19):
        save(store, claim)
    assert len(stored(store)) == 20
    keep(store, 0)
    assert seqs(store) == [19]
    save(store, claim)
    assert stored(store) == {20}
    keep(store, 5)
    for _ in range(4):
        save(store, claim)
    assert seqs(store) == [20, 21, 22, 23, 24]


def test_labelled_ones_stay(store: LmdbStore, claim: Claim):
    keep(store, 3)
    save(store, claim, b"first", "begin")
    for number in range(50):
        save(store, claim, label="middle" if number == 20 else None)
    assert seqs(store) == [1, 22, 49, 50, 51]
    assert [each.label for each in store.history("one")][:2] == ["begin", "middle"]
    assert store.saved("one", 1).state == b"first"


def test_one_that_labels_in_a_loop_keeps_so_many(
    store: LmdbStore, claim: Claim, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(limits, "LABELLED_KEPT_MAX", 4)
    keep(store, 2)
    for number in range(9):
        save(store, claim, noise(40_000 + number), f"label {number}")
        save(store, claim)
    assert seqs(store) == [11, 13, 15, 17, 18]
    check_invariants(store)


def test_a_damaged_setting_deletes_nothing(store: LmdbStore, claim: Claim):
    keep(store, 2)
    overwrite(store, keys.setting("history"), b"damaged")
    for _ in range(limits.CHECKPOINTS_KEPT * 2):
        save(store, claim)
    assert seqs(store) == list(range(limits.CHECKPOINTS_KEPT * 2 + 1))
    assert [each.kind for each in doctor(store)] == ["damaged-record"]


def test_one_that_is_gone_is_told_with_those_that_are_there(
    store: LmdbStore, claim: Claim
):
    keep(store, 2)
    for _ in range(9):
        save(store, claim)
    for gone in (0, 7, 10, -1):
        with pytest.raises(
            NoSuchCheckpoint, match=f"no checkpoint {gone}; it has 8, 9"
        ):
            store.saved("one", gone)
    assert isinstance(NoSuchCheckpoint(""), LookupError)
    for call in (store.history, lambda flow_id: store.saved(flow_id, 0)):
        with pytest.raises(FlowNotFound):
            call("none")


def test_a_negative_number_is_refused(store: LmdbStore):
    with pytest.raises(ValueError, match="-1"):
        keep(store, -1)


def test_what_a_checkpoint_says(store: LmdbStore, claim: Claim):
    save(store, claim, label="begin")
    once = Waiting(kind="once", due=True)
    step = Step(status="running", state=b"1234", value=b"result", waiting=once)
    store.commit(claim, step)
    wait(store, claim)
    told = [
        (each.seq, each.kind, each.parent, each.label, each.size, each.waiting)
        for each in store.history("one")
    ]
    assert told == [
        (0, "spawn", None, "", 5, None),
        (1, "checkpoint", 0, "begin", 1, None),
        (2, "once", 1, "", 4, once),
        (3, "recv", 2, "", 5, RECV),
    ]
    assert [store.saved("one", seq).value for seq in range(4)] == [
        None,
        None,
        b"result",
        None,
    ]


def test_a_result_does_not_replace_what_belongs_to_a_checkpoint(
    store: LmdbStore, claim: Claim
):
    once = Waiting(kind="once", due=True)
    step = Step(status="running", state=b"1", value=b"once", waiting=once)
    store.commit(claim, step)
    store.commit(claim, Step(status="done", value=b"result"))
    assert (store.value("one"), store.saved("one", 1).value) == (b"result", b"once")
    assert seqs(store) == [0, 1]
