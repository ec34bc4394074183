"""What an edited flow waits for, and who waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from greenflow import limits
from greenflow.errors import (
    Deadlock,
)
from greenflow.store import LmdbStore, keys
from greenflow.store.base import (
    Outgoing,
    Step,
    Waiting,
)
from tests.store.helpers import (
    RECV,
    SUSPEND,
    Clock,
    add,
    contents,
    edit,
    end,
    take,
    waiting_flow,
)

pytestmark = pytest.mark.usefixtures("left_whole")
SLEEP = Waiting(kind="sleep", until=2e9)


def test_the_old_wait_is_over_and_the_new_one_counts(store: LmdbStore, clock: Clock):
    waiting_flow(store, "one", Waiting(kind="sleep", until=clock.now + 10))
    edit(store, "one", waiting=Waiting(kind="sleep", until=clock.now + 20))
    clock.now += 15
    store.wake()
    assert store.get("one").status == "waiting"
    clock.now += 5
    store.wake()
    assert store.get("one").status == "ready"


def test_a_message_that_is_there_ends_the_new_wait(store: LmdbStore):
    waiting_flow(store, "one", SLEEP)
    store.send("one", "", b"m")
    assert edit(store, "one", waiting=RECV).status == "ready"
    claim = take(store)
    assert claim.message is not None
    assert claim.message.body == b"m"


def test_waits_for_other_flows(store: LmdbStore):
    for name in ("a", "b"):
        add(store, name)
    waiting_flow(store, "one")
    gather = Waiting(kind="gather", flows=("a", "b"), left=9)
    record = edit(store, "one", waiting=gather)
    assert record.waiting is not None
    assert (record.status, record.waiting.left) == ("waiting", 2)
    end(store, "a")
    edit(store, "one", waiting=RECV)
    end(store, "b")
    assert store.get("one").status == "waiting"
    assert edit(store, "one", waiting=gather).status == "ready"


def test_a_wait_for_a_flow_that_was_deleted_is_over(store: LmdbStore):
    waiting_flow(store, "one")
    record = edit(store, "one", waiting=Waiting(kind="join", flows=("gone",)))
    assert record.status == "ready"
    edit(store, "one", waiting=RECV)  # the tests' invariants want each flow to be there


def test_flows_that_would_wait_for_each_other(store: LmdbStore):
    waiting_flow(store, "one")
    waiting_flow(store, "two", Waiting(kind="join", flows=("one",)))
    before = contents(store)
    with pytest.raises(Deadlock):
        edit(store, "one", waiting=Waiting(kind="join", flows=("two",)))
    assert contents(store) == before


def test_a_flow_that_a_full_mailbox_blocks(
    store: LmdbStore, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(limits, "MAILBOX_MESSAGES_MAX", 1)
    add(store, "full")
    claim = take(store, add(store, "one"))
    sends = tuple(Outgoing(flow="full", topic="t", body=b"m") for _ in range(2))
    step = Step(status="waiting", state=b"s", waiting=RECV, sends=sends)
    assert store.commit(claim, step).record.blocked == "full"
    assert edit(store, "one", waiting=RECV).blocked == ""
    assert not store.read(lambda work: work.under(keys.WATCHER))


def test_an_answer_that_is_dropped_makes_room(
    store: LmdbStore, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(limits, "MAILBOX_MESSAGES_MAX", 1)
    waiting_flow(store, "full", SUSPEND)
    store.answer("full", "value", b"a")
    claim = take(store, add(store, "one"))
    send = Outgoing(flow="full", topic="t", body=b"m")
    step = Step(status="waiting", state=b"s", waiting=SLEEP, sends=(send,))
    assert store.commit(claim, step).record.blocked == "full"
    edit(store, "full", parent=0, waiting=RECV, value=b"")
    assert store.get("one").blocked == ""


def test_the_flow_is_told_that_it_can_run(store: LmdbStore, open_again: Callable):
    waiting_flow(store, "one")
    bell = open_again().bell()
    bell.clear()
    edit(store, "one")
    assert bell.wait(5)
    bell.close()


def test_the_time_of_an_edit_is_that_of_the_record(store: LmdbStore):
    waiting_flow(store, "one")
    before = time.time()
    record = edit(store, "one", waiting=RECV)
    assert before <= store.history("one")[-1].at == record.updated <= time.time()
